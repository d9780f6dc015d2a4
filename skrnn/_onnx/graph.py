"""Nodes and constants of an ONNX graph, written as expressions."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# The first opset in which all operators that are used here have the inputs and
# attributes that they are given.
LEAST_OPSET = 18


class Value:
    """A tensor of a graph, of a known dtype. Operators of Python add nodes.

    Parameters
    ----------
    graph : Graph
        Where nodes are added.
    name : str
        Of the tensor.
    dtype : dtype
        Of its numbers; that of `object` means strings.
    """

    __array_ufunc__ = None  # an array beside it becomes a constant

    def __init__(self, graph, name, dtype):
        self.graph, self.name, self.dtype = graph, name, np.dtype(dtype)

    # -- elementwise ----------------------------------------------------------------

    def _binary(self, op, other, *, dtype=None, swap=False):
        pair = self, self.graph.value(other, self.dtype)
        return self.graph.node(op, *(pair[::-1] if swap else pair), dtype=dtype)

    def __add__(self, other):
        return self._binary("Add", other)

    def __radd__(self, other):
        return self._binary("Add", other, swap=True)

    def __sub__(self, other):
        return self._binary("Sub", other)

    def __rsub__(self, other):
        return self._binary("Sub", other, swap=True)

    def __mul__(self, other):
        return self._binary("Mul", other)

    def __rmul__(self, other):
        return self._binary("Mul", other, swap=True)

    def __truediv__(self, other):
        return self._binary("Div", other)

    def __mod__(self, other):
        return self._binary("Mod", other)

    def __matmul__(self, other):
        return self._binary("MatMul", other)

    def __rmatmul__(self, other):
        return self._binary("MatMul", other, swap=True)

    def __neg__(self):
        return self.apply("Neg")

    def __lt__(self, other):
        return self._binary("Less", other, dtype=bool)

    def __gt__(self, other):
        return self._binary("Greater", other, dtype=bool)

    def __ge__(self, other):
        return self._binary("GreaterOrEqual", other, dtype=bool)

    def equals(self, other):
        """Compare with another value, number by number."""
        return self._binary("Equal", other, dtype=bool)

    def __and__(self, other):
        return self._binary("And", other)

    def __or__(self, other):
        return self._binary("Or", other)

    def __invert__(self):
        return self.apply("Not")

    def apply(self, op, *, dtype=None, **attributes):
        """Apply an operator of one input."""
        return self.graph.node(op, self, dtype=dtype, **attributes)

    def cast(self, dtype):
        """Change the dtype, where it is another one."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        to = helper.np_dtype_to_tensor_dtype(dtype)
        return self.apply("Cast", to=to, dtype=dtype)

    def at_least(self, number):
        """Replace what is below a number."""
        return self._binary("Max", number)

    def at_most(self, number):
        """Replace what is above a number."""
        return self._binary("Min", number)

    def clip(self, low, high):
        """Move what lies beyond limits to them; NaN stays."""
        graph = self.graph
        inside = graph.where(self > high, high, self)
        return graph.where(self < low, low, inside)

    def times_power_of_two(self, exponents):
        """Multiply by two to the power of integers, an array, or by 1 for None."""
        if exponents is None:
            return self
        # One factor of two to that power might be no float.
        half = exponents // 2
        return self * np.ldexp(1.0, half) * np.ldexp(1.0, exponents - half)

    # -- along axes -----------------------------------------------------------------

    def _reduce(self, op, axis, keep):
        return self.graph.node(op, self, np.array([axis]), keepdims=int(keep))

    def sum(self, axis, *, keep=False):
        """Sum along an axis."""
        return self._reduce("ReduceSum", axis, keep)

    def max(self, axis, *, keep=False):
        """Take the maximum along an axis."""
        return self._reduce("ReduceMax", axis, keep)

    def min(self, axis, *, keep=False):
        """Take the minimum along an axis."""
        return self._reduce("ReduceMin", axis, keep)

    def cumsum(self, axis, *, reverse=False):
        """Sum up to each place of an axis, or from the end down to it."""
        return self.graph.node("CumSum", self, np.array(axis), reverse=int(reverse))

    def running_sum(self, axis):
        """Sum along an axis, one number after the other, as the kernels do."""
        return self.cumsum(axis).slice(axis, -1).squeeze(axis)

    def gather(self, indices, axis):
        """Choose places of an axis: the same ones everywhere."""
        return self.graph.node("Gather", self, indices, axis=axis)

    def gather_from(self, table):
        """Look up the numbers of a table (ndarray) at places that the values are."""
        return self.graph.node("Gather", table, self, dtype=table.dtype)

    def gather_elements(self, indices, axis):
        """Choose places of an axis: others for each row."""
        return self.graph.node("GatherElements", self, indices, axis=axis)

    def slice(self, axis, start, stop=None):
        """Cut out of an axis; without a stop all that follows."""
        stop = np.iinfo(np.int64).max if stop is None else stop
        bounds = (
            bound if isinstance(bound, Value) else np.array([bound])
            for bound in (start, stop)
        )
        return self.graph.node("Slice", self, *bounds, np.array([axis]))

    def split(self, n_parts, axis):
        """Cut an axis into parts of equal length (list of Value)."""
        return self.graph.node(
            "Split", self, outputs=n_parts, num_outputs=n_parts, axis=axis
        )

    # -- shapes ---------------------------------------------------------------------

    def length(self, axis):
        """Length of an axis, of shape (1,)."""
        return self.apply("Shape", start=axis, end=axis + 1, dtype=np.int64)

    def reshape(self, *shape):
        """Give another shape: 0 keeps a length, -1 takes what is left."""
        return self.graph.node("Reshape", self, self.graph.shape(*shape))

    def expand(self, *shape):
        """Repeat along axes of length 1: 1 keeps a length."""
        return self.graph.node("Expand", self, self.graph.shape(*shape))

    def transpose(self, *order):
        """Reorder the axes."""
        return self.apply("Transpose", perm=order)

    def unsqueeze(self, *axes):
        """Add axes of length 1."""
        return self.graph.node("Unsqueeze", self, np.array(axes))

    def squeeze(self, *axes):
        """Take axes of length 1 away."""
        return self.graph.node("Squeeze", self, np.array(axes))


