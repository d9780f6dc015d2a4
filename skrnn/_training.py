"""The training engine: a skorch net over sequence sources."""

import copy
import math
import warnings

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import (
    Callback,
    EpochTimer,
    GradientNormClipping,
    PassthroughScoring,
    PrintLog,
)

from skrnn._progress import EpochProgress
from skrnn._recurrent import SeededDropout
from skrnn._threads import single_thread
from skrnn.exceptions import NonFiniteLossError

# A batch of validation or prediction holds about this many numbers in all states.
_EVALUATION_SIZE = 2**22


class SequenceDataset:
    """A source of sequences with its targets and weights.

    Parameters
    ----------
    source : SequenceSource
        The sequences.
    target : ndarray of shape (n_samples, n_outputs) or (n_samples,), default=None
        Targets in the units of the loss.
    weight : ndarray of shape (n_samples,), default=None
        Weights with mean 1.
    """

    def __init__(self, source, target=None, weight=None):
        self.source = source
        self.target = None if target is None else torch.as_tensor(target)
        self.weight = None if weight is None else torch.as_tensor(weight)

    def __len__(self):
        return len(self.source)


class BatchIterator:
    """Batches of a data set, in order or in an order drawn anew each time.

    Parameters
    ----------
    dataset : SequenceDataset
        What to read.
    batch_size : int
        Samples in a batch; the last one may have fewer.
    generator : torch.Generator, default=None
        Where the order comes from; None keeps the order of the rows.
    """

    def __init__(self, dataset, batch_size, generator=None):
        self.dataset = dataset
        self.batch_size = batch_size
        self.generator = generator

    def __iter__(self):
        """Yield pairs of inputs of the network and inputs of the loss."""
        data, n_samples = self.dataset, len(self.dataset)
        if self.generator is None:
            order = torch.arange(n_samples)
        else:
            order = torch.randperm(n_samples, generator=self.generator)
        for rows in order.split(self.batch_size):
            block, lengths = data.source.batch(rows.numpy())
            if block.dtype not in (np.float32, np.float64):
                block = block.astype(np.float64)
            inputs = {"x": torch.from_numpy(np.ascontiguousarray(block))}
            if lengths is not None:
                inputs["lengths"] = torch.from_numpy(lengths)
            wanted = {}
            if data.target is not None:
                wanted["target"] = data.target[rows]
            if data.weight is not None:
                wanted["weight"] = data.weight[rows]
            yield inputs, wanted


class StopTraining(Exception):
    """Ends the training loop; no error."""


