"""Write an ONNX graph as arithmetic: each operation on a `Value` adds the node that computes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper


@dataclass(eq=False)
class Graph:
    """The nodes and constants of a graph that is being written, in order."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[tuple[str, tuple[int, ...], bytes], TensorProto] = field(default_factory=dict)

    def add(self, operator: str, *inputs: Operand, output: str = "", **attributes: Any) -> Value:
        """Add a node and return its only output; operands that are no `Value` become constants."""
        name = f"{operator}_{len(self.nodes)}"
        names = [self.value(each).name for each in inputs]
        output = output or name
        self.nodes.append(helper.make_node(operator, names, [output], name, **attributes))
        return Value(self, output)

    def value(self, operand: Operand) -> Value:
        """Return a `Value` as it is, and anything else as a constant; floats become float32."""
        if isinstance(operand, Value):
            return operand
        array = np.asarray(operand)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(array, f"constant_{len(self.constants)}")
        return Value(self, self.constants[key].name)

    def concat(self, *parts: Operand, axis: int = 0) -> Value:
        """Join tensors along an axis that they have."""
        return self.add("Concat", *parts, axis=axis)


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of a graph. Its operators and methods broadcast as those of numpy do."""

    graph: Graph
    name: str
    # Without this, an array on the left of an operator would try to compute it by itself.
    __array_ufunc__: ClassVar[None] = None

    def add(self, operator: str, *inputs: Operand, output: str = "", **attributes: Any) -> Value:
        """Add a node whose first input is this value."""
        return self.graph.add(operator, self, *inputs, output=output, **attributes)

    def __add__(self, other: Operand) -> Value:
        return self.add("Add", other)

    def __sub__(self, other: Operand) -> Value:
        return self.add("Sub", other)

    def __rsub__(self, other: Operand) -> Value:
        return self.graph.add("Sub", other, self)

    def __mul__(self, other: Operand) -> Value:
        return self.add("Mul", other)

    def __truediv__(self, other: Operand) -> Value:
        return self.add("Div", other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self.graph.add("Div", other, self)

    def __matmul__(self, other: Operand) -> Value:
        return self.add("MatMul", other)

    def __gt__(self, other: Operand) -> Value:
        return self.add("Greater", other)

    def __lt__(self, other: Operand) -> Value:
        return self.add("Less", other)

    def __and__(self, other: Operand) -> Value:
        return self.add("And", other)

    def abs(self) -> Value:
        """Return the absolute values."""
        return self.add("Abs")

    def rounded(self) -> Value:
        """Return the nearest whole numbers, as floats."""
        return self.add("Round")

    def at_least(self, low: Operand) -> Value:
        """Return the values, none below a limit."""
        return self.add("Max", low)

    def at_most(self, high: Operand) -> Value:
        """Return the values, none above a limit."""
        return self.add("Min", high)

    def cast(self, kind: int) -> Value:
        """Return the values in another type of `TensorProto`."""
        return self.add("Cast", to=kind)

    def floats(self) -> Value:
        """Return the values as float32."""
        return self.cast(TensorProto.FLOAT)

    def max(self, *axes: int, keepdims: bool = False) -> Value:
        """Return the largest value along axes, or of all."""
        return self._extreme("ReduceMax", axes, keepdims)

    def min(self, *axes: int, keepdims: bool = False) -> Value:
        """Return the smallest value along axes, or of all."""
        return self._extreme("ReduceMin", axes, keepdims)

    def sum(self, *axes: int, keepdims: bool = False) -> Value:
        """Return the sum along axes, or of all."""
        along = [np.array(axes)] if axes else []
        return self.add("ReduceSum", *along, keepdims=int(keepdims))

    def where(self, true: Operand, false: Operand) -> Value:
        """Return `true` where this value is true, and `false` elsewhere."""
        return self.add("Where", true, false)

    def reshape(self, *shape: int) -> Value:
        """Return the values in another shape."""
        return self.add("Reshape", np.array(shape))

    def transpose(self) -> Value:
        """Return matrices `(N, H, W)` as `(N, W, H)`."""
        return self.add("Transpose", perm=[0, 2, 1])

    def take(self, places: int | list[int], axis: int = 0) -> Value:
        """Return what lies at a place, or at several, along an axis."""
        return self.add("Gather", np.array(places), axis=axis)

    def between(self, starts: Operand, ends: Operand, *axes: int) -> Value:
        """Return what lies from starts to ends, `(A,)` int64 each, along A axes."""
        return self.add("Slice", starts, ends, np.array(axes))

    def _extreme(self, operator: str, axes: tuple[int, ...], keepdims: bool) -> Value:
        if axes:
            return self.add(operator, keepdims=int(keepdims), axes=list(axes))
        return self.add(operator, keepdims=int(keepdims))


Operand = Value | np.ndarray[Any, Any] | np.generic | float | int
