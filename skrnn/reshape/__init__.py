"""Transformers between flat columns and sequences, and one for every time step."""

from skrnn.reshape._time_distributed import (
    FlattenSequence,
    TimeDistributed,
    ToSequence,
)

__all__ = ["FlattenSequence", "TimeDistributed", "ToSequence"]
