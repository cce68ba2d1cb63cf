"""Check what was built: `python packaging/check_wheels.py DIST [AGAIN]`.

Both wheels hold the package and nothing else, are alike to the byte in what they hold, and stay
under 10 MB. The source distribution holds the package and what it is built from, and nothing else.
What was built again is the same to the byte.
"""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

MAX_BYTES = 10_000_000
SDIST_EXTRAS = {
    ".gitignore",  # hatchling adds it, so that a wheel built from here leaves out the same
    "CHANGELOG.md",
    "LICENSE",
    "MODEL_CARD.md",
    "PKG-INFO",
    "README.md",
    "pyproject.toml",
}


def package_files(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel outside its metadata folder, with their content."""
    with ZipFile(wheel) as archive:
        return {
            name: archive.read(name)
            for name in archive.namelist()
            if not name.split("/")[0].endswith(".dist-info")
        }


def source_files(sdist: Path) -> set[str]:
    """The names of a source distribution's files, inside its one folder."""
    with tarfile.open(sdist) as archive:
        return {each.name.partition("/")[2] for each in archive.getmembers() if each.isfile()}


def check(folder: Path) -> None:
    """Raise `SystemExit` with a sentence for the first thing that is wrong."""
    wheels = sorted(folder.glob("*.whl"))
    if [wheel.name.split("-")[0] for wheel in wheels] != ["mnist_infer", "mnist_infer_gpu"]:
        raise SystemExit(f"expected one wheel of each distribution, found {wheels}")
    contents = [package_files(wheel) for wheel in wheels]
    if contents[0] != contents[1]:
        raise SystemExit("the two wheels do not hold the same package")
    names = set(contents[0])
    if strangers := {name for name in names if not name.startswith("mnist_infer/")}:
        raise SystemExit(f"the wheel holds more than the package: {sorted(strangers)}")
    tracked = {
        f"mnist_infer/{path.relative_to('mnist_infer').as_posix()}"
        for path in Path("mnist_infer").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    if tracked != names:
        raise SystemExit(f"the wheel and the source differ in {sorted(tracked ^ names)}")
    for wheel in wheels:
        size = wheel.stat().st_size
        if size > MAX_BYTES:
            raise SystemExit(f"{wheel.name} is {size:,} bytes; at most {MAX_BYTES:,} are allowed")
        print(f"{wheel.name}: {size:,} bytes, {len(names)} files")
    sdists = sorted(folder.glob("*.tar.gz"))
    if len(sdists) != 1:
        raise SystemExit(f"expected one source distribution, found {sdists}")
    if difference := source_files(sdists[0]) ^ (tracked | SDIST_EXTRAS):
        raise SystemExit(f"the source distribution lacks or adds {sorted(difference)}")


def compare(folder: Path, again: Path) -> None:
    """Raise `SystemExit` where the same source was built into other bytes."""
    first, second = (
        {path.name: path.read_bytes() for path in each.iterdir()} for each in (folder, again)
    )
    if changed := sorted(name for name in first | second if first.get(name) != second.get(name)):
        raise SystemExit(f"built twice, and not the same: {', '.join(changed)}")
    print(f"built twice, to the same bytes: {', '.join(sorted(first))}")


if __name__ == "__main__":
    check(Path(sys.argv[1]))
    for other in sys.argv[2:]:
        compare(Path(sys.argv[1]), Path(other))
