"""Sizes on disk, and in memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import ROOT
from benchmarks.pictures import digit_png
from benchmarks.timing import Row, goal

FEW = 1_000

_STREAM = """
import sys
from mnist_infer import Recognizer
content = open(sys.argv[1], "rb").read()
count = int(sys.argv[2])
answers = Recognizer(device="cpu").predict_each(content for _ in range(count))
assert sum(1 for _ in answers) == count
# Of this process alone: what `getrusage` says begins with the memory of the process that forked it.
status = open("/proc/self/status").read()
print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)
"""


def measure(many: int) -> Row:
    """A row for each size, in megabytes; memory as Linux tells it.

    Args:
        many: Images of the longest stream.
    """
    wheel, installed = _sizes()
    with tempfile.TemporaryDirectory() as folder:
        one, few, most = (_peak(Path(folder), count) for count in (1, FEW, many))
    sizes = {
        "wheel": wheel,
        "installed, with all that it depends on": installed,
        "peak memory, one prediction": one,
        f"peak memory, {FEW:,} images streamed": few,
        f"peak memory, {many:,} images streamed": most,
    }
    return {
        "rows": [{"what": name, "mb": round(size / 1e6, 1)} for name, size in sizes.items()],
        "goals": [
            goal("wheel, MB", wheel / 1e6, most=10),
            goal("installed, MB", installed / 1e6, most=200),
            goal(f"{many:,} images over {FEW:,}, MB of memory", (most - few) / 1e6, most=5),
        ],
    }


def _sizes() -> tuple[int, int]:
    """Bytes of the wheel, and of what pip installs for it into an empty folder."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as folder:
        run = ["wheel", "--no-deps", "--wheel-dir", folder, str(ROOT)]
        subprocess.run([*pip, *run], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        target = Path(folder, "installed")
        run = ["install", "--target", str(target), str(wheel)]
        subprocess.run([*pip, *run], check=True)
        installed = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
        return wheel.stat().st_size, installed


def _peak(folder: Path, count: int) -> int:
    digit = folder / "digit.png"
    digit.write_bytes(digit_png())
    command = [sys.executable, "-c", _STREAM, str(digit), str(count)]
    return int(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
