"""The callback that keeps the weights of the best validation."""

import math

from skorch.callbacks import Callback


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
    """

    def __init__(self, is_active, patience, tol):
        self.is_active = is_active
        self.patience = patience
        self.tol = tol

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Start anew."""
        self.best_loss_ = math.inf
        self.best_epoch_ = None
        self.n_stalled_ = 0
        self.weights_ = None
        self.n_judged_ = 0

    @property
    def is_stalled(self):
        """Whether the patience is at its end."""
        return self.n_stalled_ >= self.patience

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Compare this epoch with the best, once; a score counts, if there is one."""
        number = len(net.history)
        if number == self.n_judged_:
            return
        if dataset_valid is None or not self.is_active:
            self.n_judged_ = number
            return
        before = self.best_loss_, self.best_epoch_, self.n_stalled_
        now, is_best = judged(*before, net.history[-1], number, self.tol)
        names = ("best_loss_", "best_epoch_", "n_stalled_")
        found = dict(zip(names, now, strict=True)) | {"n_judged_": number}
        if is_best:
            found["weights_"] = net.copy_of_weights()
        # All at once: an interrupt comes before it or after.
        vars(self).update(found)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Go back to the best weights."""
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)
            self.weights_ = None

    def state_dict(self):
        """What a checkpoint needs."""
        names = ("best_loss_", "best_epoch_", "n_stalled_", "weights_")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state):
        """Go back to a state."""
        vars(self).update(state)


def judged(best_loss, best_epoch, n_stalled, epoch, number, tol):
    """Compare an epoch with the best before it.

    Parameters
    ----------
    best_loss : float
        Of the best epoch; a score counts as its negative.
    best_epoch : int or None
        Its number; None where there is none.
    n_stalled : int
        Epochs in a row that failed to improve the best by `tol`.
    epoch : dict
        What is recorded of the epoch.
    number : int
        Its number, from 1.
    tol : float
        The least improvement that counts.

    Returns
    -------
    tuple
        The first three, with this epoch.
    is_best : bool
        Whether it is the best.
    """
    loss = -epoch["valid_score"] if "valid_score" in epoch else epoch["valid_loss"]
    improved = loss <= best_loss - tol or best_epoch is None
    n_stalled = 0 if improved else n_stalled + 1
    is_best = loss < best_loss or best_epoch is None
    if is_best:
        best_loss, best_epoch = loss, number
    return (best_loss, best_epoch, n_stalled), is_best
