"""Which compiled library is loaded, and what the environment says of that."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn._kernels import library as kernel_library
from tests.instruction_levels import LEVELS, library_of, needs_kernels

ROOT = Path(__file__).parents[2]
ASK = """
from skrnn._kernels.library import library
print(getattr(library(), '_name', 0))
"""
FIT = """
import numpy as np, sys
from skrnn import RNNRegressor
from skrnn._kernels.library import library
assert (library() is None) == (sys.argv[1] == "0")
X = np.random.default_rng(0).normal(size=(90, 6, 2))
model = RNNRegressor(
    "gru", 9, max_epochs=3, n_estimators=2, random_state=0, dtype="float64"
)
model.fit(X, X.sum((1, 2)))
print(*model.predict(X).tolist())
"""
needs_libraries = pytest.mark.skipif(
    library_of("baseline") is None, reason="no kernels were compiled"
)


def run(script, wanted):
    """Run a script with a value of the variable, None for none; return the process."""
    variables = {} if wanted is None else {"SKRNN_KERNELS": wanted}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(wanted)],
        env={"PATH": "", "OMP_NUM_THREADS": "1"} | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@needs_libraries
def test_every_level_fits_alike_and_torch_does_without_kernels():
    results = []
    for level in ("0", *LEVELS):
        if level == "0" or library_of(level) is not None:
            process = run(FIT, level)
            assert process.returncode == 0, process.stderr
            results.append(np.array(process.stdout.split(), float))
    for other in results:
        assert_allclose(other, results[0], rtol=1e-9)


@needs_libraries
@pytest.mark.parametrize("wanted", [None, "", "1"])
def test_the_best_library_is_taken(wanted):
    best = [level for level in LEVELS if library_of(level) is not None][-1]
    assert run(ASK, wanted).stdout.strip() == library_of(best)._name


@needs_libraries
@pytest.mark.parametrize("level", LEVELS)
def test_the_library_of_a_level_is_taken(level):
    process = run(ASK, level)
    if library_of(level) is None:
        assert f"SKRNN_KERNELS is '{level}'" in process.stderr
    else:
        assert process.stdout.strip() == library_of(level)._name


def test_none_is_taken():
    assert run(ASK, "0").stdout.strip() == "0"


@pytest.mark.parametrize("there", [["baseline", "v3"], ["baseline"], []])
@pytest.mark.parametrize("wanted", ["v4", "avx2", "2"])
def test_a_level_that_is_not_there_is_an_error(there, wanted, monkeypatch):
    libraries = dict.fromkeys(there, object())
    monkeypatch.setattr(kernel_library, "library_of", libraries.get)
    monkeypatch.setenv("SKRNN_KERNELS", wanted)
    named = ", ".join(there) or "none"
    with pytest.raises(ValueError, match=rf"is '{wanted}', .* there are here: {named}"):
        kernel_library.library.__wrapped__()


def test_a_library_that_is_not_there_is_none(monkeypatch):
    monkeypatch.setattr(kernel_library, "_load", lambda name: None)
    monkeypatch.delenv("SKRNN_KERNELS", raising=False)
    assert all(kernel_library.library_of.__wrapped__(level) is None for level in LEVELS)


@needs_kernels
def test_a_wrong_level_is_told_by_a_fit(monkeypatch):
    process = run(FIT, "v5")
    assert process.returncode != 0
    assert "ValueError" in process.stderr
    assert "SKRNN_KERNELS is 'v5'" in process.stderr
