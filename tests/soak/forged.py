"""Resume from checkpoints with every field replaced by every other value.

    python -m tests.soak.forged [--step N] [--write]

What is neither refused by `ModelFileError` nor gives the bits of an unbroken fit is
printed.
"""

import argparse
import collections
import faulthandler
import sys
import tempfile
import warnings
from pathlib import Path

from sklearn.base import clone
from skorch.callbacks import Callback

from skrnn import RNNRegressor
from tests.forgery import forgeries, outcome
from tests.soak.results import write_row
from tests.support import samples_with_target

KINDS = {
    "compiled": {},
    "autograd": {"norm": "batch", "ema_decay": 0.9, "lr_schedule": "one_cycle"},
    "plateau": {"lr_schedule": "plateau", "optimizer": "nadam", "bidirectional": True},
    "momentum": {"optimizer": "sgd", "lr_schedule": "cosine", "scale": False},
}


class Stop(Callback):
    """Break off after some epochs."""

    def on_epoch_begin(self, net, **kwargs):
        """Raise in the third."""
        if len(net.history) == 3:
            raise OSError("the machine went down")


def broken_off(directory, **options):
    """A model whose fit broke off, its data, and an unbroken fit."""
    X, y = samples_with_target(40)
    model = RNNRegressor(
        **{"hidden_size": 4, "max_epochs": 4, "n_estimators": 1, "random_state": 0}
        | options
    )
    unbroken = clone(model).fit(X, y)
    model.set_params(checkpoint_dir=directory)
    try:
        clone(model).set_params(callbacks=[Stop()]).fit(X, y)
    except OSError:
        (Path(directory) / "checkpoint-previous.skrnn").unlink()
    return model, X, y, unbroken


def main():
    """Run all; return how many outcomes are at fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="try every n-th file")
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    n_faults = 0
    for name, more in KINDS.items():
        with tempfile.TemporaryDirectory() as directory:
            model, X, y, unbroken = broken_off(directory, **more)
            path, counts = Path(directory) / "checkpoint.skrnn", collections.Counter()
            for what, forged in forgeries(path, options.step):
                faulthandler.dump_traceback_later(120, exit=True)
                told = outcome(clone(model), X, y, path, forged, unbroken)
                faulthandler.cancel_dump_traceback_later()
                counts[told if told in ("refused", "same") else "fault"] += 1
                if told not in ("refused", "same"):
                    print(f"    {what}: {told}"[:300], flush=True)
            print(name, dict(counts), flush=True)
            if options.write:
                told = f"a forged field in checkpoints of {name}"
                if options.step > 1:
                    told += f", one file in {options.step}"
                write_row(__file__, told, counts.total(), counts["fault"])
            n_faults += counts["fault"]
    return n_faults


if __name__ == "__main__":
    sys.exit(bool(main()))
