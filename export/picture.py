"""A digit network with its preprocessing in the graph: a picture in, a digit out.

The graph does what `mnist_infer.imaging` does to a clean drawing of one digit, by standard
operators that every runtime computes alike: it tells ink from paper, finds the digit, makes 28x28
of it in one or two stroke widths, and takes the mean of what the network says of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, compose, helper

from export.errors import ExportError
from export.graph import Graph, Operand, Value
from mnist_infer.imaging.mnist_format import MAX_OFF_CENTRE, MIN_STROKE
from mnist_infer.imaging.normalize import (
    BOX,
    CENTRE,
    FINE,
    MAX_STEPS,
    MNIST_STROKE,
    SIDE,
    STROKE_RANGE,
)
from mnist_infer.imaging.params import BINARIZE, FOREGROUND_LEVEL, SMALL_SIDE

INPUT = "picture"
PROBABILITIES, IMAGE, BOUNDS = "probabilities", "image", "box"
OPSETS = range(13, 18)

MIN_CONTRAST = 16
"""Grey levels between the darkest and the brightest pixel; with fewer, the picture is blank."""

LARGE = BOX * FINE
"""Pixels of a digit's longer side while its strokes change."""
MARGIN = MAX_STEPS + 1
"""Pixels around it, so that strokes have room to widen."""
FRAMED = LARGE + 2 * MARGIN
END = np.iinfo(np.int64).max
"""To the end of an axis, where the operator Slice asks for an end."""


@dataclass(frozen=True)
class _Ink:
    """What is ink on a picture.

    values: float32 `(h, w)`, 0 = paper, 255 = ink, cropped to the ink. corner, size: float32
    `(2,)`, the first row and column and their numbers. is_dark: bool, darker than the paper.
    is_blank: bool, no ink at all.
    """

    values: Value
    corner: Value
    size: Value
    is_dark: Value
    is_blank: Value


def picture_model(network: onnx.ModelProto) -> onnx.ModelProto:
    """Return a digit network with its preprocessing: `picture` uint8 `[height, width]` in.

    Any size from 8 to 4,096 a side, in grey, of either polarity. Out come `probabilities` float32
    `[10]`, `image` uint8 `[28, 28]`, which is what the network saw, and `box` int64 `[4]`: x, y,
    width and height of the digit in the picture. A blank picture has ten equal probabilities, and
    zeros else.

    Args:
        network: What ``python -m export`` wrote: uint8 `[batch, 28, 28]` to float32 `[batch, 10]`.

    Raises:
        ExportError: The network needs another opset, or has other inputs or outputs.
    """
    _check(network)
    network = compose.add_prefix(network, "network/")
    graph = Graph()
    picture = Value(graph, INPUT)
    ink = _find_ink(picture)
    variants, weights = _render_variants(_enlarge(ink))
    is_ready, ready = _mnist_format(picture, ink.is_dark)
    images = is_ready.where(ready, variants)
    rows = _splice(network.graph, images)
    # What needs no preprocessing has no second variant.
    weights = is_ready.where(np.array([1.0, 0.0]), weights)
    mean = (rows * weights.reshape(2, 1)).sum(0)
    bounds = graph.concat(ink.corner.take([1, 0]), ink.size.take([1, 0])).cast(TensorProto.INT64)
    blank = ink.is_blank
    blank.add("Where", np.full(10, 0.1, np.float32), mean, output=PROBABILITIES)
    blank.add("Where", np.uint8(0), images.take(0), output=IMAGE)
    blank.add("Where", np.int64(0), bounds, output=BOUNDS)
    return _assemble(graph, network)


