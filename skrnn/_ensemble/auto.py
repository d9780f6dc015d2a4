"""What "auto" means, by the number of samples and features.

Found by the classification of generated sequences and of digits, never of the test data
of a benchmark: few samples want a small network that reads in one direction and learns
fast; many feed a larger one that reads in both, and want a lower rate.
"""

from skrnn._convolutions.multirocket import N_POOLINGS

# Kinds of networks: those that read step by step, and those that see the newest steps
# together. What one of them cannot learn from few samples the other often can.
SEGMENT_LENGTHS = (None, 6)
# Over so many steps of the recurrence a network that is read at its last state learns.
_STEPS_OF_RECURRENCE = 50
# Beside convolutions, which find what is short wherever it is, a network reads no more
# steps of its recurrence than about that: longer sequences in segments.
_STEPS_BESIDE = 256
# Segments are counted from the end: what comes a few steps earlier looks like something
# else to a network that reads them; and one whose final state alone counts learns when
# something was as if that mattered. Few samples that are shown to it running unevenly
# tell it otherwise. To a network that reads step by step, and sees the states of all
# steps, that makes no difference; nor does one need it whose units integrate them.
_WARP, _SAMPLES_OF_WARP = 0.3, 1_000
# From so many samples on batches are large, or networks, which take five times as long.
_SAMPLES_OF_BATCHES, _SAMPLES_OF_SIZE = 5_000, 20_000
# A rate falls with so many samples and more, by this power of their number.
_RATE, _SAMPLES_OF_RATE, _POWER = 0.01, 1_000, -0.25
# Their validation is smoother too, so that fewer epochs tell that nothing gets better;
# and beside convolutions, which have learned already, little depends on it.
_PATIENCE, _PATIENCE_OF_MANY, _PATIENCE_OF_BATCHES = 10, 5, 3
# An epoch of more samples has more steps, and fewer of them tell as much.
_PATIENCE_OF_LARGE_BATCHES = 2
_SAMPLES_OF_PATIENCE = 2_000
# Epochs of a regression without progress; and, for many samples, shorter epochs,
# weights that are averaged over about a thousand steps, which takes the noise of single
# steps off them and off their validation, and less patience: what is left to gain is in
# steps and not in passes over the samples.
_SAMPLES_OF_STEPS = 15_000
_PATIENCE_OF_REGRESSION, _PATIENCE_OF_STEPS, _DECAY_OF_STEPS = 15, 5, 0.999
# An epoch is a quarter of a pass, of so many steps at the least and at the most.
_FEWEST_STEPS, _MOST_STEPS = 1_000, 4_000
# Of more samples set aside as many judge an epoch, evenly spaced among them.
MOST_JUDGES = 20_000
# Of each kind enough networks that more change little, as long as the samples are so
# few that fitting them takes seconds; and more than one again for a classifier where it
# takes minutes anyhow, for the last tenths of a percent.
_MOST_NETWORKS, _SAMPLES_OF_ALL = 5, 5_000
_NETWORKS_OF_MANY = 3
# Beside random convolutions two of them do what three or five do, in less time.
_MOST_BESIDE = 2
# Of random convolutions, too, as many as more of them help while they are cheap: the
# matrices of their ridge classifier take so many multiplications at most. From as many
# samples on as make the training of networks take minutes there are more again.
_FEWEST_KERNELS, _MOST_KERNELS, _KERNELS_OF_MANY = 252, 2_016, 504
_MULTIPLICATIONS = 2e9
# A linear path of this many regressors still takes no time beside the network. It came
# with the path; no comparison with other numbers is recorded.
_MOST_REGRESSORS = 512


def is_auto(value):
    """Whether a parameter is to be decided (bool)."""
    return isinstance(value, str) and value == "auto"


def sizes_and_rates(n_samples, n_folds, *, is_truncated, stands_alone=True):
    """Choose what goes by the number of samples.

    Parameters
    ----------
    n_samples : int
        Samples of the fit.
    n_folds : int
        Networks that each set aside other samples.
    is_truncated : bool
        Whether sequences are read in parts from their beginning.
    stands_alone : bool, default=True
        Whether no convolutions stand beside the networks.

    Returns
    -------
    dict
        Values by the names of the parameters that may be ``"auto"``.
    """
    is_large = n_samples >= _SAMPLES_OF_SIZE
    rate = _RATE * max(1.0, n_samples / _SAMPLES_OF_RATE) ** _POWER
    if is_large:  # twice as wide, half the rate (Yang et al. 2021, arXiv:2203.03466)
        rate /= 2
    return {
        "hidden_size": 128 if is_large else 64,
        # What is read in parts from its beginning is not read from its end.
        "bidirectional": is_large and not is_truncated,
        "learning_rate": rate,
        "batch_size": 64 if n_samples >= _SAMPLES_OF_BATCHES else 32,
        "validation_fraction": 0.2 if n_folds > 1 else 0.1,
        "n_iter_no_change": _patience(n_samples, stands_alone),
    }


