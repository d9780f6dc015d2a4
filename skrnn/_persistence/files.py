"""Fitted models in files, by skops: nothing in them is run when they are read."""

from __future__ import annotations

import io
import os
import pkgutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skrnn._files import write_whole
from skrnn._persistence.container import read_archive, seal
from skrnn._persistence.contents import read_schema
from skrnn._persistence.paths import with_known_paths
from skrnn._persistence.rebuilt import written_anew
from skrnn._persistence.trusted import trusted_types, untrusted_types
from skrnn.exceptions import ModelFileError

# Classes of skrnn, by the public names that files know them by. What a release has
# written stays here, and stays to be had by its name.
TYPES = (
    "skrnn.classifier.RNNClassifier",
    "skrnn.model_selection.PanelTimeSeriesSplit",
    "skrnn.regressor.RNNRegressor",
    "skrnn.reshape.FlattenSequence",
    "skrnn.reshape.TimeDistributed",
    "skrnn.reshape.ToSequence",
    "skrnn.sktime.RNNForecaster",
    "skrnn.sktime.RNNPanelClassifier",
    "skrnn.sktime.RNNPanelRegressor",
    "skrnn.text.TokenSequence",
    "skrnn.windows.SlidingWindow",
)


def save(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted model to a file that holds no code.

    The file is one of skops [1]_: a ZIP archive of arrays and JSON, which
    ``skops.io.load`` and the tools around it read as well. It is written beside the
    place where it is to be, and put there as a whole. A checksum at its end tells
    damage; it proves nothing of who wrote the file.

    Parameters
    ----------
    model : estimator or Pipeline
        Estimators and transformers of skrnn, alone or among those of scikit-learn,
        fitted or not.
    path : str or path
        The file; ``.skops`` is its usual ending. One that is there is replaced.

    Raises
    ------
    TypeError
        If the model holds something that cannot be written as data, or that nothing
        could find again, such as a lambda.
    OSError
        If the file cannot be written. What was there before is then kept.

    See Also
    --------
    load : Reads it.
    describe : Says what is in it without loading it.

    Notes
    -----
    What only a training needs is not kept: with ``warm_start=True`` or ``partial_fit``
    a loaded model goes on with a new optimiser. Its predictions are the same to the
    bit. Losses and optimisers given as classes, callbacks, functions of your own, and
    some models of scikit-learn (trees, nearest neighbours) are written, but `load` has
    to be told to trust them.

    References
    ----------
    .. [1] https://skops.readthedocs.io/en/stable/persistence.html

    Examples
    --------
    >>> import tempfile, numpy as np, skrnn
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> model = skrnn.RNNRegressor(max_epochs=5, early_stopping=False).fit(X, X[:, -1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     skrnn.save(model, f"{folder}/model.skops")
    ...     again = skrnn.load(f"{folder}/model.skops")
    >>> bool((again.predict(X) == model.predict(X)).all())
    True
    """
    from skops.io import dump, get_untrusted_types

    buffer = io.BytesIO()
    try:
        with written_anew():
            dump(model, buffer, compression=zipfile.ZIP_DEFLATED)
        for name in get_untrusted_types(data=buffer.getvalue()):
            _check_name(name)
    except Exception as error:  # skops has several for what it cannot write
        raise TypeError(
            f"This {type(model).__name__} holds something that is no data, and cannot "
            f"be written: {error}"
        ) from error
    write_whole(
        Path(path),
        [seal(buffer.getvalue())],
        what="A model",
        kept="What was there before is kept",
    )


def _check_name(name):
    """Refuse a name by which nothing is found, such as that of a lambda."""
    try:
        pkgutil.resolve_name(name)
    except (AttributeError, ImportError, ValueError) as error:
        raise ValueError(
            f"nothing would be found by its name, {name!r}. Define it in a module, "
            "outside of functions."
        ) from error


def load(path: str | os.PathLike[str], *, trusted: Sequence[str] = ()) -> Any:
    """Read a model that `save` wrote.

    Nothing in the file is run, and no module is imported for it but those of the types
    that are trusted: estimators of skrnn and scikit-learn, searches with their
    splitters, scorers and distributions of SciPy, paths, and functions of
    `sklearn.metrics`, of `sklearn.feature_selection` and of NumPy that only compute.

    Parameters
    ----------
    path : str or path
        The file.
    trusted : sequence of str, default=()
        Full names of further types that may be made. `describe` names those that a file
        asks for; look at them before.

    Returns
    -------
    estimator or Pipeline
        It predicts the same bits as the one that was written.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ModelFileError
        If the file is damaged, is none of a model, holds more than its size allows, or
        asks for types that are not trusted.

    Warns
    -----
    sklearn.exceptions.InconsistentVersionWarning
        If other versions of skrnn, scikit-learn or torch have written it.

    See Also
    --------
    save : Writes it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import skrnn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "window.skops"
    ...     skrnn.save(skrnn.SlidingWindow(5).fit([[1.0], [2.0], [3.0]]), path)
    ...     again = skrnn.load(path)
    >>> again
    SlidingWindow(window_length=5)
    """
    from skops.io import loads

    content = read_archive(path)
    known = {*TYPES, *trusted}
    try:
        content = with_known_paths(content)
        _, loaders = read_schema(content, str(path))
        unknown = untrusted_types(content, loaders, known)
        if not unknown:
            return loads(content, trusted=sorted(known | trusted_types(loaders)))
    except (Warning, ModelFileError):  # warnings made errors by a filter of the user's
        raise
    except Exception as error:  # whatever is found in a forged one
        raise ModelFileError(
            f"{str(path)!r} holds no model that skrnn could have written "
            f"({type(error).__name__}: {error})."
        ) from error
    raise ModelFileError(
        f"{str(path)!r} asks for types that are not trusted: {', '.join(unknown)}. If "
        "you know them, and who wrote the file, name them in `trusted`."
    )
