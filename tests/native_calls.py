"""Calls of every function of the compiled library, with arrays of random sizes.

    python -m tests.native_calls [--count N]

Run by itself it makes calls that fit, which is of use where the library was compiled
with a sanitizer. `misfits` breaks one thing of such a call.
"""

import argparse
import ctypes
import random
import sys

import torch

from skrnn._kernels import library as kernel_library
from skrnn._kernels.handle import Handle
from skrnn._kernels.library import PIECE, addresses
from skrnn._kernels.structs import (
    AdamOptions,
    CodesOfInput,
    CompetitionCall,
    Composition,
    ConvolutionCall,
    Input,
    LayerCall,
    Loss,
    Shape,
    SmoothingCall,
    Tensors,
    Whole,
)

GATES = (4, 3, 1)  # rows of weights a unit, by number of the cell
# Any number will do: whether something is so, of which only zero is no, how many
# threads there may be, which are bounded, and numbers that count nothing.
FREE = {"is_relu", "is_reversed", "needs_record", "n_threads", "is_decoupled"}
FREE |= {"is_residual", "most_steps", "key", "rows_of_scale"}
FREE |= {"smoothing", *(name for name, _ in AdamOptions._fields_)}
# What may be left out, or is not read by each call.
OPTIONAL = {
    "lengths",
    "mean",
    "scale",
    "h0",
    "c0",
    "d_states",
    "d_end",
    "dx",
    "factors",
    "codes",
    "padding",
    "gradients of tables",
    "shares",
}
OPTIONAL |= {"weights of the samples", "pool", "state"}
BYTES = {"channels", "is_change"}  # which may lie anywhere
_NORMS = ("clip", "clip_and_adam")  # which answer with a norm


class Call:
    """One call of a function of the library, all of whose arguments can be replaced.

    Parameters
    ----------
    name : str
        Of the function, without the type.
    dtype : torch.dtype or None
        None for functions of no type.
    arguments : dict
        By name, in their order: integers, addresses, structures of ctypes, or arrays of
        addresses.
    kept : object
        What the addresses point at.
    """

    def __init__(self, name, dtype, arguments, kept):
        self.name, self.arguments, self.kept = name, arguments, kept
        of_type = "" if dtype is None else f"_{str(dtype).removeprefix('torch.')}"
        self._function = getattr(kernel_library.library(), f"skrnn_{name}{of_type}")

    def run(self):
        """Return the answer of the function: 1 for done, 0 for no memory, or -1."""
        answer = self._function(*self.arguments.values())
        if "opened" in self.kept:
            self.kept["opened"].close()
        if self.name == "train_batches":  # how many were learned from
            return min(answer, 1)
        if self.name in ("layer_size", *_NORMS):  # a size, and a norm or NaN
            return -1 if answer < 0 else 1
        return answer


def new_calls(rng, names=None):
    """Yield one call of each function that has shapes, of random sizes.

    The handles that they use are open until the next one is asked for.
    """
    for name, make in _MAKERS.items():
        if names is None or name in names:
            dtype = rng.choice([torch.float32, torch.float64])
            yield from make(name, rng, dtype)


def misfits(call):
    """Yield ways to make a call that fits one that does not.

    Yields
    ------
    what : str
        What is wrong.
    break_it, mend : callable
        Make it wrong, and right again.
    """
    given = dict(call.arguments)
    if "codes" in call.kept:
        given["codes"] = call.kept["codes"]
    for name, value in given.items():
        for what, key, holder, get, put in _places(call, name, value):
            for told, other in _others(what, get(holder, key)):
                yield told, *_swap(holder, key, get, put, other)
    lengths = call.kept.get("lengths")
    if lengths is not None and len(lengths):
        segment = call.kept["codes"].segment if "codes" in call.kept else 1
        most = call.kept["x"].shape[1] // segment
        for other in (-1, most + 1, 2**62):
            get, put = (lambda h, k: int(h[k])), (lambda h, k, v: h.__setitem__(k, v))
            yield f"lengths of {other}", *_swap(lengths, -1, get, put, other)
    if "codes" in call.kept and call.kept["x"].numel():
        arrays, x = call.kept["code arrays"], call.kept["x"]
        of_dict = (lambda h, k: h[k]), (lambda h, k, v: h.__setitem__(k, v))
        for feature, number in enumerate(arrays["n_codes"]):
            if number:
                yield "no table", *_swap(arrays["tables"], feature, *of_dict, None)
                for other in (-1.0, float(number), torch.nan, torch.inf):
                    place = (-1, -1, feature)
                    get, put = (lambda h, k: float(h[k])), of_dict[1]
                    yield f"a code of {other}", *_swap(x, place, get, put, other)


