"""From texts and lists of tokens to sequences that the estimators read."""

from skrnn._sequences.tokens import TokenArray
from skrnn.text._token_sequence import TokenSequence

__all__ = ["TokenArray", "TokenSequence"]
