"""Predictions of many settings are those that were stored once.

A change that is meant to change them writes them anew, and says why:
``python -m tests.golden write-values``. Rounding, which differs from machine to
machine, is within the tolerances; ``python -m tests.golden write`` and ``compare`` see
the last bit, on one machine.
"""

import pytest

from tests.golden import values
from tests.golden.cases import CASES


@pytest.fixture(scope="module")
def stored():
    return values.read()


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_stored(name, stored):
    case = CASES[name]
    wrong = [
        f"{array}: largest difference {size:.1e} of its largest value"
        for array, size in values.differences(case.values(), stored[name]).items()
        if not size <= case.tolerance
    ]
    assert not wrong, f"{name} (tolerance {case.tolerance:.0e})\n" + "\n".join(wrong)


def test_every_stored_case_is_there(stored):
    assert list(stored) == list(CASES)
