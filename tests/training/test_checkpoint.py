"""Checkpoints: resuming gives the bits of an unbroken run, whatever happens."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from skrnn._training.checkpoint import Checkpoint
from skrnn.exceptions import ModelFileError
from tests.support import same_fit, samples_with_target

X, y = samples_with_target()
OPTIONS = {
    "hidden_size": 6,
    "learning_rate": 0.01,
    "num_layers": 2,
    "dropout": 0.2,
    "recurrent_dropout": 0.1,
    "input_noise": 0.1,
    "norm": "batch",
    "lr_schedule": "cosine",
    "lr_schedule_options": {"T_max": 12},
    "max_epochs": 12,
    "n_estimators": 2,
    "random_state": 3,
}


class Stop(Callback):
    """End the process's fit in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, **kwargs):
        if len(net.history) > self.epoch:
            raise OSError("the machine went down")


def broken_off(model, epoch, X=X, y=y):
    """Train until some batch of the epoch after `epoch`."""
    with pytest.raises(OSError, match="went down"):
        clone(model).set_params(callbacks=[Stop(epoch)]).fit(X, y)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", "plateau", None])
@pytest.mark.parametrize(("epoch", "n_estimators"), [(1, 1), (7, 2)])
def test_resumed_is_unbroken(tmp_path, epoch, n_estimators, schedule):
    options = OPTIONS | {"lr_schedule": schedule, "lr_schedule_options": None}
    options["n_estimators"] = n_estimators
    unbroken = RNNRegressor(**options).fit(X, y)
    model = RNNRegressor(**options, checkpoint_dir=tmp_path)
    broken_off(model, epoch)
    resumed = clone(model).fit(X, y, resume=True)
    assert same_fit(resumed, unbroken)
    assert (resumed.predict(X) == unbroken.predict(X)).all()


def test_resuming_classes_windows_weights_and_validation_data(tmp_path):
    windows = SlidingWindow(5, horizon=1).fit_transform(y[:, None])
    labels = np.where(y > 0, "up", "down")
    options = OPTIONS | {"class_weight": "balanced", "n_iter_no_change": 3}
    more = {"X_val": windows[60:], "y_val": labels[60:]}
    weight = np.arange(60.0)
    model = RNNClassifier(**options, checkpoint_dir=tmp_path / "deep" / "inside")
    unbroken = clone(model).set_params(checkpoint_dir=None)
    unbroken.fit(windows[:60], labels[:60], weight, **more)
    with pytest.raises(OSError, match="went down"):
        clone(model).set_params(callbacks=[Stop(2)]).fit(
            windows[:60], labels[:60], weight, **more
        )
    resumed = clone(model).fit(windows[:60], labels[:60], weight, **more, resume=True)
    assert same_fit(resumed, unbroken)


def test_nothing_to_resume_starts_afresh(tmp_path):
    model = RNNRegressor(**OPTIONS, checkpoint_dir=tmp_path / "new")
    assert same_fit(model.fit(X, y, resume=True), RNNRegressor(**OPTIONS).fit(X, y))


def test_a_finished_fit_is_returned(tmp_path):
    class Count(Callback):
        n_epochs = 0

        def on_epoch_begin(self, net, **kwargs):
            Count.n_epochs += 1

    model = RNNRegressor(**OPTIONS, checkpoint_dir=str(tmp_path)).fit(X, y)
    again = clone(model).set_params(callbacks=[Count()], verbose=0)
    assert same_fit(again.fit(X, y, resume=True), model)
    assert Count.n_epochs == 0
    stalled = RNNRegressor(
        **OPTIONS | {"max_epochs": 90, "n_iter_no_change": 2, "tol": 0.1},
        checkpoint_dir=tmp_path,
    ).fit(X, y)
    assert stalled.n_iter_ < 90
    again = clone(stalled).set_params(callbacks=[Count()])
    assert same_fit(again.fit(X, y, resume=True), stalled)
    assert Count.n_epochs == 0


def test_more_epochs_go_on_from_a_finished_fit(tmp_path):
    options = OPTIONS | {"early_stopping": False}
    model = RNNRegressor(**options | {"max_epochs": 5}, checkpoint_dir=tmp_path)
    model.fit(X, y)
    longer = clone(model).set_params(max_epochs=12).fit(X, y, resume=True)
    assert same_fit(longer, RNNRegressor(**options).fit(X, y))


