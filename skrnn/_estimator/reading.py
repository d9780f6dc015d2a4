"""Reading X, y and weights as the user gives them."""

from math import isfinite

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import _check_sample_weight, check_consistent_length

from skrnn._columns import numbers_only, refuse_lazy
from skrnn._ensemble.samples import Samples
from skrnn._estimator.extremes import refuse_unscaled
from skrnn._estimator.long_table import refuse_long_table
from skrnn._sequences.categories import (
    NumberCoder,
    codes_of,
    columns_of,
    values_of,
    with_codes,
)
from skrnn._sequences.changed import in_units, units_of
from skrnn._sequences.chunked import ChunkedSource, Chunks
from skrnn._sequences.encoding import find_encoding
from skrnn._sequences.layouts import (
    check_sequences,
    series_of_samples,
    time_order_of_samples,
)
from skrnn._sequences.leaking_target import warn_of_leaking_target
from skrnn._sequences.sources import DenseSource, as_source
from skrnn._sequences.steps import largest_of
from skrnn._sequences.tabular import warn_of_table
from skrnn._sequences.tokens import TokenArray, TokenSource
from skrnn._warn import warn_user


def read_samples(
    estimator,
    X,
    y,
    sample_weight=None,
    *,
    targets,
    reset,
    classes=None,
    pretrained=None,
):
    """Check and encode X, y and the weights; leave out what weighs nothing.

    Parameters
    ----------
    estimator : BaseRNN
        Which notes what X is like, or compares it with what was noted.
    X, y, sample_weight
        As for ``fit``.
    targets : Targets
        Which do the same for y.
    reset : bool
        Whether to note or to compare.
    classes : array-like, default=None
        All labels that may ever come.
    pretrained : Pretrained, default=None
        What the fit begins with, whose units it then has.

    Returns
    -------
    Samples
    """
    for given, name in ((X, "X"), (y, "y"), (sample_weight, "sample_weight")):
        refuse_lazy(given, name)
    refuse_long_table(X, y, type(estimator).__name__)
    source = read_X(estimator, X, missing=estimator.missing, reset=reset)
    target = (targets.fit if reset else targets.read)(y, classes)
    check_consistent_length(source, target)
    if reset:
        is_classification = is_classifier(estimator)
        name = type(estimator).__name__
        warn_of_leaking_target(X, y, name, is_classification=is_classification)
    weight = _read_weight(sample_weight, source)
    # Those that validate are the newest of each series, whatever the order of the rows.
    rows = time_order_of_samples(X)
    if weight is not None and not weight.all():
        # A weight of zero means absence, in the split and the scaling too.
        rows = np.arange(len(weight)) if rows is None else rows
        rows = rows[weight[rows] > 0]
    if rows is not None:
        source, target = source.take(rows), target[rows]
        weight = None if weight is None else weight[rows]
    if not estimator.scale:
        refuse_unscaled(source, target, rows, settings=vars(estimator))
    if reset:
        _choose_units(estimator, source, target, targets, pretrained)
    source, target = in_units(source, estimator._exponents), targets.in_units(target)
    loss_weight = targets.loss_weight(target, weight)
    return Samples(source, target, weight, loss_weight, rows)


def add_moments(estimator, moments, given, *, takes_over):
    """Add samples to the moments by which a fitted estimator scales.

    Parameters
    ----------
    estimator : BaseRNN
        Fitted.
    moments : list of RunningMoments
        Of each of its networks.
    given : tuple
        X, y and sample weights, as for ``partial_fit``.
    takes_over : bool
        Whether the networks are to have them.
    """
    targets = estimator._targets
    samples = read_samples(estimator, *given, targets=targets, reset=False)
    is_scaled = targets.is_scaled and targets.is_centered
    target = samples.target if is_scaled else None
    # Within a call the unit of the weights means nothing; among several it does.
    weight = None if samples.weight is None else samples.weight * np.max(given[2])
    for one in moments:
        one.add(samples.source, target, weight, takes_over=takes_over)


