"""Who is speaking? Recurrent networks in the place of a random forest.

Nine speakers say the same two vowels; an utterance is a sequence of 7 to 29 frames of
12 numbers (JapaneseVowels, which comes with sktime). Recurrent networks read it as it
is, the other models as a table of 29 frames. Every model is searched under the same
cross-validation, and judged on 370 other utterances: with all 30 of each speaker to
learn from, and with fewer. Takes less than a minute on two cores and writes
quickstart.png.
"""

import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sktime.datasets import load_japanese_vowels

from skrnn import RNNClassifier
from skrnn.plotting import PALETTE

N_UTTERANCES = [3, 5, 10, 20, 30]  # of each speaker
LONGEST = 29
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
BLUE, LIGHT, GREY = PALETTE["blue"], "#8fbbd9", "0.6"
LOOKS = {"RNNClassifier": (BLUE, 2.5), "one LSTM of 64 units": (LIGHT, 2)}


def load(split):
    """Return utterances (list of arrays of shape (n_frames, 12)) and their speakers."""
    table, speakers = load_japanese_vowels(split, return_type="nested_univ")
    return [np.column_stack(row) for row in table.to_numpy()], speakers


def as_table(X, pad):
    """Return the frames of utterances as columns, with something before short ones."""
    mode = {"edge": "edge", "zero": "constant"}[pad]
    return np.array(
        [np.pad(x, ((LONGEST - len(x), 0), (0, 0)), mode=mode).ravel() for x in X]
    )


def models():
    """Yield the name, the estimator and the grid of every model."""
    network = RNNClassifier(random_state=0)
    yield "RNNClassifier", network, {"cell": ["gru", "lstm"], "hidden_size": [32, 64]}
    single = RNNClassifier("lstm", 64, parts="network", random_state=0)
    yield "one LSTM of 64 units", single, {"pooling": ["mixed", "last"]}
    flat = {
        "random forest": RandomForestClassifier(random_state=0),
        "SVM": SVC(),
        "logistic regression": LogisticRegression(max_iter=2000),
        "MLP": MLPClassifier(max_iter=2000, random_state=0),
    }
    more = {"SVM": {"svc__C": [1, 10]}}
    for name, model in flat.items():
        table = FunctionTransformer(as_table, kw_args={"pad": "edge"})
        pads = [{"pad": pad} for pad in ("edge", "zero")]
        grid = {"functiontransformer__kw_args": pads} | more.get(name, {})
        yield name, make_pipeline(table, StandardScaler(), model), grid


def few_of_each(speakers, n):
    """Rows of the first n utterances of each speaker."""
    return np.concatenate([np.flatnonzero(speakers == s)[:n] for s in set(speakers)])


def main():
    X, speakers = load("train")
    X_test, speakers_test = load("test")
    print(f"{len(X)} utterances of {len(set(speakers))} speakers\n")
    print(f"{'model':<22}{'CV':>7}{'test':>7}{'search':>9}   best parameters")
    curves = {}
    for name, model, grid in models():
        start = time.perf_counter()
        search = GridSearchCV(model, grid, cv=FOLDS, n_jobs=2).fit(X, speakers)
        seconds = time.perf_counter() - start
        curves[name] = []
        for n in N_UTTERANCES:
            rows = few_of_each(speakers, n)
            fitted = clone(search.best_estimator_)
            fitted.fit([X[row] for row in rows], speakers[rows])
            curves[name].append(fitted.score(X_test, speakers_test))
        chosen = ", ".join(f"{k}={v}" for k, v in search.best_params_.items())
        print(
            f"{name:<22}{search.best_score_:>7.3f}{curves[name][-1]:>7.3f}"
            f"{seconds:>8.1f}s   {chosen.replace('functiontransformer__kw_args=', '')}",
            flush=True,
        )
    draw(curves, len(X_test))


def draw(curves, n_test):
    """Draw accuracy by how much there was to learn from, and that with all of it."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 3.9), width_ratios=(3, 2), layout="constrained"
    )
    ours = list(LOOKS)
    for name, curve in sorted(curves.items(), key=lambda pair: pair[0] in ours):
        color, width = LOOKS.get(name, (GREY, 1.2))
        label = name if name in ours else None
        left.plot(N_UTTERANCES, curve, "o-", color=color, lw=width, ms=4, label=label)
    left.plot([], [], "o-", color=GREY, lw=1.2, ms=4, label="the four others")
    left.set_xticks(N_UTTERANCES)
    left.yaxis.set_major_formatter("{x:.0%}")
    left.set(
        title=f"Speakers recognised, of {n_test} test utterances",
        xlabel="utterances of each speaker to learn from",
    )
    left.legend(frameon=False, loc="lower right")
    last = {name: curve[-1] for name, curve in curves.items()}
    names = sorted(last, key=last.get)
    errors = [1 - last[name] for name in names]
    colors = [LOOKS.get(name, (GREY,))[0] for name in names]
    bars = right.barh(names, errors, color=colors)
    right.bar_label(bars, [f"{error:.1%}" for error in errors], padding=3)
    right.xaxis.set_major_formatter("{x:.0%}")
    right.margins(x=0.15)
    right.set(title="Mistaken with 30 of each", xlabel="share of the test utterances")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    path = Path("quickstart.png").resolve()
    figure.savefig(path, dpi=120)
    print(f"\nPicture: {path}")


if __name__ == "__main__":
    main()
