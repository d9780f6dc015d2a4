"""Fits and predictions of extreme numbers drawn at random, and what becomes of them."""

import re
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

import skrnn
from skrnn import RNNClassifier, RNNRegressor, make_windows
from skrnn.exceptions import NonFiniteLossError

_SMALL = {"hidden_size": 3, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
_LOSSES = (
    "squared_error absolute_error huber poisson gaussian student_t quantile".split()
)
# Numbers that are drawn have so many digits, so that powers of two leave them exact.
_DIGITS = 2**20
_SOURCE = str(Path(skrnn.__file__).parent)

# Of all floats, of the smallest and largest in single precision, and of ordinary ones.
magnitudes = st.one_of(
    st.integers(-323, 308),
    st.integers(-46, -36) | st.integers(36, 38),
    st.integers(-12, 12),
)
kinds = st.sampled_from(
    ["normal", "normal", "offset", "outlier", "constant", "mixture", "zeros", "edge"]
)


def numbers(kind, magnitude, shape, rng):
    """Numbers of one feature or target, finite, about 10 to some power.

    Parameters
    ----------
    kind : str
        One of `kinds`.
    magnitude : int
        The power.
    shape : tuple of int
        Of the result.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of float64
    """
    values = np.round(rng.normal(size=shape) * _DIGITS) / _DIGITS
    flat = values.reshape(-1)
    if kind == "offset":
        values += 10.0 ** rng.integers(0, 15)
    elif kind == "outlier":
        flat[rng.integers(flat.size)] = 10.0 ** rng.integers(3, 16)
    elif kind == "constant":
        values[:] = values.flat[0]
    elif kind == "zeros":
        values[rng.random(shape) < 0.8] = 0.0
    with np.errstate(over="ignore", under="ignore"):
        values = times_ten(values, magnitude)
        if kind == "mixture":
            values = times_ten(flat, rng.integers(-323, 309, flat.size)).reshape(shape)
        if kind == "edge":
            edges = [5e-324, -5e-324, 1.7e308, -1.7e308, 0.0, 3.4e38, 1e-45, 1.0]
            values = rng.choice(edges, shape)
    largest = np.finfo(np.float64).max
    return np.clip(np.nan_to_num(values, posinf=largest), -largest, largest)


def times_ten(values, power):
    """Multiply by a power of ten, also where that itself is no float."""
    half = np.asarray(power) // 2
    return values * 10.0**half * 10.0 ** (np.asarray(power) - half)


@st.composite
def cases(draw, is_regressor=None):
    """Draw what `Case` is made of."""
    if is_regressor is None:
        is_regressor = draw(st.booleans())
    shapes = {"n": (8, 24), "steps": (1, 6), "features": (1, 3), "targets": (1, 2)}
    size = {name: draw(st.integers(*bounds)) for name, bounds in shapes.items()}
    pick = {
        "cell": ["lstm", "gru", "rnn"],
        "nonlinearity": ["tanh", "tanh", "relu"],
        "instance_norm": [None, None, "standard", "last"],
        "missing": ["error", "error", "indicator"],
        "segment_length": [None, None, 2],
        "norm": [None, None, "layer", "batch"],
        "pooling": ["last", "mean", "attention", "mixed"],
        "scale": [True, True, True, False],
        "dtype": ["float32", "float32", "float64"],
        "early_stopping": [True, False],
        "bidirectional": [False, False, True],
    }
    if is_regressor:
        pick |= {"loss": _LOSSES, "linear_steps": ["auto", None, 2]}
        pick |= {"decoder": ["linear", "linear", "parallel"]}
    else:
        pick |= {"n_kernels": [None, 84], "class_weight": [None, None, "balanced"]}
    options = {name: draw(st.sampled_from(values)) for name, values in pick.items()}
    if options["cell"] != "rnn":
        options["nonlinearity"] = "tanh"
    if options.get("loss") == "poisson":  # which takes neither level nor path off
        options |= {"linear_steps": None, "instance_norm": None}
    part = st.tuples(kinds, magnitudes)
    return {
        "is_regressor": is_regressor,
        "seed": draw(st.integers(0, 2**32 - 1)),
        "size": size,
        "options": options,
        "features": [draw(part) for _ in range(size["features"])],
        "targets": [draw(part) for _ in range(size["targets"])],
        "weights": draw(st.none() | part),
        "layout": draw(st.sampled_from(["3-D", "3-D", "2-D", "ragged", "windows"])),
        "type": draw(st.sampled_from(["float64", "float64", "float32", "int64"])),
        "asked": draw(st.integers(-300, 300)),
        "missing": draw(st.sampled_from([0.0, 0.0, 0.1, 0.5])),
        "way": draw(st.sampled_from(["fit", "fit", "X_val", "partial_fit", "warm"])),
    }


class Case:
    """Samples and an estimator, made of what `cases` draws.

    Parameters
    ----------
    drawn : dict
        As from there.
    """

    def __init__(self, drawn):
        self.drawn, size = drawn, drawn["size"]
        rng = np.random.default_rng(drawn["seed"])
        n, n_steps = size["n"], size["steps"]
        features = drawn["features"][: 1 if drawn["layout"] == "2-D" else None]
        shape = (n, n_steps)
        if drawn["layout"] == "windows":
            shape = (
                n + n_steps,
                1,
            )  # the last of them is the target of the last window
        X = np.stack([numbers(*f, shape, rng) for f in features], axis=2)
        self.X = self._in_layout(self._with_holes(self._of_type(X), rng), rng)
        if drawn["is_regressor"]:
            y = np.stack([numbers(*t, n, rng) for t in drawn["targets"]], axis=1)
            if drawn["options"]["loss"] == "poisson":
                y = np.abs(y)
                y[-1] = np.where(y.any(axis=0), y[-1], 1.0)
            self.y = y[:, 0] if y.shape[1] == 1 else y
        else:
            self.y = np.arange(n) % 2
        self.weight = None
        if drawn["weights"] is not None:
            weight = np.abs(numbers(*drawn["weights"], n, rng)) / n
            self.weight = weight if weight.any() else None

    def _of_type(self, X):
        kind = np.dtype(self.drawn["type"])
        info = np.iinfo(kind) if kind.kind == "i" else np.finfo(kind)
        if kind == np.float64:
            return X
        # The largest float that is not above the largest integer.
        most = float(info.max) if kind.kind == "f" else 2.0**62
        return np.clip(X, -most, most).astype(kind)

    def _with_holes(self, X, rng):
        """Leave out steps, or single values where that is allowed."""
        share = self.drawn["missing"]
        if X.dtype.kind != "f" or share == 0:
            return X
        shape = X.shape
        if self.drawn["options"]["missing"] == "error":
            shape = (*X.shape[:2], 1)
        return np.where(rng.random(shape) < share, np.array(np.nan, X.dtype), X)

    def _in_layout(self, X, rng):
        layout, n_steps = self.drawn["layout"], self.drawn["size"]["steps"]
        if layout == "2-D":
            return X[:, :, 0]
        if layout == "ragged":
            return [x[: rng.integers(0, len(x) + 1)] for x in X]
        if layout == "windows":
            return make_windows(X[:, 0], n_steps, fh=1)[0]
        return X

    def estimator(self):
        """Return the estimator, not fitted."""
        kind = RNNRegressor if self.drawn["is_regressor"] else RNNClassifier
        return kind(**_SMALL, **self.drawn["options"])

    def part(self, X, power):
        """Return X with all values times ten to a power, within floats."""
        if isinstance(X, list):
            return [self.part(x, power) for x in X]
        with np.errstate(over="ignore", under="ignore"):
            values = times_ten(np.asarray(X, np.float64), power)
        largest = np.finfo(np.float64).max
        return np.clip(values, -largest, largest)

    def fitted(self):
        """Fit the estimator, in the way that was drawn."""
        model, way, other = self.estimator(), self.drawn["way"], self.drawn["asked"]
        X, y, weight = self.X, self.y, self.weight
        if way == "X_val":
            n_val = max(2, len(y) // 4)
            X_val = self.part(X[:n_val], other)
            return model.fit(X, y, weight, X_val=X_val, y_val=y[:n_val])
        if way == "partial_fit":
            if not self.drawn["is_regressor"]:
                model.set_params(class_weight=None)
                model.partial_fit(X, y, [0, 1], weight)
            else:
                model.partial_fit(X, y, weight)
            return model.partial_fit(self.part(X, other), y, sample_weight=weight)
        model.fit(X, y, weight)
        if way == "warm":
            model.set_params(warm_start=True)
            model.fit(self.part(X, other), y, weight)
        return model

    def outcome(self):
        """Fit and predict; say in a word or more what came of it.

        Returns
        -------
        str
            "finite", "refused" (by an error of our own words), or what is at fault.
        """
        try:
            with only_ordinary_warnings():
                model = self.fitted()
                found = [*self.predictions(model, self.X)]
                asked = self.part(self.X, self.drawn["asked"])
                found += self.predictions(model, asked)
        except ValueError as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            if last.filename.startswith(_SOURCE):
                return f"refused: {error}"
            return f"ValueError of others: {error}"
        except NonFiniteLossError as error:
            return f"diverged: {error}"
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            where = [f for f in frames if f.filename.startswith(_SOURCE)][-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            return f"{type(error).__name__} in {place}: {error}"
        is_finite = all(np.isfinite(values).all() for values in found)
        return "finite" if is_finite else "predictions that are not finite"

    def predictions(self, model, X):
        """Yield all that a model tells of sequences."""
        yield model.predict(X)
        if not self.drawn["is_regressor"]:
            yield model.predict_proba(X)
            yield model.predict_log_proba(X)
            yield model.decision_function(X)
            return
        if self.drawn["options"]["loss"] in ("gaussian", "student_t"):
            yield model.predict(X, return_std=True)[1]
        if hasattr(model, "predict_quantiles"):
            yield model.predict_quantiles(X)
        if len(self.y) > 1:
            yield np.asarray(model.score(X, self.y))


@contextmanager
def only_ordinary_warnings():
    """Have every warning be an error but those that few epochs or no steps give."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Every step of X is absent")
        yield


@st.composite
def moved_cases(draw):
    """Draw ordinary samples of a regressor, and powers of two to multiply them by."""
    drawn = draw(cases(is_regressor=True))
    part = st.tuples(st.sampled_from(["normal", "outlier"]), st.integers(-9, 9))
    for name in ("features", "targets"):
        drawn[name] = [draw(part) for _ in drawn[name]]
    drawn["weights"] = draw(st.none() | part)
    drawn["options"]["scale"] = True
    drawn |= {"type": "float64", "way": draw(st.sampled_from(["fit", "warm"]))}
    drawn["asked"] = 0
    powers = st.sampled_from([-900, -500, -301, -150, -1, 1, 127, 300, 500, 900])
    drawn["powers"] = draw(powers), draw(powers), draw(powers)
    if drawn["options"]["instance_norm"] is not None:
        # Targets that follow the level of a feature have its unit.
        drawn["powers"] = drawn["powers"][0], *drawn["powers"][:2]
    return drawn


def unlike_in_other_units(drawn):
    """Fit samples of `moved_cases` in both units, and compare what is predicted.

    Returns
    -------
    str
        "same", "refused in both units" by the same words, or what is at fault.
    """
    of_X, of_y, of_weight = drawn["powers"]
    case, moved = Case(drawn), Case(drawn)
    moved.X, moved.y = in_other_unit(case.X, of_X), np.ldexp(case.y, of_y)
    if case.weight is not None:
        moved.weight = np.ldexp(case.weight, of_weight)
    outcomes = []
    for each in case, moved:
        try:
            with only_ordinary_warnings():
                model = each.fitted()
                outcomes.append([*each.predictions(model, each.X)])
        except Exception as error:
            outcomes.append(f"{type(error).__name__}: {error}")
    if all(isinstance(outcome, str) for outcome in outcomes):
        # What is told has the numbers of each unit, and the same words.
        words = [re.sub(r"-?\d[\d.e+-]*", "#", outcome) for outcome in outcomes]
        told = words[0].startswith(("ValueError", "NonFiniteLossError"))
        if words[0] == words[1] and told:
            return f"refused in both units: {outcomes[0]}"
    for outcome in outcomes:
        if isinstance(outcome, str):
            return outcome
    for expected, found in zip(*outcomes, strict=True):
        if expected.ndim:  # but for scores
            expected = np.ldexp(expected, of_y)
        # A rate is the exponential of something.
        rtol = 1e-9 if drawn["options"]["loss"] == "poisson" else 0
        if not np.allclose(found, expected, rtol=rtol, atol=0):
            return f"other predictions, {found.flat[0]} not {expected.flat[0]}"
    return "same"


def in_other_unit(X, power):
    """Return X with all values times two to a power."""
    if isinstance(X, list):
        return [in_other_unit(x, power) for x in X]
    return np.ldexp(np.asarray(X, np.float64), power)
