"""Vectors that are given for tokens, in the order of a vocabulary."""

import numpy as np


def vectors_of(tokens: list, vectors: object) -> np.ndarray:
    """Look up what is given for each token.

    Parameters
    ----------
    tokens : list
        Of the vocabulary, in order.
    vectors : mapping
        From tokens to vectors; ``token in vectors`` and ``vectors[token]`` are enough.

    Returns
    -------
    ndarray of shape (1 + len(tokens), n) of float32
        NaN for the unknown token, the first, and where nothing is given.

    Raises
    ------
    ValueError
        If no token has a vector, or one is not like the others.
    """
    known = [i for i, token in enumerate(tokens) if token in vectors]
    if not known:
        raise ValueError(
            f"None of the {len(tokens)} tokens of the vocabulary, such as "
            f"{tokens[0]!r}, has a vector in vectors. Split texts as those were "
            "(lowercase, token_pattern), or set vectors=None."
        )
    found = None
    for i in known:
        vector = np.asarray(vectors[tokens[i]], np.float32)
        if found is None and vector.ndim == 1 and len(vector):
            found = np.full((1 + len(tokens), len(vector)), np.nan, np.float32)
        if found is None or vector.shape != found.shape[1:]:
            expected = "(n,)" if found is None else found.shape[1:]
            raise ValueError(
                f"The vector of {tokens[i]!r} has shape {vector.shape}, expected was "
                f"{expected}, the same for all tokens."
            )
        if not np.isfinite(vector).all():
            raise ValueError(f"The vector of {tokens[i]!r} is not finite.")
        found[1 + i] = vector
    return found
