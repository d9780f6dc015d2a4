"""Learning-rate schedules by name."""

import copy
import inspect

from torch.optim import lr_scheduler

SCHEDULES = ("step", "exponential", "cosine", "one_cycle", "warmup", "plateau")
# Options that give the length of a schedule; without one it is that of the fit.
_LENGTHS = {
    "step": {"step_size"},
    "cosine": {"T_max"},
    "one_cycle": {"total_steps", "epochs"},
}


def is_as_long_as_fit(kind, options):
    """Tell whether `max_epochs` decides how a schedule goes (bool).

    Parameters
    ----------
    kind, options
        As for `Schedule`.
    """
    if not isinstance(kind, str):
        return False
    lengths = _LENGTHS.get(kind, set())
    return bool(lengths) and not lengths & set(options or {})


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
        # Customary numbers, not the outcome of a search; users are told of them.
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
        options = options or {}
        if "epochs" in options:  # the other way to say how long a cycle is
            defaults.pop("total_steps", None)
        try:
            self.scheduler = scheduler(optimizer, **(defaults | options))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"lr_schedule={kind!r} cannot be made with "
                f"lr_schedule_options={options!r}: {error}"
            ) from error
        by_batch = (lr_scheduler.OneCycleLR, lr_scheduler.CyclicLR)
        self._by_batch = isinstance(self.scheduler, by_batch)
        step = inspect.signature(self.scheduler.step).parameters
        self._by_metric = "metrics" in step

    @property
    def is_by_batch(self):
        """Whether the rate changes from batch to batch (bool)."""
        return self._by_batch

    def after_batch(self):
        """Count one batch."""
        if self._by_batch and not self._is_spent():
            self.scheduler.step()

    def after_epoch(self, loss):
        """Count one epoch, whose validation or training loss (float) it was."""
        if self._by_batch or self._is_spent():
            return
        if self._by_metric:
            self.scheduler.step(loss)
        else:
            self.scheduler.step()

    def _is_spent(self):
        # A fit that is continued beyond the end stays at the last rate: torch would
        # raise, or go up again.
        scheduler = self.scheduler
        if isinstance(scheduler, lr_scheduler.CosineAnnealingLR):
            return scheduler.last_epoch >= scheduler.T_max
        total = getattr(scheduler, "total_steps", None)
        return total is not None and scheduler.last_epoch + 1 >= total

    def __getstate__(self):
        scheduler = copy.copy(self.scheduler)
        # It is the net's, which takes it along and gives it back.
        scheduler.optimizer = None
        return {**vars(self), "scheduler": scheduler}

    def state_dict(self):
        """State as torch's scheduler gives it."""
        return self.scheduler.state_dict()

    def load_state_dict(self, state):
        """Go back to a state."""
        self.scheduler.load_state_dict(state)
