"""What mkdocs makes of the program itself: the reference of the commands."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

MARK = "<!-- commands: made by docs/hooks.py -->"
APP = "mnist_infer.cli.commands"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the reference where a page asks for it; mkdocs calls this for each page."""
    return markdown.replace(MARK, commands()) if MARK in markdown else markdown


def commands() -> str:
    """The reference, as Typer writes it, a section for each command.

    Raises:
        subprocess.CalledProcessError: The command line cannot be imported.
    """
    typer = [sys.executable, "-m", "typer", APP, "utils", "docs", "--name", "mnist-infer"]
    written = subprocess.run(typer, capture_output=True, text=True, check=True).stdout
    # The page has a title and a list of sections; Typer's own are cut off after some words.
    _, *sections = re.split(r"^(?=## )", written, flags=re.MULTILINE)
    return re.sub(r" <list\[str\]>", "", "".join(sections))
