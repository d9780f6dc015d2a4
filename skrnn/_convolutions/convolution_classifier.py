"""Linear models on random convolutions, beside the networks of a classifier.

Many fixed kernels, and a ridge classifier on what they find, need no training by
gradients and are hard to beat where samples are few: ROCKET (Dempster, Petitjean and
Webb 2020, arXiv:1910.13051). Kernels of two sorts find different things; each has a
model of its own, so that those which say nothing of the classes can be left out.
"""

import numpy as np
import torch
from torch import nn

from skrnn._kernels.layer import kernel_threads
from skrnn._kernels.rowwise import affine
from skrnn._kernels.threads import single_thread
from skrnn._preprocessing.blocks import tensors

# Numbers that a block of samples and their features hold.
_BLOCK_SIZE = 2**21


class ConvolutionPath(nn.Module):
    """Logits of classes or labels from random convolutions of one sort.

    It computes in double precision but for the convolutions.

    Parameters
    ----------
    scaling : Scaling
        What makes features of different units alike.
    convolutions : RandomConvolutions or CompetingConvolutions
        What is computed from them.
    n_targets : int
        Classes, or labels.
    """

    def __init__(self, scaling, convolutions, n_targets):
        super().__init__()
        self.scaling, self.convolutions = scaling, convolutions
        shapes = {
            "center": (convolutions.n_outputs,),
            "weight": (n_targets, convolutions.n_outputs),
            "bias": (n_targets,),
        }
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float64))

    def inputs(self, source, rows):
        """Scaled sequences (N, L, F) of float32 and their lengths, of some rows."""
        x, lengths = tensors(*source.batch(rows))
        x = self.scaling.inputs(x, self.scaling.moments(x, lengths))
        # Without the channels that tell what is missing.
        return x[:, :, : source.n_features].to(torch.float32), lengths

    def blocks(self, source):
        """Compute the features of a source, a bounded amount of data at a time.

        Parameters
        ----------
        source : SequenceSource
            The sequences.

        Yields
        ------
        rows : slice
            Which samples.
        features : Tensor of shape (N, P) of float64
        """
        step = source.n_features * source.max_steps + self.convolutions.n_outputs
        size = int(np.clip(_BLOCK_SIZE // step, 1, 1024))
        for start in range(0, len(source), size):
            stop = min(start + size, len(source))
            x, lengths = self.inputs(source, np.arange(start, stop))
            features = self.convolutions(x, lengths)
            yield slice(start, stop), features.to(torch.float64)

    @torch.no_grad()
    def logits(self, source):
        """Compute the logits of a source.

        Parameters
        ----------
        source : SequenceSource
            The sequences.

        Returns
        -------
        ndarray of shape (n_samples, n_targets) of float64
            The bits of a row do not depend on the other rows.
        """
        results = np.empty((len(source), len(self.bias)))
        with single_thread() as n_threads, kernel_threads(n_threads):
            for rows, features in self.blocks(source):
                results[rows] = affine(features - self.center, self.weight, self.bias)
        return results


class ConvolutionPaths(nn.Module):
    """What stands beside the networks of a classifier; it stays on the CPU.

    Parameters
    ----------
    paths : list of ConvolutionPath
        One for each sort of convolutions.

    Attributes
    ----------
    shares : Tensor of shape (1 + len(paths),) of float64
        What the logits of each path, and last those of the networks, are multiplied by
        before they are added.
    """

    def __init__(self, paths):
        super().__init__()
        self.paths = nn.ModuleList(paths)
        shares = torch.ones(len(paths) + 1, dtype=torch.float64)
        self.register_buffer("shares", shares)

    def _apply(self, fn, recurse=True):
        return self

    def logits(self, source):
        """Compute the logits of every path.

        Parameters
        ----------
        source : SequenceSource
            The sequences.

        Returns
        -------
        list of ndarray of shape (n_samples, n_targets) of float64
        """
        return [path.logits(source) for path in self.paths]
