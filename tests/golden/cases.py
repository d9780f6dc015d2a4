"""All cases: importing the modules that hold them registers them."""

from tests.golden import (
    classification_cases,
    regression_cases,
    series_cases,
    training_cases,
)
from tests.golden.registry import CASES

__all__ = [
    "CASES",
    "classification_cases",
    "regression_cases",
    "series_cases",
    "training_cases",
]
