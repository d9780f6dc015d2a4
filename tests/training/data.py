"""Samples, a small model and callbacks of the tests of the training."""

from skorch.callbacks import Callback

from skrnn._training.net import SequenceNet
from tests.support import samples_with_target

X, y = samples_with_target(noise=0.0)
SMALL = {"hidden_size": 6, "n_estimators": 1, "random_state": 0}
DIVERGING = {"optimizer": "sgd", "learning_rate": 1e30, "max_grad_norm": None}


class Recorder(Callback):
    """Remember the training loss of each epoch."""

    def __init__(self):
        self.calls = []

    def on_epoch_end(self, net, **kwargs):
        self.calls.append(net.history[-1]["train_loss"])


class InterruptInEpoch(Callback):
    """Interrupt the second batch of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training=False, **kwargs):
        epochs = net.history
        if training and len(epochs) == self.epoch and len(epochs[-1]["batches"]) == 2:
            raise KeyboardInterrupt


def interrupt_in_epoch(monkeypatch, number):
    """Interrupt the first batch of an epoch."""
    original = SequenceNet._set_training

    def set_training(self, training=True):
        if training and len(self.history) == number:
            raise KeyboardInterrupt
        return original(self, training)

    monkeypatch.setattr(SequenceNet, "_set_training", set_training)
