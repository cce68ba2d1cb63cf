"""The hook by which PyInstaller finds what an app that imports `mnist_infer` needs at run time."""

from __future__ import annotations

from pathlib import Path


def hook_folders() -> list[str]:
    """Tell PyInstaller where the hook is; the entry point `pyinstaller40` names this function."""
    return [str(Path(__file__).parent)]
