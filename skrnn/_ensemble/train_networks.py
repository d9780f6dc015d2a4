"""A fit of the networks of an estimator, one after the other."""

import copy
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn._ensemble.auto import MOST_JUDGES, is_auto
from skrnn._ensemble.constant import constant_loss
from skrnn._ensemble.member import new_dataset, new_member
from skrnn._ensemble.network_ensemble import NetworkEnsemble, average_weights, best_loss
from skrnn._ensemble.pretrained import freeze
from skrnn._ensemble.validation import Fold, split_distinct, split_rows
from skrnn._preprocessing.distinct import sample_keys
from skrnn._training.autocast import warn_of_float32
from skrnn._training.state_check import StateCheck, largest_file
from skrnn._warn import warn_user


class Trained(NamedTuple):
    """What a fit of networks gives."""

    networks: NetworkEnsemble
    told: object  # the net of which curves and epochs are told
    n_before: int  # epochs that it had before this fit
    best_epoch: int


class NetworkTraining:
    """One fit of the networks of an estimator.

    Parameters
    ----------
    settings : Settings
        What is decided.
    targets : Targets
        What is predicted.
    samples : Samples
        What the networks learn from.
    given : Samples or None
        Validation samples that the user gave.
    n_epochs : int
        Epochs of each network at the most.
    is_incremental : bool
        Whether nothing is set aside, as in ``partial_fit``.
    resumes : bool
        Whether checkpoints are gone on from; else they are removed.
    scorer : ValidationScorer or None
        Judges epochs in the place of the validation loss.
    tasks : FitTasks or None
        Told of every epoch.
    checkpoints : Checkpoints or None
        Where states are kept.
    estimator_name : str
        Whose fit it is.
    """

    def __init__(
        self,
        settings,
        targets,
        samples,
        given=None,
        *,
        n_epochs,
        is_incremental=False,
        resumes=False,
        scorer=None,
        tasks=None,
        checkpoints=None,
        estimator_name,
    ):
        self.settings, self.targets = settings, targets
        self.samples, self.given = samples, given
        self._n_epochs, self.is_incremental = n_epochs, is_incremental
        self._resumes, self._checkpoints = resumes, checkpoints
        self._scorer, self._tasks = scorer, tasks
        self._name = estimator_name

    @cached_property
    def keys(self):
        """Numbers (n_samples,), equal for samples that are the same in all."""
        return sample_keys(self.samples.source, self.samples.target)

    def fold(self, place):
        """Return the rows (Fold) that a network learns from, and those it sets aside.

        Without early stopping those judge what convolutions beside the networks count,
        and nothing else.

        Parameters
        ----------
        place : int
            Number of the network.
        """
        samples, ensemble = self.samples, self.settings.ensemble
        n_samples = len(samples.source)
        if self.is_incremental or self.given is not None or not ensemble.sets_aside:
            return Fold(np.arange(n_samples), np.arange(0))
        # A scorer needs a sample of every class; the loss does not.
        needs_all = self._scorer is not None and self.targets.has_classes
        split, what = partial(split_rows, at_least_one=needs_all), n_samples
        if not ensemble.early_stopping:
            is_in_row = samples.source.is_in_time_order
            split, what = partial(split_distinct, in_order=is_in_row), self.keys
        series = samples.source.series
        groups = self.targets.validation_groups(samples.target, series)
        return split(
            what,
            ensemble.validation_fraction,
            ensemble.validation_gap,
            groups,
            part=ensemble.fold_of(place),
            n_parts=ensemble.n_folds,
            # A class of few samples needs all of them.
            together=groups is series,
        )

    def run(self, *, previous=None, seeds=(), pretrained=None):
        """Train new networks, or copies of those of an earlier fit.

        Parameters
        ----------
        previous : NetworkEnsemble, default=None
            Networks to go on from, which stay as they are.
        seeds : list of int, default=()
            Of new networks.
        pretrained : Pretrained, default=None
            Whose weights new networks begin with.

        Returns
        -------
        Trained
        """
        if self._checkpoints is None:
            return self._run(previous, seeds, pretrained)
        with self._checkpoints.in_use():
            self._checkpoints.tidy(resumes=self._resumes)
            return self._run(previous, seeds, pretrained)

    def _run(self, previous, seeds, pretrained):
        old = [] if previous is None else previous.nets
        ensemble = self.settings.ensemble
        done, reasons = [], []
        learned = None  # of the rows of the network before
        # Fewer go on if there are fewer: a training before was interrupted.
        n_nets = len(old) or self._n_networks()
        for place in range(n_nets):
            fold = self.fold(place)
            begin_with, taken_off = None, None
            if old:
                net, begin_with = self._go_on_from(old[place], place)
            else:
                same = place and ensemble.fold_of(place) == ensemble.fold_of(place - 1)
                learned = learned if same and pretrained is None else None
                learned = self._new(fold, place, seeds[place], pretrained, learned)
                net, taken_off = learned
            train_set = self._dataset(net, self.samples, fold.train, taken_off)
            try:
                reason = self._train(net, train_set, fold, begin_with, place)
            except KeyboardInterrupt:
                if not done:
                    raise
                warn_user(
                    f"Training was interrupted by the user after {place} of {n_nets} "
                    "networks; the estimator keeps those."
                )
                break
            done.append(net)
            reasons.append(reason)
            if reason == "interrupted":
                break
        n_before = [0] * len(done)
        if not self.is_incremental:
            n_before[: len(old)] = [len(net.history) for net in old[: len(done)]]
        self._warn_of_improvement(done, reasons)
        networks = self._ensemble_of([*done, *old[len(done) :]], previous)
        return _told(networks, done, n_before)

    def _n_networks(self):
        """How many networks are trained (int): one, where they will count for nothing.

        Without samples set aside nothing says what networks are worth beside
        convolutions, and so their stacking weight is 0.
        """
        ensemble = self.settings.ensemble
        is_judged = self.given is not None or self.is_incremental
        is_judged |= ensemble.n_kernels is None or not ensemble.early_stopping
        is_free = is_auto(self.settings.architecture["n_estimators"])
        if is_judged or not is_free or len(self.fold(0).valid):
            return ensemble.n_networks
        return 1

    def _new(self, fold, place, seed, pretrained, learned):
        title, n_networks = self._name, self._n_networks()
        if n_networks > 1:
            title = f"{title} {place + 1}/{n_networks}"
        return new_member(
            self.settings,
            self.targets,
            self.samples,
            fold.train,
            place=place,
            seed=seed,
            pretrained=pretrained,
            title=title,
            learned=learned,
        )

    def _go_on_from(self, old, place):
        """A copy of a net with the settings of this fit; its weights as they are."""
        net, settings = copy.deepcopy(old), self.settings
        freeze(net.module_, settings.ensemble.frozen)
        # A loss of torch may have learned weights of its own.
        has_name = isinstance(settings.architecture["loss"], str)
        net.change(
            settings.training_of(place),
            loss=self.targets.new_loss()[1] if has_name else None,
            network=settings.network.changeable,
        )
        return net, None if self._checkpoints is None else old.copy_of_weights()

    def _train(self, net, train_set, fold, begin_with, place):
        """Train a network; return what ended the training (str)."""
        valid_set, scorer = self._validation(net, fold, is_first=place == 0)
        checkpoint, state, constant = None, None, None
        has_to_learn_all = self.settings.ensemble.n_kernels is None
        if valid_set is not None and has_to_learn_all and not self.targets.is_scaled:
            constant = constant_loss(net, train_set)  # of classes
        if self._checkpoints is not None:
            checkpoint = self._checkpoints.of(
                place, self.samples, self.given, self.targets, fold, begin_with
            )
        if checkpoint is not None and self._resumes:
            check = StateCheck(
                net,
                len(net.get_iterator(train_set, training=True)),
                n_valid=0 if valid_set is None else len(valid_set),
                has_scorer=scorer is not None,
                constant=constant,
            )
            state = checkpoint.load(check, largest_file(net))
        if place == 0 and begin_with is None:  # once for all of the networks
            warn_of_float32(net)
        return net.train(
            train_set,
            valid_set,
            self._n_epochs,
            scorer=scorer,
            tasks=None if self._tasks is None else self._tasks.of(net),
            checkpoint=checkpoint,
            resumed=state,
            constant=constant,
        )

    def _validation(self, net, fold, *, is_first):
        """Data set that decides when to stop, and what judges epochs; None for none."""
        if self.given is not None:
            rows = np.arange(len(self.given.source))
            scorer = None if self._scorer is None else self._scorer.of_given(net)
            return self._dataset(net, self.given, rows), scorer
        if self.settings.ensemble.early_stopping and len(fold.valid):
            judges = rows = self._judges(fold)
            if self.samples.rows is not None:
                rows = self.samples.rows[rows]
            scorer = None if self._scorer is None else self._scorer.of_rows(net, rows)
            return self._dataset(net, self.samples, judges), scorer
        if self._scorer is not None and is_first and not self.is_incremental:
            self._scorer.warn_unused(self.settings.ensemble)
        return None, None

    def _judges(self, fold):
        """Rows of those set aside by which epochs are judged."""
        rows = fold.valid
        # Short epochs are judged often.
        if self.settings.training.steps_per_epoch is None or len(rows) <= MOST_JUDGES:
            return rows
        return rows[np.linspace(0, len(rows) - 1, MOST_JUDGES).astype(np.int64)]

    def _dataset(self, net, samples, rows, taken_off=None):
        return new_dataset(
            net.module_, self.settings, self.targets, samples, rows, taken_off
        )

    def _ensemble_of(self, nets, previous):
        if previous is not None and None in [best_loss(net) for net in nets]:
            return NetworkEnsemble(nets, previous.weights)
        kind_of = self.settings.ensemble.kind_of
        kinds = np.array([kind_of(place) for place in range(len(nets))])
        loss = self.settings.architecture["loss"]
        return NetworkEnsemble(nets, average_weights(nets, kinds, loss))

    def _warn_of_improvement(self, nets, reasons):
        best = [net.best_weights for net in nets]
        n_improving = sum(
            reason == "max_epochs" and b.n_stalled_ == 0 and b.best_epoch_ is not None
            for reason, b in zip(reasons, best, strict=True)
        )
        if 2 * n_improving > len(nets):  # a single one of five would change little
            warn_user(
                f"The validation of this {self._name} still improved in the last of "
                f"max_epochs={self.settings.training.max_epochs} epochs. Raise "
                "max_epochs, or set early_stopping=False if that many were meant.",
                ConvergenceWarning,
            )


def _told(networks, nets, n_before):
    """Tell of the network of the latest best epoch."""
    epochs = best_epochs(nets)
    place = int(np.argmax(epochs))
    return Trained(networks, nets[place], n_before[place], epochs[place])


def best_epochs(nets):
    """Epochs (list of int), counted from 1, whose weights nets (list) have."""
    return [net.best_weights.best_epoch_ or len(net.history) for net in nets]
