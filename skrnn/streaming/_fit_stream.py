"""A fit to chunks of samples, which are read again in every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from skrnn._estimator.base import BaseRNN
from skrnn._estimator.reading import add_moments
from skrnn._numbers import AT_LEAST_ONE
from skrnn._preprocessing.running import RunningMoments
from skrnn._sequences.chunked import Chunks
from skrnn._typing import ArrayLike, SequencesLike
from skrnn.streaming._chunk_steps import ChunkSteps

__all__ = ["fit_stream"]

_Estimator = TypeVar("_Estimator")
_Chunk: TypeAlias = tuple[Any, ...]
_Chunks: TypeAlias = Iterable[_Chunk] | Callable[[], Iterable[_Chunk]]

_NO_CHUNK = "chunks holds no chunk that has samples."


def fit_stream(
    estimator: _Estimator,
    chunks: _Chunks,
    *,
    buffer_size: int = 65_536,
    validation: Literal["newest"] | tuple[SequencesLike, ArrayLike] | None = "newest",
    resume: bool = False,
    classes: ArrayLike | None = None,
) -> _Estimator:
    """Fit an estimator to samples that need not fit into memory together.

    What is learned is what ``fit`` learns from all chunks together: scaling and linear
    path are of all training samples, an epoch goes over all of them, and
    ``early_stopping``, callbacks and checkpoints work as ever. In memory are the
    targets, the chunk that validates, and the chunks of one buffer.

    Parameters
    ----------
    estimator : RNNRegressor, RNNClassifier, or Pipeline that ends with one
        Is fitted. Steps before :class:`~skrnn.SlidingWindow` must have ``partial_fit``,
        and learn from all chunks first; those behind it learn from the first chunk
        alone, and must change no number of samples. Windows reach back over the
        borders of chunks, where an index, or the columns that `SlidingWindow` is told
        of, say that the rows follow each other.
    chunks : iterable of tuple, or callable that returns one
        Pairs ``(X, y)``, or ``(X, y, sample_weight)``, as ``fit`` takes them, in the
        order of time; those without a sample are left out. They are gone through
        several times, so that they are a list, or anything with ``len`` and an index,
        whose items are read when they are asked for; or a function, most often a
        generator function, that begins anew with each call. An iterator, which ends,
        gives a single epoch: ``partial_fit`` learns buffer after buffer. The moments
        that scale inputs and targets go on with each of them; the linear path is that
        of the first one.
    buffer_size : int, default=65536
        Samples that are in memory at a time, and among which the order is drawn anew
        in every epoch: neighbouring chunks are taken together up to that many. A chunk
        with more of them is a buffer by itself.
    validation : {"newest"}, tuple of (X_val, y_val), or None, default="newest"
        What decides when to stop, if the estimator has ``early_stopping``: the last
        chunk, which is then not learned from (of its samples those that weigh
        something), or other samples. None, or where there is a single chunk: the
        newest ``validation_fraction`` of all samples, as in ``fit``. An iterator is
        learned from as a whole, so that it takes no other samples.
    resume : bool, default=False
        As for ``fit``: whether to go on from the checkpoint in ``checkpoint_dir``. Not
        for an iterator.
    classes : array-like of shape (n_classes,), default=None
        All labels that may ever come, which a classifier must be told where `chunks` is
        an iterator and y no multilabel indicator. Else the chunks tell them.

    Returns
    -------
    estimator : estimator
        The one given, fitted.

    Raises
    ------
    TypeError
        If the estimator is none of those.
    ValueError
        If there is no chunk, a chunk is no pair, chunks differ from one time to the
        next, the newest has labels that no other has, or ``fit`` refuses what is in
        them.

    See Also
    --------
    ParquetChunks : Chunks of a table in Parquet files.

    Notes
    -----
    Categories are those of the first chunk: others count as unknown. The order of
    samples that are drawn from a buffer is not the order of a draw from all; with one
    buffer that holds all it is, and the model has the bits of ``fit``. An epoch reads
    all chunks once; before the first, they are read three times, or four where there
    is a linear path.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.streaming import fit_stream
    >>> X = np.random.default_rng(0).normal(size=(400, 12, 2)).astype("float32")
    >>> y = X[:, -1, 0] - X[:, -2, 1]
    >>> chunks = [(X[i : i + 100], y[i : i + 100]) for i in range(0, 400, 100)]
    >>> model = fit_stream(RNNRegressor(max_epochs=5, random_state=0), chunks)
    >>> bool(model.score(X, y) > 0.9)
    True
    """
    if not AT_LEAST_ONE.is_satisfied_by(buffer_size):
        raise ValueError(f"buffer_size must be {AT_LEAST_ONE}, got {buffer_size!r}.")
    steps, last = _parts(estimator)
    validation = _checked(validation)
    is_once = isinstance(chunks, Iterator)
    _check_classes(classes, last, is_once)
    if is_once:
        _check_once(validation, resume)
        fitted = _fit_once(steps, last, chunks, int(buffer_size), classes)
    else:
        fitted = _fit(steps, last, chunks, int(buffer_size), validation, resume)
    if isinstance(estimator, Pipeline):
        estimator.steps[:-1] = [
            (name, step)
            for (name, _), step in zip(estimator.steps[:-1], fitted, strict=True)
        ]
    return estimator


def _parts(estimator):
    """The steps before an estimator of skrnn (list), and the estimator."""
    steps = [] if not isinstance(estimator, Pipeline) else estimator.steps[:-1]
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if not isinstance(last, BaseRNN):
        raise TypeError(
            "fit_stream fits RNNRegressor, RNNClassifier and pipelines that end with "
            f"one, got {type(last).__name__}."
        )
    return ChunkSteps([step for _, step in steps]), last


def _checked(validation):
    if validation is None or (isinstance(validation, str) and validation == "newest"):
        return validation
    if isinstance(validation, tuple) and len(validation) == 2:
        return validation
    raise ValueError(
        'validation must be "newest", a pair (X_val, y_val) or None, got '
        f"{validation!r}."
    )


def _check_classes(classes, last, is_once):
    if classes is not None and not (is_once and is_classifier(last)):
        raise ValueError(
            "classes is for a classifier and an iterator of chunks, which is gone "
            f"through once; this {type(last).__name__} finds in y what it needs. Leave "
            "classes out."
        )


def _check_once(validation, resume):
    for name, is_given in [
        ("validation=(X_val, y_val)", isinstance(validation, tuple)),
        ("resume=True", resume),
    ]:
        if is_given:
            raise ValueError(
                f"{name} is for fits of several epochs, and an iterator of chunks "
                "gives a single one, of partial_fit. Give the chunks as a list, or "
                "as a function that begins anew each time."
            )


def _fit(steps, last, chunks, buffer_size, validation, resume):
    """Fit by epochs over all chunks; return the steps before (list), fitted."""
    steps.fit(chunks)
    newest, targets, weights = None, [], []
    for X, y, weight in steps.transformed(chunks, is_last=True):
        newest = X
        targets.append(np.asarray(y))
        weights.append(weight)
    if not targets:
        raise ValueError(_NO_CHUNK)
    _check_weights(weights)
    n_chunks, options = len(targets), {}
    if isinstance(validation, tuple):
        X_val, y_val = validation
        options = {"X_val": steps.of_others(X_val), "y_val": y_val}
    elif validation == "newest" and last.early_stopping and n_chunks > 1:
        n_chunks -= 1
        options = _validation(newest, targets.pop(), weights.pop())
        if is_classifier(last):
            _check_labels(options["y_val"], targets)
    weight = None if weights[0] is None else np.concatenate(weights)
    given = steps.inputs_of(chunks)
    y = np.concatenate(targets)
    X = Chunks(given, n_chunks, buffer_size)
    last.fit(X, y, weight, resume=resume, **options)
    return steps.fitted


def _validation(X, y, weight):
    """What ``fit`` validates on (dict), of a chunk."""
    if weight is not None and not np.all(weight):
        # A weight of zero means absence, here as in fit.
        rows = np.flatnonzero(weight)
        if not len(rows):
            raise ValueError(
                "No sample of the newest chunk weighs anything, and it is to validate. "
                'Give validation=(X_val, y_val) in the place of "newest", or leave the '
                "chunk out."
            )
        X, y = _safe_indexing(X, rows), y[rows]
    return {"X_val": X, "y_val": y}


def _check_labels(y, targets):
    """Refuse labels by which the newest chunk would validate, and that none teaches."""
    if y.ndim > 1:
        return
    unknown = set(y.tolist()).difference(*(target.tolist() for target in targets))
    if unknown:
        raise ValueError(
            "The newest chunk is to validate, and has labels that no other chunk has: "
            f"{sorted(unknown, key=str)}. Give validation=(X_val, y_val) in the place "
            'of "newest", or None, and all chunks are learned from.'
        )


def _fit_once(steps, last, chunks, buffer_size, classes):
    """Go through an iterator once; return the steps before (list), fitted."""
    steps.begin()
    held, n_samples, moments = [], 0, None
    for chunk in steps.transformed(chunks, is_last=True, learns=True):
        size = len(chunk[1])
        if held and n_samples + size > buffer_size:
            moments = _learn(last, held, moments, classes)
            held, n_samples = [], 0
        held.append(chunk)
        n_samples += size
    if not held:
        raise ValueError(_NO_CHUNK)
    if _learn(last, held, moments, classes) is None:
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return steps.fitted


def _learn(last, held, moments, classes):
    """Learn from a buffer; return the moments of all so far (list, a network each).

    None as long as no sample has weighed anything.
    """
    inputs, targets, weights = (list(part) for part in zip(*held, strict=True))
    _check_weights(weights)
    weight = None if weights[0] is None else np.concatenate(weights)
    if weight is not None and not weight.any():
        return moments  # as if the samples were not there
    y = np.concatenate(targets)
    X = Chunks(inputs, len(inputs), len(y))
    is_first = moments is None
    options = {"sample_weight": weight}
    if is_classifier(last):
        options["classes"] = classes
        if classes is None and y.ndim == 1 and not hasattr(last, "classes_"):
            raise ValueError(
                "An iterator of chunks is gone through once, so that later ones may "
                "bring labels that the first has not: give all labels that may ever "
                "come as classes, or the chunks as a list or a function."
            )
    if is_first:
        last.partial_fit(X, y, **options)
        networks = [net.module_ for net in last.nets_] if last.scale else []
        moments = [RunningMoments(n.scaling, n.baseline) for n in networks]
    if moments:
        add_moments(last, moments, (X, y, weight), takes_over=not is_first)
    if not is_first:
        last.partial_fit(X, y, **options)
        # The training was of copies.
        for one, net in zip(moments, last.nets_, strict=bool(moments)):
            one.scaling, one.baseline = net.module_.scaling, net.module_.baseline
    return moments


def _check_weights(weights):
    if len({weight is None for weight in weights}) > 1:
        raise ValueError("Some chunks have sample weights, and others have none.")