def _swap(holder, key, get, put, other):
    before = get(holder, key)
    return (lambda: put(holder, key, other)), (lambda: put(holder, key, before))


def _places(call, name, value):
    """Yield what can be replaced in an argument, and how to get and put it."""
    of_dict = (lambda h, k: h[k]), (lambda h, k, v: h.__setitem__(k, v))
    if isinstance(value, ctypes.Structure):
        for field, _ in value._fields_:
            what = field
            if isinstance(value, Loss) and field == "weights":
                what = "weights of the samples"
            if isinstance(value, CodesOfInput) and field == "gradients":
                what = "gradients of tables"
            yield what, field, value, getattr, setattr
    elif isinstance(value, ctypes.Array):
        for i in range(len(value)):
            yield f"{name}[{i}]", i, value, *of_dict
    else:
        yield name, name, call.arguments, *of_dict


def _others(what, value):
    """Yield what a value of this name may not be."""
    if what in FREE or not isinstance(value, int | None):
        return
    is_address = what in _ADDRESSES or "[" in what
    if not is_address:
        for other in (-1, -(2**31), 2**31 - 1 if what in _INTS else 2**62):
            yield f"{what} of {other}", other
        return
    if value is None:
        return
    if what not in OPTIONAL:
        yield f"no {what}", None
    if what.partition("[")[0] not in BYTES | {"pool", "net"}:
        yield f"{what} one byte on", value + 1


_INTS = {
    name
    for struct in (Shape, Input, Loss, Composition)
    for name, kind in struct._fields_
    if kind is ctypes.c_int
}
_STRUCTS = (
    Input,
    CodesOfInput,
    Loss,
    Composition,
    Tensors,
    LayerCall,
    ConvolutionCall,
    CompetitionCall,
    SmoothingCall,
    Whole,
)
_ADDRESSES = {
    name for s in _STRUCTS for name, kind in s._fields_ if kind is ctypes.c_void_p
}
_ADDRESSES |= {"weights of the samples", "weight", "bias", "values", "factors", "net"}
_ADDRESSES |= {"pool", "outputs", "squares", "gradients of tables", "before", "after"}
_ADDRESSES |= {"losses", "norms"}


# -- one maker a function --------------------------------------------------------------


def _numbers(dtype, *shape):
    return torch.randn(*shape, dtype=torch.float64).to(dtype)


def _at(tensor):
    return None if tensor is None else tensor.data_ptr() or None


def _lengths(rng, n_samples, n_steps):
    if rng.random() < 0.4:
        return None
    return torch.tensor([rng.randint(0, n_steps) for _ in range(n_samples)])


def _pool(rng):
    pool = Handle(kernel_library.library().skrnn_close_pool)
    if rng.random() < 0.7:
        assert (
            pool.open(kernel_library.library().skrnn_open_pool, rng.randint(1, 3)) == 1
        )
    return pool


