"""A batch of sequences as the network reads it."""

from typing import NamedTuple

import torch

from skrnn._preprocessing.scaling import WindowMoments


class SequenceBatch(NamedTuple):
    """A batch in the user's units, or consecutive steps of one."""

    x: torch.Tensor  # (N, S * segment_length, F)
    lengths: torch.Tensor | None  # (N,), present segments of each
    padding: torch.Tensor | None  # (N,), steps of it before the oldest one
    moments: WindowMoments | None

    def between(self, start, stop, segment_length):
        """Steps `start` to `stop` of the recurrence; only the first has padding."""
        lengths = self.lengths
        if lengths is not None:
            lengths = (lengths - start).clamp(0, stop - start)
        x = self.x[:, start * segment_length : stop * segment_length]
        padding = self.padding if start == 0 else None
        return SequenceBatch(x, lengths, padding, self.moments)


def to_device(lengths, like):
    """Move lengths (Tensor or None) to where another tensor is."""
    return None if lengths is None else lengths.to(like.device)
