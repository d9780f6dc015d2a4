"""Whether what a checkpoint holds is a state of this very training.

Files are damaged, and forged: a right hash says nothing of the content. All of it is
compared with the net before anything is touched. What the data and the parameters
decide has to be what it is here; what a training makes is of the right kind, shape and
range, and tells the same wherever it is told twice. `ModelFileError` names what is not.
"""

import copy
import math

import torch

from skrnn._training.best_weights import JUDGED, STATE, judged
from skrnn._training.content_check import (
    check_dict,
    check_number,
    check_numbers_like,
    check_weights,
    checked_tensor,
    refuse,
)
from skrnn._training.history_check import check_history
from skrnn._training.optimizer_check import check_optimizer, check_schedule
from skrnn._training.state import Run, load_training

_KEYS = {
    "weights",
    "optimizer",
    "schedule",
    "average",
    "rate",
    "random_state",
    "best",
    "history",
    "seconds",
    "n_restarts",
    "n_before",
    "least_loss",
    "best_begin",
}
# Whatever the history holds, of however many epochs.
_SIZE_OF_HISTORY = 2**26
# Weights are there as such, as an average, as the best, as those of a beginning, and in
# two or three numbers each of the optimiser. Others than those known by name may keep
# many more: as L-BFGS does of a hundred steps.
_MOST_COPIES, _MOST_COPIES_OF_OTHERS = 24, 512
_MOST_RESTARTS = 100


def largest_file(net):
    """Return how many bytes (int) a checkpoint of a net (SequenceNet) may have."""
    sizes = (v.numel() * v.element_size() for v in net.module_.state_dict().values())
    known = isinstance(net.settings.optimizer, str)
    copies = _MOST_COPIES if known else _MOST_COPIES_OF_OTHERS
    return _SIZE_OF_HISTORY + copies * sum(sizes)


class StateCheck:
    """What the state of a training has to be like.

    Parameters
    ----------
    net : SequenceNet
        Initialised, about to be trained.
    n_batches : int
        Batches of an epoch.
    n_valid : int
        Samples that validate; 0 for no validation.
    has_scorer : bool
        Whether a score is among what is recorded.
    constant : float, default=None
        As for `SequenceNet.train`.
    """

    def __init__(self, net, n_batches, *, n_valid, has_scorer, constant=None):
        self._net, self._n_batches = net, n_batches
        self._constant = constant
        self._n_valid, self._has_scorer = n_valid, has_scorer

    def __call__(self, state):
        """Check a state, and return it, its tensors copied.

        Raises
        ------
        ModelFileError
            If it is no state of this training.
        """
        check_dict("state", state, _KEYS)
        twin = copy.deepcopy(self._net)
        twin.run = Run(twin)
        twin.run.n_batches = self._n_batches
        self._check_numbers(state, twin)
        n_before = state["n_before"]
        check_history(
            state["history"],
            n_before,
            n_restarts=state["n_restarts"],
            has_validation=self._n_valid > 0,
            has_scorer=self._has_scorer,
            has_error=self._constant is not None,
        )
        history = state["history"]
        least = min(epoch["train_loss"] for epoch in history[n_before:])
        if state["least_loss"] != least:
            refuse("least_loss", "is not the least loss of the history")
        checked = {**state, "weights": check_weights("weights", state["weights"], twin)}
        checked["best_begin"] = check_weights("best_begin", state["best_begin"], twin)
        checked["best"] = self._best(state["best"], history, n_before)
        checked["average"] = self._average(state["average"])
        checked["random_state"] = _random_state(state["random_state"], twin)
        if state["rate"] != twin.lr:  # as `load_training` does
            twin.restart_optimizer(state["rate"])
        twin.prepare_schedule()
        checked["optimizer"] = check_optimizer(state["optimizer"], twin)
        losses = [epoch.get("valid_loss", epoch["train_loss"]) for epoch in history]
        check_schedule(state["schedule"], twin, losses)
        try:
            load_training(twin, copy.deepcopy(checked))
        except Exception as error:  # of an optimiser or a schedule of the user's
            refuse("state", f"cannot be gone on from: {error}")
        return checked

    def _check_numbers(self, state, twin):
        check_number("rate", state["rate"], {float, type(twin.lr)}, above=0)
        check_number("seconds", state["seconds"], (float,), least=0)
        check_number(
            "n_restarts", state["n_restarts"], (int,), least=0, most=_MOST_RESTARTS
        )
        check_number("least_loss", state["least_loss"], (float,))
        check_number("n_before", state["n_before"], (int,), least=0)
        if state["n_before"] != twin.run.n_before:
            refuse("n_before", f"is not {twin.run.n_before}")

    def _best(self, best, history, n_before):
        check_dict("best", best, set(STATE))
        callback = self._net.best_weights
        expected = (math.inf, None, 0, 0)
        if self._n_valid and callback.is_active:
            for number, epoch in enumerate(history[n_before:], start=n_before + 1):
                expected, _ = judged(
                    *expected, epoch, number, callback.tol, self._constant
                )
        for key, value in zip(JUDGED, expected, strict=True):
            check_numbers_like(f"best.{key}", best[key], value)
        if expected[1] is not None and self._constant is not None:
            self._check_least_losses(best["least_losses_"], expected[0])
        elif best["least_losses_"] is not None:
            refuse("best.least_losses_", "is there without a comparison")
        if expected[1] is None:
            if best["weights_"] is not None:
                refuse("best.weights_", "is there without a best epoch")
            return best
        weights = check_weights("best.weights_", best["weights_"], self._net)
        return {**best, "weights_": weights}

    def _check_least_losses(self, losses, mean):
        where = "best.least_losses_"
        like = torch.zeros(self._n_valid, dtype=torch.float64)
        losses = checked_tensor(where, losses, like)
        is_of_best = math.isclose(losses.mean(), mean, rel_tol=1e-3, abs_tol=1e-6)
        if not (is_of_best or self._has_scorer):
            refuse(where, "are not those of the best epoch")

    def _average(self, average):
        decay = self._net.settings.ema_decay
        if decay is None or average is None:
            if (decay is None) != (average is None):
                refuse("average", "is there, or not, against ema_decay")
            return None
        check_dict("average", average, {"other", "n_updates"})
        check_number("average.n_updates", average["n_updates"], (int,), 0, 2**53)
        weights, other = self._net.learnable(), average["other"]
        if type(other) is not list or len(other) != len(weights):
            refuse("average.other", f"is no list of {len(weights)} tensors")
        pairs = enumerate(zip(other, weights, strict=True))
        other = [checked_tensor(f"average.other[{i}]", *pair) for i, pair in pairs]
        return {**average, "other": other}


def _random_state(value, net):
    like = net.module_.generator.get_state()
    value = checked_tensor("random_state", value, like)
    try:
        torch.Generator().set_state(value)
    except RuntimeError as error:
        refuse("random_state", f"is no state of torch's generator: {error}")
    return value
