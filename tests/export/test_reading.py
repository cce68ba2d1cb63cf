"""The command writes a network of `read` with its JSON, as the package then loads it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from export import cells, reading, rows
from export.cli import app
from export.errors import ParityError
from mnist_infer.inference import registry
from train.cells import network as cell_network
from train.rows import network as row_network
from train.rows.glyphs import Glyphs

PARITY_PICTURES = 40
"""Pictures on which parity is proved here; for a network that is released, they are more."""

BUILD = {"rows": row_network.build, "cells": cell_network.build}


@pytest.fixture(scope="module", autouse=True)
def drawn_glyphs(glyphs: Glyphs):
    """Prove parity on few pictures, without data."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (cells, rows):
            patch.setattr(module, "held_out_glyphs", lambda _: glyphs)
        for module in (cells, reading, rows):
            patch.setattr(module, "PARITY_PICTURES", PARITY_PICTURES)
        yield


def run(name: str, folder: Path, record: dict[str, Any] | None) -> Result:
    """Export an unfitted network from the folder of a run."""
    BUILD[name]().save(folder / "model.keras")
    if record is not None:
        (folder / f"{name}.json").write_text(json.dumps(record))
    arguments = [name, str(folder / "model.keras"), "--output", str(folder / "models" / name)]
    return CliRunner().invoke(app, [*arguments, "--model-version", "2.5.0"])


@pytest.mark.parametrize("name", BUILD)
def test_what_is_written_is_what_the_package_loads(
    name: registry.ReadingNetworkName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    result = run(name, tmp_path, {"seed": 3})
    assert result.exit_code == 0, result.output
    assert f"{PARITY_PICTURES} with the same answer" in result.stdout
    monkeypatch.setattr(registry, "_FOLDER", tmp_path / "models")
    info = registry.reading_network_info(name)
    assert len(registry.reading_network_bytes(name)) == info.size_bytes
    assert info.sidecar["version"] == "2.5.0"
    assert info.sidecar["recipe"] == {"seed": 3}
    assert info.sidecar["parity"]["largest_difference"] <= reading.MAX_DIFFERENCE


@pytest.mark.parametrize("name", BUILD)
def test_a_model_that_no_run_has_left_is_refused(name: str, tmp_path: Path):
    result = run(name, tmp_path, None)
    assert result.exit_code == 1
    assert f"is no run of `train {name}`" in result.output
    assert not (tmp_path / "models").exists()


def exported(name: str, folder: Path) -> Result:
    arguments = [name, str(folder / "model.keras"), "--output", str(folder / "models")]
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 cut off"])
def test_a_file_that_keras_cannot_open_is_refused_in_one_line(content: bytes, tmp_path: Path):
    (tmp_path / "model.keras").write_bytes(content)
    (tmp_path / "rows.json").write_text("{}")
    result = exported("rows", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: Keras does not open {tmp_path / 'model.keras'}: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("share", [0.5, 0.98])
def test_a_file_that_was_cut_off_is_refused_in_one_line(share: float, tmp_path: Path):
    path = tmp_path / "model.keras"
    BUILD["cells"]().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    result = exported("cells", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: Keras does not open ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(("name", "other"), [("rows", "cells"), ("cells", "rows")])
def test_another_network_is_refused(name: str, other: str, tmp_path: Path):
    BUILD[other]().save(tmp_path / "model.keras")
    (tmp_path / f"{name}.json").write_text("{}")
    result = exported(name, tmp_path)
    assert result.exit_code == 1
    assert f"which is not the {name} network" in result.stderr
    assert f"`python -m train {name}`" in result.stderr


def test_a_network_whose_weights_are_not_finite_is_refused(tmp_path: Path):
    model = BUILD["cells"]()
    model.set_weights([np.full_like(each, np.nan) for each in model.get_weights()])
    model.save(tmp_path / "model.keras")
    (tmp_path / "cells.json").write_text("{}")
    result = exported("cells", tmp_path)
    assert result.exit_code == 1
    assert "differs by nan" in result.stderr
    assert not (tmp_path / "models").exists()


def test_a_network_that_answers_otherwise_as_onnx_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    BUILD["cells"]().save(tmp_path / "model.keras")
    (tmp_path / "cells.json").write_text("{}")
    other = reading.to_onnx(cells.CELLS, cell_network.build())
    monkeypatch.setattr(reading, "to_onnx", lambda *_: other)
    with pytest.raises(ParityError, match="differs by"):
        reading.export_reading(cells.CELLS, tmp_path / "model.keras", None, "1.0.0")
