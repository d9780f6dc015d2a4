"""All that streams remember, as arrays and plain values."""

import numpy as np

from skrnn.streaming._clock import Clock

__all__ = ["plain_state", "restore"]

_VERSION = 1


def plain_state(streams):
    """Give all that streams (Streams) remember as a dict of arrays and plain values."""
    keys = streams.slots.keys()
    slots = np.array([streams.slots.of(key) for key in keys], dtype=np.int64)
    has_clock = streams.clock is not None
    return {
        "version": _VERSION,
        "shape": list(map(_listed, streams.parts.shape())),
        "columns": streams.parts.column_names,
        "keys": [_listed(key) for key in keys],
        "clock": streams.clock.plain() if has_clock else None,
        "missed": [streams.missed_of(slot) for slot in slots.tolist()],
        "arrays": {name: a[slots] for name, a in streams.arrays().items()},
    }


def restore(streams, state):
    """Give streams (Streams), which are new, what `plain_state` gave of others.

    Raises
    ------
    ValueError
        If those were of another pipeline.
    """
    if not isinstance(state, dict) or state.get("version") != _VERSION:
        raise ValueError("This is no state of a StreamingPredictor of this version.")
    try:
        _restore(streams, state)
    except (AttributeError, LookupError, OverflowError, TypeError) as error:
        raise ValueError(
            f"This state of a StreamingPredictor is damaged ({error!r}). Give what "
            "get_state gave, as a whole."
        ) from error


def _restore(streams, state):
    shape = list(map(_listed, streams.parts.shape()))
    if list(map(_listed, state["shape"])) != shape:
        raise ValueError(
            f"The state is of a pipeline with (window_length, horizon, ...) = "
            f"{state['shape']}, this one has {shape}."
        )
    for name, own in [
        ("columns", streams.parts.column_names),
        ("clock", streams.clock and streams.clock.plain()),
    ]:
        if own is not None and state[name] is not None and list(state[name]) != own:
            raise ValueError(
                f"The state is of a pipeline with the {name} {state[name]}, this one "
                f"has {own}."
            )
    arrays = state["arrays"]
    own = streams.arrays()
    if set(arrays) != set(own):
        raise ValueError(
            f"The state has the arrays {sorted(arrays)}, expected {sorted(own)}: it "
            "is of another mode or model."
        )
    keys = [tuple(key) if isinstance(key, list) else key for key in state["keys"]]
    for name, array in arrays.items():
        given = np.asarray(array, dtype=own[name].dtype)
        expected = (len(keys), *own[name].shape[1:])
        if len(keys) and given.shape != expected:
            raise ValueError(
                f"The array {name!r} of the state is of shape {given.shape}, expected "
                f"{expected}: it is of another model, or other options."
            )
    if state["clock"] is not None and streams.clock is None:
        streams.clock = Clock.from_plain(state["clock"], streams.freq)
    with streams.opened(keys):
        slots = np.array(list(map(streams.slots.of, keys)), dtype=np.int64)
        own = streams.arrays()
        for name, array in arrays.items() if len(keys) else ():
            own[name][slots] = np.asarray(array, dtype=own[name].dtype)
        for slot, missed in zip(slots.tolist(), state["missed"], strict=True):
            streams.set_missed(slot, missed)


def _listed(value):
    return list(value) if isinstance(value, tuple) else value
