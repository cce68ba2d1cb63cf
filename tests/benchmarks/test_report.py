"""The page: what is measured is shown, and what is missing or missed is said."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import documents
from benchmarks.report import RESULTS, SECTIONS, goals, main, write
from benchmarks.report_markdown import as_markdown
from mnist_infer.inference.registry import bundled_info, bundled_models


@pytest.fixture
def results() -> dict:
    return json.loads((RESULTS / "report.json").read_text(encoding="utf-8"))


def test_the_committed_page_and_plots_are_made_from_the_committed_figures(results, tmp_path: Path):
    write(results, tmp_path)
    assert set(results) == {"machine", *SECTIONS}
    for name in ("report.json", "report.md"):
        assert (tmp_path / name).read_bytes() == (RESULTS / name).read_bytes()
    plots = list(tmp_path.glob("*.svg"))
    assert plots
    for plot in plots:
        assert (RESULTS / plot.name).is_file()
        assert plot.read_text(encoding="utf-8").rstrip().endswith("</svg>")


def test_the_committed_figures_are_of_the_bundled_models(results):
    versions = {name: bundled_info(name).sidecar["version"] for name in bundled_models()}
    assert versions.items() <= results["machine"]["versions"].items()


def test_some_sections_do_not_replace_the_projects_page(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["--only", "files"])
    assert "--only needs --output DIR" in capsys.readouterr().err


def test_updating_a_document_changes_its_tables_alone():
    text = "before\n<!-- table: speed -->\n{}<!-- /table -->\nafter\n<!-- table: throughput -->\n{}"
    text += "<!-- /table -->\n"
    made = documents.updated(text.format("", "old\n"))
    assert made == text.format(f"\n{documents.speed()}\n\n", f"\n{documents.throughput()}\n\n")


def test_a_missed_goal_stands_out(results):
    assert goals(results)
    for each in goals(results):
        each["met"] = True
    assert "**no**" not in as_markdown(results)
    goals(results)[0]["met"] = False
    assert "**no**" in as_markdown(results)


def test_what_was_not_there_is_said(results):
    results["latency"]["missing"] = {"OpenVINO": "openvino is not installed"}
    results["cuda"] = {"skipped": "no such device", "rows": [], "goals": []}
    text = as_markdown(results)
    assert "Missing here: OpenVINO. openvino is not installed" in text
    assert "**Skipped**: no such device" in text


def test_the_bare_call_stands_beside_the_whole_one(results):
    times = {"bare_p50_us": 9.0, "bare_min_us": 8.0, "whole_p50_us": 11.0, "whole_min_us": 10.0}
    ratios = {"bare_over_litert_int8": 1.02, "whole_over_litert_int8": 1.25}
    results["latency"]["bare"] = [
        {"name": "`probabilities(image)`", "model": "dense-512-int8", **times, **ratios},
        {"name": "OpenVINO", "model": "dense-512", **times},
    ]
    text = as_markdown(results)
    assert "| `dense-512-int8` | 9 µs (8 µs) | 11 µs (10 µs) | 1.02 | 1.25 |" in text
    assert "| OpenVINO | `dense-512` | 9 µs (8 µs) | 11 µs (10 µs) |  |  |" in text


def test_the_instruction_set_is_named(results):
    results["machine"]["instructions"] = ["avx2", "avx512_vnni"]
    assert f"{results['machine']['processor']} (avx2, avx512_vnni), " in as_markdown(results)


def test_gpu_figures_are_shown_with_their_card(results):
    row = {"batch": 256, "cpu_one_thread": 1000, "with_transfer": 2000}
    parity = {
        "name": "dense-512",
        "nodes_on_cuda": True,
        "label_changes": 3,
        "largest_difference": 0.002,
        "accuracy": 0.99,
        "accuracy_on_cpu": 0.98,
    }
    results["cuda"] = {
        "card": "A card, 580.1",
        "machine": {"versions": {"onnxruntime-gpu": "1.31"}, "date": "2026-11-27"},
        "parity": [parity],
        "rows": [row],
        "pays_from_batch": 256,
        "goals": [],
    }
    text = as_markdown(results)
    assert "A card, driver 580.1; onnxruntime-gpu 1.31; 2026-11-27." in text
    assert "| `dense-512` | 99.00% | 98.00% | 3 | 2.0e-03 | yes |" in text
    assert "| 256 | 1,000 | 2,000 |" in text
    assert "has no GPU" not in text
    assert "has no GPU" in as_markdown(
        {**results, "cuda": {**results["cuda"], "recalled": "no CUDA"}}
    )


class TestPeers:
    @pytest.fixture
    def found(self, monkeypatch: pytest.MonkeyPatch):
        import keras

        from benchmarks.peers import find_peers
        from export.network import Network

        for name in ("ai_edge_litert", "cv2", "openvino"):
            monkeypatch.setitem(sys.modules, name, None)
        keras.utils.set_random_seed(0)
        dense = keras.layers.Dense
        model = keras.Sequential([keras.Input((784,)), dense(8, "relu"), dense(10, "softmax")])
        network = Network(model, (784,), softmax_added=False)
        images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
        return network, images, find_peers(network, images)

    def test_one_that_is_not_installed_is_named(self, found):
        _, _, peers = found
        assert set(peers.missing) == {"LiteRT float32", "LiteRT int8", "OpenCV DNN", "OpenVINO"}
        assert "cv2 is not installed" in peers.missing["OpenCV DNN"]

    def test_all_others_answer_as_keras_does(self, found):
        network, images, peers = found
        assert set(peers.calls) == {"Keras predict", "Keras call", "tf.function", "NumPy"}
        assert not peers.bare
        for call in peers.calls.values():
            np.testing.assert_allclose(call(images), network.probabilities(images), atol=1e-5)
