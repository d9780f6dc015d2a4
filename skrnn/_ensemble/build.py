"""From settings and samples to a network with its initial weights."""

import numpy as np
import torch

from skrnn._kernels.threads import single_thread
from skrnn._network.decoder import group_length
from skrnn._network.embedding import CodeEmbedding
from skrnn._network.recurrent_network import RecurrentNetwork
from skrnn._network.segments import n_segments
from skrnn._preprocessing.baseline import Baseline
from skrnn._preprocessing.linear_path import LinearPath
from skrnn._preprocessing.scaling import Scaling


def new_network(settings, targets, head, source, seed):
    """Make a network with its initial weights.

    Parameters
    ----------
    settings : NetworkSettings
        What it is to be like.
    targets : Targets
        What it predicts.
    head : Point
        What its outputs mean.
    source : SequenceSource
        The samples.
    seed : int
        Of initial weights, the order of the batches and dropout.

    Returns
    -------
    RecurrentNetwork
    """
    generator = torch.Generator(device="cpu")
    generator.manual_seed(seed)
    n_targets, length = targets.n_targets, settings.segment_length
    linear_path = None
    if settings.linear_steps is not None:
        linear_path = LinearPath(
            settings.linear_steps, source.n_features, n_targets, _is_code(settings)
        )
    target_group = None
    if settings.decoder == "parallel":
        target_group = group_length(n_targets, length)
    baseline = Baseline(
        n_targets,
        has_level=targets.is_scaled and settings.instance_norm is not None,
        linear_path=linear_path,
        units=_level_units(source, targets),
    )
    scaling = new_scaling(settings, source.n_features, n_targets)
    with single_thread():
        return RecurrentNetwork(
            scaling,
            head,
            baseline=baseline,
            embedding=_new_embedding(settings, scaling, source, generator),
            n_targets=n_targets,
            cell=settings.cell,
            hidden_size=settings.hidden_size,
            num_layers=settings.num_layers,
            bidirectional=settings.bidirectional,
            nonlinearity=settings.nonlinearity,
            norm=settings.norm,
            residual=settings.residual,
            pooling=settings.pooling,
            init=settings.init,
            max_steps=n_segments(source.max_steps, length or 1),
            segment_length=length,
            n_filters=settings.n_filters,
            target_group=target_group,
            generator=generator,
            dtype=getattr(torch, settings.dtype),
            **settings.changeable,
        )


def _is_code(settings):
    """Which features are codes (list of bool); None where none is."""
    return None if settings.n_codes is None else [n > 0 for n in settings.n_codes]


def _new_embedding(settings, scaling, source, generator):
    """Make what puts vectors in the place of codes; None where there are none."""
    if settings.n_codes is None:
        return None
    return CodeEmbedding(
        settings.n_codes,
        settings.embedding_sizes,
        None if source.codes is None else source.codes.vectors,
        n_more=scaling.n_inputs - source.n_features,
        generator=generator,
    )


def _level_units(source, targets):
    """Exponents (n_targets, F) of the units of features, in those of the targets."""
    if source.exponents is None and targets.exponents is None:
        return None
    of_features = np.zeros((1, source.n_features), np.int32)
    of_targets = np.zeros((targets.n_targets, 1), np.int32)
    if source.exponents is not None:
        of_features[0] = source.exponents
    if targets.exponents is not None:
        of_targets[:, 0] = targets.exponents
    return of_features - of_targets


def new_scaling(settings, n_features, n_targets):
    """Make what scales samples.

    Parameters
    ----------
    settings : NetworkSettings
        How.
    n_features, n_targets : int
        Features of a step, targets of a sequence.

    Returns
    -------
    Scaling
    """
    return Scaling(
        n_features,
        n_targets,
        instance_norm=settings.instance_norm,
        # A step that lacks its only feature is absent.
        indicator=settings.missing == "indicator" and n_features > 1,
        is_bounded=settings.scale,
        is_code=_is_code(settings),
    )
