"""Fitted estimators as initial weights of others."""

from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skrnn._ensemble.pretrained import Pretrained


def pretrained_of(init):
    """Return what a fit begins with (Pretrained), or None if `init` names a scheme.

    Parameters
    ----------
    init : str or estimator
        As for the estimators.

    Raises
    ------
    ValueError
        If that is no estimator of skrnn.
    """
    if isinstance(init, str):
        return None
    if isinstance(init, FrozenEstimator):
        init = init.estimator
    if isinstance(init, type) or not hasattr(init, "hidden_size"):
        raise ValueError(
            f"init must name a scheme or be a fitted RNNRegressor or RNNClassifier, "
            f"got {init!r}."
        )
    check_is_fitted(
        init,
        msg="init is a %(name)s that is not fitted. If it was, a search has cloned it "
        "as a value of its grid: wrap it in sklearn.frozen.FrozenEstimator.",
    )
    return Pretrained(
        init.nets_, init.settings_, init._targets, init._exponents, init._codes
    )
