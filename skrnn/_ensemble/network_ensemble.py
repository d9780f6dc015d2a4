"""The networks of an estimator, and how much each counts."""

import numpy as np

from skrnn._training.outputs import outputs

# Losses that are sizes of errors: validation losses of them can be compared between
# kinds of networks.
_SIZES = {"squared_error", "absolute_error", "huber", "quantile"}
# How much the kind with the larger loss counts less: as the ratio to this power, which
# makes a tenth more loss a third less weight.
_POWER = 4


class NetworkEnsemble:
    """Networks, whose outputs are averaged.

    Parameters
    ----------
    nets : list of SequenceNet
        Trained.
    weights : ndarray of shape (n_nets,)
        Their weights in the average; 1 in all.
    """

    convolutions = None  # nothing stands beside the networks

    def __init__(self, nets, weights):
        self.nets, self.weights = nets, weights

    @property
    def networks(self):
        """The networks of the model, which are all of it."""
        return self

    def outputs(self, source):
        """Compute parameters of the targets in the user's units.

        Parameters
        ----------
        source : SequenceSource
            The sequences.

        Returns
        -------
        ndarray of shape (n_samples, n_targets, width) of float64
        """
        if len(self.nets) == 1:
            return outputs(self.nets[0], source)
        pairs = zip(self.nets, self.weights, strict=True)
        return sum(weight * outputs(net, source) for net, weight in pairs)

    def out_of_fold(self, place, source, fold):
        """Compute logits of the validation rows of a fold, by the network without them.

        Parameters
        ----------
        place : int
            Number of the network.
        source : SequenceSource
            All samples.
        fold : Fold
            Its rows.

        Returns
        -------
        ndarray of shape (n_valid, n_targets) of float64
        """
        return outputs(self.nets[place], source.take(fold.valid))[..., 0]


def average_weights(nets, kinds, loss):
    """Find the weights of networks in predictions.

    Each kind counts by its validation loss, and each network of a kind the same; all
    networks count the same where losses are no sizes of errors.

    Parameters
    ----------
    nets : list of SequenceNet
        Trained.
    kinds : ndarray of shape (n_nets,) of int64
        Numbers of their kinds.
    loss : str, class or torch.nn.Module
        What was minimised.

    Returns
    -------
    ndarray of shape (n_nets,)
    """
    losses, share = [best_loss(net) for net in nets], np.ones(len(nets))
    # A class or an object is no name.
    if isinstance(loss, str) and loss in _SIZES and None not in losses:
        means = np.bincount(kinds, losses) / np.bincount(kinds)
        share = _least_counts_most(means)[kinds] / np.bincount(kinds)[kinds]
    return share / share.sum()


def best_loss(net):
    """Validation loss (float) of the weights that are kept, or None."""
    epoch = net.best_weights.best_epoch_
    return None if epoch is None else float(net.history[epoch - 1, "valid_loss"])


def _least_counts_most(losses):
    """Weights (n,), the greatest of which is 1, for losses (n,) of at least 0."""
    is_more = losses > losses.min()
    return (
        np.divide(losses.min(), losses, where=is_more, out=np.ones(len(losses)))
        ** _POWER
    )
