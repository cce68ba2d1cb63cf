"""Where the tests find the repository, its examples and their own fixtures."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
SEVEN = EXAMPLES / "seven.png"
PAGE = EXAMPLES / "page.jpg"
FIXTURES = ROOT / "tests" / "fixtures"
