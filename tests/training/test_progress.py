"""What a fit writes: a bar in a terminal, a line in a file or a worker."""

import io
import os
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from numpy.testing import assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNClassifier, RNNRegressor
from skrnn._training.progress import EpochProgress
from skrnn.exceptions import NonFiniteLossError

X = np.random.default_rng(0).normal(size=(40, 5))
y = X[:, -1]
LINE = (
    r"RNNRegressor: 3/3 epochs, loss [-+.e\d]+, validation [-+.e\d]+, best epoch \d\n"
)


SMALL = {"hidden_size": 6, "n_estimators": 1, "random_state": 0}


def new_model(verbose, **options):
    defaults = {"hidden_size": 3, "max_epochs": 3, "tol": 9, "random_state": 0}
    options = defaults | {"n_estimators": 1} | options
    return RNNRegressor(**options, verbose=verbose)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def open_terminal(monkeypatch):
    """Make the standard error output a stream that says it is a terminal."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_silent_by_default(capfd):
    new_model(0).fit(X, y).predict(X)
    new_model(0).partial_fit(X, y)
    assert capfd.readouterr() == ("", "")


def test_silent_in_a_terminal(monkeypatch):
    terminal = open_terminal(monkeypatch)
    new_model(0).fit(X, y)
    assert terminal.getvalue() == ""


def test_one_line_a_fit_in_a_file(capfd):
    model = new_model(1).fit(X, y)
    out, err = capfd.readouterr()
    assert out == ""
    assert re.fullmatch(LINE, err)
    assert f"loss {model.loss_curve_[-1]:.4g}" in err
    assert f"validation {model.validation_loss_curve_[-1]:.4g}" in err
    model.fit(X, y)
    assert re.fullmatch(LINE, capfd.readouterr().err)


def test_line_without_validation(capfd):
    new_model(1, early_stopping=False).fit(X, y)
    assert re.fullmatch(
        r"RNNRegressor: 3/3 epochs, loss [-+.e\d]+\n", capfd.readouterr().err
    )


def test_line_of_a_fit_that_stopped_early(capfd):
    model = new_model(1, max_epochs=50, n_iter_no_change=2, tol=10.0).fit(X, y)
    assert model.n_iter_ == 3
    assert capfd.readouterr().err.startswith("RNNRegressor: 3/50 epochs, ")


def test_line_names_the_estimator(capfd):
    model = RNNClassifier(hidden_size=3, max_epochs=2, random_state=0, verbose=1)
    model.set_params(n_estimators=1).fit(X, y > 0)
    assert capfd.readouterr().err.startswith("RNNClassifier: 2/2 epochs, ")


def test_a_line_for_each_of_several_networks(capfd):
    new_model(1, n_estimators=3).fit(X, y)
    lines = capfd.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"RNNRegressor {i}/3" for i in (1, 2, 3)
    ]


def test_line_of_partial_fit(capfd):
    new_model(1).partial_fit(X, y)
    assert capfd.readouterr().err.startswith("RNNRegressor: 1/1 epochs, ")


def test_failed_fit_ends_its_line(capfd):
    model = new_model(
        1, optimizer="sgd", learning_rate=1e30, max_grad_norm=None, max_epochs=9
    )
    with pytest.raises(NonFiniteLossError):
        model.fit(X, y)
    assert re.fullmatch(r"RNNRegressor: \d/9 epochs.*\n", capfd.readouterr().err)


def test_one_line_a_fit_in_threads(monkeypatch):
    """Several bars would write over each other, so a thread writes its line."""
    terminal = open_terminal(monkeypatch)
    threads = [threading.Thread(target=new_model(1).fit, args=(X, y)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(re.findall(LINE.removesuffix(r"\n"), terminal.getvalue())) == 3
    assert "\r" not in terminal.getvalue()


def test_one_line_a_fit_in_workers(capfd):
    models = [new_model(1) for _ in range(2)]
    # Workers that another test left behind would write where that one listened.
    get_reusable_executor().shutdown(wait=True)
    Parallel(n_jobs=2)(delayed(model.fit)(X, y) for model in models)
    err = capfd.readouterr().err
    assert len(re.findall(LINE.removesuffix(r"\n"), err)) == 2
    assert "it/s" not in err


def test_bar_in_a_terminal(monkeypatch):
    terminal = open_terminal(monkeypatch)
    new_model(1).fit(X, y)
    shown = terminal.getvalue()
    assert "\r" in shown
    assert "RNNRegressor: 100%" in shown
    assert "3/3" in shown
    assert "loss=" in shown
    assert not re.search(LINE, shown)


def test_bar_in_a_pseudo_terminal():
    pty = pytest.importorskip("pty")
    termios = pytest.importorskip("termios")
    code = (
        "import numpy as np; from skrnn import RNNRegressor;"
        "X = np.ones((20, 3)); X[::2] = 0;"
        "options = {'hidden_size': 2, 'max_epochs': 2, 'n_estimators': 1};"
        "RNNRegressor(**options, verbose=1).fit(X, X[:, 0])"
    )
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with open(ours, "rb", buffering=0) as reader:
        with open(theirs, "wb", buffering=0) as writer:
            shown = subprocess.run(
                [sys.executable, "-c", code],
                stderr=writer,
                stdout=subprocess.PIPE,
                check=True,
            )
        text = os.read(reader.fileno(), 2**16).decode()
    assert shown.stdout == b""
    assert "RNNRegressor: 100%" in text
    assert "2/2" in text


def test_bar_counts_epochs(monkeypatch):
    terminal = open_terminal(monkeypatch)
    progress = EpochProgress("fit", 4)
    progress.update(loss=0.5)
    progress.update(loss=0.25, validation=2.0)
    progress.close()
    last = terminal.getvalue().rstrip().rpartition("\r")[2]
    assert "fit:  50%" in last
    assert "2/4" in last
    assert "loss=0.25, validation=2" in last


def test_table_has_a_line_an_epoch(capfd):
    new_model(2).fit(X, y)
    out, err = capfd.readouterr()
    assert err == ""
    header, rule, *epochs = out.strip().splitlines()
    assert "train_loss" in header
    assert "valid_loss" in header
    assert set(rule) <= set("- ")
    assert [line.split()[0] for line in epochs] == ["1", "2", "3"]


def test_table_stands_in_columns(capfd):
    model = RNNRegressor(**SMALL | {"n_estimators": 2}, max_epochs=4, verbose=2)
    model.fit(X, y)
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "RNNRegressor 1/2"
    table = lines[1 : lines.index("RNNRegressor 2/2")]
    assert table[0].split()[:4] == ["epoch", "train_loss", "valid_loss", "best"]
    assert len({len(line) for line in table}) == 1
    net = model.nets_[0]
    for line, epoch in zip(table[2:], net.history, strict=True):
        number, train, valid, _, _, left = line.split()
        assert number == str(epoch["epoch"])
        assert float(train) == pytest.approx(epoch["train_loss"], rel=1e-4)
        assert float(valid) == pytest.approx(epoch["valid_loss"], rel=1e-4)
        assert left.startswith("<")
    best = table[1 + net.best_weights.best_epoch_].split()[3]
    assert best == "*"
    assert "\x1b" not in "".join(lines)  # no colours


def test_bar_tells_the_best_epoch_and_when_it_may_stop(monkeypatch):
    open_terminal(monkeypatch)
    progress = EpochProgress("fit", 40)
    progress.update(best=1, stop=16, loss=0.5)
    assert progress._bar.postfix == "loss=0.5, best epoch=1, may stop at=16"
    progress.update(best=2, stop=40, loss=0.25)
    assert progress._bar.postfix == "loss=0.25, best epoch=2"
    progress.close()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_verbosity_of_a_training_that_goes_on(method, capfd):
    model = new_model(0, warm_start=True, callbacks=[Callback()]).fit(X, y)
    twin = new_model(0, warm_start=True, callbacks=[Callback()]).fit(X, y)
    n_epochs = 3 if method == "fit" else 1
    assert capfd.readouterr() == ("", "")
    for verbose in (1, 2, 0, 2, 1, 0):
        model.verbose = verbose
        getattr(model, method)(X, y)
        getattr(twin, method)(X, y)
        out, err = capfd.readouterr()
        assert err.count(f"{n_epochs}/{n_epochs} epochs") == (verbose == 1)
        assert out.count("train_loss") == (verbose == 2)
        names = [name for name, _ in model.net_.callbacks_]
        fresh = new_model(verbose, callbacks=[Callback()], max_epochs=1).fit(X, y)
        assert names == [name for name, _ in fresh.net_.callbacks_]
        assert model.net_.verbose == fresh.net_.verbose
        capfd.readouterr()
    assert_array_equal(model.predict(X), twin.predict(X))


def test_verbosity_changes_no_bit(capfd):
    predictions = [new_model(v).fit(X, y).predict(X).tobytes() for v in (0, 1, 2)]
    assert len(set(predictions)) == 1
    assert capfd.readouterr().err.count("\n") == 1


def test_progress_in_a_file_is_one_line_a_fit(capsys):
    model = RNNRegressor(**SMALL, max_epochs=3, verbose=1).fit(X, y)
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1
    assert shown.err.startswith("RNNRegressor: 3/3 epochs, loss ")
    assert shown.out == ""
    clone(model).set_params(verbose=0).fit(X, y)
    assert capsys.readouterr() == ("", "")
    clone(model).set_params(verbose=2).fit(X, y)
    table = capsys.readouterr().out
    assert "train_loss" in table
    assert len(table.strip().splitlines()) == 2 + 3


def test_progress_bar_in_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    RNNRegressor(**SMALL, max_epochs=3, verbose=1).fit(X, y)
    shown = capsys.readouterr().err
    assert "100%" in shown
    assert "3/3" in shown


NOTEBOOK = """
import sys, types
class ZMQInteractiveShell:
    kernel, config = None, {"IPKernelApp": {}}
ipython = types.ModuleType("IPython")
ipython.get_ipython = ZMQInteractiveShell
sys.modules |= {"IPython": ipython, "ipykernel.zmqshell": ipython, "ipywidgets": None}
from skrnn._training.progress import EpochProgress
progress = EpochProgress("fit", 2)
progress.update(loss=0.5)
progress.update(loss=0.25)
progress.close()
"""


def test_a_notebook_without_widgets_shows_the_bar_of_a_terminal():
    command = [sys.executable, "-c", NOTEBOOK]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "fit: 100%" in shown.stderr
    assert "loss=0.25" in shown.stderr
    assert "IProgress" not in shown.stderr  # no warning of what is missing
