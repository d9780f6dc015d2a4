"""The networks of an estimator, trained one after the other, and what is noted."""

from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.utils import _safe_indexing

from skrnn._ensemble.auto import choose, chosen, n_networks
from skrnn._ensemble.build import draw_seeds, network_options, training_options
from skrnn._ensemble.member import NetworkMaking, Samples
from skrnn._ensemble.pretrained import donor_of, freeze
from skrnn._ensemble.validation import split_rows
from skrnn._training.state import restore, snapshot
from skrnn._warn import warn_user

# Kinds of networks: those that read step by step, and those that see the newest steps
# together. What one of them cannot learn from few samples the other often can.
_SEGMENT_LENGTHS = (None, 6)
# Validation losses that are sizes of errors, and how much the lesser counts.
_SIZES = {"squared_error", "absolute_error", "huber", "quantile"}
_POWER = 4


class Data(NamedTuple):
    """What a fit is given, as it came and as it was read."""

    X: object
    y: object
    samples: Samples
    X_val: object
    y_val: object
    given: Samples | None  # X_val and y_val


class Plan(NamedTuple):
    """How a fit goes."""

    kinds: tuple  # their segment lengths
    n_parts: int  # networks of each kind
    n_epochs: int
    proceed: bool  # from the networks of the fit before
    incremental: bool
    resume: bool

    @property
    def n_nets(self):
        """How many networks are fitted."""
        return len(self.kinds) * self.n_parts


