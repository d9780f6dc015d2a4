"""KeyboardInterrupt at every place where CPython looks for signals, one by one.

CPython 3.11 looks for signals at the first instruction of a function and of a generator
that goes on, after a call, and where a loop jumps back. A trace function sees every
instruction: here it raises before that which follows such a place, which is what the
interpreter does.
"""

import dis
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sklearn.base import clone

import skrnn
from skrnn import RNNClassifier, RNNRegressor
from skrnn._kernels.scopes import open_scopes
from skrnn._kernels.threads import current_pool

_FOLDER = str(Path(skrnn.__file__).parent)
_LOOKS = {
    dis.opmap[name]
    for name in ("CALL", "CALL_FUNCTION_EX", "CALL_FUNCTION", "CALL_METHOD")
    if name in dis.opmap
}
_LOOKS |= {
    number
    for name, number in dis.opmap.items()
    if name.startswith(("JUMP_BACKWARD", "POP_JUMP_BACKWARD"))
    and not name.endswith("NO_INTERRUPT")
}


class Interrupts:
    """A trace function that counts places, and raises at one of them.

    Parameters
    ----------
    at : int or None
        Number of the place, from 0; None counts only.
    error : class
        What is raised.
    again : int, default=None
        After how many places it is raised a second time.
    """

    def __init__(self, at=None, error=KeyboardInterrupt, again=None):
        self.where, self.all_places = [], []
        self.error = error
        self._at = set() if at is None else {at}
        if again is not None:
            self._at.add(at + again)
        self._last = {}

    @property
    def n_places(self):
        """How many places there were."""
        return len(self.all_places)

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if not code.co_filename.startswith(_FOLDER):
            # What is called of the standard library in between is traced, too.
            if "contextlib" not in code.co_filename:
                return None
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            self._last[id(frame)] = None
            self._place(frame)
        elif event == "opcode":
            last = self._last.get(id(frame))
            self._last[id(frame)] = code.co_code[frame.f_lasti]
            if last in _LOOKS:
                self._place(frame)
        elif event == "return":
            self._last.pop(id(frame), None)
        return self

    def _place(self, frame):
        number = len(self.all_places)
        self.all_places.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        if number in self._at:
            self.where.append(self.all_places[-1])
            # The last instruction is not to count twice.
            self._last[id(frame)] = None
            raise self.error


def run_interrupted(function, at=None, **options):
    """Call a function with an interrupt, which goes no further than this.

    Returns
    -------
    Interrupts
        What happened.
    """
    interrupts = Interrupts(at, **options)
    hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None
    sys.settrace(interrupts)
    try:
        function()
    except interrupts.error:
        pass
    finally:
        sys.settrace(None)
        sys.unraisablehook = hook
    return interrupts


class Scenario:
    """Something that is interrupted, and what has to hold afterwards.

    Parameters
    ----------
    work : callable
        What is interrupted.
    result : callable
        Gives an array, the same bits before and after.
    """

    def __init__(self, work, result):
        self.work, self._result = work, result
        self._expected = result()
        work()
        self._before = state_of_process()

    def check(self, interrupts):
        """Raise AssertionError where something is not as it was."""
        where = interrupts.where
        self._check_state(f"after {where}")
        assert np.array_equal(self._result(), self._expected), where
        self._check_state(f"in the call after {where}")

    def _check_state(self, when):
        end = time.monotonic() + 2
        # A thread that has ended and was waited for is listed a little longer.
        while (after := state_of_process()) != self._before and time.monotonic() < end:
            time.sleep(0.001)
        changed = {k: (self._before[k], v) for k, v in after.items()}
        changed = {k: pair for k, pair in changed.items() if pair[0] != pair[1]}
        assert not changed, f"{changed} {when}"


def state_of_process():
    """Counts (dict) that no call of skrnn may change for good."""
    pool = current_pool()
    return {
        "threads": threading.active_count(),
        "native threads": len(list(Path("/proc/self/task").glob("*"))),
        "threads of torch": torch.get_num_threads(),
        "records gradients": torch.is_grad_enabled(),
        "inference mode": torch.is_inference_mode_enabled(),
        "flushes denormals": float(torch.full((1,), 1e-40) / 2) == 0.0,
        "open scopes": len(open_scopes()),
        "pool": None if pool is None else pool.handle,
    }


def scenarios():
    """Return functions (dict by name) that make the scenarios."""
    return {
        f"{what} of {name}": partial(_scenario, name, what)
        for name in ("compiled", "bidirectional", "classifier")
        for what in ("predict", "fit")
    }


def _scenario(name, what):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(130, 6)), rng.normal(size=130)
    options = {"hidden_size": 5, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
    options |= {"batch_size": 64, "early_stopping": True}
    if name == "classifier":
        X, y = X[:60], y[:60] > 0
        options |= {"n_kernels": 84, "bidirectional": False, "n_iter_no_change": 9}
        model = RNNClassifier(**options)
    else:
        model = RNNRegressor(**options, bidirectional=name == "bidirectional")
    model.fit(X, y)
    result = partial(model.predict, X)
    if name == "classifier":
        result = partial(model.predict_proba, X)
    if what == "predict":
        return Scenario(result, result)

    def fit():
        return clone(model).fit(X, y)

    return Scenario(fit, lambda: fit().predict(X))
