"""The ONNX contract, held by runtimes that are not ours: the same tensor in, the same answers."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from mnist_infer import Recognizer
from tests.glyphs import digit_mask
from tests.paths import EXAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

NODE = EXAMPLES / "node"
MODELS = ["dense-512", "dense-512x2"]


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def recognizer(model: str) -> Recognizer:
    return Recognizer(model, device="cpu", precision="float32")


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    """Twenty digits of our own in the MNIST format."""
    prepare = Recognizer(device="cpu").explain
    sheets = [Image.new("L", (160, 160)) for _ in range(20)]
    for place, sheet in enumerate(sheets):
        sheet.paste(255, (20, 20), digit_mask(place % 10, 80, slant=place / 100))
    return np.stack([prepare(sheet).image for sheet in sheets])


def load(name: str, package: str, recipe: str) -> dict[str, Any]:
    pytest.importorskip(name, reason=f"the recipe needs its runtime: pip install {package}")
    return runpy.run_path(str(EXAMPLES / recipe))


def test_openvino_runs_int8_as_we_do(model: str, images: NDArray[np.uint8]):
    functions = load("openvino", "openvino", "openvino_runtime.py")
    recognizer = Recognizer(model, device="cpu", precision="int8")
    answers = functions["probabilities"](images, recognizer.model.path)
    np.testing.assert_allclose(answers, recognizer.probabilities(images), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "package", "recipe"),
    [
        ("cv2", "opencv-python-headless", "opencv_dnn.py"),
        ("openvino", "openvino", "openvino_runtime.py"),
    ],
)
def test_python_recipes(
    name: str,
    package: str,
    recipe: str,
    recognizer: Recognizer,
    images: NDArray[np.uint8],
    capsys: pytest.CaptureFixture[str],
):
    functions = load(name, package, recipe)

    answers = functions["probabilities"](images, recognizer.model.path)

    np.testing.assert_allclose(answers, recognizer.probabilities(images), atol=1e-6)
    functions["main"](str(EXAMPLES / "seven.png"))
    assert capsys.readouterr().out == "7\n"


def node(*arguments: str) -> list[list[str]]:
    if shutil.which("node") is None:
        pytest.skip("the example needs Node: apt install npm")
    if not (NODE / "node_modules").exists():
        pytest.skip("the example needs its package: npm install --ignore-scripts in examples/node")
    done = subprocess.run(
        ["node", "classify.js", *arguments],
        cwd=NODE,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [line.split() for line in done.stdout.splitlines()]


def test_node_draws_a_seven_and_knows_it():
    ((digit, probability),) = node()
    assert digit == "7"
    assert float(probability) > 0.99


def test_node_gives_our_answers(recognizer: Recognizer, images: NDArray[np.uint8], tmp_path: Path):
    (tmp_path / "pixels").write_bytes(images.tobytes())

    answers = node(str(recognizer.model.path), str(tmp_path / "pixels"))

    expected = recognizer.probabilities(images)
    assert [int(digit) for digit, _ in answers] == expected.argmax(axis=1).tolist()
    probabilities = [float(probability) for _, probability in answers]
    np.testing.assert_allclose(probabilities, expected.max(axis=1), atol=2e-6)