def test_a_new_fit_overwrites(tmp_path):
    model = RNNRegressor(**OPTIONS, checkpoint_dir=tmp_path).fit(X, y)
    other = clone(model).set_params(hidden_size=5).fit(X, y)
    assert same_fit(clone(other).fit(X, y, resume=True), other)
    with pytest.raises(ModelFileError, match="other data or other parameters"):
        clone(model).fit(X, y, resume=True)


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_size": 5},
        {"learning_rate": 0.02},
        {"random_state": 4},
        {"loss": torch.nn.L1Loss},
        {"lr_schedule_options": {"T_max": 13}},
        {"n_iter_no_change": 19},
    ],
)
def test_other_parameters_are_refused(tmp_path, change):
    model = RNNRegressor(**OPTIONS, checkpoint_dir=tmp_path)
    broken_off(model, 2)
    with pytest.raises(ModelFileError, match="other data or other parameters"):
        clone(model).set_params(**change).fit(X, y, resume=True)


def test_other_data_are_refused(tmp_path):
    model = RNNRegressor(**OPTIONS, checkpoint_dir=tmp_path)
    broken_off(model, 2)
    changed = X.copy()
    changed[3, 3] += 1e-9
    for arguments in [
        (changed, y),
        (X, -y),
        (X[:80], y[:80]),
        (X, y, np.arange(90.0) + 1),
        (list(X[:, :, None]), y),
    ]:
        with pytest.raises(ModelFileError, match="other data or other parameters"):
            clone(model).fit(*arguments, resume=True)
    with pytest.raises(ModelFileError):
        clone(model).fit(X, y, X_val=X, y_val=y, resume=True)
    # What may differ, differs.
    clone(model).set_params(verbose=0, max_time=99, device="cpu", max_epochs=4).fit(
        X, y, resume=True
    )


def test_other_series_are_other_data(tmp_path):
    # The newest rows of each series validate.
    model = RNNRegressor(**OPTIONS, checkpoint_dir=tmp_path)
    rows = pd.DataFrame(X)
    index = [np.repeat(["a", "b"], 45), np.tile(np.arange(45), 2)]
    broken_off(model, 2, rows.set_axis(pd.MultiIndex.from_arrays(index)))
    with pytest.raises(ModelFileError, match="other data"):
        clone(model).fit(rows, y, resume=True)


def test_other_labels_are_other_data(tmp_path):
    labels = np.where(y > 0, "up", "down")
    model = RNNClassifier(**OPTIONS, checkpoint_dir=tmp_path)
    broken_off(model, 2, y=labels)
    with pytest.raises(ModelFileError, match="other data"):
        clone(model).fit(X, np.where(y > 0, "hot", "cold"), resume=True)
    assert clone(model).fit(X, labels, resume=True).n_iter_ == 12


@pytest.mark.parametrize(
    ("schedule", "options"),
    [
        ("step", {"step_size": 5}),
        ("cosine", {"T_max": 12}),
        ("one_cycle", {"total_steps": 500}),
    ],
)
def test_a_schedule_as_long_as_the_fit_cannot_become_longer(
    tmp_path, schedule, options
):
    more = {"lr_schedule": schedule, "early_stopping": False}
    model = RNNRegressor(**OPTIONS | more, checkpoint_dir=tmp_path)
    model.set_params(lr_schedule_options=None, max_epochs=3).fit(X, y)
    with pytest.raises(ModelFileError, match="length of lr_schedule"):
        clone(model).set_params(max_epochs=6).fit(X, y, resume=True)
    model.set_params(lr_schedule_options=options).fit(X, y)
    resumed = clone(model).set_params(max_epochs=6).fit(X, y, resume=True)
    unbroken = RNNRegressor(**resumed.get_params() | {"checkpoint_dir": None})
    assert same_fit(resumed, unbroken.fit(X, y))


def test_memory_order_and_container_do_not_matter(tmp_path):
    model = RNNRegressor(**OPTIONS, checkpoint_dir=tmp_path)
    broken_off(model, 2)
    resumed = clone(model).fit(np.asfortranarray(X), list(y), resume=True)
    assert same_fit(resumed, RNNRegressor(**OPTIONS).fit(X, y))


def test_damaged_files(tmp_path):
    model = RNNRegressor(**OPTIONS, checkpoint_dir=tmp_path)
    broken_off(model, 4)
    unbroken = RNNRegressor(**OPTIONS).fit(X, y)
    newest = tmp_path / "checkpoint.skrnn"
    content = newest.read_bytes()
    rng = random.Random(0)
    for _ in range(20):
        damaged = bytearray(content)
        if rng.random() < 0.5:
            del damaged[rng.randrange(len(content)) :]
        else:
            damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        newest.write_bytes(damaged)
        with pytest.raises(ModelFileError, match="is not a whole checkpoint"):
            only = Checkpoint(tmp_path, "")
            only._previous = tmp_path / "none"
            only.load()
    # The one before it is still there, and does as well.
    assert same_fit(clone(model).fit(X, y, resume=True), unbroken)
    for path in tmp_path.glob("*.skrnn"):
        path.write_bytes(b"something else")
    before = dict(vars(model))
    with pytest.raises(ModelFileError, match="is not a whole checkpoint"):
        model.fit(X, y, resume=True)
    assert vars(model) == before


