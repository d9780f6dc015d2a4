"""Streams of which the states of the network are kept, not the rows."""

from typing import NamedTuple

import numpy as np
import torch

from skrnn._estimator.base import BaseRNN
from skrnn._estimator.reading import source_of_whole_windows, source_of_windows
from skrnn._kernels.threads import single_thread_without_gradients
from skrnn.streaming._network_state import (
    NetworkState,
    refuse_whole_windows,
    stepped_outputs,
)
from skrnn.streaming._streams import Arrivals, Streams
from skrnn.streaming._weights import WeightWatch

__all__ = ["StatefulStreams"]


class _States(NamedTuple):
    """What is known of the steps of streams."""

    counts: np.ndarray  # (n,) of int64, present steps that were read
    tails: np.ndarray  # (n, n_newest, n_inputs), the newest of them, the last one last
    of_nets: list  # of ndarray (n, width)

    def of(self, slots):
        return _States(
            self.counts[slots], self.tails[slots], [s[slots] for s in self.of_nets]
        )

    def put(self, slots, others):
        self.counts[slots], self.tails[slots] = others.counts, others.tails
        for mine, other in zip(self.of_nets, others.of_nets, strict=True):
            mine[slots] = other


class StatefulStreams(Streams):
    """Each row is one step of the network, whatever went before.

    Parameters
    ----------
    parts : Parts
        The pipeline.
    method : str
        What is asked of its estimator.
    **options
        As for `Streams`; rows may not be late.
    """

    def __init__(self, parts, method, **options):
        estimator = parts.estimator
        if not (isinstance(estimator, BaseRNN) and parts.is_direct):
            raise ValueError(
                'mode="stateful" needs an RNNRegressor or RNNClassifier as the last '
                "step, and nothing but TimeDistributed between it and SlidingWindow; "
                'mode="window" takes any pipeline.'
            )
        refuse_whole_windows(estimator)
        super().__init__(parts, n_before=0, **options | {"max_delay": 0})
        self._method = method
        self._nets = [NetworkState(net.module_) for net in estimator.nets_]
        self._model = estimator._model
        self._weights = WeightWatch([net.module_ for net in estimator.nets_])
        steps = [net.module_.baseline.linear_path for net in estimator.nets_]
        self._n_newest = max([1, *(p.n_steps for p in steps if p is not None)])
        # After the newest row, and before it.
        self._states, self._older = self._room(0), self._room(0)

    def _room(self, n):
        return _States(
            np.zeros(n, np.int64),
            np.full((n, self._n_newest, self.parts.n_inputs), np.nan, self.dtype),
            [np.tile(net.begin, (n, 1)) for net in self._nets],
        )

    def check_weights(self):
        """Raise if the networks are no longer those that made the states."""
        is_model = self.parts.estimator._model is self._model
        if not (is_model and self._weights.is_as_it_was()):
            raise ValueError(
                "The estimator was fitted further, or its weights were changed, so "
                "that the states of the streams are not those of its networks any "
                'more. Call reset() to begin anew, or use mode="window", which reads '
                "the rows again."
            )

    def clear(self, slot):
        """Forget all of a stream."""
        super().clear(slot)
        had, size = len(self._states.counts), len(self.rings.size)
        if had < size:
            grown = []
            for states in (self._states, self._older):
                larger = self._room(size)
                larger.put(np.arange(had), states)
                grown.append(larger)
            self._states, self._older = grown

    def arrays(self):
        """All arrays (dict) of what is remembered, a row for each place."""
        arrays = super().arrays()
        for when, states in (("newest", self._states), ("older", self._older)):
            arrays |= {f"{when}_counts": states.counts, f"{when}_tails": states.tails}
            arrays |= {f"{when}_{i}": s for i, s in enumerate(states.of_nets)}
        return arrays

    def newest(self, keys, slots, values, ticks):
        """Take rows, each the newest of a stream, and predict (ndarray) for them."""
        self.check_weights()
        arrivals = self.arrive(keys, slots, values, ticks)
        lengths = np.minimum(self.n_readable(arrivals.runs), self.parts.window_length)
        self._missing.report(self, arrivals, lengths)
        before = self._begun(arrivals, self._states.of(slots))
        predicted, after = self._read(arrivals, before)
        self._commit(arrivals, before, after)
        return predicted

    def remember(self, arrivals):
        """Add rows to their streams."""
        before = self._begun(arrivals, self._states.of(arrivals.slots))
        self._commit(arrivals, before, self._read(arrivals, before)[1])

    def _commit(self, arrivals, before, after):
        super().remember(arrivals)
        self._older.put(arrivals.slots, before)
        self._states.put(arrivals.slots, after)

    def _begun(self, arrivals, states):
        """States, which begin anew where a run does."""
        is_first = arrivals.runs == 1
        if is_first.any():
            states.put(is_first, self._room(np.count_nonzero(is_first)))
        return states

    def _follow(self, slot, value, tick, run):
        self.check_weights()
        rings, horizon = self.rings, self.parts.horizon
        step = rings.last("values", slot, before=horizon - 1) if horizon else value
        states = self._states
        tails = states.tails[slot : slot + 1]
        tails = np.concatenate([tails[:, 1:], step[None, None]], axis=1)
        estimator = self.parts.estimator
        source = source_of_whole_windows(estimator, tails)
        if source is None:
            return None
        before = [of_net[slot : slot + 1] for of_net in states.of_nets]
        found = stepped_outputs(estimator, tails, source.largest, before)
        if found is None:
            return None
        outputs, after = found
        predicted = getattr(_asked(estimator, _Known(outputs)), self._method)(source)
        rings.append(slot, value, None, tick, run)
        older = self._older
        older.counts[slot], older.tails[slot] = states.counts[slot], states.tails[slot]
        states.counts[slot] += 1
        states.tails[slot] = tails[0]
        each = zip(older.of_nets, states.of_nets, after, strict=True)
        for oldest, newest, now in each:
            oldest[slot] = newest[slot]
            newest[slot] = now[0]
        return predicted

    def _read(self, arrivals, before):
        """Predictions for rows (ndarray), and the states after them."""
        is_read = ~np.isnan(arrivals.steps).all(axis=1)
        counts, tails = before.counts + is_read, before.tails.copy()
        tails[is_read, :-1] = before.tails[is_read, 1:]
        tails[is_read, -1] = arrivals.steps[is_read]
        parts, estimator = self.parts, self.parts.estimator
        model = _SteppedModel(estimator, self._nets, before.of_nets, is_read, counts)
        twin = _asked(estimator, model)
        source = source_of_windows(twin, tails, parts.step_names)
        predicted = getattr(twin, self._method)(source)
        return predicted, _States(counts, tails, model.after)

    def late(self, key, slot, value, tick):
        """Take the newest row of a stream once more.

        Returns
        -------
        ndarray of shape (1, ...), or None
            The prediction for it; None where the row is an older one.
        """
        self.check_weights()
        rings, slots = self.rings, np.array([slot])
        if tick != rings.last("ticks", slot):
            return None
        runs = rings.last("runs", slots).astype(np.int64)
        rings.newest[slot] -= 1
        try:
            steps = self._steps(slots, value[None], runs)
            arrivals = Arrivals(slots, value[None], np.array([tick]), runs, steps)
            before = self._begun(arrivals, self._older.of(slots))
            predicted, after = self._read(arrivals, before)
        except BaseException:
            rings.newest[slot] += 1
            raise
        was_lost, size = bool(rings.lost[slot]), int(rings.size[slot])
        self._commit(arrivals, before, after)
        rings.lost[slot], rings.size[slot] = was_lost, size
        return predicted


