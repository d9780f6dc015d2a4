"""What random convolutions of every sort share: shapes, channels and dilations."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from skrnn._kernels.fit import check_lengths, check_tensor
from skrnn._kernels.library import check_answer, library
from skrnn._kernels.threads import current_handle

N_WEIGHTS = 9


class FixedConvolutions(nn.Module):
    """Convolutions that nobody trains: what is common to their sorts.

    A subclass has its kernels in buffers, and ``n_outputs``, ``_new_call`` and
    ``_features_of``.

    A sample's features depend neither on the other samples nor on its padding.
    """

    _function = None  # of the kernels

    @torch.no_grad()
    def forward(self, x, lengths=None):
        """Compute the features of sequences.

        Parameters
        ----------
        x : Tensor of shape (N, L, F) of float32
            Right-padded sequences.
        lengths : Tensor of shape (N,) of int64, default=None
            Present steps of each; None where all L are present.

        Returns
        -------
        Tensor of shape (N, n_outputs) of float32
        """
        x = x.float()
        kernels = {
            name: buffer.float() if buffer.is_floating_point() else buffer
            for name, buffer in self.named_buffers()
        }
        features = x.new_empty(len(x), self.n_outputs)
        if x.device.type == "cpu" and library() is not None:
            self._compute(x, lengths, kernels, features)
            return features
        for i, sequence in enumerate(x):
            n_steps = x.shape[1] if lengths is None else int(lengths[i])
            features[i] = self._features_of(sequence[:n_steps], kernels)
        return features

    def _compute(self, x, lengths, kernels, features):
        """Let the compiled kernels fill in the features."""
        call = self._new_call()
        call.n_samples, call.n_steps, call.n_features = x.shape
        tensors = kernels | {"x": x, "lengths": lengths, "to": features}
        kept = {name: t.contiguous() for name, t in tensors.items() if t is not None}
        for name, tensor in kept.items():
            setattr(call, name, tensor.data_ptr())
        self._check_fit(kept)
        answer = getattr(library(), self._function)(current_handle(), call)
        check_answer(answer, f"There is no memory for sequences of {x.shape[1]} steps.")

    def _check_fit(self, tensors):
        n_features = self.channels.shape[-1]
        x = tensors["x"]
        check_tensor("x", x, (*x.shape[:2], n_features), torch.float32)
        check_lengths(tensors.get("lengths"), len(x))


def shifted(u, dilation):
    """Return what each weight of a kernel reads at every step.

    Parameters
    ----------
    u : Tensor of shape (K, L)
        Sequences.
    dilation : int
        Steps from one weight to the next.

    Returns
    -------
    Tensor of shape (9, K, L)
        Zero where that is beyond the sequence.
    """
    n_steps = u.shape[1]
    step = max(-n_steps, min(n_steps, int(dilation)))
    margin = N_WEIGHTS // 2 * abs(step)
    padded = functional.pad(u, (margin, margin))
    starts = (margin + (j - N_WEIGHTS // 2) * step for j in range(N_WEIGHTS))
    return torch.stack([padded[:, start : start + n_steps] for start in starts])


def largest_dilation(longest):
    """Return what dilation (float, at least 1) spans so many steps (int)."""
    return max((longest - 1) / (N_WEIGHTS - 1), 1.0)


def draw_channels(generator, shape):
    """Choose at random which channels kernels read: few more often than many.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of randomness.
    shape : tuple of int
        Numbers of whatever reads, and last of channels, F.

    Returns
    -------
    ndarray of bool
        Of that shape; up to nine of each F are True.
    """
    channels, n_features = np.zeros(shape, dtype=bool), shape[-1]
    exponent = np.log2(min(n_features, N_WEIGHTS) + 1)
    for subset in channels.reshape(-1, n_features):
        size = min(int(2 ** generator.uniform(0, exponent)), n_features)
        subset[generator.choice(n_features, size, replace=False)] = True
    return channels
