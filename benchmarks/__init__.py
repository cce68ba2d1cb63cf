"""Parity, latency and throughput of the bundled models: ``pytest benchmarks``.

Times are measured and reported, never asserted.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
