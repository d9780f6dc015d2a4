"""From an estimator's parameters and data to a net that can be trained."""

import copy
import secrets

import torch
from sklearn.utils import check_random_state

from skrnn._ensemble.auto import chosen
from skrnn._kernels.threads import single_thread
from skrnn._network.decoder import group_length
from skrnn._network.recurrent_network import RecurrentNetwork
from skrnn._network.segments import n_segments
from skrnn._preprocessing.baseline import Baseline
from skrnn._preprocessing.linear_path import LinearPath
from skrnn._preprocessing.scaling import Scaling
from skrnn._training.net import SequenceNet
from skrnn._training.optimizers import optimizer_spec

# A linear path of this many regressors still takes no time beside the network.
_MOST_REGRESSORS = 512


def new_network(estimator, head, source, *, n_targets, undo, segment_length, seed):
    """Make the network of an estimator, with its initial weights.

    Parameters
    ----------
    estimator : BaseRNN
        Whose parameters count.
    head : Point
        What the outputs mean.
    source : SequenceSource
        The samples.
    n_targets : int
        Targets of a sequence.
    undo : bool
        Whether outputs get back what instance normalisation took off.
    segment_length : int or None
        Steps of a sequence that are one step of the recurrence.
    seed : int
        Of initial weights, the order of the batches and dropout.

    Returns
    -------
    RecurrentNetwork
    """
    generator = torch.Generator(device="cpu")
    generator.manual_seed(seed)
    linear = _new_linear_path(estimator, source, n_targets)
    scaling = new_scaling(estimator, source.n_features, n_targets)
    baseline = Baseline(
        n_targets,
        has_level=undo and estimator.instance_norm is not None,
        linear_path=linear,
    )
    length, target_group = segment_length, None
    if getattr(estimator, "decoder", "linear") == "parallel":
        target_group = group_length(n_targets, length)
    init = estimator.init if isinstance(estimator.init, str) else "orthogonal"
    with single_thread():
        return RecurrentNetwork(
            scaling,
            head,
            baseline=baseline,
            n_targets=n_targets,
            cell=estimator.cell,
            hidden_size=chosen(estimator, "hidden_size"),
            num_layers=estimator.num_layers,
            bidirectional=chosen(estimator, "bidirectional"),
            nonlinearity=estimator.nonlinearity,
            norm=estimator.norm,
            residual=estimator.residual,
            pooling=estimator.pooling,
            init=init,
            max_steps=n_segments(source.max_steps, length or 1),
            segment_length=length,
            target_group=target_group,
            generator=generator,
            dtype=getattr(torch, estimator.dtype),
            **network_options(estimator),
        )


def new_scaling(estimator, n_features, n_targets):
    """Make what scales the samples of an estimator.

    Parameters
    ----------
    estimator : BaseRNN
        Whose parameters count.
    n_features, n_targets : int
        Features of a step, targets of a sequence.

    Returns
    -------
    Scaling
    """
    return Scaling(
        n_features,
        n_targets,
        instance_norm=estimator.instance_norm,
        # A step that lacks its only feature is absent.
        indicator=estimator.missing == "indicator" and n_features > 1,
    )


def _new_linear_path(estimator, source, n_targets):
    n_steps = getattr(estimator, "linear_steps", None)
    if n_steps is None:
        return None
    if n_steps == "auto":
        # Any other loss may mean something by the size of a target itself.
        if not isinstance(estimator.loss, str) or estimator.loss == "poisson":
            return None
        n_steps = _MOST_REGRESSORS // source.n_features
    n_steps = min(n_steps, source.longest())
    return LinearPath(n_steps, source.n_features, n_targets) if n_steps else None


def draw_seeds(random_state, n_seeds):
    """Draw as many seeds of networks (list of int); the first does not depend on it.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        Where they come from.
    n_seeds : int
        How many.
    """
    if random_state is None:
        # From the system: NumPy's global state belongs to the caller.
        return [secrets.randbits(63) for _ in range(n_seeds)]
    random = check_random_state(random_state)
    return [int(random.randint(2**31 - 1)) for _ in range(n_seeds)]


def optimizer_of(estimator):
    """Class and options of an estimator's optimiser."""
    return optimizer_spec(
        estimator.optimizer,
        learning_rate=chosen(estimator, "learning_rate"),
        momentum=estimator.momentum,
        nesterov=estimator.nesterov,
        weight_decay=estimator.weight_decay,
        is_cpu=resolve_device(estimator.device) == "cpu",
    )


def schedule_of(estimator):
    """Schedule of an estimator: its name or class, options, and epochs planned."""
    options = estimator.lr_schedule_options
    return estimator.lr_schedule, options, estimator.max_epochs


def network_options(estimator):
    """Parameters of the network that may change from one fit to the next."""
    names = ("dropout", "recurrent_dropout", "input_noise", "tbptt_steps")
    return {name: getattr(estimator, name) for name in names}


def training_options(estimator):
    """Parameters of the training that may change from one fit to the next."""
    return {
        "optimizer_spec": optimizer_of(estimator),
        "schedule_spec": schedule_of(estimator),
        "batch_size": chosen(estimator, "batch_size"),
        "shuffle": estimator.shuffle,
        "ema_decay": estimator.ema_decay,
        "l1": estimator.l1,
        "max_grad_norm": estimator.max_grad_norm,
        "max_grad_value": estimator.max_grad_value,
        "stop_early": estimator.early_stopping,
        "patience": chosen(estimator, "n_iter_no_change"),
        "tol": estimator.tol,
        "max_time": estimator.max_time,
        "on_divergence": estimator.on_divergence,
        "autocast": estimator.autocast,
        "progress": int(estimator.verbose),
        "verbose": int(estimator.verbose >= 2),
    }


def new_net(estimator, network, loss, title):
    """Make the skorch net that trains a network for an estimator.

    Parameters
    ----------
    estimator : BaseRNN
        Whose parameters count.
    network : RecurrentNetwork
        What is trained.
    loss : SampleLoss
        What is minimised.
    title : str
        What the progress bar says.

    Returns
    -------
    SequenceNet
    """
    net = SequenceNet(
        network,
        loss,
        title=title,
        callbacks=copy.deepcopy(list(estimator.callbacks or [])),
        device=resolve_device(estimator.device),
        **training_options(estimator),
    )
    return net.initialize()


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
        is_there = kind != "meta" and torch.empty(1, device=device) is not None
    except (RuntimeError, AssertionError):  # how torch says so, by the device
        is_there = False
    if not is_there:
        raise ValueError(
            f"device={device!r} was asked for, but torch finds no such device here. "
            "Set device='auto' or 'cpu'."
        )
    return str(torch.device(device))
