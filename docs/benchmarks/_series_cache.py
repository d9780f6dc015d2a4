"""Where forecasts and series that cost time are kept, outside of the repository.

The directory is that of the environment variable SKRNN_BENCHMARK_CACHE, or one for
temporary files.
"""

import os
import tempfile
from pathlib import Path

import joblib

__all__ = ["CACHE", "kept"]

CACHE = Path(
    os.environ.get("SKRNN_BENCHMARK_CACHE")
    or Path(tempfile.gettempdir()) / "skrnn_benchmark_cache"
)


def kept(function):
    """The function, its results kept on disk by its arguments and its source."""
    return joblib.Memory(CACHE / "kept", verbose=0).cache(function)
