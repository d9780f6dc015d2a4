"""Types of parameters, arguments and results, as public signatures name them.

The words that a parameter may be are those of its constraint; tests compare both. What
belongs to torch, skorch and sktime is described by what is asked of it, so that to read
a signature loads none of them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol, SupportsIndex, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils._param_validation import validate_params as _validate_params
from sklearn.utils.metaestimators import available_if as _available_if

__all__ = [
    "ArrayLike",
    "Auto",
    "BaselineLike",
    "Cell",
    "Codes",
    "Columns",
    "DTypeLike",
    "Decoder",
    "Dtype",
    "Floats",
    "Frequency",
    "HorizonLike",
    "InitialWeights",
    "InstanceNorm",
    "LearningRateSchedule",
    "Missing",
    "Nonlinearity",
    "Norm",
    "OnDivergence",
    "Optimizer",
    "Parts",
    "PerSample",
    "Pooling",
    "RandomState",
    "SequencesLike",
    "SeriesColumns",
    "SeriesLike",
    "Strings",
    "SupportsBacktest",
    "SupportsFit",
    "SupportsFitPredict",
    "SupportsFitTransform",
    "SupportsForward",
    "available_if",
    "fit_context",
    "validate_params",
]

Auto: TypeAlias = Literal["auto"]
Cell: TypeAlias = Literal["lstm", "gru", "rnn"]
Decoder: TypeAlias = Literal["linear", "parallel"]
Dtype: TypeAlias = Literal["float32", "float64"]
InitialWeights: TypeAlias = Literal["orthogonal", "chrono", "integrating", "identity"]
InstanceNorm: TypeAlias = Literal["last", "standard"]
LearningRateSchedule: TypeAlias = Literal[
    "step", "exponential", "cosine", "one_cycle", "warmup", "plateau"
]
Missing: TypeAlias = Literal["error", "indicator"]
Nonlinearity: TypeAlias = Literal["tanh", "relu"]
Norm: TypeAlias = Literal["layer", "batch"]
OnDivergence: TypeAlias = Literal["raise", "restart"]
Optimizer: TypeAlias = Literal["adam", "adamw", "nadam", "rmsprop", "adagrad", "sgd"]
Parts: TypeAlias = Literal["all", "networks", "network"]
Pooling: TypeAlias = Literal["last", "mean", "max", "mixed", "attention"]

# Arrays that come back.
Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
# An array, or of ragged sequences a list of arrays: which of them, only X tells.
PerSample: TypeAlias = Floats | Any

RandomState: TypeAlias = int | np.random.RandomState | None
# One column, or several; a step of an index, of which pandas has more than one kind.
Columns: TypeAlias = str | int | Sequence[Any] | NDArray[Any]
SeriesColumns: TypeAlias = str | Sequence[str]
Frequency: TypeAlias = Any
# Data formats of sktime are containers of many libraries; a horizon may be one of its.
SeriesLike: TypeAlias = Any
HorizonLike: TypeAlias = Any


class Strings(Protocol):
    """A list or tuple of strings, of whichever words, and no string by itself."""

    # A str can only be asked for strings, so that to checkers it is none of these.
    def __contains__(self, key: object, /) -> bool: ...

    def __getitem__(self, index: SupportsIndex, /) -> str: ...

    def __iter__(self) -> Iterator[str]: ...

    def __len__(self) -> int: ...


class _Rows(Protocol):
    """Lazy windows, tokens and tables, whose rows are taken when they are read."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> Any: ...


SequencesLike: TypeAlias = ArrayLike | Sequence[ArrayLike] | _Rows
# What is array-like and no word that is meant otherwise.
BaselineLike: TypeAlias = (
    Literal["mean", "zero"] | float | list[Any] | tuple[Any, ...] | _Rows
)


class SupportsFit(Protocol):
    """An estimator."""

    def fit(self, *args: Any, **kwargs: Any) -> Any: ...


class SupportsFitPredict(Protocol):
    """An estimator that predicts."""

    def fit(self, *args: Any, **kwargs: Any) -> Any: ...

    # Of pipelines and searches it is a descriptor, which checkers take for no method.
    @property
    def predict(self) -> Any: ...


class SupportsFitTransform(Protocol):
    """An estimator that transforms."""

    def fit(self, *args: Any, **kwargs: Any) -> Any: ...

    @property
    def transform(self) -> Any: ...


class SupportsBacktest(Protocol):
    """A forecaster of this package."""

    def backtest(self, *args: Any, **kwargs: Any) -> Any: ...


class SupportsForward(Protocol):
    """A module of torch, such as a loss."""

    def forward(self, *args: Any, **kwargs: Any) -> Any: ...


_Method = TypeVar("_Method", bound=Callable[..., Any])


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[_Method], _Method]:
    """scikit-learn's decorator of methods that fit, which hides no signature."""
    return _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)


def available_if(check: Callable[[Any], bool]) -> Callable[[_Method], _Method]:
    """scikit-learn's decorator of methods that are not always there, likewise."""
    return _available_if(check)


def validate_params(
    constraints: dict[str, Any], *, prefer_skip_nested_validation: bool
) -> Callable[[_Method], _Method]:
    """scikit-learn's decorator of functions that check arguments, likewise."""
    return _validate_params(
        constraints, prefer_skip_nested_validation=prefer_skip_nested_validation
    )
