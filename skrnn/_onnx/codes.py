"""Features that are categories, as nodes: numbers become codes."""

import numpy as np


def coded(x, estimator):
    """Put codes in the place of categories.

    Parameters
    ----------
    x : Value of shape (N, L, F) of float64
        Sequences, as the estimator takes them: numbers of categories, or codes as
        windows hold them.
    estimator : BaseRNN
        Fitted.

    Returns
    -------
    Value of shape (N, L, F) of float64
        A step without any value stays one.

    Raises
    ------
    NotImplementedError
        If the categories are words, or stand in columns beside lags.
    """
    coders = _coders_of(estimator)
    if not coders:
        return x
    graph = x.graph
    missing = x.apply("IsNaN", dtype=bool)
    is_absent = missing.cast(np.float32).min(2, keep=True) > 0  # (N, L, 1)
    parts = []
    for feature in range(estimator.n_features_in_):
        values = x.slice(2, feature, feature + 1)
        if feature in coders:
            known, missing_code = coders[feature]
            # Where none is known all are unknown.
            known = np.append(known, np.nan)
            number = np.append(np.arange(1.0, len(known)), 0.0)
            codes = (values.equals(known).cast(np.float64) * number).sum(2, keep=True)
            is_missing = values.apply("IsNaN", dtype=bool)
            values = graph.where(is_missing, missing_code, codes)
        parts.append(values)
    return graph.where(is_absent, np.nan, graph.concat(parts, axis=2))


def _coders_of(estimator):
    """Values (ndarray) in the order of their codes, and the code of what is missing."""
    found, encoding = {}, estimator._encoding
    if encoding is not None:
        if encoding.layout != "windows":
            raise NotImplementedError(
                "No ONNX operators are known for columns of categories, or for words. "
                "Give fit sequences with numbers in their place, such as those of "
                "OrdinalEncoder, and name them in categorical_features."
            )
        for feature, of in encoding.categories.items():
            found[feature] = np.arange(1.0, of.missing_code), float(of.missing_code)
    if estimator._categories is not None:
        pairs = zip(*estimator._categories, strict=True)
        found |= {int(j): (values, len(values) + 1.0) for j, values in pairs}
    return found
