"""The command line in a process of its own, as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def mnist_infer(
    *arguments: object, stdin: bytes = b"", cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run `mnist-infer` with UTF-8 output, whatever its exit code will be."""
    return subprocess.run(
        [sys.executable, "-m", "mnist_infer", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=300,
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONIOENCODING": "",
            "PYTHONUTF8": "1",
            **environment,
        },
    )
