"""A small convolutional network with as many weights as the recurrent ones."""

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping
from skorch.dataset import Dataset
from skorch.helper import predefined_split


class SmallCNN(torch.nn.Module):
    """Three convolutions over time, the maximum over it, and a linear layer."""

    def __init__(self, n_features, n_outputs, channels=28):
        super().__init__()
        layers, width = [], n_features
        for dilation in (1, 2, 4):
            convolution = torch.nn.Conv1d(
                width, channels, 5, padding="same", dilation=dilation
            )
            layers += [convolution, torch.nn.ReLU()]
            width = channels
        self.layers = torch.nn.Sequential(*layers)
        self.head = torch.nn.Linear(channels, n_outputs)

    def forward(self, x):
        states = self.layers(x.transpose(1, 2))  # (N, C, L)
        return self.head(states.amax(dim=2))


class CNN:
    """It with scaling and early stopping, for classes or for a number.

    Parameters
    ----------
    n_outputs : int
        Classes, or 1 for a number.
    max_epochs, batch_size, learning_rate, patience : int, int, float, int
        Of the training.
    seed : int
        Of the initial weights and the order of the samples.
    """

    def __init__(
        self, n_outputs, *, max_epochs, batch_size, learning_rate, patience, seed
    ):
        self.n_outputs, self.seed = n_outputs, seed
        self.options = {
            "max_epochs": max_epochs,
            "batch_size": batch_size,
            "lr": learning_rate,
            "callbacks": [EarlyStopping(patience=patience, load_best=True)],
        }
        self.is_classifier = n_outputs > 1

    def fit(self, X, y, X_val, y_val):
        torch.manual_seed(self.seed)
        self.moments = X.mean((0, 1)), X.std((0, 1)) + 1e-9
        if not self.is_classifier:
            self.level = y.mean(), y.std()
        kind = torch.nn.CrossEntropyLoss if self.is_classifier else torch.nn.MSELoss
        valid = Dataset(self._scaled(X_val), self._targets(y_val))
        self.net = NeuralNet(
            SmallCNN,
            module__n_features=X.shape[2],
            module__n_outputs=self.n_outputs,
            criterion=kind,
            optimizer=torch.optim.Adam,
            iterator_train__shuffle=True,
            train_split=predefined_split(valid),
            verbose=0,
            **self.options,
        ).fit(self._scaled(X), self._targets(y))
        self.n_epochs = len(self.net.history)
        return self

    def predict(self, X):
        outputs = self.net.predict(self._scaled(X))
        if self.is_classifier:
            return outputs.argmax(axis=1)
        return outputs[:, 0] * self.level[1] + self.level[0]

    def _targets(self, y):
        if self.is_classifier:
            return y.astype(np.int64)
        return ((y - self.level[0]) / self.level[1]).astype(np.float32)[:, None]

    def _scaled(self, X):
        mean, scale = self.moments
        return ((X - mean) / scale).astype(np.float32)

    @property
    def n_weights(self):
        return sum(w.numel() for w in self.net.module_.parameters())
