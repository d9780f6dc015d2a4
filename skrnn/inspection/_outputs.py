"""Which number of a model is explained: a class, a column, a quantile."""

from numbers import Integral, Real

import numpy as np
from scipy import stats
from sklearn.base import is_classifier

from skrnn._numbers import is_integer
from skrnn._targets.heads import Gaussian, LogRate, Quantiles, StudentT


class Output:
    """One number of a model's outputs, for each sample.

    Parameters
    ----------
    model : BaseRNN
        Fitted.
    target : object
        As for `integrated_gradients`.
    """

    def __init__(self, model, target):
        self._head, self._level = model.net_.module_.target_head, None
        self._column = self._minus = None
        self._exponents = model._targets.exponents
        self.is_of_sample = False
        if is_classifier(model):
            self._choose_class(model, target)
        else:
            self._choose_column(model, target)

    def _choose_class(self, model, target):
        classes = list(model.classes_)
        is_multilabel = model._targets.is_multilabel
        if target is None:
            if is_multilabel:
                raise ValueError(
                    f"This {type(model).__name__} predicts {len(classes)} labels a "
                    "sample: say by target which of them is explained, one of "
                    f"{classes}."
                )
            target = classes[1] if len(classes) == 2 else None
        if target is None:
            self.is_of_sample, self.name = True, "score of the predicted class"
            return
        found = [i for i, label in enumerate(classes) if _is_same(label, target)]
        if not found:
            raise ValueError(
                f"target={target!r} is none of the classes {_shown(classes)}."
            )
        self._column = found[0]
        if len(classes) == 2 and not is_multilabel:
            self._minus = 1 - self._column
        kind = "log-odds" if is_multilabel or len(classes) == 2 else "score"
        self.name = f"{kind} of {classes[self._column]}"

    def _choose_column(self, model, target):
        n_outputs = model.n_outputs_
        level = None
        if isinstance(target, tuple) and len(target) == 2:
            target, level = target
        elif isinstance(target, Real) and not isinstance(target, (bool, Integral)):
            target, level = None, target
        if target is None:
            if n_outputs > 1:
                raise ValueError(
                    f"This {type(model).__name__} predicts {n_outputs} columns: say by "
                    f"target which of them is explained, from 0 to {n_outputs - 1}."
                )
            target = 0
        if not is_integer(target) or not -n_outputs <= target < n_outputs:
            raise ValueError(
                f"target={target!r} is none of the {n_outputs} columns that this "
                f"{type(model).__name__} predicts; they are counted from 0."
            )
        self._column = int(target) % n_outputs
        self.name = "prediction" if n_outputs == 1 else f"output {self._column}"
        if level is not None:
            self._choose_level(model, level)

    def _choose_level(self, model, level):
        head = self._head
        if isinstance(head, Quantiles):
            known = list(model._targets.quantiles)
            if not any(np.isclose(level, one, atol=1e-9) for one in known):
                raise ValueError(
                    f"target={level!r} is none of the levels that were learned, "
                    f"quantiles={known}."
                )
            self._level = int(np.argmin(np.abs(np.array(head.levels) - level)))
        elif isinstance(head, Gaussian) and 0 < level < 1:
            self._level = float(stats.norm.ppf(level))
        else:
            rest = " Of student_t the location can be." * isinstance(head, StudentT)
            raise ValueError(
                f"target={level!r} asks for a quantile, in (0, 1), which can be "
                'explained of loss="quantile" and "gaussian"; this '
                f"{type(model).__name__} was fitted with loss="
                f"{model._targets.loss!r}.{rest}"
            )
        self.name += f", quantile {level:g}"

    def of(self, parameters, chosen=None):
        """Read the number from parameters.

        Parameters
        ----------
        parameters : Tensor of shape (N, n_targets, width)
            Of all networks together.
        chosen : Tensor of shape (N,) of int64, default=None
            Classes of the samples, where each has its own.

        Returns
        -------
        Tensor of shape (N,)
        """
        if self.is_of_sample:
            return parameters[..., 0].gather(1, chosen[:, None])[:, 0]
        one = parameters[:, self._column]  # (N, width)
        if self._minus is not None:
            return one[:, 0] - parameters[:, self._minus, 0]
        if isinstance(self._head, Quantiles):
            median = self._head.levels.index(0.5)
            return one[:, median if self._level is None else self._level]
        if isinstance(self._head, LogRate):
            return one[:, 0].exp()
        return one[:, 0] if self._level is None else one[:, 0] + one[:, 1] * self._level

    def in_units(self, values):
        """Bring numbers (ndarray) of outputs to the user's units."""
        if self._exponents is None:
            return values
        return np.ldexp(values, int(self._exponents[self._column]))


def _is_same(label, target):
    try:
        return bool(label == target)
    except (TypeError, ValueError):
        return False


def _shown(values):
    return [value.item() if hasattr(value, "item") else value for value in values]