class Graph:
    """Nodes and constants, in the order in which they were made.

    Parameters
    ----------
    prefix : str
        What all names begin with.
    """

    def __init__(self, prefix):
        self.prefix = prefix
        self.nodes, self.constants = [], {}
        self._known = {}

    def _new_name(self):
        return f"{self.prefix}/{len(self.nodes) + len(self.constants)}"

    def value(self, value, dtype=None):
        """Make a value of an array or a number; those are of the given dtype."""
        if isinstance(value, Value):
            return value
        array = np.asarray(value, dtype)
        if array.dtype.kind in "OUS":
            array, key = array.astype(object), repr(array.tolist())
        else:
            array, key = np.array(array, order="C"), array.tobytes()
        key = array.dtype.str, array.shape, key
        if key not in self._known:
            name = self._new_name()
            self.constants[name] = numpy_helper.from_array(array, name)
            self._known[key] = Value(self, name, array.dtype)
        return self._known[key]

    def node(self, op, *inputs, dtype=None, outputs=1, **attributes):
        """Add a node.

        Parameters
        ----------
        op : str
            Its operator.
        *inputs : Value, array or number, or None
            Its inputs; None leaves one out.
        dtype : dtype or list of dtype, default=None
            Of its outputs; that of the first input if None.
        outputs : int, default=1
            How many there are.
        **attributes
            Of the operator.

        Returns
        -------
        Value, or list of Value where there are several
        """
        given = [None if item is None else self.value(item) for item in inputs]
        names = [f"{self._new_name()}.{i}" for i in range(outputs)]
        dtypes = dtype if isinstance(dtype, list) else [dtype] * outputs
        self.nodes.append(
            helper.make_node(
                op,
                ["" if item is None else item.name for item in given],
                names,
                name=names[0],
                **attributes,
            )
        )
        values = [
            Value(self, name, given[0].dtype if kind is None else kind)
            for name, kind in zip(names, dtypes, strict=True)
        ]
        return values[0] if outputs == 1 else values

    def where(self, condition, chosen, other, dtype=None):
        """Choose between two values, of which one may be a number."""
        if dtype is None:
            dtype = (chosen if isinstance(chosen, Value) else other).dtype
        pair = self.value(chosen, dtype), self.value(other, dtype)
        return self.node("Where", condition, *pair, dtype=dtype)

    def concat(self, values, axis):
        """Join values along an axis."""
        return self.node("Concat", *values, axis=axis)

    def shape(self, *lengths):
        """Make a shape of numbers and of values of shape (1,)."""
        if all(not isinstance(length, Value) for length in lengths):
            return self.value(np.array(lengths, np.int64))
        parts = (
            item if isinstance(item, Value) else self.value(np.array([item], np.int64))
            for item in lengths
        )
        return self.concat(parts, axis=0)

    def range(self, length):
        """Count from 0: a vector of as many numbers as a value of shape (1,) says."""
        zero, one = np.array(0, np.int64), np.array(1, np.int64)
        return self.node("Range", zero, length.squeeze(0), one)

    def body(self, inputs, outputs):
        """Make a GraphProto of all that is here, for a node that repeats it.

        Parameters
        ----------
        inputs, outputs : list of Value
            What it is given, and what it gives.
        """
        given, made = (
            [
                helper.make_tensor_value_info(
                    value.name, helper.np_dtype_to_tensor_dtype(value.dtype), None
                )
                for value in values
            ]
            for values in (inputs, outputs)
        )
        constants = list(self.constants.values())
        return helper.make_graph(self.nodes, self.prefix, given, made, constants)

    def needed_for(self, outputs):
        """Nodes, and names of constants, that some values are computed from.

        Parameters
        ----------
        outputs : list of Value

        Returns
        -------
        nodes : list of NodeProto
        names : set of str
        """
        names, nodes = {value.name for value in outputs}, []
        for node in reversed(self.nodes):
            if names.intersection(node.output):
                nodes.append(node)
                names.update(node.input)
        return nodes[::-1], names & self.constants.keys()


