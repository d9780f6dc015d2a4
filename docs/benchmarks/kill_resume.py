"""200 kills of a checkpointed fit at random moments.

A child process trains with checkpoint_dir and tells after every epoch how far it is; it
is killed (SIGKILL) after a random time and started again with resume=True. Counted are
kills that lost more than one epoch and kills that left no readable checkpoint. In the
end the weights are compared, bit for bit, with those of a run that nothing broke off.

usage: python docs/benchmarks/kill_resume.py [--quick]    (POSIX; writes kill_resume.md)
"""

import argparse
import multiprocessing
import os
import random
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from skorch.callbacks import Callback

from skrnn import RNNRegressor
from skrnn.exceptions import ModelFileError

N_KILLS = 200
MAX_EPOCHS = 100_000
RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 8))
y = X[:, -1] - X[:, 3]


class Tell(Callback):
    """Tell through a pipe how many epochs are done."""

    def __init__(self, pipe):
        self.pipe = pipe

    def __deepcopy__(self, memo):
        return self

    def on_epoch_end(self, net, **kwargs):
        self.pipe.send(len(net.history))


class Stop(Callback):
    """Note how many epochs a checkpoint holds, and stop."""

    n_epochs = None

    def on_epoch_begin(self, net, **kwargs):
        Stop.n_epochs = len(net.history)
        raise InterruptedError


def new_model(directory, max_epochs=MAX_EPOCHS, callbacks=None):
    return RNNRegressor(
        hidden_size=8,
        dropout=0.2,
        norm="batch",
        lr_schedule="exponential",
        lr_schedule_options={"gamma": 0.9999},
        early_stopping=False,
        max_epochs=max_epochs,
        checkpoint_dir=directory,
        callbacks=callbacks,
        random_state=0,
    )


def train(directory, pipe):
    new_model(directory, callbacks=[Tell(pipe)]).fit(X, y, resume=True)


def epochs_in(directory):
    Stop.n_epochs = None
    try:
        new_model(directory, callbacks=[Stop()]).fit(X, y, resume=True)
    except InterruptedError:
        pass
    return Stop.n_epochs


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.net_.module_.parameters()])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50 kills, and no table")
    is_quick = parser.parse_args().quick
    n_kills = 50 if is_quick else N_KILLS
    context = multiprocessing.get_context("fork")
    rng = random.Random(0)
    lost, n_unreadable, done = [], 0, 0
    with tempfile.TemporaryDirectory() as directory:
        for _ in range(n_kills):
            receiver, sender = context.Pipe(duplex=False)
            child = context.Process(target=train, args=(directory, sender))
            child.start()
            sender.close()
            time.sleep(rng.uniform(0.02, 0.5))
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            try:
                while True:
                    done = receiver.recv()
            except EOFError:
                pass
            try:
                lost.append(done - epochs_in(directory))
            except ModelFileError:
                n_unreadable += 1
        n_epochs = epochs_in(directory) + 50
        resumed = new_model(directory, n_epochs).fit(X, y, resume=True)
    unbroken = new_model(None, n_epochs).fit(X, y)
    is_equal = torch.equal(weights(resumed), weights(unbroken))
    text = f"""# Killed and resumed

| | |
| --- | ---: |
| kills at random moments | {n_kills} |
| checkpoints that could not be read | {n_unreadable} |
| kills that lost a finished epoch | {sum(n > 0 for n in lost)} |
| most epochs lost by one kill | {max(lost)} |
| epochs trained | {n_epochs} |
| weights equal those of an unbroken run, bit for bit | {"yes" if is_equal else "no"} |

A finished epoch is one whose end was told; its checkpoint is written right after.
torch {torch.__version__}. Made by `kill_resume.py`.
"""
    if not is_quick:
        Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
