"""Optimisers and learning-rate schedules by name."""

import inspect

import torch
from torch.optim import lr_scheduler

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
}
SCHEDULES = ("step", "exponential", "cosine", "one_cycle", "warmup", "plateau")


def optimizer_spec(optimizer, *, learning_rate, momentum, nesterov, weight_decay):
    """Class and options of an optimiser.

    Parameters
    ----------
    optimizer : str or class
        A key of `OPTIMIZERS`, or a class derived from `torch.optim.Optimizer`.
    learning_rate, momentum, weight_decay : float
        As in torch; momentum counts for ``"sgd"`` and ``"rmsprop"``.
    nesterov : bool
        Whether the momentum looks ahead; for ``"sgd"``.

    Returns
    -------
    kind : class
    options : dict
    """
    options = {"lr": learning_rate}
    if not isinstance(optimizer, str):
        if weight_decay:
            options["weight_decay"] = float(weight_decay)
        return optimizer, options
    options["weight_decay"] = float(weight_decay)
    if optimizer in ("sgd", "rmsprop"):
        options["momentum"] = float(momentum)
    if optimizer == "sgd":
        options["nesterov"] = bool(nesterov)
    return OPTIMIZERS[optimizer], options


def _has_momentum(optimizer):
    return "betas" in optimizer.defaults or bool(optimizer.defaults.get("momentum"))


class Schedule:
    """A learning-rate schedule that goes on over several fits and can be saved.

    Parameters
    ----------
    kind : str or class
        One of `SCHEDULES`, or a scheduler class of torch.
    options : dict or None
        Arguments of the scheduler beyond the optimiser; they win over the defaults.
    optimizer : torch.optim.Optimizer
        Whose rate it changes.
    n_epochs, n_batches : int
        Epochs planned, and batches an epoch.
    """

    def __init__(self, kind, options, optimizer, n_epochs, n_batches):
        rate = optimizer.param_groups[0]["lr"]
        by_name = {
            "step": (
                lr_scheduler.StepLR,
                {"step_size": max(1, n_epochs // 3), "gamma": 0.1},
            ),
            "exponential": (lr_scheduler.ExponentialLR, {"gamma": 0.95}),
            "cosine": (lr_scheduler.CosineAnnealingLR, {"T_max": n_epochs}),
            "one_cycle": (
                lr_scheduler.OneCycleLR,
                {
                    "max_lr": rate,
                    "total_steps": n_epochs * n_batches + 1,
                    "cycle_momentum": _has_momentum(optimizer),
                },
            ),
            "warmup": (
                lr_scheduler.LinearLR,
                {"start_factor": 0.1, "total_iters": 5},
            ),
            "plateau": (
                lr_scheduler.ReduceLROnPlateau,
                {"factor": 0.1, "patience": 5},
            ),
        }
        scheduler, defaults = by_name.get(kind, (kind, {}))
        self.scheduler = scheduler(optimizer, **(defaults | (options or {})))
        self._by_batch = scheduler in (lr_scheduler.OneCycleLR, lr_scheduler.CyclicLR)
        step = inspect.signature(self.scheduler.step).parameters
        self._by_metric = "metrics" in step

    def after_batch(self):
        """Count one batch."""
        if self._by_batch and not self._is_spent():
            self.scheduler.step()

    def after_epoch(self, loss):
        """Count one epoch, whose validation or training loss (float) it was."""
        if self._by_batch:
            return
        if self._by_metric:
            self.scheduler.step(loss)
        else:
            self.scheduler.step()

    def _is_spent(self):
        # A cycle has an end; a fit that is continued stays at its last rate.
        total = getattr(self.scheduler, "total_steps", None)
        return total is not None and self.scheduler.last_epoch + 1 >= total

    def state_dict(self):
        """State as torch's scheduler gives it."""
        return self.scheduler.state_dict()

    def load_state_dict(self, state):
        """Go back to a state."""
        self.scheduler.load_state_dict(state)
