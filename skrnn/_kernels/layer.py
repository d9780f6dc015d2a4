"""A recurrent layer in compiled code, as a function that autograd knows."""

import torch
from torch.autograd.function import once_differentiable

from skrnn._kernels.fit import check_lengths, check_tensor
from skrnn._kernels.library import CELLS, check_answer, function, library
from skrnn._kernels.structs import LayerCall
from skrnn._kernels.threads import current_handle, current_pool

_N_GATES = (4, 3, 1)  # by number of the cell
_DTYPES = {torch.float32: "float32", torch.float64: "float64"}
# Here samples are the lanes, 16 of float32 in the least part of a batch (lanes.h): up
# to 8 of them leave half or more of each part to zeros. What that costs grows with the
# products, so with the units, and the kernels gain least beside torch's LSTM, which is
# one fused operation (docs/benchmarks/sweep.md). Both limits are those of narrow.h,
# which has units as lanes instead, for the standard network; how exact they are is not
# recorded.
_FEW_SAMPLES = 8
_MANY_UNITS = 128


def has_kernel(cell, x):
    """Whether a kernel is to run a cell over a tensor x of shape (N, L, F)."""
    is_lean = (
        # torch's LSTM is the faster one for the gradients of a few samples and many
        # units, which leave lanes of the kernel empty.
        torch.is_grad_enabled()
        and cell.mode == "LSTM"
        and x.shape[0] <= _FEW_SAMPLES
        and cell.hidden_size >= _MANY_UNITS
    )
    return not is_lean and (
        x.device.type == "cpu"
        and x.dtype in _DTYPES
        and not torch.is_autocast_enabled("cpu")
        and x.shape[0] > 0
        and x.shape[1] > 0
        and library() is not None
    )


def run_kernel(cell, x, lengths, *, begin=None, keep=None, reverse=False):
    """Run a cell over a batch of sequences.

    Parameters
    ----------
    cell : nn.RNNBase
        One layer, one direction.
    x : Tensor of shape (N, L, F) of float32 or float64
        Right-padded sequences, on the CPU.
    lengths : Tensor of shape (N,) of int64, or None
        Present steps of each; None where all L are present.
    begin : tuple of Tensor of shape (N, H), default=None
        State, and for an LSTM its cell, to begin with; zeros if None. No gradient flows
        into them.
    keep : Tensor of shape (G*H, H), default=None
        Factors for the recurrent weights.
    reverse : bool, default=False
        Whether to read each sequence from its last present step to its first.

    Returns
    -------
    states : Tensor of shape (N, L, H)
        Zero where a step is absent.
    end : tuple of Tensor of shape (N, H)
        State after the last present step, and for an LSTM its cell. A gradient flows
        through the first only.
    """
    kind = cell.mode.partition("_")[0].lower()
    is_relu = cell.mode == "RNN_RELU"
    h0, c0 = (None, None) if begin is None else (*begin, None)[:2]
    weight_hh = cell.weight_hh_l0 if keep is None else cell.weight_hh_l0 * keep
    results = _LayerFunction.apply(
        x,
        cell.weight_ih_l0,
        weight_hh,
        cell.bias_ih_l0,
        cell.bias_hh_l0,
        lengths,
        h0,
        c0,
        (CELLS[kind], is_relu, reverse),
        # Within a function autograd no longer tells whether a gradient is wanted.
        torch.is_grad_enabled(),
    )
    return results[0], tuple(results[1:])


