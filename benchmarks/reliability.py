"""docs/RELIABILITY.md, from its promises and the results: `python -m benchmarks.reliability`."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from benchmarks import RESULTS, ROOT
from train.markdown import table

PROMISES = ROOT / "docs" / "reliability.toml"
PAGE = ROOT / "docs" / "RELIABILITY.md"

_HEAD = """\
# Reliability: promises, and the tests that check them

Written by `python -m benchmarks.reliability` from `docs/reliability.toml` and
`benchmarks/results`; `pytest tests/test_reliability.py` fails if they differ.
`pytest` runs the tests, `pytest -m slow` those of broken installs and the frozen command,
and `python -m benchmarks.soak` the long runs. The scripts are in `packaging/`.
"""


def promises() -> list[dict[str, Any]]:
    """The promises, in their order."""
    rows: list[dict[str, Any]] = tomllib.loads(PROMISES.read_text(encoding="utf-8"))["promise"]
    return rows


def render() -> str:
    """The page, with the last figures."""
    figures = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("*.json")
    }
    sections: dict[str, list[tuple[str, str, str]]] = {}
    for promise in promises():
        test = f"`{promise['test']}`"
        figure = promise.get("figure", "passes").format(**figures)
        sections.setdefault(promise["section"], []).append((promise["says"], test, figure))
    parts = [_HEAD]
    for section, rows in sections.items():
        shown = table(("promise", "tested by", "last figure"), rows, numbers=False)
        parts.append(f"## {section}\n\n{shown}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
