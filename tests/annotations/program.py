"""A user's program: every public name, called as it is documented.

Type checkers read it and nothing runs it. A line that ends with ``# refused`` is to be
an error of theirs, and no other line.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, assert_type

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import skrnn
import skrnn.exceptions
import skrnn.onnx
from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    TokenSequence,
    ToSequence,
    load,
    make_windows,
    save,
    show_versions,
)
from skrnn.distributed import data_parallel
from skrnn.inspection import (
    Attributions,
    GradientFlow,
    attention_weights,
    gates,
    gradient_flow,
    hidden_states,
    integrated_gradients,
    permutation_importance,
)
from skrnn.model_selection import PanelTimeSeriesSplit
from skrnn.persistence import describe
from skrnn.plotting import (
    PALETTE,
    AttributionDisplay,
    BacktestDisplay,
    ForecastDisplay,
    GradientFlowDisplay,
    HiddenStatesDisplay,
    LiveLossCurve,
    LossCurveDisplay,
)
from skrnn.sktime import RNNForecaster, RNNPanelClassifier, RNNPanelRegressor
from skrnn.streaming import ParquetChunks, StreamingPredictor, fit_stream
from skrnn.text import TokenArray
from skrnn.windows import WindowedArray, check_no_lookahead, make_targets


def program() -> None:
    X, y = np.zeros((20, 6, 2)), np.zeros(20)
    ragged = [np.zeros((3, 2)), np.zeros((5, 2))]
    frame = pd.DataFrame({"load": y})

    # Estimators.
    regressor = RNNRegressor(
        "lstm", 32, n_estimators=3, linear_steps=None, random_state=0
    )
    regressor = RNNRegressor(hidden_size=8, lr_schedule="cosine", n_estimators="auto")
    regressor = RNNRegressor(init=regressor, quantiles=(0.1, 0.9), loss="quantile")
    assert_type(regressor.fit(X, y, sample_weight=y, resume=False), RNNRegressor)
    assert_type(regressor.fit(ragged, [1.0, 2.0]).partial_fit(X, y), RNNRegressor)
    mean, deviation = regressor.predict(X, return_std=True)
    spread: float = regressor.predict(X).std() + deviation.std() + mean.std()
    quantiles = regressor.predict_quantiles(X)[:, 0]
    score: float = regressor.score(X, y)
    epochs: int = regressor.n_iter_ + regressor.best_epochs_[0]
    losses: list[float] = regressor.loss_curve_
    print(regressor.summary().parts[0].name, regressor.get_params())
    classifier = RNNClassifier(hidden_size="auto", bidirectional="auto", cell="gru")
    classifier = RNNClassifier(segment_length="auto")
    classifier = RNNClassifier(
        hidden_size=8, class_weight="balanced", scoring="accuracy"
    )
    # Containers of narrower types than a signature names.
    counts: dict[int, int] = {0: 3, 1: 1}
    weights: Mapping[str, float] = {"a": 0.5}
    of_labels: list[dict[int, int]] = [counts, counts]
    cosine: Mapping[str, float] = {"T_max": 20}
    cycles: list[Literal["month_of_year", "day_of_week"]] = ["month_of_year"]
    RNNClassifier(class_weight=counts, lr_schedule="cosine", lr_schedule_options=cosine)
    RNNClassifier(class_weight=weights), RNNClassifier(class_weight=of_labels)
    RNNForecaster(calendar=cycles, past_covariates=("price",))
    RNNClassifier(class_weight="balance")  # refused
    RNNClassifier(class_weight={0: "heavy"})  # refused
    RNNClassifier(class_weight=["heavy"])  # refused
    RNNForecaster(calendar="day_of_week")  # refused
    RNNForecaster(past_covariates="price")  # refused
    assert_type(classifier.fit(X, ["a", "b"] * 10), RNNClassifier)
    shares = classifier.predict_proba(X) + classifier.predict_log_proba(X)
    scores = classifier.decision_function(X)[0] + classifier.predict(X)[0]
    RNNClassifier(hiden_size=8)  # refused
    RNNRegressor(hiden_size=8)  # refused
    RNNRegressor("lstn")  # refused
    RNNRegressor(hidden_size="auto")  # refused
    RNNRegressor(segment_length="long")  # refused
    RNNRegressor("gru", 8, 2)  # refused
    regressor.fit(X, y, sample_weights=y)  # refused
    regressor.predict(X, return_sdt=True)  # refused
    skrnn.RNNRegresor()  # refused

    # Windows.
    sliding = SlidingWindow(24, horizon=1, known=["price"], history="allow", freq="h")
    assert_type(sliding.fit(frame).transform(frame), WindowedArray)
    assert_type(sliding.partial_fit(frame).fit_transform(frame), WindowedArray)
    windows, ahead = make_windows(frame, 6, fh=[1, 2], target="load")
    windows, ahead, newest = make_windows(ragged, 6, fh=3, return_newest=True)
    assert_type(windows[1:3], WindowedArray)
    steps: int = windows.shape[1] + len(newest) + windows.nbytes
    first = windows[0].mean() + windows.gather([0, 1]).mean()
    kept, targets, gap = make_targets(frame, y, fh=3, at="last", gap_in="steps")
    assert_type(kept, pd.DataFrame)
    check_no_lookahead(regressor, frame, y, horizon=1, n_cuts=None)
    splitter = PanelTimeSeriesSplit(3, series="store", time="day", gap=gap)
    for train, test in splitter.split(frame):
        print(train[0] + test[0], splitter.get_n_splits())
    SlidingWindow(windowlength=24)  # refused
    SlidingWindow(history="forbid")  # refused
    make_windows(frame, 6, step=2)  # refused

    # Shapes and texts.
    sequences = ToSequence(n_features=2, order="feature").fit(y).transform(y)
    table = FlattenSequence("edge").fit(X).transform(X)
    scaled = TimeDistributed(FlattenSequence()).fit(X).transform(X)
    names = ToSequence().get_feature_names_out()[0]
    tokens = TokenSequence(analyzer="char", max_length=20, keep="last")
    assert_type(tokens.fit(["a", "b"]).transform(["a"]), TokenArray)
    words: list[list[str]] = tokens.inverse_transform(tokens.fit_transform(["a"]))
    TokenSequence(analyser="char")  # refused
    FlattenSequence(pad="zeros")  # refused

    # Files.
    save(regressor, Path("model.skops"))
    load("model.skops", trusted=["package.Class"]).predict(X)
    content: str = describe("model.skops")["type"]
    skrnn.onnx.to_onnx(regressor, path="model.onnx", lengths=True).SerializeToString()
    load("model.skops", trust=["package.Class"])  # refused

    # sktime.
    forecaster = RNNForecaster(
        regressor, 24, "direct", sp=12, log="auto", interval=None
    )
    assert_type(forecaster.fit(frame, fh=[1, 2]).update(frame), RNNForecaster)
    forecast = forecaster.predict(fh=[1, 2])
    assert_type(forecaster.predict_interval(coverage=0.9), pd.DataFrame)
    assert_type(forecaster.predict_quantiles(alpha=[0.1]), pd.DataFrame)
    assert_type(forecaster.backtest(frame, step_length=12, refit="warm"), pd.DataFrame)
    weight: float = forecaster.network_weight_[0, 0] + forecaster.sp_
    assert_type(forecaster.smoothing_weights_, pd.DataFrame | None)
    assert_type(forecaster.panel_weights_, pd.DataFrame | None)
    RNNPanelClassifier(classifier, random_state=0), RNNPanelRegressor(regressor)
    RNNForecaster(stratgy="direct")  # refused
    RNNForecaster(strategy="directly")  # refused
    RNNPanelClassifier(estimater=classifier)  # refused

    # Streams.
    pipeline = make_pipeline(sliding, regressor)
    search = GridSearchCV(pipeline, {"rnnregressor__hidden_size": [8, 16]})
    StreamingPredictor(pipeline, mode="stateful"), StreamingPredictor(search)
    stream = StreamingPredictor(regressor, mode="window", max_delay=3, late="skip")
    stream.update({"load": 1.0}, key=("store", 1), time=pd.Timestamp("2024-01-01"))
    stream.update([1.0, "monday"])
    stream.predict_one({"load": 1.0}, key="store", time=2)
    many = stream.update_many([{"load": 1.0}], keys=["store"], times=[3])
    many = stream.update_many(frame).mean() + stream.update([1.0])
    assert_type(stream.reset("store").set_state(stream.get_state()), StreamingPredictor)
    held: int = stream.n_streams + stream.nbytes_per_stream + len(stream.keys)
    StreamingPredictor(regressor, mode="stateless")  # refused
    StreamingPredictor(regressor, late="drop")  # refused
    StreamingPredictor(regressor, max_lateness=3)  # refused
    stream.update([1.0], times=3)  # refused

    # Chunks, and several processes.
    chunks = ParquetChunks(Path("rows.parquet"), "load", chunk_size=9, features=["x"])
    assert_type(fit_stream(regressor, chunks, buffer_size=99), RNNRegressor)
    fit_stream(pipeline, [(frame, y)], validation=None).predict(frame)
    fit_stream(regressor, lambda: iter([(X, y, y)]), validation=(X, y), resume=True)
    fit_stream(classifier, iter(chunks), classes=["a", "b"])
    fit_stream(regressor, chunks, validation="oldest")  # refused
    fit_stream(regressor, chunks, n_epochs=3)  # refused
    ParquetChunks("rows.parquet")  # refused
    with data_parallel(by="series") as rank:
        number: int = rank + 1
    data_parallel(by="rows")  # refused

    # What was learned.
    found = integrated_gradients(regressor, X, target=(0, 0.9), baseline=np.zeros(2))
    assert_type(found, Attributions)
    size: float = found.values.mean() + found.completeness_error.max()
    about: list[str] = [found.target, *found.feature_names, *(found.step_names or [])]
    integrated_gradients(classifier, ragged, target="a", baseline="zero", n_steps=16)
    integrated_gradients(search, windows, baseline=[0.0, 1.0])
    flow = gradient_flow(regressor, X, y, network=1)
    assert_type(flow, GradientFlow)
    factor: float = flow.factors[0] + flow.norms.max() + flow.segment_length
    state = hidden_states(regressor, X)[-1].mean()
    share = attention_weights(regressor, X).sum(axis=1)
    forget = gates(regressor, X)[0]["forget"].mean()
    importance = permutation_importance(
        regressor, X, y, by="step", step_groups={"day": [0, 1]}, max_samples=0.5
    )
    print(importance.importances_mean, importance.step_names)
    permutation_importance(pipeline, frame, y, scoring="r2").importances.max()
    several = permutation_importance(forecaster, None, frame, scoring=["r2"])
    best: list[str] = [name for name in several if several[name].importances.any()]
    integrated_gradients(regressor, X, baseline="median")  # refused
    integrated_gradients(regressor, X, n_step=16)  # refused
    flow.memory_norms.max()  # refused
    gradient_flow(regressor, X)  # refused
    hidden_states(regressor, X, layer=0)  # refused
    permutation_importance(regressor, X, y, by="lag")  # refused
    several.importances.any()  # refused
    found.value.mean()  # refused

    # Pictures.
    display = AttributionDisplay.from_estimator(regressor, X, kind="heatmap")
    assert_type(display.plot(display.ax_, colorbar=False), AttributionDisplay)
    assert_type(AttributionDisplay.from_values(found, sample=0).ax_, Axes)
    AttributionDisplay.from_values(importance).figure_.savefig("importance.png")
    if display.im_ is not None:
        print(display.im_.get_array())
    backtest = BacktestDisplay.from_estimator(forecaster, frame, kind=["error"])
    worst: float = backtest.errors_["MAE"].max() + backtest.axes_.size
    BacktestDisplay.from_predictions(backtest.forecasts, frame, kind="forecasts")
    fan = ForecastDisplay.from_estimator(forecaster, frame, coverage=[0.5, 0.9])
    assert_type(ForecastDisplay.from_predictions(forecast, frame), ForecastDisplay)
    fan.plot(ax=fan.axes_).ax_.set_title("load")
    GradientFlowDisplay.from_estimator(regressor, X, y).lines_[0].set_color(
        PALETTE["blue"]
    )
    GradientFlowDisplay.from_values(flow, ax=display.ax_)
    HiddenStatesDisplay.from_estimator(regressor, X, layer=-1).im_.get_clim()
    HiddenStatesDisplay.from_values(np.zeros((6, 8)), n_directions=2)
    LossCurveDisplay.from_estimator(regressor, log="auto").ax_.get_ylim()
    LossCurveDisplay.from_values([losses], best_epoch=[3], log=False)
    RNNRegressor(callbacks=[LiveLossCurve(interval=2.0, path=Path("loss.png"))])
    AttributionDisplay.from_estimator(regressor, X, kind="bars")  # refused
    AttributionDisplay.from_values(found, samples=0)  # refused
    display.im_.get_array()  # refused
    BacktestDisplay.from_estimator(forecaster, frame, kind=["errors"])  # refused
    BacktestDisplay.from_estimator(forecaster, frame, kind="errors")  # refused
    ForecastDisplay.from_estimator(forecaster, frame, kind="fan")  # refused
    GradientFlowDisplay.from_values(flow).ax_.set_tilte("flow")  # refused
    HiddenStatesDisplay.from_estimator(regressor, X, ax="states.png")  # refused
    LossCurveDisplay.from_estimator(regressor, log="yes")  # refused
    LiveLossCurve(file="loss.png")  # refused

    # Versions, errors and warnings.
    show_versions()
    try:
        regressor.fit(X, y)
    except (
        skrnn.exceptions.NonFiniteLossError,
        skrnn.exceptions.ModelFileError,
    ) as error:
        print(error.args, skrnn.__version__)
    for category in (
        skrnn.exceptions.LeakingSplitWarning,
        skrnn.exceptions.LostIndexWarning,
        skrnn.exceptions.MissingHistoryWarning,
        skrnn.exceptions.NoKernelsWarning,
        skrnn.exceptions.ShortWindowsWarning,
        skrnn.exceptions.TabularInputWarning,
        skrnn.exceptions.TargetInWindowWarning,
    ):
        print(issubclass(category, Warning))