def test_going_on_from_a_warm_start(tmp_path):
    options = OPTIONS | {"warm_start": True, "max_epochs": 4, "linear_steps": None}
    first = RNNRegressor(**options).fit(X, y)
    unbroken = RNNRegressor(**options).fit(X, y).fit(X, y)
    first.set_params(checkpoint_dir=tmp_path).fit(X, y)
    assert same_fit(first, unbroken)
    again = RNNRegressor(**options).fit(X, y).set_params(checkpoint_dir=tmp_path)
    assert same_fit(again.fit(X, y, resume=True), unbroken)
    # From other weights than those the checkpoint began with it does not go on.
    other = RNNRegressor(**options | {"max_epochs": 3}).fit(X, y)
    other.set_params(checkpoint_dir=tmp_path)
    with pytest.raises(ModelFileError):
        other.fit(X, y, resume=True)


def test_a_file_is_no_directory(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(ValueError, match="checkpoint_dir must be a directory"):
        RNNRegressor(checkpoint_dir=path).fit(X, y)


def test_a_fresh_fit_forgets_the_networks_of_the_one_before(tmp_path):
    model = RNNRegressor(**OPTIONS | {"tol": 0.0}, checkpoint_dir=tmp_path).fit(X, y)
    (tmp_path / "left by a kill.unfinished").touch()
    assert (tmp_path / "network-2" / "checkpoint.skrnn").exists()
    broken_off(model, 4)
    assert not (tmp_path / "network-2" / "checkpoint.skrnn").exists()
    assert not list(tmp_path.glob("*.unfinished"))


def test_a_full_disk_keeps_what_was_written(tmp_path, monkeypatch):
    model, n_synced = RNNRegressor(**OPTIONS, checkpoint_dir=tmp_path), []
    fsync = os.fsync

    def full(handle):
        n_synced.append(handle)
        if len(n_synced) > 8:
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="resume=True") as error:
        clone(model).fit(X, y)
    monkeypatch.undo()
    assert error.value.errno == 28
    assert error.value.filename.endswith("checkpoint.skrnn")
    assert not list(tmp_path.glob("*.unfinished"))
    resumed = clone(model).fit(X, y, resume=True)
    assert same_fit(resumed, RNNRegressor(**OPTIONS).fit(X, y))


def test_partial_fit_leaves_checkpoints_alone(tmp_path):
    model = RNNRegressor(**OPTIONS, checkpoint_dir=tmp_path).partial_fit(X, y)
    assert not any(tmp_path.iterdir())
    assert model.n_iter_ == 1


SCRIPT = """
import sys
import numpy as np
from skorch.callbacks import Callback
from skrnn import RNNRegressor

class Tell(Callback):
    def on_epoch_end(self, net, **kwargs):
        print(len(net.history), flush=True)

X = np.random.default_rng(0).normal(size=(64, 6))
model = RNNRegressor(hidden_size=4, dropout=0.2, max_epochs=25, n_iter_no_change=25,
                     n_estimators=2, random_state=0, checkpoint_dir=sys.argv[1])
model.set_params(callbacks=[Tell()]).fit(X, X[:, -1], resume=True)
"""


class Look(Callback):
    """Note the first epoch that is yet to come, and train no further."""

    seen = []

    def on_epoch_begin(self, net, **kwargs):
        self.seen.append(len(net.history))
        raise OSError("seen enough")


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_killed_and_resumed(tmp_path):
    # docs/benchmarks/kill_resume.py does this 200 times.
    X_killed = np.random.default_rng(0).normal(size=(64, 6))
    model = RNNRegressor(
        hidden_size=4,
        dropout=0.2,
        max_epochs=25,
        n_iter_no_change=25,
        n_estimators=2,
        random_state=0,
        checkpoint_dir=tmp_path,
    )
    rng = random.Random(1)
    done = []
    for n_lines in (5, 30):  # in the first network, and in the second
        child = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path)], stdout=subprocess.PIPE
        )
        told = [int(child.stdout.readline()) for _ in range(n_lines)]
        time.sleep(rng.random() / 100)  # anywhere in an epoch, or in a checkpoint
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        Look.seen.clear()
        with pytest.raises(OSError, match="seen enough"):
            looking = clone(model).set_params(callbacks=[Look()])
            looking.fit(X_killed, X_killed[:, -1], resume=True)
        # The first network is at its end where the second was trained.
        n_done = Look.seen[0] + 25 * (tmp_path / "network-2").exists()
        assert n_done >= told[-1] - 1
        done.append(n_done)
    assert done == sorted(done)
    assert done[-1] > 25
    resumed = model.fit(X_killed, X_killed[:, -1], resume=True)
    unbroken = clone(model).set_params(checkpoint_dir=None)
    assert same_fit(resumed, unbroken.fit(X_killed, X_killed[:, -1]))
