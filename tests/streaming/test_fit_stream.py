"""Fits to chunks, against fits to what the chunks make together."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from skrnn.streaming import ParquetChunks, fit_stream


def regressor(**options):
    options = {"max_epochs": 4, "n_estimators": 1, "random_state": 0} | options
    return RNNRegressor("gru", 5, batch_size=32, **options)


def sequences(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, 9, 2)) * [1, 50] + [7, 0]).astype("float32")
    return X, 3 * X[:, -1, 0] - np.sin(X[:, -2, 1]) * X[:, 0, 0]


def cut(*parts, size=70):
    """Chunks of so many samples, the last one smaller."""
    return [
        tuple(part[start : start + size] for part in parts)
        for start in range(0, len(parts[0]), size)
    ]


def as_function(chunks):
    return lambda: iter(chunks)


@pytest.mark.parametrize("kind", [list, as_function])
@pytest.mark.parametrize("layout", ["3-D", "2-D", "ragged"])
def test_one_buffer_gives_the_bits_of_fit(kind, layout):
    X, y = sequences()
    if layout == "ragged":
        X = [part[: 4 + i % 5] for i, part in enumerate(X)]
    elif layout == "2-D":
        X = np.ascontiguousarray(X[:, :, 0])
    newest = 280  # four chunks of 70, and one of 20
    weight = np.linspace(0.5, 2, len(y))
    whole = regressor().fit(
        X[:newest], y[:newest], weight[:newest], X_val=X[newest:], y_val=y[newest:]
    )
    chunked = fit_stream(regressor(), kind(cut(X, y, weight)))
    np.testing.assert_array_equal(chunked.predict(X), whole.predict(X))
    assert chunked.validation_loss_curve_ == whole.validation_loss_curve_
    assert chunked.loss_curve_ == whole.loss_curve_


def test_several_buffers_differ_in_the_order_alone():
    X, y = sequences()
    options = {"shuffle": False, "early_stopping": False}
    whole = regressor(**options).fit(X, y)
    for size in (1, 100, 150):
        chunked = fit_stream(regressor(**options), cut(X, y), buffer_size=size)
        np.testing.assert_array_equal(chunked.predict(X), whole.predict(X))
    drawn = fit_stream(regressor(early_stopping=False), cut(X, y), buffer_size=100)
    assert not np.array_equal(drawn.predict(X), whole.predict(X))
    scaling, other = drawn.net_.module_.scaling, whole.net_.module_.scaling
    np.testing.assert_array_equal(scaling.x_mean, other.x_mean)
    np.testing.assert_array_equal(scaling.y_scale, other.y_scale)


def test_no_more_than_a_buffer_is_read_at_a_time():
    X, y = sequences(420)
    asked = []

    class Chunks(list):
        def __getitem__(self, number):
            asked.append(number)
            return super().__getitem__(number)

    chunks = Chunks(cut(X, y))
    fit_stream(
        regressor(max_epochs=2, linear_steps=None),
        chunks,
        buffer_size=140,
        validation=(X[:20], y[:20]),
    )
    # Each pass goes from the first chunk to the last, the epochs too.
    passes = "".join(str(number) for number in asked)
    assert set(passes.split("012345")) == {""} and 3 <= len(passes) / 6 <= 6


def test_classes_that_the_first_chunk_lacks():
    X, y = sequences()
    label = np.array(["low", "high"])[(y > np.median(y)).astype(int)]
    order = np.argsort(label, kind="stable")
    model = RNNClassifier("gru", 4, n_kernels=None, n_estimators=1, max_epochs=2)
    given = cut(X[order], label[order]), X[:30], label[:30]
    fitted = fit_stream(model, given[0], validation=given[1:])
    assert list(fitted.classes_) == ["high", "low"]


def test_windows_reach_over_the_borders_of_chunks():
    index = pd.date_range("2025-01-01", periods=300, freq="h")
    rows = pd.DataFrame(sequences()[0][:, 0], index=index, columns=["a", "b"])
    y = rows["a"].shift(1, fill_value=0).to_numpy() * 2
    model = make_pipeline(
        StandardScaler().set_output(transform="pandas"),
        SlidingWindow(6),
        regressor(early_stopping=False),
    )
    whole = make_pipeline(*(step for _, step in model.steps[:2]))
    windows = whole.fit_transform(rows)
    fit_stream(model, cut(rows, y))
    # The moments of a pass in pieces are those of the whole but for rounding.
    np.testing.assert_allclose(model[0].mean_, whole[0].mean_, rtol=1e-9)
    after = pd.date_range(index[-1], periods=3, freq="h")[1:]
    newer = pd.DataFrame([[7.0, 1.0], [8.0, 2.0]], index=after, columns=["a", "b"])
    found, wanted = model[:2].transform(newer), whole.transform(newer)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    twin = regressor(early_stopping=False).fit(windows, y)
    truth = twin.predict(wanted)
    np.testing.assert_allclose(model.predict(newer), truth, rtol=1e-2, atol=1e-2)


def test_an_iterator_is_learned_from_once():
    X, y = sequences()
    once = fit_stream(regressor(), iter(cut(X, y)), buffer_size=140)
    assert len(once.loss_curve_) == 3  # of 140, 140 and 20 samples
    without = regressor(scale=False)
    fit_stream(without, iter(cut(X, y)), buffer_size=140)
    twin = regressor(scale=False)
    for start, stop in ((0, 140), (140, 280), (280, 300)):
        twin.partial_fit(X[start:stop], y[start:stop])
    np.testing.assert_array_equal(without.predict(X), twin.predict(X))


@pytest.mark.parametrize("norm", [None, "standard"])
def test_moments_run_on_with_an_iterator(norm):
    X, y = sequences()
    X = X + np.linspace(0, 30, 300)[:, None, None].astype("float32")  # it drifts
    options = {"linear_steps": None, "instance_norm": norm, "early_stopping": False}
    weight = np.linspace(1, 2, 300)
    chunks = iter(cut(X, y, weight))
    once = fit_stream(regressor(**options), chunks, buffer_size=140)
    whole = regressor(**options | {"max_epochs": 1}).fit(X, y, weight)
    got, wanted = (model.net_.module_.scaling for model in (once, whole))
    names = ["x", "y"] if norm is None else ["row"]
    for name in names:
        for kind in ("mean", "scale"):
            pair = (getattr(one, f"{name}_{kind}") for one in (got, wanted))
            np.testing.assert_allclose(*pair, rtol=1e-9)
    assert np.isfinite(once.predict(X)).all()


def test_a_stopped_fit_resumes(tmp_path):
    X, y = sequences()
    options = {"checkpoint_dir": tmp_path, "early_stopping": False}
    fit_stream(regressor(max_epochs=2, **options), cut(X, y), buffer_size=140)
    resumed = fit_stream(
        regressor(max_epochs=5, **options), cut(X, y), buffer_size=140, resume=True
    )
    whole = fit_stream(
        regressor(max_epochs=5, early_stopping=False), cut(X, y), buffer_size=140
    )
    np.testing.assert_array_equal(resumed.predict(X), whole.predict(X))


def test_parquet_files_give_the_bits_of_their_table(tmp_path):
    polars = pytest.importorskip("polars")
    X, y = sequences(200)
    table = polars.DataFrame({"a": X[:, 0, 0], "b": X[:, 0, 1], "y": y, "w": y**2})
    for i, part in enumerate((table[:90], table[90:])):
        part.write_parquet(tmp_path / f"{i}.parquet", row_group_size=40)
    files = sorted(tmp_path.glob("*.parquet"))
    chunks = ParquetChunks(files, "y", chunk_size=50, sample_weight="w")
    assert [len(chunk[1]) for chunk in chunks] == [50, 40, 50, 50, 10]
    assert polars.concat([chunk[0] for chunk in chunks]).equals(table["a", "b"])
    np.testing.assert_array_equal(np.concatenate([c[2] for c in chunks]), table["w"])
    both = ParquetChunks(files[0], ["y", "w"], features=["b"])[0]
    assert both[1].shape == (90, 2) and both[0].columns == ["b"]
    model = make_pipeline(SlidingWindow(3), regressor(early_stopping=False))
    fit_stream(model, ParquetChunks(files[0], "y", chunk_size=100, features=["a"]))
    whole = make_pipeline(SlidingWindow(3), regressor(early_stopping=False))
    whole.fit(table[["a"]][:90], y[:90])
    np.testing.assert_array_equal(
        model.predict(table[["a"]]), whole.predict(table[["a"]])
    )


def test_a_classifier_learns_from_an_iterator():
    X, y = sequences()
    label = np.array(["low", "high"])[(y > np.median(y)).astype(int)]
    order, weight = np.argsort(label, kind="stable"), np.linspace(0.5, 2, 300)
    chunks = cut(X[order], label[order], weight)
    options = {"n_kernels": None, "n_estimators": 1, "random_state": 0, "scale": False}
    model, twin = (RNNClassifier("gru", 4, **options) for _ in range(2))
    fit_stream(model, iter(chunks), buffer_size=70, classes=["low", "high"])
    for part in chunks:
        twin.partial_fit(part[0], part[1], ["low", "high"], part[2])
    np.testing.assert_array_equal(model.predict_proba(X), twin.predict_proba(X))
    fit_stream(model, iter(chunks), buffer_size=70)  # the classes are known now
    assert len(model.loss_curve_) == 10
    several = np.stack([y > 0, y > 9], axis=1).astype(int)
    many = RNNClassifier("gru", 4, **options)
    assert fit_stream(many, iter(cut(X, several))).predict(X).shape == (300, 2)


@pytest.mark.parametrize("kind", [list, as_function, iter])
@pytest.mark.parametrize("has_windows", [False, True])
def test_chunks_without_samples_are_as_if_not_there(kind, has_windows):
    X, y = sequences()
    X = pd.DataFrame(X[:, 0], columns=["a", "b"]) if has_windows else X
    steps = [StandardScaler(), SlidingWindow(3)] if has_windows else []
    chunks = cut(X, y)
    models = [make_pipeline(*steps, regressor(max_epochs=2)) for _ in range(2)]
    none = (X[:0], y[:0])
    sparse = [none, *chunks[:2], none, none, *chunks[2:], none]
    for model, given in zip(models, (chunks, sparse), strict=True):
        fit_stream(model, kind(given), buffer_size=140)
    np.testing.assert_array_equal(models[0].predict(X), models[1].predict(X))


def test_what_weighs_nothing_is_as_if_not_there():
    X, y = sequences()
    weight = np.ones(300)
    weight[280:290] = 0  # of the newest chunk, which validates
    wrong = np.where(weight == 0, 1e6, y)
    found = fit_stream(regressor(), cut(X, wrong, weight))
    rest = cut(X[:280], y[:280], weight[:280])
    wanted = fit_stream(regressor(), [*rest, (X[290:], y[290:], weight[290:])])
    assert found.validation_loss_curve_ == wanted.validation_loss_curve_
    weight[:70] = 0  # a buffer as a whole
    found = fit_stream(regressor(), iter(cut(X, y, weight)), buffer_size=70)
    wanted = fit_stream(regressor(), iter(cut(X, y, weight)[1:]), buffer_size=70)
    np.testing.assert_array_equal(found.predict(X), wanted.predict(X))


def test_without_validation_chunks_are_split_as_in_fit():
    X, y = sequences()
    found, whole = fit_stream(regressor(), cut(X, y), validation=None), regressor()
    assert found.validation_loss_curve_ == whole.fit(X, y).validation_loss_curve_


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"classes": [0, 1]}, "classes is for a classifier and an iterator"),
        ({"chunks": iter([]), "resume": True}, "resume=True is for"),
        ({"chunks": iter([]), "validation": ([], [])}, "validation=.* is for fits"),
        ({"chunks": []}, "no chunk"),
        ({"chunks": iter([])}, "no chunk"),
        ({"chunks": [np.zeros((3, 2))]}, "pair"),
        ({"chunks": [(np.zeros((3, 2)), np.zeros(2))]}, "3 samples of X and 2 of y"),
        ({"buffer_size": 0}, "buffer_size"),
        ({"validation": "oldest"}, "validation must be"),
    ],
)
def test_what_is_refused(change, told):
    X, y = sequences(20)
    given = {"chunks": [(X, y)]} | change
    with pytest.raises(ValueError, match=told):
        fit_stream(regressor(), given.pop("chunks"), **given)


def test_classes_and_weights_that_cannot_be_right():
    X, _ = sequences(90)
    chunks = cut(X, np.repeat(["a", "b", "c"], 30), size=30)
    model = RNNClassifier("gru", 4, n_kernels=None, n_estimators=1, max_epochs=2)
    with pytest.raises(ValueError, match=r"labels that no other chunk has: \['c'\]"):
        fit_stream(model, chunks)
    with pytest.raises(ValueError, match=r"give all labels .* as classes"):
        fit_stream(model, iter(chunks))
    X, y = sequences(40)
    nothing = [(X[:20], y[:20], np.ones(20)), (X[20:], y[20:], np.zeros(20))]
    with pytest.raises(ValueError, match="No sample of the newest chunk weighs"):
        fit_stream(regressor(), nothing)
    with pytest.raises(ValueError, match="at least one non-zero"):
        fit_stream(regressor(), iter(nothing[1:]))


def test_chunks_that_change_are_noticed():
    X, y = sequences()
    calls = iter(range(99))

    def chunks():
        return cut(X, y, size=70 if next(calls) < 2 else 60)

    with pytest.raises(ValueError, match="must be the same each time"):
        fit_stream(regressor(early_stopping=False), chunks, buffer_size=100)
    with pytest.raises(ValueError, match="gone through twice, and gave 4 and then 2"):
        some = iter([cut(X, y), cut(X, y)[:2]])
        fit_stream(regressor(), lambda: next(some))
    with pytest.raises(TypeError, match="got StandardScaler"):
        fit_stream(StandardScaler(), cut(X, y))
    from sklearn.preprocessing import QuantileTransformer

    model = make_pipeline(QuantileTransformer(), SlidingWindow(3), regressor())
    with pytest.raises(ValueError, match="QuantileTransformer cannot learn"):
        fit_stream(model, cut(X[:, 0], y))
