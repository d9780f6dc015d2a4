"""Two fits do not write into one folder, and what a kill leaves blocks nobody."""

import subprocess
import sys
import threading

import pytest
from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNRegressor
from skrnn._training.folder_lock import FolderLock
from tests.support import same_fit, samples_with_target

X, y = samples_with_target(40)
OPTIONS = {"hidden_size": 4, "max_epochs": 3, "n_estimators": 2, "random_state": 0}


def test_a_folder_is_of_one_at_a_time(tmp_path):
    with FolderLock(tmp_path / "new" / "folder"):
        with pytest.raises(BlockingIOError, match="in use by another fit"):
            with FolderLock(tmp_path / "new" / "folder"):
                pass
        with FolderLock(tmp_path):
            pass
    with FolderLock(tmp_path / "new" / "folder"):
        pass


HOLD = """
import sys
from skrnn._training.folder_lock import FolderLock
with FolderLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_the_lock_of_a_killed_process_is_gone(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout.readline().strip() == b"held"
    with pytest.raises(BlockingIOError), FolderLock(tmp_path):
        pass
    child.kill()
    child.communicate()
    with FolderLock(tmp_path):
        pass


class Hold(Callback):
    """Hold the first epoch up until another fit has been tried."""

    begun, go_on = threading.Event(), threading.Event()

    def on_epoch_begin(self, net, **kwargs):
        self.begun.set()
        assert self.go_on.wait(60)

    def __deepcopy__(self, memo):
        return self


def test_a_second_fit_is_told_and_the_first_goes_on(tmp_path):
    model = RNNRegressor(**OPTIONS, checkpoint_dir=tmp_path)
    first = clone(model).set_params(callbacks=[Hold()])
    thread = threading.Thread(target=first.fit, args=(X, y))
    thread.start()
    try:
        assert Hold.begun.wait(60)
        for resume in (False, True):
            with pytest.raises(BlockingIOError, match="give each fit a folder"):
                clone(model).fit(X, y, resume=resume)
    finally:
        Hold.go_on.set()
        thread.join()
    assert same_fit(first, RNNRegressor(**OPTIONS).fit(X, y))
    assert same_fit(clone(model).fit(X, y, resume=True), first)


def test_a_folder_that_cannot_be_written_to_is_found_before_training(tmp_path):
    class Count(Callback):
        n_begun = 0

        def on_train_begin(self, net, **kwargs):
            Count.n_begun += 1

    (tmp_path / "file").touch()
    model = RNNRegressor(**OPTIONS, callbacks=[Count()])
    model.set_params(checkpoint_dir=tmp_path / "file" / "folder")
    with pytest.raises(OSError, match="cannot be written to, so nothing was trained"):
        model.fit(X, y)
    assert Count.n_begun == 0
