"""Texts, or lists of tokens, as sequences of token numbers."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import check_is_fitted

from skrnn._numbers import AT_LEAST_ONE, plain
from skrnn._sequences.codes import Codes
from skrnn._sequences.tokens import TokenArray
from skrnn._typing import Strings, fit_context
from skrnn._versions import VersionedStateMixin
from skrnn.text._documents import documents_of, split
from skrnn.text._vectors import vectors_of
from skrnn.windows._sequence_output import SequenceOutputMixin

# Parameters that are those of scikit-learn's CountVectorizer, which does what they say.
_OF_ANALYZER = (
    "encoding",
    "decode_error",
    "strip_accents",
    "lowercase",
    "preprocessor",
    "tokenizer",
    "stop_words",
    "token_pattern",
    "ngram_range",
    "analyzer",
)
_OF_VOCABULARY = ("max_df", "min_df", "max_features", "vocabulary")


class TokenSequence(
    VersionedStateMixin,
    SequenceOutputMixin,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    r"""Turn texts, or lists of tokens, into sequences of token numbers.

    :class:`~skrnn.RNNClassifier` and :class:`~skrnn.RNNRegressor` read them by an
    embedding: a vector that is learned for each token. Texts are split, and the
    vocabulary is chosen, by scikit-learn's
    :class:`~sklearn.feature_extraction.text.CountVectorizer`, whose parameters these
    are; the order of the tokens is kept. A token that is not in the vocabulary is the
    unknown one, number 0.

    Parameters
    ----------
    encoding : str, default="utf-8"
        Of texts that are bytes.
    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do about bytes that are not of that encoding.
    strip_accents : {"ascii", "unicode"}, callable or None, default=None
        Whether accents are taken off.
    lowercase : bool, default=True
        Whether upper and lower case are the same.
    preprocessor : callable or None, default=None
        Takes the place of what `strip_accents` and `lowercase` do to a text.
    tokenizer : callable or None, default=None
        Takes the place of what finds the words of a text.
    stop_words : {"english"}, list of str or None, default=None
        Words that are left out, for ``analyzer="word"``.
    token_pattern : str or None, default=r"(?u)\b\w\w+\b"
        What a word is, for ``analyzer="word"``: two letters and more.
    ngram_range : tuple of two int, default=(1, 1)
        Least and greatest number of words or characters of a token. N-grams of one
        length come in their order; those of several, one length after the other.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        Whether tokens are words or characters; a callable gives the tokens of a sample.
    max_df : float or int, default=1.0
        Tokens in more samples than that share, or number, of them are unknown ones.
    min_df : float or int, default=1
        Tokens in fewer samples than that number, or share, of them are unknown ones.
    max_features : int or None, default=None
        Tokens in the vocabulary at the most, the most frequent ones.
    vocabulary : mapping, iterable or None, default=None
        The tokens, where they are not to be learned.
    max_length : int or None, default=None
        Tokens of a sequence at the most.
    keep : {"first", "last"}, default="first"
        Which tokens of a longer one are kept.
    vectors : mapping or None, default=None
        Vectors that the embedding begins with, by token: a dict, or anything with
        ``in`` and ``[]``, such as the vectors of gensim. The others begin at random.
        ``frozen="embedding"`` of the estimator keeps all of them as they are.

    Attributes
    ----------
    vocabulary_ : dict
        Number of each token, from 1.
    vectors_ : ndarray of shape (1 + n_tokens, n) of float32, or None
        What was given for each number; NaN where nothing was.

    See Also
    --------
    sklearn.feature_extraction.text.TfidfVectorizer : Counts, without the order.

    Notes
    -----
    A sample that is missing (None or NaN) or has no token is a sequence without a step,
    and a prediction for it is what is true on average. Lists of tokens are taken as
    they are: `analyzer` and the parameters before it say nothing of them. Tokens may be
    any values that can be sorted, such as numbers of events.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import RNNClassifier, TokenSequence
    >>> texts = ["not good", "good", "not bad", "bad"] * 20
    >>> y = ["-", "+", "+", "-"] * 20
    >>> model = make_pipeline(
    ...     TokenSequence(), RNNClassifier(hidden_size=8, random_state=0)
    ... )
    >>> model.fit(texts, y).predict(["not bad", "not good"])
    array(['+', '-'], dtype='<U1')
    >>> model[0].vocabulary_
    {'bad': 1, 'good': 2, 'not': 3}
    """

    vocabulary_: dict[str, int]
    vectors_: NDArray[np.float32] | None

    _parameter_constraints: dict = {
        **{
            name: CountVectorizer._parameter_constraints[name]
            for name in (*_OF_ANALYZER, *_OF_VOCABULARY)
        },
        "stop_words": [StrOptions({"english"}), list, tuple, None],
        "max_length": [AT_LEAST_ONE, None],
        "keep": [StrOptions({"first", "last"})],
        "vectors": [HasMethods(["__contains__", "__getitem__"]), None],
    }

    def __init__(
        self,
        *,
        encoding: str = "utf-8",
        decode_error: Literal["strict", "ignore", "replace"] = "strict",
        strip_accents: Literal["ascii", "unicode"] | Callable[..., Any] | None = None,
        lowercase: bool = True,
        preprocessor: Callable[..., Any] | None = None,
        tokenizer: Callable[..., Any] | None = None,
        stop_words: Literal["english"] | Strings | None = None,
        token_pattern: str | None = r"(?u)\b\w\w+\b",
        ngram_range: tuple[int, int] = (1, 1),
        analyzer: Literal["word", "char", "char_wb"] | Callable[..., Any] = "word",
        max_df: float | int = 1.0,
        min_df: float | int = 1,
        max_features: int | None = None,
        vocabulary: Mapping[str, int] | Iterable[str] | None = None,
        max_length: int | None = None,
        keep: Literal["first", "last"] = "first",
        vectors: Any | None = None,
    ) -> None:
        self.encoding = encoding
        self.decode_error = decode_error
        self.strip_accents = strip_accents
        self.lowercase = lowercase
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.stop_words = stop_words
        self.token_pattern = token_pattern
        self.ngram_range = ngram_range
        self.analyzer = analyzer
        self.max_df = max_df
        self.min_df = min_df
        self.max_features = max_features
        self.vocabulary = vocabulary
        self.max_length = max_length
        self.keep = keep
        self.vectors = vectors

    def fit(self, X: Iterable[Any], y: Any = None) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        X : iterable of str, bytes or list of tokens
            A text, or a list of tokens, for each sample.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : TokenSequence
            The fitted transformer.

        Raises
        ------
        ValueError
            If X is not as described, no token is left, or `vectors` are not as
            described.
        """
        self.fit_transform(X)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Iterable[Any], y: Any = None) -> TokenArray:
        """Learn the vocabulary and give the numbers of the tokens.

        Parameters
        ----------
        X : iterable of str, bytes or list of tokens
            A text, or a list of tokens, for each sample.
        y : object, default=None
            Ignored.

        Returns
        -------
        tokens : TokenArray
            The numbers of the tokens, a sequence for each sample.

        Raises
        ------
        ValueError
            As for ``fit``.
        """
        documents = self._split(X)
        options = {name: getattr(self, name) for name in _OF_VOCABULARY}
        counter = CountVectorizer(analyzer=_as_it_is, **options)
        try:
            counter.fit(documents)
        except TypeError as error:
            raise ValueError(
                f"Tokens must be values that can be sorted, such as str ({error})."
            ) from error
        tokens = sorted(counter.vocabulary_, key=counter.vocabulary_.get)
        vectors = None
        if self.vectors is not None:
            vectors = vectors_of(tokens, self.vectors)
        self.vocabulary_ = {token: i for i, token in enumerate(tokens, start=1)}
        self.vectors_ = vectors
        # Spelt out: hashes of strings differ from one process to the next.
        spelt = "\0".join(map(repr, tokens))
        self._key = zlib.crc32(spelt.encode("utf-8", "surrogatepass"))
        return self._numbers(documents)

    def transform(self, X: Iterable[Any]) -> TokenArray:
        """Give the numbers of the tokens.

        Parameters
        ----------
        X : iterable of str, bytes or list of tokens
            A text, or a list of tokens, for each sample.

        Returns
        -------
        tokens : TokenArray
            The numbers of the tokens, a sequence for each sample.

        Raises
        ------
        ValueError
            If X is not as described.
        """
        check_is_fitted(self)
        return self._numbers(self._split(X))

    def inverse_transform(
        self, X: TokenArray | Sequence[NDArray[Any]]
    ) -> list[list[str]]:
        """Give the tokens of numbers.

        Parameters
        ----------
        X : TokenArray or list of ndarray of shape (n_tokens, 1)
            Output of ``transform``.

        Returns
        -------
        tokens : list of list
            None for an unknown token.
        """
        check_is_fitted(self)
        tokens = [None, *self.vocabulary_]
        return [[tokens[i] for i in np.ravel(sample)] for sample in X]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Name the feature of a step.

        Parameters
        ----------
        input_features : object, default=None
            Ignored.

        Returns
        -------
        names : ndarray of shape (1,) of object
            ``"token"``.
        """
        check_is_fitted(self)
        return np.array(["token"], dtype=object)

    def _split(self, X):
        """Tokens (list of list) of texts or lists of tokens."""
        options = {name: getattr(self, name) for name in _OF_ANALYZER}
        return split(
            documents_of(X, type(self).__name__),
            CountVectorizer(**options).build_analyzer(),
            takes_lists=callable(self.analyzer),
            has_ngrams=tuple(self.ngram_range) != (1, 1),
        )

    def _numbers(self, documents):
        """Numbers (TokenArray) of the tokens of samples (list of list)."""
        longest = plain(self.max_length)
        if longest is not None:
            part = slice(None, longest)
            if self.keep == "last":
                part = slice(-longest, None)
            documents = [tokens[part] for tokens in documents]
        lengths = np.array([len(tokens) for tokens in documents], np.int64)
        number_of = self.vocabulary_.get
        numbers = np.fromiter(
            (number_of(token, 0) for tokens in documents for token in tokens),
            np.int32,
            lengths.sum(),
        )
        codes = Codes((1 + len(self.vocabulary_),), self._key, self.vectors_, "tokens")
        return TokenArray(numbers, lengths.cumsum() - lengths, lengths, codes)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


# By which files name it. Within the class, inspect would show lines of that module.
TokenSequence.__module__ = "skrnn.text"


def _as_it_is(tokens):
    return tokens