def _choose_units(estimator, source, target, targets, pretrained):
    """Note the units in which features and targets are learned."""
    estimator._exponents = None
    if pretrained is None and not estimator.scale:
        return
    exponents, level = units_of(source)
    if pretrained is not None:
        exponents = pretrained.exponents
        if exponents is not None and len(exponents) != source.n_features:
            return  # the weights will not fit either, which is said there
    estimator._exponents = exponents
    targets.choose_units(
        target,
        0.0 if estimator.instance_norm is None else level,
        None if pretrained is None else pretrained.targets,
    )


def read_X(estimator, X, *, missing, reset):
    """Check X against what was fitted, or note what it is; wrap it (SequenceSource).

    Parameters
    ----------
    estimator : BaseRNN
        Which notes or compares.
    X : array-like, DataFrame, list of array-like or WindowedArray
        As for ``fit``.
    missing : {"error", "indicator"}
        Whether single values may be missing.
    reset : bool
        Whether to note or to compare.
    """
    if isinstance(X, Chunks):
        return _read_chunks(estimator, X, missing, reset)
    refuse_lazy(X)
    series, name = series_of_samples(X), type(estimator).__name__
    columns = getattr(X, "columns", None)
    if reset:
        wanted = estimator.categorical_features
        is_named = wanted is not None and not isinstance(wanted, str)
        if is_named and isinstance(X, TokenArray):
            raise ValueError(
                f"categorical_features={wanted!r} names features of a step, and X "
                'holds tokens. Set categorical_features="from_dtype".'
            )
        estimator._categories = None
        estimator._encoding = find_encoding(X, wanted)
    encoding = estimator._encoding
    if encoding is not None:
        names = None if reset else getattr(estimator, "feature_names_in_", None)
        X = encoding.encode(X, names)
    X, names = check_sequences(
        estimator, X, reset=reset, ensure_all_finite=False, takes_tokens=True
    )
    source = _source_of(estimator, X, names, missing == "indicator", reset)
    _check_codes(estimator, source.codes, reset)
    if reset:
        if columns is not None and not isinstance(X, list):
            lags = np.arange(X.shape[1]) if encoding is None else encoding.lags(X)
            warn_of_table(X[:, lags], [columns[j] for j in lags], name)
        # An array (n, 0, F) says by its shape that there is none.
        n_steps = max(map(len, X)) if isinstance(X, list) else X.shape[1]
        if n_steps and not _has_steps(source):
            warn_user(
                f"Every step of X is absent (NaN in all its features), so that this "
                f"{name} can only learn what y is on average. Look at what made X: an "
                "index that does not match gives such columns."
            )
    if series is not None:
        source.series = series
    return source


def _read_chunks(estimator, X, missing, reset):
    """Check all chunks as `read_X` does, and wrap them (ChunkedSource)."""
    is_first = iter([reset])  # of all that are ever read

    def begin(first):
        for chunk in X.begin(first):
            is_new = next(is_first, False)
            yield read_X(estimator, chunk, missing=missing, reset=is_new)

    return ChunkedSource(begin, X.n_chunks, X.buffer_size)


def _source_of(estimator, X, names, allow_partial, reset):
    """Wrap a checked X, with codes where there are categories (SequenceSource)."""
    encoding = estimator._encoding
    if isinstance(X, TokenArray):
        return TokenSource(X)
    if not estimator._is_3d:
        return as_source(X) if encoding is None else encoding.source_of_table(X)
    coders = {}
    if encoding is not None:
        coders = encoding.coders(X, type(estimator).__name__)
    if reset:
        n_features = X[0].shape[1] if isinstance(X, list) else X.shape[2]
        columns = _named_numbers(estimator, n_features, names)
        if len(columns):
            estimator._categories = columns, values_of(X, columns)
    coders |= coders_of_numbers(estimator)
    if not coders:
        return as_source(X, names, allow_partial=allow_partial)
    source = as_source(with_codes(X, coders), names, allow_partial=allow_partial)
    source.codes = codes_of(source.n_features, coders)
    return source