def _network(name, rng, dtype):
    trains, is_composed = name.startswith("train"), name == "train_composed"
    is_whole, has_batches = name == "predict_whole", name == "train_batches"
    loss = Loss(rng.randrange(9), 0.1, gamma=rng.choice([0.0, 1.5]))
    loss.width = {6: rng.randint(1, 4), 7: 2, 8: 3}.get(loss.kind, 1)
    n_targets = rng.randint(1, 5)
    F, H, K = rng.randint(1, 9), rng.choice([1, 5, 16, 37, 70]), n_targets * loss.width
    n_codes, sizes, segment = None, None, 1
    if (trains or name == "predict") and not has_batches and rng.random() < 0.5:
        n_codes = [rng.choice([0, 1, 7]) for _ in range(rng.randint(1, 4))]
        sizes = [rng.randint(1, 5) if number else 1 for number in n_codes]
        segment = rng.randint(1, 3)
        F = segment * sum(sizes)
    n_layers, L = rng.randint(1, 3), rng.randint(int(is_composed or is_whole), 7)
    N = rng.choice([1, 3, 4] if is_whole else [1, 3, 9, 40, 150])
    cell = rng.randrange(3)
    n_poolings = 5 if is_composed else 4
    shape = Shape(
        cell=cell, is_relu=rng.randrange(2), pooling=rng.randrange(n_poolings)
    )
    composition, composed = (
        _composition(rng, dtype, n_layers, H, N, L) if is_composed else (None, {})
    )
    D = composition.n_directions if is_composed else 1
    shape.n_layers, shape.n_features, shape.hidden_size = n_layers, F, H
    shape.n_outputs, shape.n_threads = K, rng.randint(1, 3)
    of_type = str(dtype).removeprefix("torch.")
    library = kernel_library.library()
    handle = Handle(getattr(library, f"skrnn_close_network_{of_type}"))
    open_network = getattr(library, f"skrnn_open_network_{of_type}")
    weights, columns, rows = [], F, GATES[cell] * H
    for _ in range(n_layers):
        shapes = ((rows, columns), (rows, H), (rows,), (rows,)) * D
        if is_composed and composition.norm:
            shapes += ((D * H,), (D * H,))
        weights += [_numbers(dtype, *s) / H for s in shapes]
        columns = D * H
    if shape.pooling == 4:
        weights += [_numbers(dtype, columns, columns), _numbers(dtype, columns)]
        weights += [_numbers(dtype, 1, columns), _numbers(dtype, 1)]
    weights += [_numbers(dtype, K, columns), _numbers(dtype, K)]
    if name == "open_network":
        place = ctypes.byref(handle.place)
        yield Call(name, dtype, {"shape": shape, "place": place}, {"opened": handle})
        return
    assert handle.open(open_network, shape) == 1
    gradients = [torch.zeros_like(w) for w in weights]
    kept = {"weights": weights, "gradients": gradients, "handle": handle}
    if name in ("adam", *_NORMS):
        yield _update_call(name, rng, dtype, handle, weights, gradients, kept)
        return
    kind = rng.randrange(2)
    x = _numbers((torch.float32, torch.float64)[kind], N, L, F)
    if n_codes is not None:
        F = len(n_codes)
        x = _numbers(x.dtype, N, L * segment, F)
        for feature, number in enumerate(n_codes):
            if number:
                codes = torch.randint(0, number, (N, L * segment))
                x[:, :, feature] = codes.to(x.dtype)
    lengths, outputs = _lengths(rng, N, L), _numbers(dtype, N, K)
    if is_whole:
        lengths, outputs = None, _numbers(torch.float64, N, K)
    mean, scale = (torch.ones(F, dtype=torch.float64) for _ in range(2))
    is_scaled = rng.random() < 0.5
    given = Input(_at(x), kind, _at(lengths))
    if not is_scaled:
        given.mean, given.scale = _at(mean), _at(scale)
    kept |= {"x": x, "lengths": lengths, "outputs": outputs, "scaling": (mean, scale)}
    kept |= composed
    if n_codes is not None:
        learns = trains and rng.random() < 0.7
        kept |= _codes(rng, dtype, n_codes, sizes, segment, N if L else 0, learns)
        given.codes = ctypes.addressof(kept["codes"])
    arguments = {"net": handle.value, "weights": addresses([_at(w) for w in weights])}
    if trains:
        arguments["gradients"] = addresses([_at(g) for g in gradients])
    if is_whole:
        around, kept["around"] = _whole(rng, F, K, L)
        arguments |= {"input": Input(None, 0, None, given.mean, given.scale, None)}
        arguments |= {"whole": around, "values": _at(x), "kind": kind, "largest": 9.0}
    else:
        arguments["input"] = given
    arguments |= {"n_samples": N, "n_steps": L}
    if is_whole:
        n_states = n_layers * (2 if cell == 0 else 1) + (2 if shape.pooling == 3 else 1)
        width = n_states * H + (shape.pooling == 1)
        states = [_numbers(dtype, N, width) for _ in range(2)]
        kept["states"] = states if rng.random() < 0.5 else [None, None]
        arguments |= zip(("before", "after"), map(_at, kept["states"]), strict=True)
    if trains:
        target = _numbers(dtype, N, n_targets)
        if loss.kind == 3:
            target = torch.randint(0, K, (N,))
        weight = None if rng.random() < 0.5 else _numbers(dtype, N).abs()
        loss.targets, loss.weights = _at(target), _at(weight)
        kept |= {"target": target, "weight": weight}
        if loss.kind == 6:
            kept["levels"] = torch.linspace(0.1, 0.9, loss.width, dtype=torch.float64)
            loss.levels = _at(kept["levels"])
        if loss.kind != 3 and rng.random() < 0.3:
            kept["units"] = [torch.ones(N, n_targets, dtype=dtype) for _ in range(2)]
            loss.scales, loss.shifts = map(_at, kept["units"])
        arguments["loss"] = loss
    if is_composed:
        arguments["composition"] = composition
    arguments["outputs"] = _at(outputs)
    if has_batches:
        arguments["size"] = rng.choice([1, 4, N])
        update = _update_call(
            "clip_and_adam", rng, dtype, handle, weights, gradients, {}
        )
        kept |= update.kept | {"results": torch.zeros(2, N, dtype=torch.float64)}
        for key in ("tensors", "options", "squares"):
            arguments[key] = update.arguments[key]
        for key, numbers in zip(("losses", "norms"), kept["results"], strict=True):
            arguments[key] = _at(numbers)
    elif trains:
        arguments["value"] = ctypes.c_double()
    yield Call(name, dtype, arguments, kept)
    handle.close()


