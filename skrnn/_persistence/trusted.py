"""What is made of a file without being named in `trusted`, beside estimators.

skops makes estimators of scikit-learn and numbers. Searches, selections and
transformers hold more: splitters, scorers, kernels, and functions by their names. Each
is trusted in the one form in which skops writes it, for a file could also have a
function called, or an object made of anything, by another. No name of another package
is among them, no function of NumPy that reads files or makes more than it was given,
and no type whose numbers compiled code trusts.
"""

import inspect
from functools import cache

import numpy as np
import sklearn.gaussian_process.kernels as kernels
from sklearn import feature_selection, metrics, model_selection
from sklearn.metrics import _scorer

from skrnn._persistence import rebuilt
from skrnn._persistence.contents import unchecked

__all__ = ["untrusted_types"]

# How functions of `sklearn.metrics` are called that make numbers to be compared.
_MEASURES = ("_score", "_loss", "_error", "_deviance", "_corrcoef")
_SCORERS = ("_Scorer", "_PassthroughScorer", "_MultimetricScorer", "_CurveScorer")
# What other estimators hold, and those that skops passes over as experimental.
_WITHIN = (
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.impute._iterative.IterativeImputer",
    "sklearn.model_selection._search_successive_halving.HalvingGridSearchCV",
    "sklearn.model_selection._search_successive_halving.HalvingRandomSearchCV",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)
# Functions of NumPy that give as many numbers as they are given, or fewer: most are
# ufuncs, which skops trusts.
_NUMPY = (
    "amax amin angle around array asarray ascontiguousarray asfortranarray atleast_1d "
    "atleast_2d average clip copy cumprod cumsum diff ediff1d fix flip fliplr "
    "flipud gradient i0 imag isclose max mean median min nan_to_num nancumprod "
    "nancumsum nanmax nanmean nanmedian nanmin nanstd nansum nanvar prod ptp ravel "
    "real real_if_close round sinc sort squeeze std sum trapezoid transpose unwrap var"
).split()


def untrusted_types(content, loaders, known):
    """Say what an archive asks for that is not trusted.

    Parameters
    ----------
    content : bytes
        The archive.
    loaders : dict of set of str
        Names of types by what is to make them, from `read_schema`.
    known : set of str
        What is trusted in any form.

    Returns
    -------
    list of str
    """
    from skops.io import get_untrusted_types

    found = {*get_untrusted_types(data=content), *unchecked(loaders)} - known
    return sorted(name for name in found if not _is_trusted(name, loaders))


def trusted_types(loaders):
    """All names (set of str) of those among `loaders` that are trusted here."""
    return {
        name
        for names in loaders.values()
        for name in names
        if _is_trusted(name, loaders)
    }


def _is_trusted(name, loaders):
    """Whether a name is one of ours, and only in the form that it has with us."""
    forms = [form for form, names in loaders.items() if name in names]
    return bool(forms) and all(name in _trusted().get(form, ()) for form in forms)


@cache
def _trusted():
    """Names (dict of frozenset of str) by what is to make them."""
    splitters = _classes(model_selection, _is_splitter)
    types = [
        *splitters,
        *(getattr(_scorer, name) for name in _SCORERS if hasattr(_scorer, name)),
        *_classes(kernels, lambda kind: issubclass(kind, kernels.Kernel)),
    ]
    scorers = (metrics.get_scorer(name) for name in metrics.get_scorer_names())
    functions = {scorer._score_func for scorer in scorers}
    functions |= _functions(metrics, lambda name: name.endswith(_MEASURES))
    functions |= _functions(feature_selection, lambda name: True)
    return {
        "ObjectNode": frozenset(map(_name_of, types)) | frozenset(_WITHIN),
        "TupleNode": frozenset({"sklearn.impute._iterative._ImputerTriplet"}),
        "DictNode": frozenset({"sklearn.utils._bunch.Bunch"}),
        "FunctionNode": frozenset(map(_name_of, functions)) | _of_numpy(),
        # Repeated ones name another; to skops a function written in C is a type.
        "TypeNode": frozenset(map(_name_of, splitters)) | _of_numpy(),
        "DTypeNode": frozenset({"numpy.dtype"}),
        "PartialNode": frozenset({"functools.partial"}),
        "ConstructorFromReduceNode": rebuilt.NAMES,
    }


def _is_splitter(kind):
    bases = model_selection.BaseCrossValidator, model_selection.BaseShuffleSplit
    return issubclass(kind, bases) or hasattr(kind, "get_n_splits")


def _classes(module, is_one):
    public = (getattr(module, name) for name in dir(module) if name[0] != "_")
    return [kind for kind in public if inspect.isclass(kind) and is_one(kind)]


def _functions(module, is_one):
    public = {getattr(module, name) for name in module.__all__ if is_one(name)}
    return {function for function in public if inspect.isfunction(function)}


def _of_numpy():
    functions = (getattr(np, name) for name in _NUMPY if hasattr(np, name))
    return frozenset(f"{f.__module__}.{f.__name__}" for f in functions)


def _name_of(thing):
    return f"{thing.__module__}.{thing.__qualname__}"
