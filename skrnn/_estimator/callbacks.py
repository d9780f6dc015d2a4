"""scikit-learn's callbacks (1.9 and later), told of every epoch."""

import copy

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:
        """Stands in where there are no callbacks."""


__all__ = ["CallbackSupportMixin", "EpochTasks", "epoch_tasks"]


class EpochTasks:
    """The epochs of a fit, as tasks of scikit-learn's callback protocol.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        The fit.
    estimator : BaseRNN
        What is fitted.
    X, y : array-like
        What it is fitted on.
    """

    def __init__(self, context, estimator, X, y):
        self._context = context
        self._estimator = estimator
        self._data = {"X": X, "y": y}
        self._task = None

    def begin(self):
        """Open an epoch; one that diverged before its end is the same still."""
        if self._task is not None:
            return
        self._task = self._context.subcontext(task_name="epoch")
        self._task.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end(self):
        """Close an epoch; tell whether a callback wants the training to stop."""
        task, self._task = self._task, None
        return task.call_on_fit_task_end(
            estimator=self._estimator,
            **self._data,
            reconstruction_attributes=self._fitted_attributes,
        )

    def _fitted_attributes(self):
        net = self._estimator.net_
        twin = copy.copy(net)
        twin.module_ = copy.deepcopy(net.module_)
        return {"net_": twin, "nets_": [twin], "n_iter_": len(net.history)}


def epoch_tasks(estimator, n_epochs, X, y):
    """Open the fit of an estimator.

    Parameters
    ----------
    estimator : BaseRNN
        What is fitted.
    n_epochs : int
        Epochs planned.
    X, y : array-like
        What it is fitted on.

    Returns
    -------
    context : sklearn.callback.CallbackContext or None
        The fit; None before scikit-learn 1.9.
    tasks : EpochTasks or None
        Its epochs; None where no callback listens.
    """
    if not hasattr(estimator, "_init_callback_context"):
        return None, None
    context = estimator._init_callback_context(max_subtasks=n_epochs)
    context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    if not getattr(estimator, "_skl_callbacks", None):
        return context, None
    return context, EpochTasks(context, estimator, X, y)
