"""Errors raised by callbacks at each hook, the first times that it is called.

    python -m tests.soak.callbacks [--times N] [--write]

A fit whose callback raises ends with that error (an interrupt, once an epoch is whole,
with a warning), the estimator is as it was, and so are threads, pools and random
states; the same fit without the callback gives the same bits as before.
"""

import argparse
import faulthandler
import sys
import warnings
from functools import partial

from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNClassifier, RNNRegressor
from tests.scenarios import OPTIONS, Scenario
from tests.soak.results import write_row
from tests.support import samples_with_target

HOOKS = ("train_begin", "epoch_begin", "batch_begin", "grad_computed", "batch_end")
HOOKS += ("epoch_end", "train_end")
SKLEARN_HOOKS = ("setup", "on_fit_task_begin", "on_fit_task_end", "teardown")
ERRORS = (KeyError, MemoryError, KeyboardInterrupt, SystemExit, StopIteration)
ERRORS += (GeneratorExit, AttributeError)
KINDS = {
    "compiled": RNNRegressor(**OPTIONS),
    "autograd": RNNRegressor(**OPTIONS, bidirectional=True, norm="layer"),
    "classifier": RNNClassifier(**OPTIONS, n_kernels=84),
}


class Raises(Callback):
    """Raise at one hook, when it is called for the n-th time.

    Parameters
    ----------
    hook : str
        Its name, without ``on_``.
    error : class
        What is raised.
    time : int
        From 1.
    """

    def __init__(self, hook, error, time):
        self.hook, self.error, self.time = hook, error, time
        self.left_ = time

    def _called(self, hook, *args, **kwargs):
        if hook == self.hook:
            self.left_ -= 1
            if self.left_ == 0:
                raise self.error("of a callback")


for _hook in HOOKS:
    setattr(
        Raises, f"on_{_hook}", lambda self, *a, _hook=_hook, **k: self._called(_hook)
    )


class RaisesForSklearn:
    """The same for a hook of scikit-learn's callbacks."""

    def __init__(self, hook, error, time):
        self._hook, self._error, self._left = hook, error, time

    def _called(self, hook, *args, **kwargs):
        if hook == self._hook:
            self._left -= 1
            if self._left == 0:
                raise self._error("of a callback")

    def setup(self, estimator, context):
        """Before a fit."""
        self._called("setup")

    def teardown(self, estimator, context):
        """After it."""
        self._called("teardown")

    def on_fit_task_begin(self, *args, **kwargs):
        """Before a fit or an epoch."""
        self._called("on_fit_task_begin")

    def on_fit_task_end(self, *args, **kwargs):
        """After it."""
        self._called("on_fit_task_end")


def new_scenario(model):
    """A fit without a callback (Scenario), and its data."""
    X, y = samples_with_target(70)
    y = y > 0 if isinstance(model, RNNClassifier) else y
    fit = partial(lambda: clone(model).fit(X, y))
    return Scenario(fit, lambda: fit().predict(X)), X, y


def fault_of(model, X, y, hook, error, time):
    """Fit with a callback that raises; tell (str) what is wrong, or None."""
    model = clone(model)
    before = dict(vars(model))
    if hook in SKLEARN_HOOKS:
        model.set_callbacks(RaisesForSklearn(hook, error, time))
    else:
        model.set_params(callbacks=[Raises(hook, error, time)])
    given = dict(vars(model)) | {"callbacks": model.callbacks}
    try:
        model.fit(X, y)
    except BaseException as raised:
        # Python makes another error of one that means the end of a generator.
        if not isinstance(raised, error) and not isinstance(raised.__cause__, error):
            return f"{type(raised).__name__} was raised"
        # Once all is trained, what follows finds the estimator fitted.
        is_late = hook in ("teardown", "on_fit_task_end") and hasattr(model, "nets_")
        changed = {
            k for k in vars(model) if k not in given and not k.startswith("_skl")
        }
        return None if is_late or not changed else f"it has {sorted(changed)[:3]}"
    if error is KeyboardInterrupt or before is None:
        return None if hasattr(model, "nets_") else "it is not fitted"
    reached = model.callbacks[0].left_ if hook not in SKLEARN_HOOKS else 1
    return None if reached >= 1 else "nothing was raised"


def main():
    """Run all; return how many outcomes are at fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="calls of each hook")
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    # Its thread is to be among those that are counted.
    faulthandler.dump_traceback_later(120, exit=True)
    n_faults = 0
    for name, model in KINDS.items():
        scenario, X, y = new_scenario(model)
        hooks = [*HOOKS, *(SKLEARN_HOOKS if hasattr(model, "set_callbacks") else ())]
        cases = [
            (hook, error, time)
            for hook in hooks
            for error in ERRORS
            for time in range(1, options.times + 1)
        ]
        faults = 0
        for case in cases:
            faulthandler.dump_traceback_later(120, exit=True)
            fault = fault_of(model, X, y, *case)
            try:
                scenario.check(case)
            except AssertionError as changed:
                fault = changed
            if fault is not None:
                faults += 1
                print(f"    {case}: {fault}", flush=True)
        print(f"{name}: {len(cases)} errors of callbacks, {faults} faults", flush=True)
        if options.write:
            told = f"errors of callbacks, network {name}"
            write_row(__file__, told, len(cases), faults)
        n_faults += faults
    return n_faults


if __name__ == "__main__":
    sys.exit(bool(main()))
