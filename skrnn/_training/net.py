"""The training engine: a skorch net over sequence sources."""

import inspect
from contextlib import contextmanager

import numpy as np
from skorch.callbacks import EpochTimer, PrintLog

from skrnn._kernels.compiled_network import in_use, is_standard_training
from skrnn._kernels.layer import kernel_threads
from skrnn._kernels.threads import flushed_denormals, single_thread
from skrnn._kernels.training_step import CompiledStep
from skrnn._training.batches import SequenceDataset
from skrnn._training.best_weights import BestWeights, Progress
from skrnn._training.epoch import EpochNet
from skrnn._training.optimizers import Schedule, new_optimizer
from skrnn._training.outputs import compiled_outputs
from skrnn._training.state import Run, load_training, training_state
from skrnn._warn import warn_user
from skrnn.exceptions import NonFiniteLossError

_MAX_RESTARTS = 5


class StopTraining(Exception):
    """Ends the training loop; no error."""


class SequenceNet(EpochNet):
    """A skorch net that trains a `RecurrentNetwork` on sequence sources.

    Early stopping and progress are skorch callbacks; users may add their own. The
    network's generator is the only source of randomness.

    Parameters
    ----------
    module : RecurrentNetwork
        The network.
    criterion : SampleLoss
        The loss.
    optimizer_spec : tuple of a class and a dict
        Optimiser and its options.
    schedule_spec : tuple
        Name or class of the learning-rate schedule, its options, and the epochs it is
        planned for; the first is None for a constant rate.
    shuffle : bool
        Whether each epoch reads the training samples in a new order.
    ema_decay : float or None
        Share of a moving average of the weights that stays at each step; None for no
        average.
    l1 : float
        Penalty on the absolute values of the weights, biases aside.
    max_grad_norm, max_grad_value : float or None
        Norm and absolute value to which the gradient of a batch is clipped.
    stop_early : bool
        Whether validation decides when to stop and which weights to keep.
    patience, tol : float
        Epochs without an improvement of the validation by `tol` that end the
        training.
    max_time : float or None
        Seconds after which no further epoch begins.
    on_divergence : {"raise", "restart"}
        What to do about a loss that is not finite.
    autocast : bool
        Whether to train in bfloat16 where that is safe.
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
        optimizer_spec,
        schedule_spec=(None, None, 1),
        shuffle=True,
        ema_decay=None,
        l1=0.0,
        max_grad_norm=None,
        max_grad_value=None,
        stop_early=True,
        patience=10,
        tol=0.0,
        max_time=None,
        on_divergence="raise",
        autocast=False,
        title="RecurrentNetwork",
        progress=0,
        **kwargs,
    ):
        self.optimizer_spec = optimizer_spec
        self.schedule_spec = schedule_spec
        self.shuffle = shuffle
        self.ema_decay = ema_decay
        self.l1 = l1
        self.max_grad_norm = max_grad_norm
        self.max_grad_value = max_grad_value
        self.stop_early = stop_early
        self.patience = patience
        self.tol = tol
        self.max_time = max_time
        self.on_divergence = on_divergence
        self.autocast = autocast
        self.title = title
        self.progress = progress
        self.average = None  # begins with the training
        super().__init__(
            module, criterion, train_split=None, dataset=SequenceDataset, **kwargs
        )

    def get_default_callbacks(self):
        """Return the callbacks that come before the user's."""
        callbacks = [
            ("epoch_timer", EpochTimer()),
            ("best_weights", BestWeights(self.stop_early, self.patience, self.tol)),
        ]
        if self.progress == 1:
            callbacks.append(("progress", Progress(self.title)))
        if self.progress >= 2:
            callbacks.append(("print_log", PrintLog()))
        return callbacks

    def initialize_optimizer(self, *args, **kwargs):
        """Make the optimiser of all weights that are not frozen."""
        kind, options = self.optimizer_spec
        self.optimizer_ = new_optimizer(kind, self._learnable(), options)
        self.lr = options["lr"]
        self.schedule_ = None
        return self

    @property
    def best_weights(self):
        """The callback that keeps the best weights."""
        return dict(self.callbacks_)["best_weights"]

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

        Returns
        -------
        str
            What ended the training: "max_epochs", "stalled", "stopped" (by a callback
            or by time) or "interrupted".

        Raises
        ------
        NonFiniteLossError
            If the loss or a weight is NaN or infinite.
        """
        if not self.initialized_:
            self.initialize()
        self.max_epochs = epochs
        self.run = Run(self, scorer, tasks, checkpoint)
        self.notify("on_train_begin", X=train_set, y=valid_set)
        try:
            iterator = self.get_iterator(train_set, training=True)
            self.run.n_batches = len(iterator)
            if resumed is not None:
                load_training(self, resumed)
            self.prepare_schedule()
            with single_thread() as n_threads, flushed_denormals():
                with self._compiled(train_set, n_threads):
                    return self._train_until_stopped(train_set, valid_set)
        except KeyboardInterrupt:
            self._keep_whole_epochs()
            return "interrupted"
        finally:
            self.notify("on_train_end", X=train_set, y=valid_set)
            if self.best_weights.best_epoch_ is not None:
                self.average = None  # of weights that are no longer there
            self.run = None

    @contextmanager
    def _compiled(self, train_set, n_threads):
        """Have kernels do what they can do of a training."""
        network, run = self.module_, self.run
        loss = getattr(self.criterion_, "compiled", None)
        is_apt = loss is not None and not self.autocast and self._steps_alone()
        if not (is_apt and is_standard_training(network, train_set.source.max_steps)):
            # Layers by themselves, and whole outputs for the validation.
            with kernel_threads(n_threads), compiled_outputs(network, n_threads):
                yield
            return
        # No more threads than there are parts of a batch, or of the units.
        largest = max(self.batch_size or len(train_set), network.stack.output_size)
        n_threads = min(n_threads, max(2, -(-largest // 64)))
        run.step = CompiledStep(network, loss, n_threads)
        try:
            with in_use(run.step.network):
                yield
        finally:
            run.step = None

    def _steps_alone(self):
        """Whether the optimiser needs no more of a batch than its gradient."""
        step = inspect.signature(type(self.optimizer_).step).parameters
        return step["closure"].default is not inspect.Parameter.empty

    def _train_until_stopped(self, train_set, valid_set):
        while True:
            remaining = self.max_epochs - len(self.history) + self.run.n_before
            if self.best_weights.is_stalled:
                return "stalled"
            if remaining <= 0:
                return "max_epochs"
            # Time may be up before the first epoch; a fit without one is no fit.
            if self._is_out_of_time() and len(self.history) > self.run.n_before:
                return "stopped"
            try:
                self.fit_loop(train_set, valid_set, epochs=remaining)
            except StopTraining:
                return "stalled" if self.best_weights.is_stalled else "stopped"
            except NonFiniteLossError as error:
                if self.on_divergence != "restart":
                    raise
                self._restart(error)

    def _restart(self, error):
        """Go back to the best weights, at a tenth of the rate."""
        run = self.run
        if run.n_restarts == _MAX_RESTARTS:
            raise NonFiniteLossError(
                f"{error} It diverged again after {_MAX_RESTARTS} restarts, each at a "
                "tenth of the rate before."
            ) from error
        run.n_restarts += 1
        del self.history[run.n_whole :]
        best = self.best_weights.weights_
        self.module_.load_state_dict(run.best_begin if best is None else best)
        self.average = None
        self.set_rate(self.lr / 10)
        self._initialize_optimizer()
        self.prepare_schedule()
        warn_user(
            f"{error} Training goes on from the best weights so far at learning rate "
            f"{self.lr:g}.",
        )

    def set_rate(self, rate):
        """Set the learning rate (float) of the next optimiser."""
        kind, options = self.optimizer_spec
        self.optimizer_spec = kind, options | {"lr": rate}

    def prepare_schedule(self):
        """Make the learning-rate schedule, if there is to be one and is none yet."""
        kind, options, n_epochs = self.schedule_spec
        if kind is not None and self.schedule_ is None:
            self.schedule_ = Schedule(
                kind, options, self.optimizer_, n_epochs, self.run.n_batches
            )

    def _keep_whole_epochs(self):
        if len(self.history) > self.run.n_whole:
            del self.history[-1]
            # Half an epoch is no epoch that a fit could be asked for again.
            self.module_.load_state_dict(self.run.begin_with)
            self.average = None
        if len(self.history) <= self.run.n_before:
            raise KeyboardInterrupt
        warn_user(
            f"Training was interrupted by the user after {len(self.history)} epochs; "
            "the estimator keeps the best weights so far.",
        )

    def get_split_datasets(self, X, y=None, **fit_params):
        """Return training and validation set, which are made by the estimator."""
        return X, y

    def notify(self, method_name, **cb_kwargs):
        """Call a hook of every callback; at the end of an epoch, decide what next."""
        if method_name != "on_epoch_end":
            super().notify(method_name, **cb_kwargs)
            return
        self._check_weights()
        if self.run.scorer is not None and cb_kwargs.get("dataset_valid"):
            self.history.record("valid_score", float(self.run.scorer()))
        is_stopped = False
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt:  # how skorch's own callbacks stop the training
            is_stopped = True
        if self._end_epoch() or is_stopped:
            raise StopTraining

    def _end_epoch(self):
        """Do what follows an epoch; tell whether it was the last."""
        run, epoch = self.run, self.history[-1]
        run.n_whole = len(self.history)
        if self.schedule_ is not None:
            self.schedule_.after_epoch(epoch.get("valid_loss", epoch["train_loss"]))
        if epoch["train_loss"] < run.least_loss:
            run.least_loss, run.best_begin = float(epoch["train_loss"]), run.begin_with
        if run.checkpoint is not None:
            run.checkpoint.save(training_state(self))
        is_stopped = run.tasks is not None and run.tasks.end()
        return is_stopped or self.best_weights.is_stalled or self._is_out_of_time()

    def _is_out_of_time(self):
        return self.max_time is not None and self.run.seconds() >= self.max_time

    def on_epoch_begin(self, net, **kwargs):
        """Open a new epoch and forget the batches of the one before."""
        if self.history:
            self.history[-1]["batches"].clear()
        if self.run.tasks is not None:
            self.run.tasks.begin()
        self.run.begin_with = self.copy_of_weights()
        if self.on_divergence == "restart" and self.run.best_begin is None:
            self.run.best_begin = self.run.begin_with
        super().on_epoch_begin(net, **kwargs)

    # -- state ------------------------------------------------------------------

    def change(self, *, optimizer_spec, schedule_spec, loss, network, **options):
        """Take over parameters that may differ in a training that goes on.

        Parameters
        ----------
        optimizer_spec, schedule_spec : tuple
            As for the class; where they differ, or other weights are frozen, optimiser
            or schedule start anew, and where the learning rate alone does, it is set.
        loss : SampleLoss or None
            What is minimised from now on; None for what was before.
        network : dict
            For `RecurrentNetwork.change`.
        **options
            Other parameters of the class.
        """
        is_new_schedule = schedule_spec[:2] != self.schedule_spec[:2]
        (kind, wanted), (old_kind, old) = optimizer_spec, self.optimizer_spec
        self.optimizer_spec, self.schedule_spec = optimizer_spec, schedule_spec
        trained = [p for group in self.optimizer_.param_groups for p in group["params"]]
        if (
            kind is not old_kind
            or wanted | {"lr": 0} != old | {"lr": 0}
            or {id(p) for p in trained} != {id(p) for p in self._learnable()}
        ):
            self._initialize_optimizer()
        elif wanted["lr"] != old["lr"] or is_new_schedule:
            self.lr, self.schedule_ = wanted["lr"], None
            for group in self.optimizer_.param_groups:
                group["lr"] = wanted["lr"]
                group.pop("initial_lr", None)
        self._change_progress(options["progress"])
        vars(self).update(options)
        if self.ema_decay is None:
            self.average = None
        self.best_weights.set_params(
            is_active=self.stop_early, patience=self.patience, tol=self.tol
        )
        if loss is not None:
            vars(self).update(criterion=loss, criterion_=loss)
        self.module_.change(**network)

    def _change_progress(self, progress):
        """Show the training in another way; all other callbacks stay what they are."""
        old = dict(self.get_default_callbacks())
        self.progress = progress
        new = dict(self.get_default_callbacks())
        kept = [item for item in self.callbacks_ if item[0] not in old.keys() - new]
        added = [(name, new[name].initialize()) for name in new if name not in old]
        # Where skorch would have put it: what prints comes last.
        place = len(kept) if "print_log" in new else len(new) - len(added)
        self.callbacks_ = [*kept[:place], *added, *kept[place:]]

    def __getstate__(self):
        state = super().__getstate__()
        # They are `module_` and `criterion_`, which skorch brings to a device that is
        # there; a second copy would ask for the GPU of the training.
        for name in ("module", "criterion"):
            state.pop(name)
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        vars(self).update(module=self.module_, criterion=self.criterion_)
        # Some optimisers (LBFGS) lose attributes on the way, and a schedule must
        # change the rate of this one.
        schedule, rate, loaded = self.schedule_, self.lr, self.optimizer_.state_dict()
        self._initialize_optimizer()
        self.optimizer_.load_state_dict(loaded)
        self.lr, self.schedule_ = rate, schedule
        if schedule is not None:
            schedule.scheduler.optimizer = self.optimizer_

    def copy_of_weights(self):
        """Copy the weights and buffers of the network."""
        state = self.module_.state_dict()
        return {name: value.clone() for name, value in state.items()}

    # -- prediction -------------------------------------------------------------

    def predict_proba(self, X):
        """Compute, for skorch's callbacks, what the loss is computed from.

        Parameters
        ----------
        X : SequenceDataset
            The sequences.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples, n_targets, width)
            Probabilities of classes; else parameters in units of the loss.
        """
        parameters = super().predict_proba(X)
        head = self.module_.target_head
        return getattr(head, "probability", np.asarray)(parameters)

    def predict(self, X):
        """Predict, for skorch's callbacks, in units of the loss.

        Parameters
        ----------
        X : SequenceDataset
            The sequences.

        Returns
        -------
        ndarray of shape (n_samples, n_targets), or (n_samples,) of numbers of classes
        """
        return self.module_.target_head.location(super().predict_proba(X))
