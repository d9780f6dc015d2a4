"""The exact bits of all cases, for a change of the code that must change none.

They are those of one machine and one set of installed versions: write them with the
code before, and compare there with the code after.
"""

import numpy as np

from tests.golden.cases import CASES
from tests.golden.values import differences


def write(path):
    """Fit all cases, and write all their numbers to an .npz file."""
    # The names go in an array: some of them are no names of files.
    names, arrays = [], []
    for case, found in CASES.items():
        for name, array in found.values().items():
            names.append((case, name))
            arrays.append(array)
    np.savez_compressed(path, *arrays, names=np.array(names))
    return len(arrays)


def read(path):
    """Read what `write` wrote."""
    found = {}
    with np.load(path) as file:
        for i, (case, name) in enumerate(file["names"]):
            found.setdefault(str(case), {})[str(name)] = file[f"arr_{i}"]
    return found


def compare(path):
    """Fit all cases again, and say of each whether a bit differs.

    Returns
    -------
    bool
        Whether all are equal.
    """
    stored, n_different = read(path), 0
    names = list(CASES | stored)
    for case in names:
        verdict = _verdict(case, stored.get(case, {}))
        n_different += verdict != "equal"
        print(f"{case}: {verdict}", flush=True)
    print(f"{n_different} of {len(names)} cases differ.")
    return not n_different


def _verdict(case, stored):
    try:
        found = CASES[case].values() if case in CASES else {}
    except Exception as error:  # the other cases are of interest all the same
        return f"FAILS with {type(error).__name__}: {error}"
    return ", ".join(_differing(found, stored)) or "equal"


def _differing(found, stored):
    """What is to be said of the arrays that are not equal to the bit."""
    sizes = differences(found, stored)
    return [
        f"{name} DIFFERS (by {size:.1e})"
        for name, size in sizes.items()
        if size == np.inf or found[name].tobytes() != stored[name].tobytes()
    ]