def coders_of_numbers(estimator):
    """Coders (dict by feature) of the features that are numbers of categories."""
    if estimator._categories is None:
        return {}
    columns, values = estimator._categories
    pairs = zip(columns.tolist(), values, strict=True)
    return {column: NumberCoder(known) for column, known in pairs}


def _named_numbers(estimator, n_features, names):
    """Positions of the features that are named as categories, and are numbers."""
    wanted, encoding = estimator.categorical_features, estimator._encoding
    if wanted is None or isinstance(wanted, str):
        return []
    columns = columns_of(wanted, n_features, names)
    if encoding is None:
        return columns
    return np.setdiff1d(columns, [*encoding.categories])


def _check_codes(estimator, codes, reset):
    """Note what the codes of X mean (Codes or None), or compare it."""
    identity = None if codes is None else codes.identity
    if reset:
        estimator._codes = identity
    elif estimator._codes != identity:
        was, now = "numbers", "numbers" if identity is None else "tokens"
        if estimator._codes is not None:
            is_table = (estimator._encoding or estimator._categories) is not None
            was = "categories" if is_table else "tokens"
        now = "tokens of another vocabulary" if was == now else now
        raise ValueError(
            f"{type(estimator).__name__} was fitted on {was}, got {now}. Give X by the "
            "transformers of fit, which a pipeline keeps together."
        )


def _has_steps(source):
    """Whether any sample has a present step."""
    return any(source.lengths(rows).any() for rows in source.chunks())


def _read_weight(sample_weight, source):
    if sample_weight is None:
        return None
    if isinstance(sample_weight, str):
        raise ValueError(
            f"sample_weight must be numbers, one a sample, got {sample_weight!r}. What "
            'classes weigh is a parameter of RNNClassifier: class_weight="balanced".'
        )
    proxy = np.empty((len(source), 1))
    with numbers_only(sample_weight, "sample_weight", ("sample",)):
        weight = _check_sample_weight(
            sample_weight, proxy, dtype=np.float64, ensure_non_negative=True
        )
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    # Their unit means nothing; sums of them are finite now.
    return weight / weight.max()


def source_of_windows(estimator, windows, names):
    """Wrap windows that were made for a fitted estimator, which need few checks.

    Parameters
    ----------
    estimator : BaseRNN
        Fitted.
    windows : ndarray of shape (n, n_timesteps, n_features) of float
        NaN is missing. Categories are codes of fit.
    names : callable
        Gives the names of the features, or None, for an error.

    Returns
    -------
    SequenceSource

    Raises
    ------
    ValueError
        If the estimator has other features, or is one of tokens; or if a value is
        infinite, or missing where that is not allowed.
    """
    if estimator._is_3d and windows.shape[2] != estimator.n_features_in_:
        raise ValueError(
            f"X has {windows.shape[2]} features, but {type(estimator).__name__} is "
            f"expecting {estimator.n_features_in_} features as input."
        )
    allow_partial = estimator.settings_.network.missing == "indicator"
    coders = coders_of_numbers(estimator)
    if estimator._encoding is not None:
        coders |= estimator._encoding.coders_of_codes()
    if coders:
        windows = with_codes(windows, coders)
    try:
        source = DenseSource(windows, allow_partial=allow_partial)
    except ValueError:
        source = DenseSource(windows, names(), allow_partial=allow_partial)
    if coders:
        source.codes = codes_of(source.n_features, coders)
    _check_codes(estimator, source.codes, False)
    return source


def source_of_whole_windows(estimator, windows):
    """Wrap such windows of numbers none of which is missing.

    Parameters
    ----------
    estimator : BaseRNN
        Fitted on sequences.
    windows : ndarray of shape (n, n_timesteps, n_features) of float
        As for `source_of_windows`.

    Returns
    -------
    SequenceSource or None
        None where something is missing, infinite, a code, or not what was fitted.
    """
    largest = largest_of(windows)
    is_plain = (
        estimator._categories is None
        and estimator._encoding is None
        and estimator._codes is None
        and estimator._is_3d
        and windows.shape[2] == estimator.n_features_in_
    )
    if not (is_plain and isfinite(largest)):
        return None
    return DenseSource.of_whole(windows, largest)