def write(graph, outputs, container, scope, declared):
    """Hand the nodes of a graph to skl2onnx.

    Parameters
    ----------
    graph : Graph
        What is handed over, as far as outputs are computed from it.
    outputs : list of Value
        What it computes.
    container, scope
        Those of the converter.
    declared : list of skl2onnx.common._topology.Variable
        What the outputs are called.
    """
    opset = container.target_opset
    if opset < LEAST_OPSET:
        raise ValueError(
            f"target_opset={opset} is too low: the operators of recurrent networks "
            f"are written for opset {LEAST_OPSET}. Give target_opset={LEAST_OPSET} or "
            "more."
        )
    nodes, constants = graph.needed_for(outputs)
    for name, tensor in graph.constants.items():
        if name in constants:
            content = tensor
            if tensor.data_type == TensorProto.STRING:
                content = list(tensor.string_data)
            container.add_initializer(name, tensor.data_type, tensor.dims, content)
    for node in nodes:
        container.add_node(
            node.op_type,
            list(node.input),
            list(node.output),
            op_version=opset,
            name=node.name,
            **{item.name: helper.get_attribute_value(item) for item in node.attribute},
        )
    for value, variable in zip(outputs, declared, strict=True):
        container.add_node(
            "Identity",
            [value.name],
            [variable.full_name],
            op_version=opset,
            name=scope.get_unique_operator_name("Identity"),
        )
