"""Texts in pipelines: all that holds of numbers holds of tokens."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import RNNClassifier, RNNRegressor, TokenSequence
from tests.support import assert_rows_alone, network_of, same_bits

RNG = np.random.default_rng(0)
WORDS = np.array("good bad not very film plot".split())
LISTS = [WORDS[RNG.integers(0, 6, RNG.integers(1, 6))].tolist() for _ in range(48)]
TEXTS = [" ".join(words) for words in LISTS]
# Good counts one, bad one less, and each the other way round after "not".
POINTS = np.array(
    [
        sum(
            {"good": 1, "bad": -1}.get(word, 0) * (-1 if before == "not" else 1)
            for before, word in zip(["", *words], words, strict=False)
        )
        for words in LISTS
    ],
    float,
)
LABELS = np.where(POINTS > 0, "+", "-")
SMALL = {"hidden_size": 4, "n_estimators": 1, "max_epochs": 2, "random_state": 0}
TOKENS = TokenSequence().fit_transform(TEXTS)


def classifier(**options):
    return make_pipeline(TokenSequence(), RNNClassifier(**SMALL | options))


def of_tokens(kind=RNNClassifier, **options):
    y = LABELS if kind is RNNClassifier else POINTS
    return kind(**SMALL | options).fit(TOKENS, y)


def test_the_order_of_words_is_learned():
    texts, points = [], []
    for _ in range(160):
        first, second = RNG.permutation(["to", "from"]), RNG.permutation(["ab", "cd"])
        texts.append(f"{first[0]} {second[0]} {first[1]} {second[1]}")
        points.append((first[0] == "to") == (second[0] == "ab"))
    model = make_pipeline(
        TokenSequence(),
        RNNRegressor(
            hidden_size=16, n_estimators=1, learning_rate=0.02, random_state=0
        ),
    )
    model.fit(texts[:120], np.array(points[:120], float))
    assert model.score(texts[120:], np.array(points[120:], float)) > 0.9


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "lstm", "num_layers": 2, "bidirectional": True, "dropout": 0.2},
        {"cell": "rnn", "norm": "layer", "pooling": "attention"},
        {"segment_length": 2, "dtype": "float64"},
        {"tbptt_steps": 2, "pooling": "mean", "bidirectional": False},
        {"scale": False, "early_stopping": False},
        {"missing": "indicator", "norm": "batch"},
        {"n_estimators": "auto", "parts": "networks", "max_epochs": 1},
        {"optimizer": "sgd", "ema_decay": None, "l1": 1e-4, "batch_size": None},
    ],
)
def test_predictions_of_kept_models_and_of_rows_alone(options, tmp_path):
    model = of_tokens(**options)
    found = model.predict_proba(TOKENS)
    assert np.isfinite(found).all()
    for i in (0, 5):
        assert_rows_alone(model.predict_proba(TOKENS[i : i + 1]), found[i : i + 1])
    assert same_bits(model, of_tokens(**options))
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(TOKENS), found)
    skrnn.save(model, tmp_path / "model.skops")
    loaded = skrnn.load(tmp_path / "model.skops")
    assert_array_equal(loaded.predict_proba(TOKENS), found)
    assert_array_equal(loaded.partial_fit(TOKENS, LABELS).classes_, model.classes_)


def test_pipelines_are_kept_whole(tmp_path):
    model = classifier().fit(TEXTS, LABELS)
    skrnn.save(model, tmp_path / "model.skops")
    loaded = skrnn.load(tmp_path / "model.skops")
    texts = [*TEXTS, "never seen", "", "film of never"]
    assert_array_equal(loaded.predict_proba(texts), model.predict_proba(texts))


def test_what_is_unknown_is_known_to_be():
    model = classifier().fit(TEXTS, LABELS)
    found = model.predict_proba(["xx good", "yy good", "good", "", None])
    assert_array_equal(found[0], found[1])
    assert np.isfinite(found).all()
    assert_array_equal(found[3], found[4])
    assert (found[0] != found[2]).all()


def test_searches_and_cross_validation():
    model = classifier()
    scores = cross_val_score(model, TEXTS, LABELS, cv=2, error_score="raise")
    assert scores.shape == (2,)
    assert cross_val_predict(model[-1], TOKENS, LABELS, cv=2).shape == LABELS.shape
    grid = {
        "tokensequence__analyzer": ["word", "char"],
        "rnnclassifier__embedding_size": [2, "auto"],
    }
    search = GridSearchCV(model, grid, cv=2, error_score="raise")
    search.fit(np.array(TEXTS), LABELS)
    assert search.predict(TEXTS[:3]).shape == (3,)


def test_weights_are_repetitions():
    options = {"early_stopping": False, "batch_size": None, "dtype": "float64"}
    twice = RNNRegressor(**SMALL | options).fit(
        TOKENS[np.r_[:48, :10]], np.r_[POINTS, POINTS[:10]]
    )
    weight = np.where(np.arange(48) < 10, 2.0, 1.0)
    weighted = RNNRegressor(**SMALL | options).fit(TOKENS, POINTS, weight)
    assert_allclose(weighted.predict(TOKENS), twice.predict(TOKENS), atol=1e-9)
    left_out = RNNRegressor(**SMALL | options).fit(TOKENS, POINTS, weight - 1)
    alone = RNNRegressor(**SMALL | options).fit(TOKENS[:10], POINTS[:10])
    assert_array_equal(left_out.predict(TOKENS), alone.predict(TOKENS))


def test_a_training_goes_on():
    whole = of_tokens(early_stopping=False, max_epochs=4)
    model = of_tokens(early_stopping=False, warm_start=True)
    table = network_of(model).embedding.tables[0].detach().clone()
    model.fit(TOKENS, LABELS)
    assert (network_of(model).embedding.tables[0] != table).any()
    assert same_bits(model, whole)
    with pytest.raises(ValueError, match="fitted with embedding_size='auto'"):
        model.set_params(embedding_size=2).fit(TOKENS, LABELS)
    parts = RNNClassifier(**SMALL)
    parts.partial_fit(TOKENS[:9], LABELS[:9], classes=["-", "+"])
    assert parts.partial_fit(TOKENS, LABELS).n_iter_ == 2


def test_checkpoints(tmp_path):
    options = {"early_stopping": False, "checkpoint_dir": tmp_path}
    of_tokens(**options)
    model = RNNClassifier(**SMALL | options | {"max_epochs": 4})
    model.fit(TOKENS, LABELS, resume=True)
    assert same_bits(model, of_tokens(early_stopping=False, max_epochs=4))
    with pytest.raises(skrnn.exceptions.ModelFileError, match=r"other data|of another"):
        model.set_params(max_epochs=6).fit(TOKENS[::-1], LABELS, resume=True)


def test_samples_to_validate_on_and_scorers():
    model = RNNClassifier(**SMALL, scoring="accuracy")
    model.fit(TOKENS, LABELS, X_val=TOKENS[:9], y_val=LABELS[:9])
    assert len(model.validation_scores_) == 2
    assert len(of_tokens(scoring="accuracy").validation_scores_) == 2


def test_given_vectors():
    vectors = {word: RNG.normal(size=3) for word in WORDS[:4]}
    step = TokenSequence(vectors=vectors)
    model = make_pipeline(step, RNNClassifier(**SMALL, frozen="embedding"))
    model.fit(TEXTS, LABELS)
    table = network_of(model[-1]).embedding.tables[0].detach().numpy()
    for word, vector in vectors.items():
        assert_allclose(table[step.vocabulary_[word]], vector, rtol=1e-6)
    assert model[-1].settings_.decided["embedding_size"] == 3
    model.set_params(rnnclassifier__frozen=None).fit(TEXTS, LABELS)
    now = network_of(model[-1]).embedding.tables[0].detach().numpy()
    assert (now[1:] != table[1:]).all()
    # What is frozen as a whole is not what it began with by chance.
    model.set_params(rnnclassifier__embedding_size=4)
    with pytest.raises(ValueError, match="the vectors of TokenSequence have 3"):
        model.fit(TEXTS, LABELS)


def test_an_estimator_to_begin_with():
    donor = of_tokens(RNNRegressor, embedding_size=2, max_epochs=4)
    still = {"max_epochs": 1, "learning_rate": 1e-30, "hidden_size": 4}
    same = of_tokens(RNNRegressor, **still, init=donor)
    assert_allclose(same.predict(TOKENS), donor.predict(TOKENS), atol=1e-6)
    labels = of_tokens(**still, init=donor, frozen=["embedding", "recurrent"])
    tables = [network_of(m).embedding.tables[0].detach() for m in (donor, labels)]
    assert_array_equal(*tables)
    with pytest.raises(ValueError, match="Set it to the same value"):
        of_tokens(**still, init=donor, embedding_size=3)
    others = TokenSequence().fit_transform([["a", "b"]] * 48)
    with pytest.raises(ValueError, match="tokens of another vocabulary"):
        clone(same).set_params(init=donor).fit(others, POINTS)
    with pytest.raises(ValueError, match="numbers where X holds one of them"):
        of_tokens(**still, init=RNNRegressor(**SMALL).fit(np.eye(9), range(9)))


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (RNNRegressor, {"instance_norm": "last"}, "^instance_norm='last' takes"),
        (RNNRegressor, {"linear_steps": 2}, "^linear_steps=2 has"),
        (RNNClassifier, {"n_kernels": 84}, "^n_kernels=84 has"),
        (RNNClassifier, {"input_noise": 0.1}, "^input_noise=0.1 is added"),
        (RNNClassifier, {"embedding_size": 10**9}, "^embedding_size=1000000000 asks"),
        (RNNClassifier, {"embedding_size": 0}, "'embedding_size' parameter"),
    ],
)
def test_what_is_for_numbers_is_refused(kind, options, message):
    with pytest.raises(ValueError, match=message):
        of_tokens(kind, **options)


def test_x_is_of_the_vocabulary_of_fit():
    model = of_tokens()
    with pytest.raises(ValueError, match="on tokens, got tokens of another vocabulary"):
        model.predict(TokenSequence().fit_transform([["a", "b"]]))
    with pytest.raises(ValueError, match="fitted on tokens, got numbers"):
        model.predict([np.ones((3, 1))])
    numbers = RNNClassifier(**SMALL).fit([np.ones((3, 1))] * 8, LABELS[:8])
    with pytest.raises(ValueError, match="fitted on numbers, got tokens"):
        numbers.predict(TOKENS)
    with pytest.raises(ValueError, match="minimum of 1"):
        model.predict(TOKENS[:0])
    with pytest.raises(ValueError, match="another vocabulary"):
        model.partial_fit(TokenSequence().fit_transform([["a"]] * 48), LABELS)


def test_the_summary_tells_what_reads_tokens():
    told = of_tokens(n_estimators="auto", max_epochs=1).summary()
    assert told.task == "one of 7 tokens a step -> 2 classes"
    layer = told.layers[0]
    assert layer == ("embedding", "one of 7 codes -> 4", 28)
    assert sum(row.n_parameters for row in told.layers) == told.networks[0].n_parameters
    assert told.auto["embedding_size"] == 4
    assert told.auto["n_kernels"] is None
    assert [part.weight for part in told.parts] == [1.0]
    told = of_tokens(RNNRegressor).summary()
    assert told.auto["linear_steps"] is None


def test_numbers_have_no_embedding():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = RNNClassifier(**SMALL).fit([np.ones((3, 1))] * 8, LABELS[:8])
    assert network_of(model).embedding is None
    assert "embedding_size" not in model.settings_.decided


def test_no_text_has_a_token():
    step = TokenSequence(vocabulary=["mouse"])
    model = make_pipeline(step, RNNClassifier(**SMALL))
    tokens = step.fit_transform([""] * 8)
    assert tokens.shape == (8, 0, 1)
    model.fit([""] * 4 + ["mouse"] * 4, list("abababab"))
    assert np.isfinite(model.predict_proba(["", "mouse", "cat"])).all()


@pytest.mark.parametrize("codes", [None, ((8,), 0), ((7, 7), 0), 3])
def test_codes_that_no_fit_notes_are_refused(codes, tmp_path):
    model = of_tokens()
    model._codes = codes
    skrnn.save(model, tmp_path / "model.skops")
    with pytest.raises(skrnn.exceptions.ModelFileError):
        skrnn.load(tmp_path / "model.skops")
