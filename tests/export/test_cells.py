"""The cell network as ONNX: names, shapes, and the same answers as Keras."""

import numpy as np
import onnxruntime

from export.cells import CELLS, INPUT
from export.reading import OUTPUT, to_onnx
from mnist_infer.imaging.cell_image import CELL_SIDE
from mnist_infer.inference.softmax import softmax
from train.cells.network import CLASSES, build


def test_gives_what_keras_gives_for_any_number_of_cells():
    network = build()
    session = onnxruntime.InferenceSession(
        to_onnx(CELLS, network).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    rng = np.random.default_rng(0)
    for count in (1, 7):
        cells = rng.integers(0, 256, (count, CELL_SIDE, CELL_SIDE), np.uint8)
        (found,) = session.run([OUTPUT], {INPUT: cells})
        assert found.shape == (count, CLASSES)
        expected = softmax(np.asarray(network(cells.astype(np.float32), training=False)))
        np.testing.assert_allclose(np.exp(found), expected, atol=1e-5)
