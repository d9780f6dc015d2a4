"""Transformers that give sequences, which no data frame holds."""

from __future__ import annotations

from typing import Literal, Self

from sklearn.utils._param_validation import StrOptions, validate_parameter_constraints

_CONTAINERS = {"transform": [StrOptions({"default", "pandas", "polars"}), None]}


class SequenceOutputMixin:
    """Leaves sequences as they are where a pipeline is asked for data frames.

    The class takes ``auto_wrap_output_keys=None``, so that scikit-learn does so too.
    """

    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = None
    ) -> Self:
        """Accept an output container, and keep giving sequences.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Has no effect: no data frame holds sequences. It is accepted so that
            `set_output` works on a whole pipeline.

        Returns
        -------
        self : estimator instance
            The transformer.
        """
        caller = f"{type(self).__name__}.set_output"
        validate_parameter_constraints(_CONTAINERS, {"transform": transform}, caller)
        return self