def _assemble(graph: Graph, network: onnx.ModelProto) -> onnx.ModelProto:
    """Make a checked model of all nodes, in the versions that the network is in."""
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "mnist-infer-picture",
            [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["height", "width"])],
            [
                helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, [10]),
                helper.make_tensor_value_info(IMAGE, TensorProto.UINT8, [SIDE, SIDE]),
                helper.make_tensor_value_info(BOUNDS, TensorProto.INT64, [4]),
            ],
            [*graph.constants.values(), *network.graph.initializer],
        ),
        ir_version=network.ir_version,
        opset_imports=network.opset_import,
        producer_name="mnist-infer",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _find_ink(picture: Value) -> _Ink:
    """Tell ink from paper by the shades of the picture's border, and crop it to the ink."""
    graph = picture.graph
    darkest, brightest = picture.min(1).floats(), picture.max(1).floats()
    low, high = darkest.min(), brightest.max()
    is_blank = (high - low) < float(MIN_CONTRAST)
    border = graph.concat(
        picture.take([0, -1], axis=0).reshape(-1), picture.take([0, -1], axis=1).reshape(-1)
    )
    is_bright = (border.floats() > (low + high) / 2.0).floats()
    is_dark = is_bright.add("ReduceMean", keepdims=0) > 0.5
    paper, pen = is_dark.where(high, low), is_dark.where(low, high)
    is_small = picture.add("Shape").floats().max() < SMALL_SIDE + 0.5
    pale = is_small.where(BINARIZE.rise_if_small[0], BINARIZE.rise[0])
    full = is_small.where(BINARIZE.rise_if_small[1], BINARIZE.rise[1])
    # From the paper's shade to the pen's, ink rises from none at `pale` to 255 at `full`.
    gain = 255.0 / ((full - pale) * is_blank.where(1.0, pen - paper))
    none_at = paper + pale * (pen - paper)

    has_ink = (is_dark.where(darkest, brightest) - none_at) * gain > float(FOREGROUND_LEVEL)
    top, height = _extent(has_ink.reshape(1, -1))
    rows = picture.between(_whole(top), _whole(top + height), 0).floats()
    values = ((rows - none_at) * gain).at_least(0.0).at_most(255.0)
    left, width = _extent(values.max(0, keepdims=True) > float(FOREGROUND_LEVEL))
    values = values.between(_whole(left), _whole(left + width), 1)
    return _Ink(values, graph.concat(top, left), graph.concat(height, width), is_dark, is_blank)


def _enlarge(ink: _Ink) -> Value:
    """The digit with its longer side on `LARGE` pixels, inside a margin; `(FRAMED, FRAMED)`."""
    size = ink.size.reshape(2, 1, 1)
    pixels = ink.size.graph.add("Range", 0.0, ink.size.max(), 1.0)
    scaled = _scaled(size, size.max(), LARGE)
    rows, columns = (
        _area_weights(LARGE, pixels, 0.0, size, scaled)
        .take(axis)
        .between(np.array([0]), _whole(ink.size.take([axis])), 1)
        for axis in (0, 1)
    )
    large = rows @ ink.values @ columns.add("Transpose", perm=[1, 0])
    return large.add("Pad", np.full(4, MARGIN), 0.0)


def _render_variants(large: Value) -> tuple[Value, Value]:
    """The digit as MNIST would hold it, in MNIST's stroke width and nearly in its own.

    Returns:
        uint8 `(2, 28, 28)`, and the weight of each in the answer, float32 `(2,)`.
    """
    graph = large.graph
    pen = _stroke_width(large)
    own = (pen / float(FINE)).at_least(STROKE_RANGE[0]).at_most(STROKE_RANGE[1])
    share = graph.concat(np.array([MNIST_STROKE / BOX]), own.reshape(1) / float(BOX))
    # A step widens stroke and digit by two pixels: (pen + 2n) / (side + 2n) = share, for n.
    steps = (share * float(LARGE) - pen) / (2.0 - share * 2.0)
    steps = steps.at_least(float(-MAX_STEPS)).at_most(float(MAX_STEPS))
    is_changed = (steps.take([0]).abs() > 1.0).floats() / 2.0
    return _place(_set_strokes(large, steps)), graph.concat(1.0 - is_changed, is_changed)