class SequenceNet(NeuralNet):
    """A skorch net that trains a `RecurrentNetwork` on sequence sources.

    Early stopping, progress and clipping are skorch callbacks; users may add their
    own. The network's generator is the only source of randomness.

    Parameters
    ----------
    module : RecurrentNetwork
        The network.
    criterion : SampleLoss
        The loss.
    shuffle : bool
        Whether each epoch reads the training samples in a new order.
    max_grad_norm : float or None
        Norm to which the gradient of a batch is clipped.
    patience, tol : float
        Epochs without an improvement of the validation loss by `tol` that end the
        training.
    title : str
        What the progress bar says.
    progress : int
        0 shows nothing, 1 a progress bar, 2 a line an epoch.
    **kwargs
        Parameters of `skorch.NeuralNet`.
    """

    def __init__(
        self,
        module,
        criterion,
        *,
        shuffle=True,
        max_grad_norm=None,
        patience=10,
        tol=0.0,
        title="RecurrentNetwork",
        progress=0,
        **kwargs,
    ):
        self.shuffle = shuffle
        self.max_grad_norm = max_grad_norm
        self.patience = patience
        self.tol = tol
        self.title = title
        self.progress = progress
        super().__init__(
            module, criterion, train_split=None, dataset=SequenceDataset, **kwargs
        )

    def get_default_callbacks(self):
        """Return the callbacks that come before the user's."""
        callbacks = [
            ("epoch_timer", EpochTimer()),
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
            ("valid_loss", PassthroughScoring(name="valid_loss")),
            ("best_weights", BestWeights(self.patience, self.tol)),
            ("clip_gradient", GradientNormClipping(self.max_grad_norm)),
        ]
        if self.progress == 1:
            callbacks.append(("progress", _Progress(self.title)))
        if self.progress >= 2:
            callbacks.append(("print_log", PrintLog()))
        return callbacks

    # -- training ---------------------------------------------------------------

    def train(self, train_set, valid_set, epochs):
        """Train for up to `epochs` epochs more and keep the best weights.

        Parameters
        ----------
        train_set : SequenceDataset
            What the loss is minimised on.
        valid_set : SequenceDataset or None
            What decides when to stop; None trains for all epochs.
        epochs : int
            Upper limit.

        Raises
        ------
        NonFiniteLossError
            If the loss or a weight is NaN or infinite.
        """
        if not self.initialized_:
            self.initialize()
        self.max_epochs = epochs
        n_before = len(self.history)
        self.notify("on_train_begin", X=train_set, y=valid_set)
        try:
            with single_thread():
                self.fit_loop(train_set, valid_set, epochs=epochs)
        except StopTraining:
            pass
        except KeyboardInterrupt:
            self._keep_whole_epochs(n_before)
        finally:
            self.notify("on_train_end", X=train_set, y=valid_set)
        if not all(bool(p.isfinite().all()) for p in self.module_.parameters()):
            self._raise_non_finite("a weight of the network")

    def _keep_whole_epochs(self, n_before):
        if self.history and "train_loss" not in self.history[-1]:
            del self.history[-1]
        if len(self.history) <= n_before:
            raise KeyboardInterrupt
        warnings.warn(
            f"Training was interrupted by the user after {len(self.history)} epochs; "
            "the estimator keeps the best weights so far.",
            UserWarning,
        )

    def get_split_datasets(self, X, y=None, **fit_params):
        """Return training and validation set, which are made by the estimator."""
        return X, y

    def get_iterator(self, dataset, training=False):
        """Return the batches of a data set."""
        if not isinstance(dataset, SequenceDataset):
            raise TypeError(
                f"The net of an skrnn estimator reads a SequenceDataset, got "
                f"{type(dataset).__name__}. Call predict of the estimator instead."
            )
        if training:
            batch_size = self.batch_size or len(dataset)
            # The order within a single batch is of no consequence.
            is_shuffled = self.shuffle and batch_size < len(dataset)
            generator = self.module_.generator if is_shuffled else None
            return BatchIterator(dataset, batch_size, generator)
        return BatchIterator(dataset, self._evaluation_batch(dataset.source))

    def _evaluation_batch(self, source):
        stack = self.module_.stack
        states = 6 * stack.output_size * len(stack.layers) + source.n_features
        return int(
            np.clip(_EVALUATION_SIZE // (states * source.max_steps + 1), 1, 1024)
        )

    def notify(self, method_name, **cb_kwargs):
        """Call a hook of every callback, then stop if one of them wants to."""
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt:
            if method_name != "on_epoch_end":
                raise
            # How skorch's own callbacks stop the training.
            raise StopTraining from None
        if method_name == "on_epoch_end" and self.best_weights.is_stalled:
            raise StopTraining

    @property
    def best_weights(self):
        """The callback that keeps the best weights."""
        return dict(self.callbacks_)["best_weights"]

    def on_epoch_begin(self, net, **kwargs):
        """Open a new epoch and forget the batches of the one before."""
        if self.history:
            self.history[-1]["batches"].clear()
        super().on_epoch_begin(net, **kwargs)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the weighted loss of a batch."""
        wanted = {name: value.to(y_pred.device) for name, value in y_true.items()}
        return self.criterion_(y_pred, **wanted)

    def train_step(self, batch, **fit_params):
        """Take one optimiser step; refuse to go on from a loss that is not finite."""
        step = super().train_step(batch, **fit_params)
        if not math.isfinite(step["loss"].item()):
            self._raise_non_finite("the training loss")
        return step

    def validation_step(self, batch, **fit_params):
        """Evaluate one batch; refuse a loss that is not finite."""
        step = super().validation_step(batch, **fit_params)
        if not math.isfinite(step["loss"].item()):
            self._raise_non_finite("the validation loss")
        return step

    def _raise_non_finite(self, what):
        batch = len(self.history[-1]["batches"])
        rate = self.optimizer_.param_groups[0]["lr"]
        raise NonFiniteLossError(
            f"Training diverged: {what} is not finite in epoch {len(self.history)}, "
            f"batch {batch}, at learning rate {rate:g}. Lower learning_rate, set "
            "max_grad_norm, or look for extreme values in y."
        )

    def change(
        self,
        *,
        learning_rate,
        batch_size,
        shuffle,
        dropout,
        max_grad_norm,
        patience,
        tol,
    ):
        """Take over parameters that may differ in a training that goes on."""
        if self.lr != learning_rate:
            self.set_params(lr=learning_rate)
        self.batch_size, self.shuffle = batch_size, shuffle
        callbacks = dict(self.callbacks_)
        callbacks["clip_gradient"].gradient_clip_value = max_grad_norm
        callbacks["best_weights"].set_params(patience=patience, tol=tol)
        for module in self.module_.modules():
            if isinstance(module, SeededDropout):
                module.p = dropout

    # -- state ------------------------------------------------------------------

    def snapshot(self):
        """Copy all that training changes, so that a failed fit can be undone."""
        return (
            {name: value.clone() for name, value in self.module_.state_dict().items()},
            copy.deepcopy(self.optimizer_.state_dict()),
            self.module_.generator.get_state(),
            self.lr,
            len(self.history),
        )

    def restore(self, snapshot):
        """Go back to a snapshot."""
        weights, optimizer, random_state, self.lr, n_epochs = snapshot
        self.module_.load_state_dict(weights)
        self.optimizer_.load_state_dict(optimizer)
        self.module_.generator.set_state(random_state)
        del self.history[n_epochs:]

    # -- prediction -------------------------------------------------------------

    def outputs(self, source):
        """Compute outputs of the network in the user's units.

        On the CPU they are computed in double precision: the prediction for a sample
        then does not depend, to far more digits than single precision has, on what
        else is in its batch.

        Parameters
        ----------
        source : SequenceSource
            The sequences.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs) of float64
        """
        network = self.module_
        device = network.head.weight.device
        if device.type == "cpu" and network.head.weight.dtype != torch.float64:
            network = copy.deepcopy(network).double()
        network.eval()
        # One array from the start: small results kept between the large blocks of the
        # batches would keep the allocator from giving those back.
        results = np.empty((len(source), network.head.out_features))
        start = 0
        with single_thread(), torch.inference_mode():
            for inputs, _ in self.get_iterator(SequenceDataset(source)):
                inputs = {name: value.to(device) for name, value in inputs.items()}
                outputs = network.decode(network(**inputs)).cpu().numpy()
                results[start : start + len(outputs)] = outputs
                start += len(outputs)
        return results


class BestWeights(Callback):
    """Keep the weights of the lowest validation loss and stop when it stalls.

    Parameters
    ----------
    patience : float
        Epochs in a row that may fail to improve the best loss by `tol`.
    tol : float
        The least improvement that counts.
    """

    def __init__(self, patience, tol):
        self.patience = patience
        self.tol = tol

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Start anew."""
        self.best_loss_ = math.inf
        self.best_epoch_ = None
        self.is_stalled = False
        self._n_stalled = 0
        self._weights = None

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Compare this epoch's loss with the best."""
        if dataset_valid is None:
            return
        loss = net.history[-1, "valid_loss"]
        improved = loss <= self.best_loss_ - self.tol or self._weights is None
        self._n_stalled = 0 if improved else self._n_stalled + 1
        if loss < self.best_loss_:
            self.best_loss_ = loss
            self.best_epoch_ = len(net.history)
            state = net.module_.state_dict()
            self._weights = {name: value.clone() for name, value in state.items()}
        self.is_stalled = self._n_stalled >= self.patience

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Go back to the best weights."""
        if self._weights is not None:
            net.module_.load_state_dict(self._weights)
            self._weights = None


class _Progress(Callback):
    def __init__(self, title):
        self.title = title

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self._progress = EpochProgress(self.title, net.max_epochs)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        epoch = net.history[-1]
        figures = {
            name: epoch[key]
            for name, key in (("loss", "train_loss"), ("validation", "valid_loss"))
            if key in epoch
        }
        self._progress.update(**figures)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        self._progress.close()
        self._progress = None
