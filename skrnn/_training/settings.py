"""What a training is told: the parameters of an estimator that concern it, decided."""

from dataclasses import dataclass

import torch

from skrnn._training.optimizers import optimizer_spec


@dataclass(frozen=True)
class TrainingSettings:
    """Parameters of a training, by their names in the estimators; no ``"auto"`` left.

    ``device`` is the name of a torch device, and ``max_time`` the share of one network.
    Even batches are as many as else, and as large as each other, about.
    """

    optimizer: object
    learning_rate: float
    momentum: float
    nesterov: bool
    weight_decay: float
    lr_schedule: object
    lr_schedule_options: dict | None
    l1: float
    max_grad_norm: float | None
    max_grad_value: float | None
    ema_decay: float | None
    batch_size: int | None
    max_epochs: int
    max_time: float | None
    shuffle: bool
    early_stopping: bool
    n_iter_no_change: float
    tol: float
    on_divergence: str
    device: str
    autocast: bool
    callbacks: tuple
    verbose: int
    time_warp: float = 0.0
    steps_per_epoch: int | None = None
    has_even_batches: bool = False

    @property
    def optimizer_spec(self):
        """Class and options of the optimiser."""
        return optimizer_spec(
            self.optimizer,
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
            is_cpu=self.device == "cpu",
        )

    @property
    def schedule_spec(self):
        """Schedule, its options, and the epochs that it is planned for."""
        return self.lr_schedule, self.lr_schedule_options, self.max_epochs


def resolve_device(device):
    """Return the name of a torch device (str); ``"auto"`` is a GPU, if there is one.

    Raises
    ------
    ValueError
        If there is no such device.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise ValueError(
            "device must be 'auto', 'cpu', 'cuda', 'mps' or another torch device, got "
            f"{device!r}."
        ) from error
    try:
        # Without numbers a tensor has nothing to compute with.
        is_there = kind != "meta"
        if kind == "vulkan":  # a tensor there ends the process where there is none
            is_there = torch.is_vulkan_available()
        is_there = is_there and torch.empty(1, device=device) is not None
    except (RuntimeError, AssertionError, ImportError):  # how torch says so, by device
        is_there = False
    if not is_there:
        raise ValueError(
            f"device={device!r} was asked for, but torch finds no such device here. "
            "Set device='auto' or 'cpu'."
        )
    return str(torch.device(device))
