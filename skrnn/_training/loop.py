"""The training loop: epoch after epoch, until something ends it."""

import inspect
from functools import cache

from skrnn._kernels.compiled_network import CompiledNetwork
from skrnn._kernels.composition import is_worth_composing
from skrnn._kernels.threads import flushed_denormals, kernel_threads, single_thread
from skrnn._kernels.training_step import CompiledStep
from skrnn._training.divergence import check_weights
from skrnn._training.epoch import run_batches
from skrnn._training.outputs import compiled_outputs
from skrnn._training.state import Run, load_training, training_state
from skrnn._warn import warn_user
from skrnn.exceptions import NonFiniteLossError

# Each divides the rate by ten: so many reach a rate a hundred thousand times lower, and
# a training that no rate can save ends all the same. Chosen by hand, not by a search.
_MAX_RESTARTS = 5


class TrainingLoop:
    """One training of a net, from its first epoch to its last.

    Parameters
    ----------
    net : SequenceNet
        Initialised; its `max_epochs` end the training, or `max_time` of its settings.
    scorer, tasks, checkpoint
        As for `SequenceNet.train`.
    """

    def __init__(self, net, *, scorer=None, tasks=None, checkpoint=None):
        self.net = net
        self.run = Run(net)
        self.scorer, self.tasks, self.checkpoint = scorer, tasks, checkpoint

    def train(self, train_set, valid_set, resumed=None):
        """Train, and leave the net with the best weights.

        Parameters
        ----------
        train_set, valid_set, resumed
            As for `SequenceNet.train`.

        Returns
        -------
        str
            What ended the training.
        """
        net = self.net
        net.run = self.run
        if self.run.workers is not None:
            self.run.workers.begin(net)
        net.notify("on_train_begin", X=train_set, y=valid_set)
        try:
            self.run.n_batches = len(net.get_iterator(train_set, training=True))
            if resumed is not None:
                load_training(net, resumed)
            net.prepare_schedule()
            with single_thread() as n_threads, flushed_denormals():
                return self._train_with_kernels(train_set, valid_set, n_threads)
        except KeyboardInterrupt:
            self._keep_whole_epochs()
            return "interrupted"
        finally:
            self.run.forget_kernels()
            net.notify("on_train_end", X=train_set, y=valid_set)
            if net.best_weights.best_epoch_ is not None:
                net.average = None  # of weights that are no longer there
            net.run = None

    def _train_with_kernels(self, train_set, valid_set, n_threads):
        """Have kernels do what they can do of a training."""
        net, network, run = self.net, self.net.module_, self.run
        largest_batch = net.batch_size or len(train_set)
        form = self._form_to_train(train_set.source.max_steps, largest_batch)
        if form is None:
            # Layers by themselves, and whole outputs for the validation.
            with (
                kernel_threads(n_threads),
                compiled_outputs(network, n_threads) as run.compiled,
            ):
                return self._train_until_stopped(train_set, valid_set)
        # No more threads than there are parts of a batch, of up to 64 samples
        # (lanes.h), or of the units; but two, as a batch has two parts.
        largest = max(largest_batch, network.stack.output_size)
        n_busy = min(n_threads, max(2, -(-largest // 64)))
        loss = net.criterion_.compiled
        with CompiledNetwork(form, n_busy) as compiled:
            run.step = CompiledStep(compiled, loss)
            if form.composition is None:
                run.compiled = compiled
                return self._train_until_stopped(train_set, valid_set)
            with (
                kernel_threads(n_threads),
                compiled_outputs(network, n_threads) as run.compiled,
            ):
                return self._train_until_stopped(train_set, valid_set)

    def _form_to_train(self, max_steps, largest_batch):
        """What kernels have of the network (StandardForm) where they train it."""
        net = self.net
        loss = getattr(net.criterion_, "compiled", None)
        is_apt = loss is not None and not net.settings.autocast
        if not is_apt or not _steps_alone(type(net.optimizer_)):
            return None
        form = net.module_.training_form(max_steps)
        if form is None or form.composition is None:
            return form
        return form if is_worth_composing(form, largest_batch) else None

    def _train_until_stopped(self, train_set, valid_set):
        net, run = self.net, self.run
        train = net.get_iterator(train_set, training=True)
        valid = None if valid_set is None else net.get_iterator(valid_set)
        if run.workers is not None:
            train.share_out(run.workers, is_training=True)
            if valid is not None:
                valid.share_out(run.workers, is_training=False)
        data = {"dataset_train": train_set, "dataset_valid": valid_set}
        is_stopped = False
        while True:
            n_epochs = len(net.history) - run.n_before
            if net.best_weights.is_stalled:
                return "stalled"
            if net.best_weights.has_learned(net.history, run.n_before, len(train_set)):
                return "learned"
            if is_stopped:
                return "stopped"
            if n_epochs >= net.max_epochs:
                return "max_epochs"
            # Time may be up before the first epoch; a fit without one is no fit.
            if n_epochs and self._is_out_of_time():
                return "stopped"
            try:
                self._begin_epoch(data)
                run_batches(net, train, training=True)
                if valid is not None:
                    run_batches(net, valid, training=False)
                is_stopped = self._end_epoch(data)
            except NonFiniteLossError as error:
                if net.settings.on_divergence != "restart":
                    raise
                self._restart(error)

    def _begin_epoch(self, data):
        """Open a new epoch and forget the batches of the one before."""
        net, run = self.net, self.run
        if net.history:
            net.history[-1]["batches"].clear()
        if self.tasks is not None:
            self.tasks.begin()
        run.begin_with = net.copy_of_weights()
        if net.settings.on_divergence == "restart" and run.best_begin is None:
            run.best_begin = run.begin_with
        net.notify("on_epoch_begin", **data)

    def _end_epoch(self, data):
        """Do what follows an epoch; tell whether something else ends the training."""
        net, run = self.net, self.run
        check_weights(net)
        if self.scorer is not None and data["dataset_valid"]:
            net.history.record("valid_score", float(self.scorer()))
        is_stopped = False
        try:
            net.notify("on_epoch_end", **data)
        except KeyboardInterrupt:  # how skorch's own callbacks stop the training
            is_stopped = True
            # If it was the user, it may have come before this.
            net.best_weights.on_epoch_end(net, **data)
        epoch = net.history[-1]
        run.n_whole = len(net.history)
        if net.schedule_ is not None:
            net.schedule_.after_epoch(epoch.get("valid_loss", epoch["train_loss"]))
        if epoch["train_loss"] < run.least_loss:
            run.least_loss, run.best_begin = float(epoch["train_loss"]), run.begin_with
        if self.checkpoint is not None:
            self.checkpoint.save(training_state(net))
        if self.tasks is not None and self.tasks.end():
            is_stopped = True
        if run.workers is None:
            return is_stopped or self._is_out_of_time()
        run.workers.check_same(net)
        return self._is_out_of_time(is_stopped)

    def _is_out_of_time(self, is_stopped=False):
        limit = self.net.settings.max_time
        is_stopped |= limit is not None and self.run.seconds() >= limit
        workers = self.run.workers
        return is_stopped if workers is None else workers.any(is_stopped)

    def _restart(self, error):
        """Go back to the best weights, at a tenth of the rate."""
        net, run = self.net, self.run
        if run.n_restarts == _MAX_RESTARTS:
            raise NonFiniteLossError(
                f"{error} It diverged again after {_MAX_RESTARTS} restarts, each at a "
                "tenth of the rate before."
            ) from error
        run.n_restarts += 1
        del net.history[run.n_whole :]
        best = net.best_weights.weights_
        net.module_.load_state_dict(run.best_begin if best is None else best)
        net.average = None
        net.restart_optimizer(net.lr / 10)
        net.prepare_schedule()
        warn_user(
            f"{error} Training goes on from the best weights so far at learning rate "
            f"{net.lr:g}.",
        )

    def _keep_whole_epochs(self):
        net, run = self.net, self.run
        # An epoch that was compared with the best may be the best.
        if len(net.history) > max(run.n_whole, net.best_weights.n_judged_):
            del net.history[-1]
            # Half an epoch is no epoch that a fit could be asked for again.
            net.module_.load_state_dict(run.begin_with)
            net.average = None
        if len(net.history) <= run.n_before:
            raise KeyboardInterrupt
        warn_user(
            f"Training was interrupted by the user after {len(net.history)} epochs; "
            "the estimator keeps the best weights so far.",
        )


@cache
def _steps_alone(optimizer):
    """Whether an optimiser (a class) needs no more of a batch than its gradient."""
    step = inspect.signature(optimizer.step).parameters
    return step["closure"].default is not inspect.Parameter.empty
