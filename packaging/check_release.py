"""Check what a tag publishes: `python packaging/check_release.py v1.2.3 OWNER/REPOSITORY`.

The tag, the package and the changelog name the same version, and all links of both distributions
lead to the repository that publishes.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def check(tag: str, repository: str, root: Path = Path()) -> None:
    """Raise `SystemExit` with a sentence for the first thing that is wrong."""
    version = tag.removeprefix("v")
    for name, wanted in (
        ("mnist_infer/__init__.py", f'^__version__ = "{re.escape(version)}"$'),
        ("CHANGELOG.md", rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$"),
    ):
        if not re.search(wanted, (root / name).read_text(encoding="utf-8"), re.MULTILINE):
            raise SystemExit(f"{name} does not name version {version}")
    address = f"https://github.com/{repository}"
    for name in ("pyproject.toml", "packaging/gpu/pyproject.toml"):
        project = tomllib.loads((root / name).read_text(encoding="utf-8"))["project"]
        for label, url in project["urls"].items():
            if url != address and not url.startswith(f"{address}/"):
                raise SystemExit(f"{name}: {label} leads to {url}, not to {address}")


if __name__ == "__main__":
    check(*sys.argv[1:])