def _set_strokes(large: Value, steps: Value) -> Value:
    """The digit with strokes widened by so many steps, or thinned; steps `(S,)` -> `(S, H, W)`.

    A step dilates by a diamond and by a square in turn, so that two make an octagon. To thin is to
    widen the negative. Each result blends the two whole steps that it lies between.
    """
    graph = large.graph
    widened = [graph.concat(large, large * -1.0).reshape(2, 1, FRAMED, FRAMED)]
    for step in range(MAX_STEPS):
        widened.append(_square(widened[-1]) if step % 2 else _diamond(widened[-1]))
    stack = graph.concat(*widened).reshape(-1, FRAMED * FRAMED)
    sign = np.tile([1.0, -1.0], MAX_STEPS + 1)
    whole = sign * np.repeat(np.arange(MAX_STEPS + 1), 2)
    # No step at all is there twice.
    sign[1] = 0
    blend = (1.0 - (steps.reshape(-1, 1) - whole).abs()).at_least(0.0) * sign
    return (blend @ stack).reshape(-1, FRAMED, FRAMED)


def _square(images: Value) -> Value:
    return images.add("MaxPool", kernel_shape=[3, 3], pads=[1, 1, 1, 1])


def _diamond(images: Value) -> Value:
    upright = images.add("MaxPool", kernel_shape=[3, 1], pads=[1, 0, 1, 0])
    return upright.at_least(images.add("MaxPool", kernel_shape=[1, 3], pads=[0, 1, 0, 1]))


def _place(drawn: Value) -> Value:
    """Digits in MNIST's frame: 20 pixels of 28, the centre of mass in the middle.

    Args:
        drawn: float32 `(2, H, W)`.

    Returns:
        uint8 `(2, 28, 28)`.
    """
    graph = drawn.graph
    # Two rows for the rows of the digits, and two for their columns.
    profiles = graph.concat(drawn.max(2), drawn.max(1))
    limits = (profiles.max(1, keepdims=True) - 1.0).at_most(float(FOREGROUND_LEVEL))
    start, length = (each.reshape(4, 1, 1) for each in _extent(profiles > limits))
    sides = length.reshape(2, 2)
    scaled = _scaled(sides, sides.max(0, keepdims=True), BOX).reshape(4, 1, 1)
    weights = _area_weights(BOX, np.arange(FRAMED, dtype=np.float32), start, length, scaled)
    small = weights.take([0, 1]) @ drawn @ weights.take([2, 3]).transpose()
    small = (small * (255.0 / small.max(1, 2, keepdims=True).at_least(1.0))).rounded()

    middle = _centre_of_mass(graph.concat(small.sum(2), small.sum(1)), BOX).reshape(4, 1, 1)
    shift = (float(CENTRE) - middle).rounded().at_least(0.0).at_most(float(SIDE) - scaled)
    moved = np.arange(SIDE, dtype=np.float32)[:, np.newaxis] - np.arange(BOX)
    move = ((moved.astype(np.float32) - shift).abs() < 0.5).floats()
    return (move.take([0, 1]) @ small @ move.take([2, 3]).transpose()).cast(TensorProto.UINT8)


def _mnist_format(picture: Value, is_dark: Value) -> tuple[Value, Value]:
    """Whether the picture, or its negative, is what MNIST would hold, and that: `(28, 28)` uint8.

    A picture of another size is cut or filled to 28x28, and is not.
    """
    graph = picture.graph
    sides = np.array([SIDE, SIDE])
    corner = picture.between(np.array([0, 0]), sides, 0, 1)
    missing = graph.concat(np.array([0, 0]), sides - corner.add("Shape"))
    pixels = corner.add("Pad", missing, np.uint8(0)).floats()
    pixels = is_dark.where(255.0 - pixels, pixels)
    _, length = _extent(graph.concat(pixels.max(1), pixels.max(0)).reshape(2, SIDE) > 0.0)
    middle = _centre_of_mass(graph.concat(pixels.sum(1), pixels.sum(0)).reshape(2, SIDE), SIDE)
    is_ready = (picture.add("Shape").floats() - float(SIDE)).abs().max() < 0.5
    is_ready &= pixels.max() > 253.5
    is_ready &= (length.max() - (BOX - 0.5)).abs() < 0.75
    is_ready &= (middle - float(CENTRE)).abs().max() < MAX_OFF_CENTRE
    is_ready &= _stroke_width(pixels) > MIN_STROKE
    return is_ready, pixels.cast(TensorProto.UINT8)


