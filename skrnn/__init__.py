"""Recurrent networks as scikit-learn estimators, and windows that keep their rows.

The public names are imported on first use, so that ``import skrnn`` loads neither
torch nor sktime.
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    "RNNRegressor": "skrnn.regressor",
    "RNNClassifier": "skrnn.classifier",
    "SlidingWindow": "skrnn.windows",
    "make_windows": "skrnn.windows",
    "ToSequence": "skrnn.reshape",
    "FlattenSequence": "skrnn.reshape",
    "TimeDistributed": "skrnn.reshape",
    "TokenSequence": "skrnn.text",
    "save": "skrnn.persistence",
    "load": "skrnn.persistence",
    "show_versions": "skrnn._show_versions",
}
_MODULES = (
    "distributed",
    "exceptions",
    "inspection",
    "model_selection",
    "persistence",
    "plotting",
    "reshape",
    "sktime",
    "streaming",
    "text",
    "windows",
)

__all__ = [*_HOME, *_MODULES, "__version__"]


def __getattr__(name):
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return importlib.import_module(f"skrnn.{name}")
    raise AttributeError(f"module 'skrnn' has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | set(__all__))
