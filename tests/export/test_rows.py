"""The row network as ONNX: names, shapes, and the same answers as Keras."""

import keras
import numpy as np
import onnxruntime

from export.reading import OUTPUT, to_onnx
from export.rows import CLASSES, INPUT, ROWS, decode_greedily
from mnist_infer.imaging.row_image import ROW_HEIGHT
from mnist_infer.inference.softmax import softmax
from train.rows.network import BLANK, NO_DIGIT, build


def test_greedy_merges_repeated_steps_and_drops_blanks():
    classes = [0, 5, 5, 0, 5, 2, 0]
    steps = np.full((len(classes), CLASSES), -9, np.float32)
    steps[np.arange(len(classes)), classes] = 0
    assert decode_greedily(steps) == "441"


def test_gives_what_keras_gives_for_rows_of_any_width():
    network = build()
    session = onnxruntime.InferenceSession(
        to_onnx(ROWS, network).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    rng = np.random.default_rng(0)
    for count, width in ((1, 40), (3, 128)):
        rows = rng.integers(0, 256, (count, ROW_HEIGHT, width), np.uint8)
        (found,) = session.run([OUTPUT], {INPUT: rows})
        logits = np.asarray(network(rows.astype(np.float32), training=False))
        assert found.shape == (count, width // 4, CLASSES)
        expected = softmax(logits)
        # What is no digit is a blank.
        expected[..., BLANK] += expected[..., NO_DIGIT]
        np.testing.assert_allclose(np.exp(found), expected[..., :NO_DIGIT], atol=1e-5)


def test_what_is_surely_no_digit_is_a_blank_and_no_digit_becomes_impossible():
    network = build()
    logits = network.get_layer("logits").output
    sure = keras.Model(
        network.input, logits + 1000.0 * np.eye(NO_DIGIT + 1, dtype=np.float32)[NO_DIGIT]
    )
    session = onnxruntime.InferenceSession(
        to_onnx(ROWS, sure).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run([OUTPUT], {INPUT: np.zeros((1, ROW_HEIGHT, 8), np.uint8)})
    np.testing.assert_allclose(found[..., BLANK], 0, atol=1e-5)
    assert np.isfinite(found).all()
