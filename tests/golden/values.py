"""The stored values: how they are written, read and compared."""

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("values.json")
# Far more than the tolerances need.
_DIGITS = 8


def write(values, path=FILE):
    """Write arrays, by the names of case and array, one a line."""
    parts = [
        f"{json.dumps(case)}: {{\n{_lines(arrays)}\n}}"
        for case, arrays in values.items()
    ]
    Path(path).write_text("{\n" + ",\n".join(parts) + "\n}\n")


def _lines(arrays):
    return ",\n".join(f"  {json.dumps(k)}: {_text(a)}" for k, a in arrays.items())


def _text(array):
    rounded = [float(f"{x:.{_DIGITS}g}") for x in array.ravel()]
    return json.dumps(np.reshape(rounded, array.shape).tolist())


def read(path=FILE):
    """Read what `write` wrote."""
    found = json.loads(Path(path).read_text())
    return {
        case: {name: np.array(a, dtype=np.float64) for name, a in arrays.items()}
        for case, arrays in found.items()
    }


def difference(found, stored):
    """Largest difference of two arrays, in units of the largest stored number.

    It is infinite where their shapes differ, or what is missing.
    """
    if found.shape != stored.shape:
        return np.inf
    is_known = ~np.isnan(stored)
    if (np.isnan(found) == is_known).any():
        return np.inf
    size = np.abs(stored[is_known]).max(initial=0.0)
    largest = np.abs(found - stored)[is_known].max(initial=0.0)
    return largest / size if size else largest


def differences(found, stored):
    """Differences of the arrays of a case, by name; infinite for one that is alone."""
    return {
        name: difference(found[name], stored[name])
        if name in found and name in stored
        else np.inf
        for name in {**stored, **found}
    }
