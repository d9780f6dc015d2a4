"""Transformers between flat columns and sequences, and one for every time step."""

from skrnn.reshape._flatten import FlattenSequence
from skrnn.reshape._time_distributed import TimeDistributed
from skrnn.reshape._to_sequence import ToSequence

__all__ = ["FlattenSequence", "TimeDistributed", "ToSequence"]
