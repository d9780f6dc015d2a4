"""What the transformers of sequences have in common."""

from sklearn.base import BaseEstimator, TransformerMixin

from skrnn._versions import VersionedStateMixin


class SequenceTransformer(VersionedStateMixin, TransformerMixin, BaseEstimator):
    """Transformer that lets NaN, the mark of an absent step, through."""

    def __setstate__(self, state):
        if not isinstance(state.get("_is_3d", True), bool):
            raise ValueError(
                f"This {type(self).__name__} was fitted on sequences or on columns, "
                "and its state tells of neither."
            )
        super().__setstate__(state)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        return tags
