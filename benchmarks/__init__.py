"""Accuracy, speed and memory, of the package and of what else does its job.

- `pytest benchmarks` times every model on every device; `report` measures the committed figures of
  speed and size, section by section with the same code, and `documents` puts them into the tables
  of the documentation. Times are reported, never asserted.
- `realworld`, `thresholds`, `tutorials` and `readers` score people's own pictures (`picture_sets`);
  `generated` and `coarse` score pictures that are made here. `ablation` tells what each rule is
  worth, `mutation` which constants no test would notice.
- `server`, `server_soak`, `neighbours`, `hostile`, `memory`, `soak` and `scaling` put whole
  processes under load.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