class NetworkFitting(NetworkMaking):
    """How `BaseRNN` comes to its networks."""

    def _kinds(self, proceed, incremental, n_samples):
        """Return segment lengths of networks, and how many there are of each."""
        if proceed:
            return self._planned
        wanted = getattr(self, "n_estimators", 1)
        # Without validation they would all learn the same samples.
        if wanted == "auto" and (incremental or not self.early_stopping):
            wanted = 1
        if wanted != "auto":
            return (self.segment_length,), wanted
        kinds = (self.segment_length,)
        if self.segment_length is None and getattr(self, "decoder", None) == "linear":
            # The layers of another estimator are of one kind.
            kinds = _SEGMENT_LENGTHS if isinstance(self.init, str) else (None,)
        return kinds, n_networks(self, n_samples)

    def _fit_nets(self, plan, data, tasks):
        """Fit one network after the other; none has changed if one of them fails."""
        old = self.nets_ if plan.proceed else []
        before = [snapshot(net) for net in old]
        seeds = None if old else draw_seeds(self.random_state, plan.n_nets)
        self._planned = plan.kinds, plan.n_parts
        if not old:
            n_samples = len(data.samples.source)
            self._chosen = choose(self, n_samples, plan.n_parts, donor_of(self))
        done, reasons = [], []
        try:
            # Fewer go on if there are fewer: a training before was interrupted.
            for place in range(len(old) or plan.n_nets):
                train, valid = self._split(data, plan, place)
                if old:
                    net, begin_with = old[place], old[place].copy_of_weights()
                    taken_off = None
                else:
                    net, taken_off = self._new_net(
                        data.samples, train, seeds[place], place, plan
                    )
                    begin_with = None
                # Until all are there, scorers and callbacks see the one in training.
                self.net_, self.nets_ = net, [net]
                split = [train, valid]
                try:
                    reason = self._fit_net(
                        plan, data, tasks, split, begin_with, place, taken_off
                    )
                except KeyboardInterrupt:
                    if not done:
                        raise
                    if old:
                        restore(net, before[place])
                    warn_user(
                        f"Training was interrupted by the user after {place} of "
                        f"{plan.n_nets} networks; the estimator keeps those."
                    )
                    break
                done.append(net)
                reasons.append(reason)
                if reason == "interrupted":
                    break
        except BaseException:
            for net, state in zip(old, before, strict=True):
                restore(net, state)
            raise
        self.nets_ = old or done
        n_before = [0] * len(done)
        if old and not plan.incremental:
            n_before = [state[-1] for state in before]
        self._note_training(done, n_before, reasons)
        self._weigh_nets(plan)

    def _fit_net(self, plan, data, tasks, split, begin_with, place, taken_off):
        """Train the present network; return what ended the training (str)."""
        net, samples = self.net_, data.samples
        train, valid = split
        checkpoint, state = None, None
        if self.checkpoint_dir is not None and not plan.incremental:
            checkpoint = self._new_checkpoint(data, split, begin_with, place)
            state = checkpoint.load() if plan.resume else checkpoint.clear()
        X_val, y_val = data.X_val, data.y_val
        if X_val is not None:
            valid_set = self._dataset(data.given, np.arange(len(data.given.source)))
        elif len(valid):
            valid_set = self._dataset(samples, valid)
            if self.scoring is not None:
                rows = valid if samples.rows is None else samples.rows[valid]
                X_val = _safe_indexing(data.X, rows)
                y_val = _safe_indexing(data.y, rows)
        else:
            valid_set = None
            if self.scoring is not None and not plan.incremental and place == 0:
                self._warn_of_scoring()
        if plan.proceed:
            freeze(net.module_, self.frozen)
            # A loss of torch may have learned weights of its own.
            loss = self._new_loss()[1] if isinstance(self.loss, str) else None
            net.change(
                loss=loss, network=network_options(self), **training_options(self)
            )
        if self.max_time is not None:
            net.max_time = self.max_time / plan.n_nets
        return net.train(
            self._dataset(samples, train, taken_off),
            valid_set,
            plan.n_epochs,
            scorer=self._new_scorer(X_val, y_val),
            tasks=tasks,
            checkpoint=checkpoint,
            resumed=state,
        )

    def _note_training(self, nets, n_before, reasons):
        """Set the fitted attributes that tell of the training; warn if it was short."""
        best = [net.best_weights for net in nets]
        epochs = [
            b.best_epoch_ or len(net.history) for b, net in zip(best, nets, strict=True)
        ]
        # Told of is the network of the latest best epoch: with that many each of them
        # comes to its best weights.
        place = int(np.argmax(epochs))
        self.net_ = nets[place]
        history = self.net_.history
        self.n_iter_ = len(history) - n_before[place]
        self.best_epoch_ = epochs[place]
        self.loss_curve_ = _curve(history, "train_loss")
        self.validation_loss_curve_ = _curve(history, "valid_loss")
        self.validation_scores_ = _curve(history, "valid_score")
        n_improving = sum(
            reason == "max_epochs" and b.n_stalled_ == 0 and b.best_epoch_ is not None
            for reason, b in zip(reasons, best, strict=True)
        )
        if 2 * n_improving > len(nets):  # a single one of five would change little
            warn_user(
                f"The validation of this {type(self).__name__} still improved in the "
                f"last of max_epochs={self.max_epochs} epochs. Raise max_epochs, or "
                "set early_stopping=False if that many were meant.",
                ConvergenceWarning,
            )

    def _weigh_nets(self, plan):
        """Set the weights of the networks in predictions."""
        count = len(self.nets_)
        kinds = np.arange(count) % len(plan.kinds)
        losses = [_best_loss(net) for net in self.nets_]
        if plan.proceed and None in losses:
            return
        means = np.ones(len(plan.kinds[:count]))
        if self.loss in _SIZES and None not in losses:
            sums = np.bincount(kinds, losses)
            means = sums / np.bincount(kinds)
        share = _least_counts_most(means)[kinds] / np.bincount(kinds)[kinds]
        self.net_weights_ = share / share.sum()

    def _split(self, data, plan, place):
        """Rows that a network is trained on, and those that decide when to stop."""
        source, target = data.samples.source, data.samples.target
        if plan.incremental or data.given is not None or not self.early_stopping:
            return np.arange(len(source)), np.arange(0)
        return split_rows(
            len(source),
            chosen(self, "validation_fraction"),
            self.validation_gap,
            self._validation_groups(target, source),
            part=place // len(plan.kinds),
            n_parts=plan.n_parts,
        )

    def _new_scorer(self, X_val, y_val):
        if self.scoring is None or X_val is None:
            return None
        scorer = check_scoring(self, self.scoring)

        def score():
            value = float(scorer(self, X_val, y_val))
            if np.isnan(value):
                raise ValueError(
                    f"scoring={self.scoring!r} gives NaN on the {len(y_val)} "
                    "validation samples, so that no epoch can be the best. Raise "
                    "validation_fraction, give X_val and y_val, or set scoring=None."
                )
            return value

        return score

    def _warn_of_scoring(self):
        lack = "early_stopping=False sets no sample aside"
        remedy = "Set early_stopping=True"
        if self.early_stopping:
            share = chosen(self, "validation_fraction")
            lack = (
                f"validation_fraction={share} and validation_gap={self.validation_gap} "
                "leave no sample of so few to set aside"
            )
            remedy = "Raise validation_fraction"
        warn_user(
            f"scoring={self.scoring!r} is not used: {lack}, and no X_val was given. "
            f"{remedy}, give X_val and y_val to fit, or set scoring=None."
        )


def _curve(history, name):
    if not any(name in epoch for epoch in history):
        return None
    return [float(epoch.get(name, np.nan)) for epoch in history]


def _best_loss(net):
    """Validation loss of the weights that are kept, or None."""
    epoch = net.best_weights.best_epoch_
    return None if epoch is None else float(net.history[epoch - 1, "valid_loss"])


def _least_counts_most(losses):
    """Weights (n,), the greatest of which is 1, for losses (n,) of at least 0."""
    is_more = losses > losses.min()
    return (
        np.divide(losses.min(), losses, where=is_more, out=np.ones(len(losses)))
        ** _POWER
    )
