"""The machine that a result is from."""

import platform
from pathlib import Path


def processor() -> str:
    """Returns the processor's name as the system tells it, else its architecture."""
    cpuinfo = Path("/proc/cpuinfo")  # Linux keeps the processor's name nowhere else
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
