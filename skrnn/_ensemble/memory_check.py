"""Whether the networks of a fit have room in memory, told before any is made.

Counted is what is there in any case, so that nothing is refused that could be trained.
"""

from dataclasses import replace

from skrnn._convolutions.multirocket import N_POOLINGS
from skrnn._network.weight_count import count_weights, n_inputs
from skrnn._training.memory import memory_of

_ITEM_SIZES = {"float32": 4, "float64": 8}
# Bytes of the objects of a layer and of a network, beside the weights. Of 400 layers of
# a single unit each took 24,000, of 400 such networks each 39,000.
_LAYER, _NETWORK = 16_000, 32_000
# Bytes that are there wherever torch could be imported, which takes more of them.
_ANYWHERE = 64_000_000


def check_memory(settings, targets, source):
    """Refuse settings whose networks or convolutions no memory here can hold.

    Parameters
    ----------
    settings : Settings
        What is decided.
    targets : Targets
        What is predicted.
    source : SequenceSource
        The samples.

    Raises
    ------
    ValueError
        Naming the parameter that asks for so much, what it takes and what there is. It
        is no `MemoryError`: another value is the remedy, and nothing has run out.
    """
    n_features, n_targets = source.n_features, targets.n_targets
    # What the outputs of a loss of torch are is one number a target.
    has_name = isinstance(settings.architecture["loss"], str)
    width = targets.new_loss()[0].width if has_name else 1
    sizes = n_features, n_targets, width, len(source)
    of_networks = _bytes_of_networks(settings, *sizes)
    n_kernels = settings.ensemble.n_kernels
    # Of each feature of the convolutions: its value, its mean, and a weight a target.
    of_kernels = (n_kernels or 0) * N_POOLINGS * 8 * (n_targets + 2)
    if max(of_networks, of_kernels) <= _ANYWHERE:
        return
    there = memory_of(settings.training.device)
    if of_networks > there:
        _refuse_networks(settings, sizes, of_networks, there)
    if of_kernels > there:
        raise ValueError(
            f"n_kernels={n_kernels} asks for {n_kernels * N_POOLINGS:,} features of "
            "each sample, which with their weights take "
            f"{_readable(of_kernels)} at least, "
            f"but there are {_readable(there)} of memory here. Set a smaller n_kernels."
        )


def _bytes_of_networks(settings, n_features, n_targets, width, n_samples):
    """Bytes (int) that the networks of a fit take at the least."""
    training, batch = settings.training, 0
    size, total = _ITEM_SIZES[settings.network.dtype], 0
    kept = 1 + _n_moments(training, settings.ensemble)
    ensemble = settings.ensemble
    kinds = zip(ensemble.segment_lengths, ensemble.sizes_of_kinds, strict=True)
    for length, n_networks in kinds:
        network = replace(settings.network, segment_length=length)
        n_weights = count_weights(network, n_features, n_targets, width)
        objects = _NETWORK + _LAYER * network.num_layers
        total += n_networks * (n_weights * size * kept + objects)
        # Of one network at a time: a batch of at least one step.
        rows = min(training.batch_size or n_samples, n_samples)
        batch = max(batch, rows * n_inputs(network, n_features) * size)
    return total + batch


def _n_moments(training, ensemble):
    """Count what the optimiser keeps for a weight (int), as far as that is known."""
    if ensemble.frozen is not None:
        return 0
    by_momentum = int(training.momentum > 0)
    known = {
        "adam": 2,
        "adamw": 2,
        "nadam": 2,
        "adagrad": 1,
        "rmsprop": 1 + by_momentum,
    }
    known["sgd"] = by_momentum
    name = training.optimizer
    return known[name] if isinstance(name, str) else 0


def _refuse_networks(settings, sizes, needed, there):
    network, ensemble = settings.network, settings.ensemble
    n_features, n_targets, width, _ = sizes
    kinds = zip(ensemble.segment_lengths, ensemble.sizes_of_kinds, strict=True)
    n_weights = sum(
        n_networks
        * count_weights(
            replace(network, segment_length=length), n_features, n_targets, width
        )
        for length, n_networks in kinds
    )
    others = {
        "hidden_size": replace(settings, network=replace(network, hidden_size=1)),
        "num_layers": replace(settings, network=replace(network, num_layers=1)),
        "segment_length": replace(
            settings, ensemble=replace(ensemble, segment_lengths=(1,))
        ),
        "n_estimators": replace(settings, ensemble=replace(ensemble, n_folds=1)),
    }
    if network.n_filters is not None:
        others["n_filters"] = replace(settings, network=replace(network, n_filters=1))
    if network.n_codes is not None:
        ones = (1,) * len(network.n_codes)
        others["embedding_size"] = replace(
            settings, network=replace(network, embedding_sizes=ones)
        )
    least = {name: _bytes_of_networks(one, *sizes) for name, one in others.items()}
    name = min(least, key=least.get)
    value = {
        "hidden_size": network.hidden_size,
        "num_layers": network.num_layers,
        "segment_length": ensemble.segment_lengths[-1],
        "n_estimators": ensemble.n_folds,
        "embedding_size": max(network.embedding_sizes or (0,)),
        "n_filters": network.n_filters,
    }[name]
    raise ValueError(
        f"{name}={value} asks for {n_weights:,} weights, for X of {n_features} "
        f"features a step and {n_targets} targets. To train them takes "
        f"{_readable(needed)} at least, but there are {_readable(there)} of memory "
        f"here. Set a smaller {name}."
    )


def _readable(n_bytes):
    return f"{n_bytes / 1e9:,.1f} GB"
