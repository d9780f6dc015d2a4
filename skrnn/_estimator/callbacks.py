"""scikit-learn's callbacks (1.9 and later), told of every epoch."""

import copy

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:
        """Stands in where there are no callbacks."""


__all__ = ["CallbackSupportMixin", "FitTasks"]


class FitTasks:
    """A fit and its epochs, as tasks of scikit-learn's callback protocol.

    Parameters
    ----------
    estimator : BaseRNN
        What is fitted.
    X, y : array-like
        What it is fitted on.
    attributes_of : callable
        Takes a net, and gives the fitted attributes (dict) of that network alone.
    n_epochs : int
        Epochs planned, of all networks.
    """

    def __init__(self, estimator, X, y, attributes_of, n_epochs):
        self._estimator, self._data = estimator, {"X": X, "y": y}
        self._attributes_of = attributes_of
        self._context = None
        if hasattr(estimator, "_init_callback_context"):
            self._context = estimator._init_callback_context(max_subtasks=n_epochs)
            self._context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)

    def of(self, net):
        """Return the epochs (EpochTasks) of a net; None where no callback listens."""
        if self._context is None or not getattr(self._estimator, "_skl_callbacks", ()):
            return None
        return EpochTasks(
            self._context, self._estimator, self._data, self._attributes_of, net
        )

    def end(self):
        """Close the fit."""
        if self._context is not None:
            self._context.call_on_fit_task_end(estimator=self._estimator, **self._data)


class EpochTasks:
    """The epochs of one network; parameters as of `FitTasks`."""

    def __init__(self, context, estimator, data, attributes_of, net):
        self._context, self._estimator, self._data = context, estimator, data
        self._attributes_of, self._net = attributes_of, net
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
        still = copy.copy(self._net)  # as it is after this epoch
        still.module_ = copy.deepcopy(self._net.module_)
        return self._attributes_of(still)
