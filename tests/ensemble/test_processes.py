"""Other processes and threads: what is fitted or predicted there has the same bits."""

import multiprocessing
import os
import threading
import warnings

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from skrnn import RNNRegressor
from skrnn._kernels.threads import _torch_threads, kernel_threads, single_thread
from tests.support import samples_with_target

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
X, y = samples_with_target(130)
OPTIONS = {"hidden_size": 5, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
MODELS = {
    "compiled": RNNRegressor(**OPTIONS),
    "layers": RNNRegressor(**OPTIONS, bidirectional=True, norm="layer"),
}


def work(fitted, pipe=None):
    """Predict, fit and predict; the bytes of it all, also through a pipe."""
    again = RNNRegressor(**fitted.get_params()).fit(X, y)
    told = fitted.predict(X).tobytes() + again.predict(X).tobytes()
    if pipe is not None:
        pipe.send_bytes(told)
    return told


def start(method, fitted):
    """Have `work` done in a process that is started by a method; it, and its pipe."""
    context = multiprocessing.get_context(method)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(fitted, sender))
    with warnings.catch_warnings():
        # From Python 3.12 on, of a process that has threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    sender.close()
    return process, receiver


def told_by(process, receiver):
    """What such a process gives."""
    try:
        assert receiver.poll(120), "it hangs"
        told = receiver.recv_bytes()
        process.join(30)
        assert process.exitcode == 0
    finally:
        process.kill()
        process.join()
    return told


@pytest.fixture(scope="module", params=MODELS)
def fitted(request):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield MODELS[request.param].fit(X, y)
    torch.set_num_threads(before)


@needs_fork
def test_a_forked_process_gives_the_same_bits(fitted):
    expected = work(fitted)
    assert told_by(*start("fork", fitted)) == expected


def test_new_processes_give_the_same_bits():
    model = MODELS["compiled"].fit(X, y)
    # At the same time: each imports torch first.
    methods = {"spawn", "forkserver"} & {*multiprocessing.get_all_start_methods()}
    started = [start(method, model) for method in methods]
    expected = work(model)
    assert [told_by(*process) for process in started] == [expected] * len(methods)


class Fork(Callback):
    """Fork in the midst of a training, whose pool of threads is open."""

    def __init__(self, fitted):
        self.fitted = fitted

    def on_epoch_end(self, net, **kwargs):
        self.told_ = told_by(*start("fork", self.fitted))


@needs_fork
def test_a_process_that_was_forked_in_a_training_gives_the_same_bits(fitted):
    model = RNNRegressor(**fitted.get_params()).set_params(callbacks=[Fork(fitted)])
    expected = work(fitted)
    # skorch's callbacks are copied with their estimator.
    told = dict(model.fit(X, y).net_.callbacks_)["Fork"].told_
    assert told == expected


def forked(function):
    """Call a function in a forked process that then ends; its exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            function()
            code = 0
        finally:
            os._exit(code)
    timer = threading.Timer(60, os.kill, (pid, 9))
    timer.start()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    timer.cancel()
    timer.join()
    return code


@needs_fork
def test_a_pool_of_the_parent_is_used_and_closed_by_the_child(fitted):
    torch.set_num_threads(2)
    expected = work(fitted)
    scope = kernel_threads(2)

    def use_and_close():
        assert work(fitted) == expected
        scope._finish()

    with scope:
        assert forked(use_and_close) == 0
        assert work(fitted) == expected


@needs_fork
def test_threads_of_the_parent_hold_nothing_in_the_child():
    torch.set_num_threads(2)
    begun, end = threading.Event(), threading.Event()

    def hold():
        with single_thread(), _torch_threads._lock:
            begun.set()
            end.wait(60)

    def look():
        assert torch.get_num_threads() == 2
        with single_thread() as n_threads:
            assert torch.get_num_threads() == 1
        assert n_threads >= 1
        assert torch.get_num_threads() == 2

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert begun.wait(60)
        assert forked(look) == 0
    finally:
        end.set()
        thread.join()
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("n_models", [1, 8])
def test_eight_threads_predict_at_once(n_models):
    options = [{"random_state": i, "bidirectional": i % 2 == 1} for i in range(8)]
    models = [RNNRegressor(**OPTIONS | more).fit(X, y) for more in options[:n_models]]
    expected = [model.predict(X) for model in models]
    wrong, n_threads = [], torch.get_num_threads()
    barrier = threading.Barrier(8)

    def predict(number):
        barrier.wait()
        for _ in range(10):
            which = number % n_models
            if not np.array_equal(models[which].predict(X), expected[which]):
                wrong.append(number)

    threads = [threading.Thread(target=predict, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert torch.get_num_threads() == n_threads