def _whole(rng, F, K, L):
    """What stands around a network, and what its addresses point at (list)."""
    of = Whole(farthest=1e15, n_path=rng.randint(0, L))
    sizes = {"y_mean": K, "y_scale": K}
    if rng.random() < 0.7:
        sizes |= {"row_mean": F, "row_scale": F}
    if of.n_path:
        size = of.n_path * F
        sizes |= {"center": size, "weight": K * size, "bias": K}
    arrays = {
        name: torch.ones(size, dtype=torch.float64) for name, size in sizes.items()
    }
    for name, array in arrays.items():
        setattr(of, name, _at(array))
    return of, arrays


def _composition(rng, dtype, n_layers, H, N, L):
    """What a network is composed of, and what its addresses point at (dict)."""
    of = Composition(n_directions=rng.randint(1, 2), norm=rng.randrange(3))
    of.is_residual, of.epsilon, of.momentum = rng.randrange(2), 1e-5, 0.1
    of.dropout, of.recurrent_dropout = (rng.choice([0, 0.3]) for _ in range(2))
    of.count = float(N * L)
    if of.n_directions == 1 and of.norm != 2:
        of.most_steps = rng.randint(0, L)
    kept = {}
    n_parts = -(-L // of.most_steps) if of.most_steps else 1
    n_keys = n_layers * of.n_directions if of.recurrent_dropout else 0
    n_keys += n_parts * (n_layers - 1) + 1 if of.dropout else 0
    if n_keys:
        kept["keys"] = torch.randint(0, 2**62, (n_keys,))
    if of.norm == 2:
        state = of.n_directions * H
        kept["running"] = [torch.ones(state, dtype=dtype) for _ in range(2 * n_layers)]
        kept["moments"] = addresses([_at(moment) for moment in kept["running"]])
        of.moments = ctypes.addressof(kept["moments"])
    if rng.random() < 0.5:
        kept["shares"] = torch.full((N,), 1 / of.count, dtype=dtype)
    of.keys, of.shares = _at(kept.get("keys")), _at(kept.get("shares"))
    return of, kept


def _keep_factors(name, rng, dtype):
    N, L, C = rng.choice([0, 1, 17]), rng.randint(0, 6), rng.randint(1, 70)
    kept = {"to": _numbers(dtype, N, L, C)}
    arguments = {"key": rng.randrange(2**63), "p": 0.25, "N": N, "L": L, "C": C}
    yield Call(name, dtype, arguments | {"to": _at(kept["to"])}, kept)


def _codes(rng, dtype, n_codes, sizes, segment, n_padded, learns):
    """What stands in the place of codes, and what its addresses point at (dict)."""
    integers = ctypes.c_int64 * len(n_codes)
    pairs = list(zip(n_codes, sizes, strict=True))
    tables = [_numbers(dtype, *pair) if pair[0] else None for pair in pairs]
    arrays = {
        "n_codes": integers(*n_codes),
        "sizes": integers(*sizes),
        "tables": addresses([_at(table) for table in tables]),
    }
    kept = {"tables": tables, "code arrays": arrays}
    if learns:
        kept["of tables"] = [t if t is None else torch.zeros_like(t) for t in tables]
        arrays["gradients"] = addresses([_at(g) for g in kept["of tables"]])
    codes = kept["codes"] = CodesOfInput(segment, len(n_codes))
    for key, array in arrays.items():
        setattr(codes, key, ctypes.addressof(array))
    if n_padded and rng.random() < 0.5:
        padding = [rng.randrange(segment) for _ in range(n_padded)]
        kept["padding"] = torch.tensor(padding)
        codes.padding = _at(kept["padding"])
    return kept


def _update_call(name, rng, dtype, handle, weights, gradients, kept):
    if rng.random() < 0.3:  # more than one thread takes at a time
        weights.append(_numbers(dtype, PIECE * 4 + 7))
        gradients.append(_numbers(dtype, PIECE * 4 + 7))
    moments = [[torch.rand_like(w) for w in weights] for _ in range(2)]
    steps = [torch.ones(1) for _ in weights]
    integers = ctypes.c_int64 * len(weights)
    arrays = {
        "sizes": integers(*(w.numel() for w in weights)),
        "is_matrix": integers(*(w.ndim > 1 for w in weights)),
        "weights": addresses([_at(w) for w in weights]),
        "gradients": addresses([_at(g) for g in gradients]),
        "first": addresses([_at(m) for m in moments[0]]),
        "second": addresses([_at(m) for m in moments[1]]),
        "steps": addresses([_at(s) for s in steps]),
    }
    if name == "clip":  # it does not read them
        for key in ("first", "second", "steps"):
            del arrays[key]
    tensors = Tensors(len(weights))
    for key, array in arrays.items():
        setattr(tensors, key, ctypes.addressof(array))
    options = AdamOptions(0.01, 0.9, 0.999, 1e-8, 0.1, rng.randrange(2), 0.1, 0.5, 1.0)
    kept |= {"moments": moments, "steps": steps, "arrays": arrays}
    arguments = {"net": handle.value, "tensors": tensors, "options": options}
    if name in _NORMS:
        n_pieces = sum(-(-w.numel() // PIECE) for w in weights)
        squares = torch.zeros(n_pieces, dtype=torch.float64)
        kept["squares"], arguments["squares"] = squares, _at(squares)
    return Call(name, dtype, arguments, kept)


def _linear(name, rng, dtype):
    N, K, M = rng.choice([0, 1, 17, 70]), rng.randint(1, 40), rng.randint(1, 40)
    kept = {"rows": _numbers(dtype, N, K), "weight": _numbers(dtype, M, K)}
    kept |= {"bias": _numbers(dtype, M), "to": _numbers(dtype, N, M)}
    arguments = {"values": _at(kept["rows"]), "N": N, "K": K}
    arguments |= {"weight": _at(kept["weight"]), "bias": _at(kept["bias"]), "M": M}
    arguments["to"] = _at(kept["to"])
    yield Call(name, dtype, arguments, kept)


def _sum_over_steps(name, rng, dtype):
    N, L, H = rng.choice([0, 1, 17]), rng.randint(0, 6), rng.randint(1, 40)
    factors = None if rng.random() < 0.5 else _numbers(dtype, N, L)
    kept = {"x": _numbers(dtype, N, L, H), "factors": factors}
    kept |= {"lengths": _lengths(rng, N, L), "to": _numbers(dtype, N, H)}
    arguments = {"values": _at(kept["x"]), "factors": _at(factors)}
    arguments |= {"lengths": _at(kept["lengths"]), "N": N, "L": L, "H": H}
    arguments["to"] = _at(kept["to"])
    yield Call(name, dtype, arguments, kept)


def _layer(name, rng, dtype):
    N, L = rng.choice([1, 5, 33, 150]), rng.randint(1, 6)
    F, H = rng.choice([1, 4, 5, 19]), rng.choice([1, 5, 16, 37, 70])
    cell = rng.randrange(3)
    call = LayerCall(cell=cell, is_relu=rng.randrange(2), is_reversed=rng.randrange(2))
    call.needs_record = name != "layer_forward" or rng.randrange(2)
    call.n_samples, call.n_steps, call.n_features, call.hidden_size = N, L, F, H
    shapes = {"x": (N, L, F), "states": (N, L, H), "h_end": (N, H), "c_end": (N, H)}
    rows = GATES[cell] * H
    weights = {"w_ih": (rows, F), "w_hh": (rows, H), "b_ih": (rows,), "b_hh": (rows,)}
    shapes |= weights
    if rng.random() < 0.5:
        shapes |= {"h0": (N, H), "c0": (N, H)}
    kept = {key: _numbers(dtype, *shape) for key, shape in shapes.items()}
    # As a network begins: larger ones let each step multiply what rounding has left.
    for key in ("w_ih", "w_hh"):
        kept[key] /= kept[key].shape[1] ** 0.5
    kept["lengths"] = _lengths(rng, N, L)
    for key, tensor in kept.items():
        setattr(call, key, _at(tensor))
    if call.needs_record:
        size = Call("layer_size", dtype, {"call": call}, {})._function(call)
        kept["record"] = torch.zeros(size, dtype=torch.uint8)
        call.record = _at(kept["record"])
    if name == "layer_size":
        # It reads no array.
        bare = LayerCall(
            **{key: getattr(call, key) for key, _ in LayerCall._fields_[:8]}
        )
        yield Call(name, dtype, {"call": bare}, {})
        return
    pool = kept["pool"] = _pool(rng)
    forward = Call("layer_forward", dtype, {"pool": pool.value, "call": call}, kept)
    if name == "layer_backward":
        assert forward.run() == 1
        given = {f"d{key}": shape for key, shape in weights.items()}
        if rng.random() < 0.7:
            given["d_states"] = (N, L, H)
        if rng.random() < 0.7:
            given["d_end"] = (N, H)
        if rng.random() < 0.7:
            given["dx"] = (N, L, F)
        kept |= {key: _numbers(dtype, *shape) for key, shape in given.items()}
        for key in given:
            setattr(call, key, _at(kept[key]))
        # What only the other pass reads.
        for key in ("x", "states", "h_end", "c_end", "h0", "c0"):
            setattr(call, key, None)
    elif cell != 0:
        call.c_end = None
    yield Call(name, dtype, {"pool": pool.value, "call": call}, kept)
    pool.close()


def _convolutions(name, rng, dtype):
    N, L, F = (
        rng.choice([1, 6]),
        rng.choice([0, 1, 15, 16, 70, 1500]),
        rng.randint(1, 4),
    )
    dilations = torch.tensor([1, rng.randint(0, 40), 2**40][: rng.randint(1, 3)])
    D = len(dilations)
    kept = {"x": _numbers(torch.float32, N, L, F), "lengths": _lengths(rng, N, L)}
    kept["dilations"] = dilations
    if name == "convolve":
        B = rng.choice([1, 2, 3, 9])
        call = ConvolutionCall(N, L, F, D, B)
        kept["channels"] = torch.rand(D, 84, F) < 0.5
        kept["biases"] = _numbers(torch.float32, D, 84, B)
        kept["to"] = _numbers(torch.float32, N, D, 84, B, 4)
    else:
        G = rng.randint(1, 3)
        call = CompetitionCall(N, L, F, D, G)
        kept["channels"] = torch.rand(D, G, F) < 0.5
        kept["is_change"] = torch.rand(D) < 0.5
        kept["weights"] = _numbers(torch.float32, D, G, 9, 8)
        kept["to"] = _numbers(torch.float32, N, D, G, 8, 2)
    for key, tensor in kept.items():
        setattr(call, key, _at(tensor))
    pool = kept["pool"] = _pool(rng)
    yield Call(name, None, {"pool": pool.value, "call": call}, kept)
    pool.close()


def _smooth(name, rng, dtype):
    del dtype
    goes_on = rng.random() < 0.3
    N, T = 1 if goes_on else rng.choice([1, 3, 40]), rng.randint(1, 30)
    M, E, G = rng.choice([2, 7, 39, 40]), rng.choice([0, 4, 12]), rng.randint(1, 2)
    S, H, R = max(E, 1), rng.randint(1, 6), rng.randint(1, 50)
    series, _ = torch.sort(torch.randint(0, N, (R,)))
    rows = torch.randint(0, T, (R,))
    for i in range(N):
        rows[series == i] = torch.sort(rows[series == i])[0]
    shapes = {
        "values": (N, T),
        "gain": (T, 2 + E, M),
        "variance": (T, M),
        "log_variance": (T, M),
        "damping": (M,),
        "prior": (M,),
        "basis": (S, E),
        "damped": (H, G),
        "path": (R, H),
        "evidence": (R,),
    }
    kept = {
        key: torch.rand(shape, dtype=torch.float64) for key, shape in shapes.items()
    }
    kept |= {
        "kinds": torch.tensor([0, *[M // 2] * (G - 1), M]),
        "steps": torch.arange(1, H + 1),
        "asked": torch.searchsorted(series, torch.arange(N + 1)),
        "rows": rows,
        "shares": None if rng.random() < 0.5 else _numbers(torch.float64, R, M),
    }
    if goes_on:
        kept["state"] = torch.zeros((5 + E) * M + 1, dtype=torch.float64)
    kept["values"][0, -1] = torch.nan
    call = SmoothingCall(N, T, M, E, S, H, G, R, rng.randint(0, T) if goes_on else 0)
    call.most_surprise, call.power, call.rows_of_scale = 4.0, 0.5, 8
    call.least_variance = 1e-26
    for key, array in kept.items():
        setattr(call, key, _at(array))
    kept["pool"] = _pool(rng)
    yield Call(name, None, {"pool": kept["pool"].value, "call": call}, kept)
    kept["pool"].close()


_MAKERS = {
    "open_network": _network,
    "train": _network,
    "train_batches": _network,
    "train_composed": _network,
    "keep_factors": _keep_factors,
    "predict": _network,
    "predict_whole": _network,
    "clip": _network,
    "adam": _network,
    "clip_and_adam": _network,
    "linear": _linear,
    "sum_over_steps": _sum_over_steps,
    "layer_size": _layer,
    "layer_forward": _layer,
    "layer_backward": _layer,
    "convolve": _convolutions,
    "compete": _convolutions,
    "smooth": _smooth,
}


def main():
    """Make calls that fit; return how many were not done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="calls of each function")
    options = parser.parse_args()
    torch.manual_seed(0)
    rng, n_faults = random.Random(0), 0
    for _ in range(options.count):
        for call in new_calls(rng):
            n_faults += call.run() != 1
    return n_faults


if __name__ == "__main__":
    sys.exit(bool(main()))
