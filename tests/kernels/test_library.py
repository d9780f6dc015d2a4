"""Which compiled library is loaded, and what the environment says of that."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn._kernels import levels
from skrnn._kernels import library as kernel_library
from skrnn.exceptions import NoKernelsWarning
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


@pytest.fixture
def machine(monkeypatch):
    """Say which libraries were compiled and what the machine can run."""

    def says(compiled, level, report=None, wanted=None):
        class Library:
            skrnn_level = staticmethod(lambda: level)

        files = {name: (Library(), "") for name in compiled}
        monkeypatch.setattr(levels, "_report", lambda: report or {})
        found = levels.load.__wrapped__
        monkeypatch.setattr(levels, "_FOLDER", Path("/nowhere"))
        load = lambda name: files.get(name) or found(name)  # noqa: E731
        monkeypatch.setattr(levels, "load", load)
        monkeypatch.setattr(kernel_library, "load", load)
        monkeypatch.setattr(
            kernel_library,
            "library_of",
            lambda name: None if levels.why_not(name) else load(name)[0],
        )
        monkeypatch.delenv("SKRNN_KERNELS", raising=False)
        if wanted is not None:
            monkeypatch.setenv("SKRNN_KERNELS", wanted)
        return kernel_library.running_level.__wrapped__

    return says


@pytest.mark.parametrize("there", [["baseline", "v3"], ["baseline"], []])
@pytest.mark.parametrize("wanted", ["v4", "avx2", "2"])
def test_a_level_that_is_not_there_is_an_error(there, wanted, machine):
    named = ", ".join(there) or "none"
    with pytest.raises(ValueError, match=rf"is '{wanted}', .* there are here: {named}"):
        machine(there, 3, wanted=wanted)()


FAILED = {
    "compiler": "gcc 9",
    "failures": dict.fromkeys(("baseline", "v3", "v4"), "no such flag"),
}


@pytest.mark.parametrize(
    ("compiled", "level", "report", "best", "told"),
    [
        ([], 4, None, None, r"without its kernels.*baseline: there is no file kernels"),
        ([], 0, FAILED, None, r"baseline: it did not compile with gcc 9: no such flag"),
        (["baseline"], 4, FAILED, "baseline", r"kernels of 'baseline' .*v3: .*; v4: "),
        (["baseline"], 3, FAILED, "baseline", r"more slowly .*\(v3: [^;]*\)\. Install"),
        (["baseline", "v4"], 3, None, "baseline", r"v3: there is no file kernels_v3"),
        (["v3", "v4"], 4, FAILED, None, r"did not compile with gcc 9"),
        ([], 0, FAILED | {"compiler": "none"}, None, r"it did not compile: no such"),
    ],
)
def test_kernels_that_could_run_and_are_missing_are_warned_of(
    compiled, level, report, best, told, machine
):
    with pytest.warns(NoKernelsWarning, match=told) as caught:
        assert machine(compiled, level, report)() == best
    assert len(caught) == 1
    assert f"SKRNN_KERNELS={best or 0} says" in str(caught[0].message)


@pytest.mark.parametrize(
    ("compiled", "level", "wanted", "best"),
    [
        (["baseline", "v3", "v4"], 4, None, "v4"),
        (["baseline", "v3", "v4"], 3, None, "v3"),
        (["baseline"], 0, "1", "baseline"),
        (["baseline"], 4, "baseline", "baseline"),
        ([], 4, "0", None),
    ],
)
def test_nothing_is_said_where_nothing_is_missing_or_it_is_wanted(
    compiled, level, wanted, best, machine
):
    assert machine(compiled, level, FAILED, wanted)() == best


def test_a_file_that_cannot_be_loaded_says_why(monkeypatch, tmp_path):
    monkeypatch.setattr(levels, "_FOLDER", tmp_path)
    for suffix in (".so", ".dll"):
        (tmp_path / f"kernels{suffix}").write_bytes(b"no library")
    found, why = levels.load.__wrapped__("baseline")
    assert found is None and "kernels" in why


def test_the_warning_comes_once_and_at_the_line_of_the_user():
    """In a process of its own, whose package has no libraries."""
    script = """
import numpy as np, warnings
from skrnn._kernels import levels
levels._FOLDER = levels.Path("/nowhere")
from skrnn import RNNRegressor
X = np.random.default_rng(0).normal(size=(30, 4))
model = RNNRegressor("gru", 2, max_epochs=1, n_estimators=1)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(2):
        model.fit(X, X[:, 0]).predict(X)
caught = [one for one in caught if one.category.__name__ == "NoKernelsWarning"]
print(len(caught), caught[0].filename)
"""
    assert run(script, None).stdout.split() == ["1", "<string>"]


@needs_kernels
def test_a_wrong_level_is_told_by_a_fit(monkeypatch):
    process = run(FIT, "v5")
    assert process.returncode != 0
    assert "ValueError" in process.stderr
    assert "SKRNN_KERNELS is 'v5'" in process.stderr
