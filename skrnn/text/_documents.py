"""Samples as lists of tokens: texts are split, lists of tokens are there already."""

from collections.abc import Callable

import numpy as np

from skrnn._columns import refuse_lazy


def documents_of(X: object, name: str) -> list:
    """List the samples of X.

    Parameters
    ----------
    X : iterable
        What the user gave.
    name : str
        Of the estimator, for the errors.

    Returns
    -------
    list
        Of texts, lists of tokens and whatever else there is.

    Raises
    ------
    ValueError
        If X is one text, has several dimensions, or no sample.
    TypeError
        If it is a plan of a table.
    """
    refuse_lazy(X)
    if isinstance(X, (str, bytes)):
        raise ValueError(
            f"X is a single text, and {name} takes a list of them, one for each sample."
        )
    n_dims = len(getattr(X, "shape", (0,)))  # polars has no ndim
    if n_dims != 1:
        raise ValueError(
            f"X has {n_dims} dimensions, and {name} takes one text a sample, such as a "
            'column of a table: X["text"]. If each row is a list of tokens, give '
            "X.tolist()."
        )
    documents = list(X)
    if not documents:
        raise ValueError(
            f"Found array with 0 sample(s) while a minimum of 1 is required by {name}."
        )
    return documents


def split(
    documents: list, analyze: Callable, *, takes_lists: bool, has_ngrams: bool
) -> list:
    """Give the tokens of each sample.

    Parameters
    ----------
    documents : list
        Of `documents_of`.
    analyze : callable
        From a text to its tokens.
    takes_lists : bool
        Whether it takes all else too.
    has_ngrams : bool
        Whether it makes one token of several.

    Returns
    -------
    list of list
        A missing sample (None or NaN) has no token.

    Raises
    ------
    ValueError
        If a sample is neither a text nor a list of tokens, or n-grams are asked for
        lists.
    """
    found = []
    for i, document in enumerate(documents):
        if _is_missing(document):
            found.append([])
        elif takes_lists or isinstance(document, (str, bytes)):
            found.append(list(analyze(document)))
        elif not isinstance(document, (list, tuple, np.ndarray)):
            raise ValueError(
                f"Each sample must be a text (str) or a list of tokens; X[{i}] is "
                f"{document!r} of type {type(document).__name__}."
            )
        elif has_ngrams:
            raise ValueError(
                f"X[{i}] is a list of tokens, of which no n-grams are made. Set "
                "ngram_range=(1, 1), or give texts."
            )
        else:
            tokens = document.tolist() if hasattr(document, "tolist") else document
            found.append(list(tokens))
    return found


def _is_missing(document):
    # None, NaN, and pandas' own, which is equal to nothing.
    if document is None or type(document).__name__ == "NAType":
        return True
    return isinstance(document, (float, np.floating)) and bool(np.isnan(document))