def _area_weights(
    count: int, pixels: Operand, start: Operand, length: Value, scaled: Value
) -> Value:
    """Matrices that resample lines of pixels, by area where they shrink, else linearly.

    Args:
        count: Rows of a matrix; those from `scaled` on are zero.
        pixels: The numbers of the pixels, `(P,)`.
        start: The first pixel of each line to take, `(N, 1, 1)`.
        length: How many pixels of each line to take, `(N, 1, 1)`.
        scaled: How many pixels to make of them, `(N, 1, 1)`.

    Returns:
        float32 `(N, count, P)`.
    """
    graph = length.graph
    places = np.arange(count, dtype=np.float32)[:, np.newaxis]
    step = length / scaled
    offset = graph.value(pixels) + 0.5 - start
    # What a pixel and a stretch as long as a step have in common, by how far apart they lie.
    reach = (step.at_least(1.0) + 1.0) / 2.0
    shared = reach - (offset - step * (places + 0.5)).abs()
    is_inside = (offset < length) & graph.add("Less", places, scaled)
    weights = is_inside.where(shared.at_least(0.0).at_most(1.0), 0.0)
    return weights / weights.sum(2, keepdims=True).at_least(1e-6)


def _scaled(size: Value, longest: Value, side: int) -> Value:
    """Sizes in whole pixels where the longest becomes `side`."""
    return (size * float(side) / longest).rounded().at_least(1.0)


def _extent(has_ink: Value) -> tuple[Value, Value]:
    """The first place with ink in each line, and from there to the last: `(N, P)` -> `(N,)`, twice.

    A line without ink counts as full of it.
    """
    inked = has_ink.floats()
    first = inked.add("ArgMax", axis=1, keepdims=0).floats()
    last = inked.add("ArgMax", axis=1, keepdims=0, select_last_index=1).floats()
    return first, last + 1.0 - first


def _centre_of_mass(profiles: Value, count: int) -> Value:
    """The mean place of the ink in each line: `(N, count)` -> `(N, 1)`."""
    places = np.arange(count, dtype=np.float32)[:, np.newaxis]
    return profiles @ places / profiles.sum(1, keepdims=True).at_least(1.0)


def _stroke_width(image: Value) -> Value:
    """Mean width of the strokes in pixels: twice their area over the length of their outline.

    The image, `(H, W)`, has an empty last row and column.
    """
    zero, minus = np.array([0, 0]), np.array([-1, -1])
    here = image.between(zero, minus, 0, 1)
    down = image.between(np.array([1, 0]), np.array([END, -1]), 0, 1) - here
    across = image.between(np.array([0, 1]), np.array([-1, END]), 0, 1) - here
    outline = (down * down + across * across).add("Sqrt").sum()
    return image.sum() * 2.0 / outline.at_least(1.0)


def _whole(value: Value) -> Value:
    return value.cast(TensorProto.INT64)


def _splice(network: onnx.GraphProto, images: Value) -> Value:
    """Append the network's nodes, which take the images, and return what they give."""
    for node in network.node:
        inputs = [images.name if name == network.input[0].name else name for name in node.input]
        node.input[:] = inputs
        images.graph.nodes.append(node)
    return Value(images.graph, network.output[0].name)


def _check(network: onnx.ModelProto) -> None:
    domains = {each.domain: each.version for each in network.opset_import}
    if set(domains) != {""} or domains[""] not in OPSETS:
        raise ExportError(
            f"the network is of {domains or 'no opset'}; standard ONNX of opset {OPSETS[0]} to "
            f"{OPSETS[-1]} is needed"
        )
    ends = [
        (each.type.tensor_type.elem_type, [d.dim_value for d in each.type.tensor_type.shape.dim])
        for each in (*network.graph.input, *network.graph.output)
    ]
    if ends != [(TensorProto.UINT8, [0, SIDE, SIDE]), (TensorProto.FLOAT, [0, 10])]:
        raise ExportError(
            "the network does not take uint8 [batch, 28, 28] and give float32 [batch, 10]: take a "
            "file that `python -m export` wrote"
        )
