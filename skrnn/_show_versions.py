"""What is installed, and what computes: for reports of faults and of slowness."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import torch

from skrnn._kernels.levels import LEVELS, compiled_by, why_not
from skrnn._kernels.library import library, running_level
from skrnn._kernels.threads import single_thread

__all__ = ["show_versions"]

_PACKAGES = [
    "skrnn",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "torch",
    "skorch",
    "sktime",
    "skops",
    "joblib",
    "tqdm",
    "onnx",
    "skl2onnx",
    "onnxruntime",
    "matplotlib",
    "setuptools",
    "pip",
]


def show_versions() -> None:
    """Print the versions of what skrnn works with, and which kernels compute.

    Belongs into a report of a fault. The same is printed by
    ``python -m skrnn versions``. Of the kernels it says: the level of instructions that
    runs (``v4`` has AVX-512, ``v3`` AVX2, ``baseline`` what every processor of the kind
    has; ``none`` leaves their work to torch, many times more slowly for small
    networks), the number of threads that a fit may use, the compiler that made them,
    and why a better level does not run.

    Raises
    ------
    ValueError
        If the environment variable ``SKRNN_KERNELS`` names kernels that cannot run.

    Examples
    --------
    >>> import skrnn
    >>> skrnn.show_versions()
    <BLANKLINE>
    System:
    ...
    Python dependencies:
    ...
    Kernels:
    ...
    """
    parts = {
        "System": _system(),
        "Python dependencies": {name: _version(name) for name in _PACKAGES},
        "Kernels": _kernels(),
        "torch": _torch(),
    }
    for title, lines in parts.items():
        print(f"\n{title}:")
        width = max(map(len, lines))
        for name, told in lines.items():
            print(f"{name:>{width + 2}}: {told}")


def _system():
    return {
        "python": sys.version.replace("\n", " "),
        "executable": sys.executable,
        "machine": platform.platform(),
        "processor": platform.machine(),
    }


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _kernels():
    running, names = running_level(), list(LEVELS)
    chosen = os.environ.get("SKRNN_KERNELS")
    with single_thread() as n_threads:
        pass  # told what a fit would be told
    lines = {
        "level": running or "none",
        "threads": n_threads,
        "compiler": compiled_by() or "unknown",
        "library": None if running is None else library()._name,
        "SKRNN_KERNELS": "not set" if chosen is None else repr(chosen),
    }
    better = names[names.index(running) + 1 :] if running else names
    for level in better:
        why = why_not(level) or f"SKRNN_KERNELS is {chosen!r}"
        lines[f"why not {level}"] = why
    return lines


def _torch():
    return {
        "threads": torch.get_num_threads(),
        "CUDA": torch.version.cuda or "none: a CPU build",
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "best instructions": torch.backends.cpu.get_cpu_capability(),
    }