class _LayerFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w_ih, w_hh, b_ih, b_hh, lengths, h0, c0, kind, is_recorded):
        x, w_ih, w_hh, b_ih, b_hh = (
            t.contiguous() for t in (x, w_ih, w_hh, b_ih, b_hh)
        )
        begin = [None if t is None else t.detach().contiguous() for t in (h0, c0)]
        lengths = None if lengths is None else lengths.contiguous()
        n_samples, n_steps, n_features = x.shape
        hidden_size = w_hh.shape[1]
        cell, is_relu, reverse = kind
        _check_tensors(cell, x, (w_ih, w_hh, b_ih, b_hh), lengths, begin)
        needs_record = is_recorded and any(ctx.needs_input_grad[:5])
        states = x.new_empty(n_samples, n_steps, hidden_size)
        ends = [x.new_empty(n_samples, hidden_size) for _ in range(1 + (cell == 0))]
        call = LayerCall(
            cell=cell,
            is_relu=is_relu,
            is_reversed=reverse,
            needs_record=needs_record,
            n_samples=n_samples,
            n_steps=n_steps,
            n_features=n_features,
            hidden_size=hidden_size,
        )
        given = {"lengths": lengths, "h0": begin[0], "c0": begin[1]}
        given |= {"w_ih": w_ih, "w_hh": w_hh, "b_ih": b_ih, "b_hh": b_hh, "x": x}
        given |= {"states": states, "h_end": ends[0], "c_end": ends[-1]}
        _set(call, given)
        dtype = _DTYPES[x.dtype]
        if needs_record:
            size = function("layer_size", dtype)(call)
            check_answer(min(size, 1), _no_memory(call))
            ctx.record = _Record(size)
            call.record = ctx.record.memory.data_ptr()
            ctx.save_for_backward(w_ih, w_hh, b_ih, b_hh)
            ctx.call, ctx.lengths, ctx.shape = call, lengths, x.shape
        _run("layer_forward", dtype, call)
        ctx.mark_non_differentiable(*ends[1:])
        ctx.set_materialize_grads(False)
        return states, *ends

    @staticmethod
    @once_differentiable
    def backward(ctx, d_states, d_end, *unused):
        weights = ctx.saved_tensors
        nothing = (None,) * 10
        if d_states is None and d_end is None:
            return nothing
        gradients = [torch.empty_like(weight) for weight in weights]
        dx = weights[0].new_empty(ctx.shape) if ctx.needs_input_grad[0] else None
        given = dict(zip(("w_ih", "w_hh", "b_ih", "b_hh"), weights, strict=True))
        given |= {f"d{name}": g for name, g in zip(list(given), gradients, strict=True)}
        given |= {
            "d_states": None if d_states is None else d_states.contiguous(),
            "d_end": None if d_end is None else d_end.contiguous(),
            "dx": dx,
        }
        for name in ("d_states", "d_end"):
            if given[name] is not None:
                check_tensor(name, given[name], given[name].shape, weights[0].dtype)
        _set(ctx.call, given)
        _run("layer_backward", _DTYPES[weights[0].dtype], ctx.call)
        return dx, *gradients, *nothing[5:]


def _set(call, tensors):
    for name, tensor in tensors.items():
        setattr(call, name, None if tensor is None else tensor.data_ptr())


def _run(name, dtype, call):
    check_answer(function(name, dtype)(current_handle(), call), _no_memory(call))


def _no_memory(call):
    return (
        f"There is no memory for the states of {call.n_samples} sequences of "
        f"{call.n_steps} steps. Lower batch_size, or set tbptt_steps."
    )


def _check_tensors(cell, x, weights, lengths, begin):
    n_samples, _, n_features = x.shape
    hidden_size, dtype = weights[1].shape[1], x.dtype
    rows = _N_GATES[cell] * hidden_size
    shapes = (rows, n_features), (rows, hidden_size), (rows,), (rows,)
    check_tensor("x", x, x.shape, dtype)
    for weight, shape in zip(weights, shapes, strict=True):
        check_tensor("A weight", weight, shape, dtype)
    check_lengths(lengths, n_samples)
    for state in begin:
        if state is not None:
            check_tensor("begin", state, (n_samples, hidden_size), dtype)


class _Record:
    """Memory that a forward pass keeps for its backward pass, and then for the next.

    Without a pool of threads, which a training or a prediction keeps, it goes back at
    once.
    """

    def __init__(self, size):
        self._pool = current_pool()
        if self._pool is None:
            self.memory = torch.empty(size, dtype=torch.uint8)
        else:
            self.memory = self._pool.take_memory(size)

    def __del__(self):
        if self._pool is not None:
            self._pool.give_memory(self.memory)
