"""The callback that keeps the weights of the best validation."""

import math

import numpy as np
from skorch.callbacks import Callback

# No patience is spent before this share of the loss of a constant is gone in training,
# nor by an epoch that may be as good as the best, in the first so many steps of the
# optimiser: what a network will be worth shows only when it has learned, and few
# samples make few steps an epoch.
_SHARE_TO_LEARN, _STEPS_TO_LEARN = 0.5, 400
# So many standard errors of the difference between two epochs, by the samples that
# validate, prove nothing; of epochs that may be as good the latest has learned most.
_ERRORS_OF_NOTHING = 1.0
# Training losses of single epochs are noisy; the mean of so many tells that nothing is
# left to learn.
_EPOCHS_OF_MEAN = 3
# What `judged` goes on from.
JUDGED = ("best_loss_", "best_epoch_", "n_stalled_", "n_waited_")
STATE = (*JUDGED, "weights_", "least_losses_")


class BestWeights(Callback):
    """Keep the weights of the best validation and tell when it stalls.

    Parameters
    ----------
    is_active : bool
        Whether the training may be stopped and goes back to the best weights.
    patience : float
        Epochs in a row that may fail to improve the best by `tol`.
    tol : float
        The least improvement that counts.

    Attributes
    ----------
    constant : float or None
        What a predictor of a constant costs on the training samples. Where it is given,
        a network that has nothing left to learn is not trained further, one that has
        not learned yet spends no patience, and of epochs that validate as well as the
        best, as far as the samples can tell, the latest is kept.
    """

    constant = None
    # Losses (n_valid,) of single samples, where a constant is given: of the epoch that
    # validates best, and of the present one.
    least_losses_ = None
    _losses = None

    def __init__(self, is_active, patience, tol):
        self.is_active = is_active
        self.patience = patience
        self.tol = tol

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Start anew."""
        self.best_loss_ = math.inf
        self.best_epoch_ = None
        self.n_stalled_ = self.n_waited_ = 0
        self.weights_ = self.least_losses_ = self._losses = None
        self.n_judged_ = 0

    def compare(self, losses):
        """Compare the samples of a validation with those of the best one.

        Parameters
        ----------
        losses : Tensor of shape (n_valid,)
            Of each sample.

        Returns
        -------
        float
            Standard error of the mean difference. It is not known of a single sample,
            and then the difference itself, which proves nothing.
        """
        self._losses = losses.double().cpu()
        if self.least_losses_ is None:
            return 0.0
        difference = self._losses - self.least_losses_
        if len(difference) == 1:
            return float(difference.abs())
        return float(difference.std() / math.sqrt(len(difference)))

    @property
    def is_stalled(self):
        """Whether the patience is at its end."""
        return self.n_stalled_ - self.n_waited_ >= self.patience

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Compare this epoch with the best, once; a score counts, if there is one."""
        number = len(net.history)
        if number == self.n_judged_:
            return
        if dataset_valid is None or not self.is_active:
            self.n_judged_ = number
            return
        before = [getattr(self, name) for name in JUDGED]
        epoch = net.history[-1]
        now, is_kept = judged(*before, epoch, number, self.tol, self.constant)
        found = dict(zip(JUDGED, now, strict=True)) | {"n_judged_": number}
        if is_kept:
            found["weights_"] = net.copy_of_weights()
        if found["best_loss_"] < self.best_loss_:
            found["least_losses_"] = self._losses
        # All at once: an interrupt comes before it or after.
        vars(self).update(found)

    def has_learned(self, history, n_before, n_samples):
        """Whether nothing is left to learn.

        Parameters
        ----------
        history : list of dict
            What is recorded of the epochs.
        n_before : int
            Those of them that were before this training.
        n_samples : int
            Training samples.

        Returns
        -------
        bool
            Whether all of them together cost less than a single one costs a constant
            predictor.
        """
        if not self.is_active or self.constant is None or self.best_epoch_ is None:
            return False
        if len(history) - n_before < _EPOCHS_OF_MEAN:
            return False
        newest = [history[i]["train_loss"] for i in range(-_EPOCHS_OF_MEAN, 0)]
        return bool(np.mean(newest) * n_samples < self.constant)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Go back to the best weights."""
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)
        self.weights_ = self.least_losses_ = self._losses = None

    def state_dict(self):
        """What a checkpoint needs."""
        return {name: getattr(self, name) for name in STATE}

    def load_state_dict(self, state):
        """Go back to a state."""
        vars(self).update(state)


def judged(
    best_loss, best_epoch, n_stalled, n_waited, epoch, number, tol, constant=None
):
    """Compare an epoch with those before it.

    Parameters
    ----------
    best_loss : float
        The least of them; a score counts as its negative.
    best_epoch : int or None
        Number of the epoch whose weights are kept; None where there is none.
    n_stalled : int
        Epochs in a row that failed to improve the least loss by `tol`.
    n_waited : int
        Those of them that spent no patience.
    epoch : dict
        What is recorded of the epoch.
    number : int
        Its number, from 1.
    tol : float
        The least improvement that counts.
    constant : float, default=None
        As for `BestWeights`.

    Returns
    -------
    tuple
        The first four, with this epoch.
    is_kept : bool
        Whether its weights are kept.
    """
    is_scored = "valid_score" in epoch
    loss = -epoch["valid_score"] if is_scored else epoch["valid_loss"]
    improved = loss <= best_loss - tol or best_epoch is None
    is_kept = loss < best_loss or best_epoch is None
    if constant is not None and not is_scored:
        doubt = _ERRORS_OF_NOTHING * epoch["valid_loss_error"]
        is_kept = is_kept or loss - best_loss <= doubt
    is_waiting = is_kept or not has_learned_half(epoch, constant)
    is_waiting = is_waiting and is_early(epoch, number, constant)
    n_stalled = 0 if improved else n_stalled + 1
    n_waited = 0 if improved else n_waited + is_waiting
    best_loss = loss if best_epoch is None else min(best_loss, loss)
    return (best_loss, number if is_kept else best_epoch, n_stalled, n_waited), is_kept


def is_early(epoch, number, constant):
    """Whether an epoch is one of those that need spend no patience.

    Parameters
    ----------
    epoch, number, constant
        As for `judged`.

    Returns
    -------
    bool
        Never without a constant.
    """
    if constant is None:
        return False
    return (number - 1) * epoch["train_batch_count"] < _STEPS_TO_LEARN


def has_learned_half(epoch, constant):
    """Whether a network (bool) has learned so much that its validation tells something.

    Parameters
    ----------
    epoch, constant
        As for `judged`.
    """
    if constant is None:
        return True
    return epoch["train_loss"] < (1 - _SHARE_TO_LEARN) * constant