def of_regression(parameters, n_samples, *, is_incremental):
    """Choose what a regression of many samples is trained by.

    Parameters
    ----------
    parameters : dict
        Those of an estimator.
    n_samples : int
        Samples of the fit.
    is_incremental : bool
        Whether the fit is one epoch of ``partial_fit``.

    Returns
    -------
    dict
        Values by the names of the parameters that may be ``"auto"``, and
        `steps_per_epoch`, the most steps of an epoch (int), or None for whole passes.
    """
    # Without validation the number of epochs is what the user wants.
    is_many = n_samples >= _SAMPLES_OF_STEPS and not is_incremental
    if not (is_many and parameters["early_stopping"] and parameters["shuffle"]):
        patience = _PATIENCE_OF_REGRESSION
        whole = {"n_iter_no_change": patience, "steps_per_epoch": None}
        return {"ema_decay": None, **whole}
    quarter = n_samples // (4 * (parameters["batch_size"] or n_samples))
    patience = _PATIENCE_OF_STEPS
    if parameters["ema_decay"] is None:  # validation is noisy, as with few samples
        patience = _PATIENCE_OF_REGRESSION
    return {
        "ema_decay": _DECAY_OF_STEPS,
        "n_iter_no_change": patience,
        "steps_per_epoch": min(max(quarter, _FEWEST_STEPS), _MOST_STEPS),
    }


def _patience(n_samples, stands_alone):
    if stands_alone and n_samples < _SAMPLES_OF_RATE:
        return _PATIENCE
    # The large networks of still more samples learn at half the rate.
    if not stands_alone and _SAMPLES_OF_PATIENCE <= n_samples < _SAMPLES_OF_SIZE:
        if n_samples >= _SAMPLES_OF_BATCHES:
            return _PATIENCE_OF_LARGE_BATCHES
        return _PATIENCE_OF_BATCHES
    return _PATIENCE_OF_MANY


def n_networks(n_samples, *, is_classification, stands_alone=True):
    """Return how many networks of a kind a fit trains.

    Parameters
    ----------
    n_samples : int
        Samples of the fit.
    is_classification : bool
        Whether classes are learned.
    stands_alone : bool, default=True
        Whether no convolutions stand beside them.
    """
    if is_classification and n_samples >= _SAMPLES_OF_SIZE:
        return _NETWORKS_OF_MANY
    most = _MOST_NETWORKS if stands_alone else _MOST_BESIDE
    return min(max(_SAMPLES_OF_ALL // max(1, n_samples), 1), most)


def long_segment(n_steps):
    """Return how many steps of long sequences are one to a network (int or None).

    Parameters
    ----------
    n_steps : int
        Of the longest sequence.
    """
    length = n_steps // _STEPS_BESIDE
    return length if length > 1 else None


def integrates(init):
    """Tell whether some units begin as running means of others (bool).

    Parameters
    ----------
    init : str or estimator
        The initial weights.
    """
    return isinstance(init, str) and init == "integrating"


def time_warp(segment_length, pooling, init, n_samples):
    """Return how unevenly the samples of a training run (float).

    Parameters
    ----------
    segment_length : int or None
        Steps that the network reads together.
    pooling : str
        Which states it reads.
    init : str or estimator
        Its initial weights.
    n_samples : int
        Samples of the fit.
    """
    if n_samples > _SAMPLES_OF_WARP:
        return 0.0
    is_bound_to_steps = pooling == "last" and not integrates(init)
    return _WARP if (segment_length or 1) > 1 or is_bound_to_steps else 0.0


def segment_length(longest):
    """Return how many steps (int) of a sequence are one of the recurrence.

    Parameters
    ----------
    longest : int
        Steps of the longest sequence.
    """
    return max(1, -(-longest // _STEPS_OF_RECURRENCE))


def initial_weights(cell, pooling):
    """Return the name of a scheme (str) for the initial weights.

    Parameters
    ----------
    cell, pooling : str
        Of the network.
    """
    # Where only the final state counts, an LSTM that forgets learns nothing from what
    # lies far back; other poolings see all states, and a GRU forgets less.
    return "integrating" if cell == "lstm" and pooling == "last" else "orthogonal"


def n_convolutions(n_samples):
    """Return how many random convolutions of each sort a fit computes, about.

    Parameters
    ----------
    n_samples : int
        Samples of the fit.
    """
    if n_samples >= _SAMPLES_OF_SIZE:
        return _KERNELS_OF_MANY
    # The matrix is that of the samples or of the features, whichever is the smaller.
    by_samples = _MULTIPLICATIONS / n_samples**2
    n_features = max(by_samples, (_MULTIPLICATIONS / n_samples) ** 0.5)
    n_kernels = round(n_features / N_POOLINGS)
    return min(max(n_kernels, _FEWEST_KERNELS), _MOST_KERNELS)


def n_linear_steps(loss, n_features):
    """Return how many of the newest steps a linear path reads; None for no path.

    Parameters
    ----------
    loss : str, class or torch.nn.Module
        What is minimised.
    n_features : int
        Features of a step.
    """
    # Any other loss may mean something by the size of a target itself.
    if not isinstance(loss, str) or loss == "poisson":
        return None
    return _MOST_REGRESSORS // n_features