def _asked(estimator, model):
    """A fitted estimator with another model in the place of its own."""
    twin = object.__new__(type(estimator))
    twin.__dict__ = vars(estimator) | {"_model": model}
    return twin


class _Known:
    """In the place of the model of an estimator: outputs that are there already."""

    def __init__(self, outputs):
        self._outputs = outputs

    def outputs(self, source):
        """Give them, whatever the source."""
        return self._outputs


class _SteppedModel:
    """In the place of the model of an estimator: its networks, one step further."""

    def __init__(self, estimator, nets, states, is_read, counts):
        self._estimator, self._nets, self._states = estimator, nets, states
        self._is_read, self._counts = is_read, counts
        self.after = []

    def outputs(self, source):
        """Outputs, as of `NetworkEnsemble`, for the newest steps."""
        estimator, total = self._estimator, 0.0
        weights = estimator._model.weights
        for net, state, states, weight in zip(
            estimator.nets_, self._nets, self._states, weights, strict=True
        ):
            total = total + weight * self._outputs_of(
                net.module_, state, states, source
            )
        return total

    @single_thread_without_gradients()
    def _outputs_of(self, network, state, states, source):
        if network.training:
            network.eval()
        rows = np.arange(len(source))
        x, lengths = network.scaling.limited(source).batch(rows)
        x = np.ascontiguousarray(x, np.float64)
        place = x.shape[1] - 1 if lengths is None else np.maximum(lengths - 1, 0)
        newest, is_read = x[rows, place][:, None], self._is_read  # (n, 1, F), (n,)
        after = states.copy()
        if is_read.any():
            step = torch.from_numpy(newest[is_read])
            after[is_read] = state.take_step(states[is_read], step)
        self.after.append(after)
        lengths = None if lengths is None else torch.from_numpy(lengths)
        counts = torch.from_numpy(self._counts)
        return state.predict(after, torch.from_numpy(x), lengths, counts)
