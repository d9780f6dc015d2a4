"""The skorch net of an estimator: its parts, and the hooks that skorch calls."""

import copy
import re
from dataclasses import replace
from functools import partial

import torch
from skorch import NeuralNet
from skorch.callbacks import EpochTimer

from skrnn._training.batches import BatchIterator, SequenceDataset, even_size
from skrnn._training.best_weights import BestWeights
from skrnn._training.copies import deep_copy
from skrnn._training.divergence import checked_step
from skrnn._training.epoch import compiled_step, limit_gradient
from skrnn._training.loop import TrainingLoop
from skrnn._training.optimizers import call, new_optimizer
from skrnn._training.outputs import evaluation_batch
from skrnn._training.progress import EpochTable, Progress
from skrnn._training.schedules import Schedule
from skrnn._training.scored import Scored
from skrnn._training.time_warp import warp


class SequenceNet(Scored, NeuralNet):
    """A skorch net that trains a `RecurrentNetwork` on sequence sources.

    Here are what skorch calls and what others ask of a net; `TrainingLoop` drives the
    training. Early stopping and progress are skorch callbacks; users may add their own.
    The network's generator is the only source of randomness.

    Parameters
    ----------
    module : RecurrentNetwork
        The network.
    criterion : SampleLoss
        The loss.
    settings : TrainingSettings
        How it is trained.
    title : str
        What the progress bar says.
    """

    run = None  # but in training, when it is a `Run`
    _wants_optimizer = True  # but while it is made again from a file

    def __init__(self, module, criterion, settings, title="RecurrentNetwork"):
        self.settings, self.title = settings, title
        self.average = None  # of the weights; begins with the training
        super().__init__(
            module,
            criterion,
            train_split=None,
            dataset=SequenceDataset,
            batch_size=settings.batch_size,
            callbacks=copy.deepcopy(list(settings.callbacks)),
            device=settings.device,
            verbose=int(settings.verbose >= 2),
        )

    def get_default_callbacks(self):
        """Return the callbacks that come before the user's."""
        callbacks = [
            ("epoch_timer", EpochTimer()),
            ("best_weights", BestWeights(**_stopping(self.settings))),
        ]
        if int(self.settings.verbose) == 1:
            callbacks.append(("progress", Progress(self.title)))
        if self.settings.verbose >= 2:
            several = re.search(r" \d+/\d+$", self.title) is not None
            callbacks.append(("print_log", EpochTable(self.title if several else None)))
        return callbacks

    def initialize_to_predict(self):
        """Initialise all but the optimiser, which is made when it is first asked for.

        Most models that are read from files only predict, and torch imports for a
        second what its first optimiser needs.
        """
        self._wants_optimizer = False
        self.initialize()
        del self._wants_optimizer
        return self

    def initialize_optimizer(self, *args, **kwargs):
        """Make the optimiser of all weights that are not frozen."""
        kind, options = self.settings.optimizer_spec
        self.lr, self.schedule_ = options["lr"], None
        if self._wants_optimizer:
            self.optimizer_ = new_optimizer(kind, self.learnable(), options)
        return self

    @property
    def has_optimizer(self):
        """Whether the optimiser has been made (bool)."""
        return "optimizer_" in vars(self)

    def __getattr__(self, name):
        # Only what is not there is asked for here.
        if name != "optimizer_" or "module_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}.")
        self._initialize_optimizer("The optimizer of a model that was read is made.")
        return self.optimizer_

    def restart_optimizer(self, rate):
        """Make the optimiser anew, with another learning rate (float)."""
        self.settings = replace(self.settings, learning_rate=rate)
        self.initialize_optimizer()

    def prepare_schedule(self):
        """Make the learning-rate schedule, if there is to be one and is none yet."""
        kind, options, n_epochs = self.settings.schedule_spec
        if kind is not None and self.schedule_ is None:
            self.schedule_ = Schedule(
                kind, options, self.optimizer_, n_epochs, self.run.n_batches
            )

    @property
    def best_weights(self):
        """The callback that keeps the best weights."""
        return dict(self.callbacks_)["best_weights"]

    @property
    def compiled(self):
        """The network of the present training in compiled code, or None."""
        compiled = None if self.run is None else self.run.compiled
        if compiled is None or compiled.handle is None:
            return None
        # Another thread of the user's may predict meanwhile, by one of its own.
        return compiled if compiled.is_of_this_thread() else None

    def learnable(self):
        """Return the weights (list) that are not frozen, of network and loss."""
        return [p for _, p in self.get_all_learnable_params() if p.requires_grad]

    def parts(self):
        """Return all modules (list) of the network and the loss."""
        return [*self.module_.modules(), *self.criterion_.modules()]

    def copy_of_weights(self):
        """Copy the weights and buffers of the network."""
        if self.run is None:
            modules = self.module_.named_modules()
        else:
            modules = self.run.named_modules
        # What `state_dict` gives, in a third of its time.
        return {
            f"{place}.{name}" if place else name: tensor.detach().clone()
            for place, module in modules
            for name, tensor in (*module._parameters.items(), *module._buffers.items())
            if tensor is not None and name not in module._non_persistent_buffers_set
        }

    # -- training ---------------------------------------------------------------

    def train(
        self,
        train_set,
        valid_set,
        epochs,
        *,
        scorer=None,
        tasks=None,
        checkpoint=None,
        resumed=None,
        constant=None,
    ):
        """Train for up to `epochs` epochs more and keep the best weights.

        Parameters
        ----------
        train_set : SequenceDataset
            What the loss is minimised on.
        valid_set : SequenceDataset or None
            What decides when to stop; None trains for all epochs.
        epochs : int
            Upper limit.
        scorer : callable, default=None
            Gives the score of the present weights; it then decides when to stop.
        tasks : EpochTasks, default=None
            Told of every epoch.
        checkpoint : Checkpoint, default=None
            Where the state of every epoch goes.
        resumed : dict, default=None
            A state from there to go on from.
        constant : float, default=None
            What a predictor of a constant costs, for `BestWeights`.

        Returns
        -------
        str
            What ended the training: "max_epochs", "stalled", "learned" (there was
            nothing left), "stopped" (by a callback or by time) or "interrupted".

        Raises
        ------
        NonFiniteLossError
            If the loss or a weight is NaN or infinite.
        """
        if not self.initialized_:
            self.initialize()
        self.check_training_readiness()
        self.max_epochs = epochs
        self.best_weights.constant = constant
        loop = TrainingLoop(self, scorer=scorer, tasks=tasks, checkpoint=checkpoint)
        return loop.train(train_set, valid_set, resumed)

    # -- state ------------------------------------------------------------------

    def change(self, settings, *, loss, network):
        """Take over parameters that may differ in a training that goes on.

        Parameters
        ----------
        settings : TrainingSettings
            How it is trained from now on. Where optimiser or schedule differ, or other
            weights are frozen, they start anew, and where the learning rate alone does,
            it is set.
        loss : SampleLoss or None
            What is minimised from now on; None for what was before.
        network : dict
            For `RecurrentNetwork.change`.
        """
        before = self.settings
        is_new_schedule = settings.schedule_spec[:2] != before.schedule_spec[:2]
        (kind, wanted), (old_kind, old) = settings.optimizer_spec, before.optimizer_spec
        self._show(settings)
        self.batch_size = settings.batch_size
        trained = [p for group in self.optimizer_.param_groups for p in group["params"]]
        if (
            kind is not old_kind
            or wanted | {"lr": 0} != old | {"lr": 0}
            or {id(p) for p in trained} != {id(p) for p in self.learnable()}
        ):
            self.initialize_optimizer()
        elif wanted["lr"] != old["lr"] or is_new_schedule:
            self.lr, self.schedule_ = wanted["lr"], None
            for group in self.optimizer_.param_groups:
                group["lr"] = wanted["lr"]
                group.pop("initial_lr", None)
        if settings.ema_decay is None:
            self.average = None
        self.best_weights.set_params(**_stopping(settings))
        if loss is not None:
            vars(self).update(criterion=loss, criterion_=loss)
        self.module_.change(**network)

    def _show(self, settings):
        """Show the training in another way; all other callbacks stay what they are."""
        old = dict(self.get_default_callbacks())
        self.settings, self.verbose = settings, int(settings.verbose >= 2)
        new = dict(self.get_default_callbacks())
        kept = [item for item in self.callbacks_ if item[0] not in old.keys() - new]
        added = [(name, new[name].initialize()) for name in new if name not in old]
        # Where skorch would have put it: what prints comes last.
        place = len(kept) if "print_log" in new else len(new) - len(added)
        self.callbacks_ = [*kept[:place], *added, *kept[place:]]

    def __deepcopy__(self, memo):
        return deep_copy(self, memo)

    def __getstate__(self):
        state = super().__getstate__()
        # They are `module_` and `criterion_`, which skorch brings to a device that is
        # there; a second copy would ask for the GPU of the training.
        for name in ("module", "criterion"):
            state.pop(name)
        state.pop("run", None)  # which holds addresses, when a callback makes a copy
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        vars(self).update(module=self.module_, criterion=self.criterion_)
        if self.has_optimizer:
            self.renew_optimizer(call(self.optimizer_, "state_dict"))
            self.lead_schedule()

    def renew_optimizer(self, state):
        """Make the optimiser anew, with the state (dict) of one like it."""
        # Some optimisers (LBFGS) lose attributes when they are copied.
        schedule, rate = self.schedule_, self.lr
        self.initialize_optimizer()
        call(self.optimizer_, "load_state_dict", state)
        self.lr, self.schedule_ = rate, schedule

    def lead_schedule(self):
        """Have the schedule change the rate of the optimiser that is there now."""
        if self.schedule_ is not None:
            self.schedule_.scheduler.optimizer = self.optimizer_

    # -- hooks of skorch --------------------------------------------------------

    def get_iterator(self, dataset, training=False, *, compiled=None):
        """Return the batches of a data set, for a `CompiledNetwork` or the network."""
        if not hasattr(getattr(dataset, "source", None), "batch"):
            raise TypeError(
                "The net of an skrnn estimator reads sequences that the estimator has "
                "checked. Call predict of the estimator instead."
            )
        if not training:
            is_compiled = (compiled or self.compiled) is not None
            batch_size = evaluation_batch(
                self.module_, dataset.source, is_compiled=is_compiled
            )
            return BatchIterator(dataset, batch_size)
        batch_size = self.batch_size or len(dataset)
        if self.settings.has_even_batches:
            batch_size = even_size(len(dataset), batch_size)
        # The order within a single batch is of no consequence.
        is_shuffled = self.settings.shuffle and batch_size < len(dataset)
        generator, strength = self.module_.generator, self.settings.time_warp
        change = partial(warp, strength=strength, generator=generator)
        return BatchIterator(
            dataset,
            batch_size,
            generator if is_shuffled else None,
            change if strength else None,
            self.settings.steps_per_epoch,
        )

    def _set_training(self, training=True):
        if self.module_.training == training:
            return
        # What `train` of torch does, without its cost for each of the modules.
        modules = self.parts() if self.run is None else self.run.modules
        for module in modules:
            vars(module)["training"] = training

    def infer(self, x, **fit_params):
        """Run the network over a batch, which it moves to its device itself."""
        given = x["x"], x.get("lengths"), x.get("repeats"), self.compiled
        if not (self.settings.autocast and self.module_.training):
            return self.module_(*given)
        kind = self.module_.head.weight.device.type
        with torch.autocast(kind, dtype=torch.bfloat16):
            return self.module_(*given).float()

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the weighted loss of a batch."""
        weight = X.get("weight")
        weight = None if weight is None else weight.to(y_pred.device)
        target = y_true.to(y_pred.device)
        if training or self.run is None or self.best_weights.constant is None:
            loss = self.criterion_(y_pred, target, weight)
            if training and self.run is not None:
                self.run.loss = loss.detach()
            return loss
        losses = self.criterion_.of_samples(y_pred, target, weight)
        self.run.sample_losses.append(losses)
        return losses.mean()

    def train_step(self, batch, **fit_params):
        """Take one optimiser step; refuse to go on from a loss that is not finite."""
        if self.run.step is None:
            step = super().train_step(batch, **fit_params)
        else:
            self._set_training(True)
            step = compiled_step(self, *batch)
        if self.run.workers is not None:
            step = step | {"loss": self.run.loss}
        return checked_step(self, step, "train")

    def on_grad_computed(self, net, named_parameters, training=True, **kwargs):
        """Add the L1 penalty, then clip."""
        limit_gradient(self)

    def validation_step(self, batch, **fit_params):
        """Evaluate one batch; refuse a loss that is not finite."""
        return checked_step(self, super().validation_step(batch, **fit_params), "valid")


def _stopping(settings):
    """Parameters (dict) of `BestWeights`."""
    return {
        "is_active": settings.early_stopping,
        "patience": settings.n_iter_no_change,
        "tol": settings.tol,
    }
