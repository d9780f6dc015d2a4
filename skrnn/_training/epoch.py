"""One epoch of the training: its batches, their steps, and what is asked of each."""

import math
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, get_total_norm

from skrnn._kernels.compiled_network import compiled_twin
from skrnn._training.batches import BatchIterator
from skrnn._training.weight_average import WeightAverage
from skrnn.exceptions import NonFiniteLossError

# A batch of validation or prediction holds about this many numbers in all states.
_EVALUATION_SIZE = 2**22
_LOSS_NAMES = {"train": "training loss", "valid": "validation loss"}


class EpochNet(NeuralNet):
    """A skorch net whose batches are sequences and cost no more than they must.

    Hooks of callbacks are called where there are any, batches are recorded where there
    are callbacks that may want them, and the standard network learns without autograd.
    Parameters and the run, which tells how, are those of `SequenceNet`.
    """

    run = None  # but in training

    def _learnable(self):
        return [p for _, p in self.get_all_learnable_params() if p.requires_grad]

    def get_iterator(self, dataset, training=False):
        """Return the batches of a data set."""
        if not hasattr(getattr(dataset, "source", None), "batch"):
            raise TypeError(
                "The net of an skrnn estimator reads sequences that the estimator has "
                "checked. Call predict of the estimator instead."
            )
        if training:
            batch_size = self.batch_size or len(dataset)
            # The order within a single batch is of no consequence.
            is_shuffled = self.shuffle and batch_size < len(dataset)
            generator = self.module_.generator if is_shuffled else None
            return BatchIterator(dataset, batch_size, generator)
        return BatchIterator(dataset, self._evaluation_batch(dataset.source))

    def _evaluation_batch(self, source):
        network = self.module_
        size = source.n_features * source.max_steps + 1
        if compiled_twin(network) is None:  # which keeps no states of all steps
            states = 6 * network.stack.output_size * len(network.stack.layers)
            steps = network.n_steps(source.max_steps)
            size += states * min(steps, network.tbptt_steps or steps)
        if network.decoder is not None:
            size += 6 * network.decoder.positions.numel()
        return int(np.clip(_EVALUATION_SIZE // size, 1, 4096))

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Go through the batches once; what is called for each is what was asked for.

        Parameters
        ----------
        iterator : BatchIterator or None
            The batches.
        training : bool
            Whether to learn from them.
        prefix : str
            Name of their loss in the history.
        step_fn : callable
            Takes a batch.
        **fit_params : dict
            For `step_fn`.
        """
        if iterator is None:
            return
        if training and self.run.step is not None:
            self.run.step.prepare(self.optimizer_)
        # Records of batches are for callbacks of the user's.
        is_recorded = len(self.callbacks_) > len(self.get_default_callbacks())
        begin = self._hooks("on_batch_begin", with_own=is_recorded)
        end = self._hooks("on_batch_end", with_own=self.schedule_ is not None)
        losses, sizes = [], []
        with self._weights_of(training) as after_step:
            for number, batch in enumerate(iterator, start=1):
                self.run.batch = number
                for hook in begin:
                    hook(self, batch=batch, training=training)
                step = step_fn(batch, **fit_params)
                after_step()
                losses.append(step["loss"])
                sizes.append(len(batch[0]["x"]))
                if is_recorded:
                    self.history.record_batch(f"{prefix}_loss", float(losses[-1]))
                    self.history.record_batch(f"{prefix}_batch_size", sizes[-1])
                for hook in end:
                    hook(self, batch=batch, training=training, **step)
        self.history.record(f"{prefix}_batch_count", len(losses))
        self._record_loss(prefix, losses, sizes)

    @contextmanager
    def _weights_of(self, training):
        """Have the network hold what it trains with, or else is validated with."""
        if not training or self.ema_decay is None:
            yield _do_nothing
            return
        weights = self._learnable()
        if self.average is None or not self.average.is_of(weights, self.ema_decay):
            self.average = WeightAverage(weights, self.ema_decay)
        with self.average.training(weights):
            yield partial(self.average.update, weights)

    def _record_loss(self, prefix, losses, sizes):
        if isinstance(losses[0], torch.Tensor):  # on a GPU: fetched all at once
            losses = torch.stack(losses).tolist()
            for i, loss in enumerate(losses, start=1):
                if not math.isfinite(loss):
                    self._raise_non_finite(f"the {_LOSS_NAMES[prefix]}", i)
        name, mean = f"{prefix}_loss", float(np.average(losses, weights=sizes))
        least = self.run.least
        if name not in least:
            before = [epoch[name] for epoch in self.history[:-1] if name in epoch]
            least[name] = min(before, default=math.inf)
        self.history.record(name, mean)
        self.history.record(f"{name}_best", mean < least[name])
        least[name] = min(least[name], mean)

    def _hooks(self, name, *, with_own=True):
        """Methods of this name, of callbacks and the net, that do something."""
        hooks = [getattr(self, name)] if with_own else []
        for _, callback in self.callbacks_:
            if getattr(type(callback), name, None) is not getattr(Callback, name):
                hooks.append(getattr(callback, name))
        return hooks

    def on_grad_computed(self, net, named_parameters, training=True, **kwargs):
        """Add the L1 penalty, then clip."""
        if self.run.step is not None:
            penalty = (self.l1, self.max_grad_value, self.max_grad_norm)
            self.run.grad_norm = self.run.step.clip(*penalty) if any(penalty) else None
            self._drop_overflow(self.run.step.weight_gradients())
            return
        # The optimiser has them in a list; to ask the modules each time is slow.
        groups = self.optimizer_.param_groups
        weights = [p for group in groups for p in group["params"]]
        weights = [p for p in weights if p.grad is not None]
        if self.l1:
            for weight in weights:
                if weight.ndim > 1:
                    weight.grad.add_(weight.detach().sign(), alpha=self.l1)
        if self.max_grad_value is not None:
            clip_grad_value_(weights, self.max_grad_value)
        if self.max_grad_norm is not None:
            self.run.grad_norm = clip_grad_norm_(weights, self.max_grad_norm)
            self._drop_overflow([p.grad for p in weights])
        else:
            self.run.grad_norm = get_total_norm([p.grad for p in weights])

    def _drop_overflow(self, gradients):
        """Clip a gradient that exploded beyond all numbers: to nothing."""
        # Over very long sequences it may in a single batch of a training that is
        # otherwise sound. A loss that is not finite is another matter.
        if self.max_grad_norm is not None and not math.isfinite(self.run.grad_norm):
            for gradient in gradients:
                gradient.zero_()

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        """Move a schedule that counts batches."""
        if training and self.schedule_ is not None:
            self.schedule_.after_batch()

    def _set_training(self, training=True):
        if self.module_.training == training:
            return
        # What `train` of torch does, without its cost for each of the modules.
        modules = self.parts() if self.run is None else self.run.modules
        for module in modules:
            vars(module)["training"] = training

    def parts(self):
        """Return all modules (list) of the network and the loss."""
        return [*self.module_.modules(), *self.criterion_.modules()]

    def infer(self, x, **fit_params):
        """Run the network over a batch, which it moves to its device itself."""
        given = x["x"], x.get("lengths"), x.get("repeats")
        if not (self.autocast and self.module_.training):
            return self.module_(*given)
        kind = self.module_.head.weight.device.type
        with torch.autocast(kind, dtype=torch.bfloat16):
            return self.module_(*given).float()

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the weighted loss of a batch."""
        weight = X.get("weight")
        weight = None if weight is None else weight.to(y_pred.device)
        return self.criterion_(y_pred, y_true.to(y_pred.device), weight)

    def train_step(self, batch, **fit_params):
        """Take one optimiser step; refuse to go on from a loss that is not finite."""
        if self.run.step is None:
            step = super().train_step(batch, **fit_params)
        else:
            step = self._compiled_step(*batch)
        return self._checked(step, "train")

    def _compiled_step(self, inputs, target):
        """The same without autograd, for the standard network."""
        step = self.run.step
        self._set_training(True)
        loss, outputs = step.gradients(
            inputs["x"], inputs.get("lengths"), target, inputs.get("weight")
        )
        hooks = self._hooks("on_grad_computed")
        named = () if len(hooks) == 1 else tuple(self.get_all_learnable_params())
        for hook in hooks:
            hook(self, named_parameters=named, X=inputs, y=target, training=True)
        step.update()
        return {
            "loss": loss,
            "y_pred": outputs.unflatten(1, self.module_.output_shape),
        }

    def validation_step(self, batch, **fit_params):
        """Evaluate one batch; refuse a loss that is not finite."""
        return self._checked(super().validation_step(batch, **fit_params), "valid")

    def _checked(self, step, prefix):
        loss = step["loss"]
        # To ask a GPU after each batch would make it wait; it is asked once an epoch.
        if isinstance(loss, torch.Tensor):
            loss = loss.detach()
            loss = loss if loss.device.type != "cpu" else loss.item()
        if isinstance(loss, float) and not math.isfinite(loss):
            self._raise_non_finite(f"the {_LOSS_NAMES[prefix]}")
        return step | {"loss": loss}

    def _check_weights(self):
        weights = [p.detach() for p in self.module_.parameters()]
        # A sum is finite only if all of its numbers are, and is the faster one.
        if all(math.isfinite(w.sum()) for w in weights):
            return
        if not all(bool(w.isfinite().all()) for w in weights):
            self._raise_non_finite("a weight of the network")

    def _raise_non_finite(self, what, batch=None):
        batch = self.run.batch if batch is None else batch
        rate = self.optimizer_.param_groups[0]["lr"]
        norm = self.run.grad_norm
        if norm is None:
            found = [p.grad for p in self._learnable() if p.grad is not None]
            norm = get_total_norm(found)
        norm = float(norm)
        if not math.isfinite(norm) and self.max_grad_norm is None:
            cause = "the gradient exploded: set max_grad_norm, or lower learning_rate"
        elif self.max_grad_norm is None and norm > 1e3:
            cause = "the gradient is exploding: set max_grad_norm"
        elif rate >= 0.1:
            cause = "the learning rate is too high: lower learning_rate"
        else:
            cause = (
                "extreme values in X or y (scale=True takes units off), or a learning "
                "rate too high"
            )
        raise NonFiniteLossError(
            f"Training diverged: {what} is not finite in epoch {len(self.history)}, "
            f"batch {batch}, at learning rate {rate:g}; the gradient's norm was "
            f"{norm:.3g}. Likely cause: {cause}."
        )


def _do_nothing():
    pass
