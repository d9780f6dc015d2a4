"""What the transformers of sequences have in common."""

from sklearn.base import BaseEstimator, TransformerMixin

from skrnn._versions import VersionedStateMixin


class SequenceTransformer(VersionedStateMixin, TransformerMixin, BaseEstimator):
    """Transformer that lets NaN, the mark of an absent step, through."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        return tags
