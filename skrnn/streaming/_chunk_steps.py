"""Steps of a pipeline before its last one, for rows that come in chunks."""

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skrnn._columns import refuse_lazy
from skrnn.windows import SlidingWindow

__all__ = ["ChunkSteps"]


class ChunkSteps:
    """Transformers that chunks of rows go through, one chunk after the other.

    Parameters
    ----------
    steps : list of transformer
        As in the user's pipeline; they stay as they are.

    Attributes
    ----------
    fitted : list of transformer
        Copies of them, which have seen the chunks.
    """

    def __init__(self, steps):
        self._steps, self.fitted = steps, []
        self._numbers = []  # of the chunks that have samples
        places = [i for i, s in enumerate(steps) if isinstance(s, SlidingWindow)]
        self._place = places[0] if places else len(steps)
        for step in steps[: self._place]:
            is_fitted = isinstance(step, FrozenEstimator)
            if not is_fitted and not hasattr(step, "partial_fit"):
                raise ValueError(
                    f"{type(step).__name__} cannot learn from chunks, as it has no "
                    "partial_fit. Leave it out (the networks scale their inputs "
                    "themselves), or fit it beforehand and give FrozenEstimator of it."
                )

    def begin(self):
        """Forget all chunks."""
        self.fitted = [clone(step) for step in self._steps]

    def fit(self, chunks):
        """Have steps before the windows learn from all chunks, one step at a time."""
        self.begin()
        for place, step in enumerate(self.fitted[: self._place]):
            if isinstance(step, FrozenEstimator):
                continue
            for _, (X, _, _) in _with_samples(chunks):
                for other in self.fitted[:place]:
                    X = other.transform(X)
                step.partial_fit(X)

    def transformed(self, chunks, *, is_last=False, learns=False):
        """Go through the chunks.

        Parameters
        ----------
        chunks : iterable or callable
            As for `fit_stream`.
        is_last : bool, default=False
            Whether the windows of this time are those to keep.
        learns : bool, default=False
            Whether steps before the windows learn from each chunk before they
            transform it.

        Yields
        ------
        X
            What the last step is given.
        y, sample_weight
            As the chunk has them; None for no weights.
        """
        before, after = self.fitted[: self._place], self.fitted[self._place :]
        after = after if is_last else [clone(step) for step in after]
        numbers = []
        for number, (X, y, weight) in _with_samples(chunks):
            numbers.append(number)
            for step in before:
                if learns and not isinstance(step, FrozenEstimator):
                    step.partial_fit(X)
                X = step.transform(X)
            for step in after:
                X = self._next(step, X, y, len(numbers) == 1)
            yield X, y, weight
        self._numbers = numbers

    def _next(self, step, X, y, is_first):
        if is_first:
            return step.fit_transform(X, y)
        found = step.transform(X)
        knows_times = hasattr(X, "index") or getattr(step, "time", None) is not None
        if isinstance(step, SlidingWindow) and knows_times:
            step.partial_fit(X)  # so that the next chunk has these rows before it
        return found

    def of_others(self, X):
        """What the last step is given of rows behind the chunks, or of others."""
        for step in self.fitted:
            X = step.transform(X)
        return X

    def inputs_of(self, chunks):
        """What the last step is given, chunk by chunk, as `Chunks` takes it."""
        if not self._steps and hasattr(chunks, "__getitem__"):
            return _Inputs(chunks, self._numbers)
        return lambda: (X for X, _, _ in self.transformed(chunks))


class _Inputs:
    """The X of each of the chunks that have samples."""

    def __init__(self, chunks, numbers):
        self._chunks, self._numbers = chunks, numbers

    def __len__(self):
        return len(self._numbers)

    def __getitem__(self, place):
        return self._chunks[self._numbers[place]][0]


def _with_samples(chunks):
    """Go through the chunks that have samples, each with its number."""
    for number, chunk in enumerate(chunks() if callable(chunks) else chunks):
        checked = _checked(chunk, number)
        if len(checked[1]):
            yield number, checked


def _checked(chunk, number):
    """X, y and weights (or None) of a chunk."""
    if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3):
        raise ValueError(
            f"Chunk {number} must be a pair (X, y), or (X, y, sample_weight), got "
            f"{type(chunk).__name__}."
        )
    X, y, *weight = chunk
    refuse_lazy(X, f"X of chunk {number}")
    refuse_lazy(y, f"y of chunk {number}")
    if len(X) != len(y):
        raise ValueError(f"Chunk {number} has {len(X)} samples of X and {len(y)} of y.")
    return X, y, weight[0] if weight else None
