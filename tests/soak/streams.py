"""Streams in any order against a batch of all rows so far.

    python -m tests.soak.streams [--count N] [--first SEED]

Each try draws a pipeline (times of any kind, clock changes among them, series named
by an index or by columns, categories, what is known ahead, steps before and behind) and
rows for it with gaps, late and corrected ones, missing values, categories that the fit
did not have, and times that are text; `get_state` by way of JSON, pickles and
`max_streams` in between. Predictions are those of the batch, to the bit; a row may be
left out only if it is later than `max_delay`. What is not so is printed, with its seed.
"""

import argparse
import json
import pickle
import sys
import traceback
import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skrnn import SlidingWindow, TimeDistributed
from skrnn.streaming import StreamingPredictor
from tests.streaming.support import Echo, small_regressor

N = 36
TIMES = {
    "hours": pd.date_range("2024-03-30 12:00", periods=N, freq="h"),
    "hours, spring": pd.date_range(
        "2024-03-30 12:00", periods=N, freq="h", tz="Europe/Berlin"
    ),
    "hours, autumn": pd.date_range(
        "2024-10-26 12:00", periods=N, freq="h", tz="Europe/Berlin"
    ),
    "half an hour of clock change": pd.date_range(
        "2024-04-06 06:00", periods=N, freq="30min", tz="Australia/Lord_Howe"
    ),
    "days": pd.date_range("2024-02-20", periods=N, freq="D", tz="America/New_York"),
    "days at noon": pd.date_range(
        "2024-04-10 12:00", periods=N, freq="D", tz="Africa/Cairo"
    ),
    "weeks": pd.date_range("2024-01-07", periods=N, freq="W"),
    "business days": pd.date_range("2024-01-01", periods=N, freq="B"),
    "months": pd.date_range("2020-01-31", periods=N, freq="ME", tz="Europe/Berlin"),
    "quarters": pd.date_range("2010-01-01", periods=N, freq="QS"),
    "minutes in seconds": pd.date_range("2024-03-30", periods=N, freq="min", unit="s"),
    "integers": pd.RangeIndex(-5, 3 * N - 5, 3),
    "periods": pd.period_range("2024-01", periods=N, freq="M"),
    "hours as periods": pd.period_range("2024-01-01", periods=N, freq="h"),
    "durations": pd.timedelta_range("1h", periods=N, freq="90min"),
}
SERIES = {
    "one": [None],
    "texts": ["a", "b", "c"],
    "numbers": [1, 2, 3],
    "pairs": [("x", 1), ("x", 2), ("y", 1)],
}


@dataclass
class Case:
    """A fitted pipeline, and how tables for it are made."""

    rng: np.random.Generator
    times: pd.Index = None
    keys: list = None
    numbers: list = None
    has_words: bool = False
    by_columns: bool = False
    pipeline: object = None
    of_fit: set = field(default_factory=set)
    told: dict = field(default_factory=dict)

    def row(self, *, is_fit=False):
        """Values (dict) of a row."""
        values = self.rng.normal(size=len(self.numbers)).round(2)
        values[self.rng.random(len(values)) < 0.1] = np.nan
        row = dict(zip(self.numbers, values.tolist(), strict=True))
        if self.has_words:
            words = ["u", "v"] if is_fit else ["u", "v", "u", "v", "unseen", None]
            row["word"] = words[self.rng.integers(len(words))]
        return row

    def labels(self, key):
        """Columns (dict) that name a series."""
        parts = key if isinstance(key, tuple) else [] if key is None else [key]
        return {f"level {i}": part for i, part in enumerate(parts)}

    def table(self, rows):
        """A DataFrame of rows (list of key, place of the time, values)."""
        columns = [*self.numbers, *(["word"] if self.has_words else [])]
        table = pd.DataFrame([values for _, _, values in rows], columns=columns)
        table[self.numbers] = table[self.numbers].astype(float)
        times = self.times[[place for _, place, _ in rows]]
        labels = pd.DataFrame([self.labels(key) for key, _, _ in rows])
        if self.by_columns:
            return pd.concat([labels, table.assign(time=times)], axis=1)
        if len(labels.columns):
            levels = [labels[name] for name in labels]
            return table.set_axis(pd.MultiIndex.from_arrays([*levels, times]))
        return table.set_axis(times)

    def as_sent(self, key, place, values):
        """A row as `update` is given it, where columns tell key and time."""
        time = self.times[place]
        if self.rng.random() < 0.4 and not isinstance(time, int | np.integer):
            time = str(time)
        items = [*values.items(), *self.labels(key).items(), ("time", time)]
        return dict([items[i] for i in self.rng.permutation(len(items))])


def draw(rng):
    """Draw a case (Case) and how many rows of each series it was fitted on."""
    pick = lambda choices: choices[rng.integers(len(choices))]  # noqa: E731
    name, series = pick(list(TIMES)), pick(list(SERIES))
    case = Case(rng, TIMES[name], SERIES[series], list("abc")[: rng.integers(1, 4)])
    case.has_words, case.by_columns = rng.random() < 0.3, bool(rng.random() < 0.5)
    horizon, n_fit = int(rng.integers(0, 4)), int(rng.integers(8, 16))
    options = {"window_length": int(rng.integers(1, 6)), "horizon": horizon}
    known = [n for n in case.numbers if horizon and rng.random() < 0.3]
    if known and len(known) < len(case.numbers):
        options |= {"known": known, "partial_steps": pick(["absent", "keep"])}
    if case.by_columns:
        options["time"] = "time"
        levels = list(case.labels(case.keys[0]))
        options |= {"series": levels} if levels else {}
    gap = int(rng.integers(2, n_fit - 2))
    rows = [
        (key, place, case.row(is_fit=True))
        for key in case.keys[: rng.integers(1, 4)]
        for place in range(n_fit)
        if place != gap or rng.random() < 0.5
    ]
    case.of_fit = {row[:2] for row in rows}
    table = case.table(rows)
    if case.by_columns:
        table = table.sample(frac=1, random_state=int(rng.integers(99)))
    steps, is_plain = [], not (case.has_words or case.by_columns)
    if is_plain and rng.random() < 0.4:
        scaler = pick([StandardScaler, MinMaxScaler])()
        steps.append(scaler.set_output(transform="pandas"))
    steps.append(SlidingWindow(**options, history="allow"))
    if not case.has_words and rng.random() < 0.3:
        steps.append(TimeDistributed(StandardScaler()))
    last = small_regressor(missing="indicator") if rng.random() < 0.25 else Echo()
    case.pipeline = make_pipeline(*steps, last)
    case.pipeline.fit(table, rng.normal(size=len(table)))
    case.told = {"times": name, "series": series, "options": options}
    return case, n_fit


class Check:
    """A stream, and all rows that it was given."""

    def __init__(self, case):
        self.case, rng = case, case.rng
        self.delay = int(rng.integers(0, 10))
        self.options = {"max_delay": self.delay, "late": "skip"}
        if rng.random() < 0.3 and len(case.keys) > 1:
            self.options["max_streams"] = len(case.keys) - 1
        self.stream, self.arrived = self.new(), {}

    def new(self):
        return StreamingPredictor(self.case.pipeline, **self.options)

    def restart(self):
        """Go on in another predictor, by what the first one gives of itself."""
        if self.case.rng.random() < 0.3:
            self.stream = pickle.loads(pickle.dumps(self.stream))
            return
        state = json.dumps(self.stream.get_state(), default=lambda a: a.tolist())
        self.stream = self.new().set_state(json.loads(state))

    def send(self, rows):
        """Send rows (list of key, place, values) together, and compare each."""
        case, stream = self.case, self.stream
        keys = [key for key, _, _ in rows]
        times = case.times[[place for _, place, _ in rows]]
        if len(rows) == 1:
            [(key, _, values)] = rows
            if case.by_columns:
                found = [stream.update(case.as_sent(*rows[0]))]
            else:
                found = [stream.update(values, key=key, time=times[0])]
        elif case.by_columns:
            found = stream.update_many([case.as_sent(*row) for row in rows])
        elif case.rng.random() < 0.5:
            found = stream.update_many(case.table(rows))
        else:
            told = None if keys[0] is None else keys
            values = [values for _, _, values in rows]
            found = stream.update_many(values, keys=told, times=times)
        for row, got in zip(rows, found, strict=True):
            self.compare(*row, got)
        # What was dropped begins anew.
        kept = set(stream.keys)
        self.arrived = {w: row for w, row in self.arrived.items() if w[0] in kept}

    def may_be_left_out(self, rows):
        """Whether one of the rows is later than is allowed, rows of fit counted."""
        places = [row[:2] for row in rows]
        had = {*self.case.of_fit, *self.arrived, *places}
        return any(
            sum(k == key and p > place for k, p in had) > self.delay
            for key, place in places
        )

    def compare(self, key, place, values, got):
        if got is None and self.may_be_left_out([(key, place)]):
            return
        self.arrived[key, place] = values
        order = sorted(self.arrived)
        rows = [(*where, self.arrived[where]) for where in order]
        place = order.index((key, place))
        want = self.case.pipeline.predict(self.case.table(rows))[place]
        if got is None or not np.array_equal(np.asarray(got), want, equal_nan=True):
            raise AssertionError(f"{rows[place]}: got {got}, the batch has {want}")


def attempt(seed):
    """One try; raises where a prediction is another than that of the batch."""
    rng = np.random.default_rng(seed)
    case, n_fit = draw(rng)
    check = Check(case)
    newest = {key: int(rng.integers(0, n_fit + 3)) for key in case.keys}
    plan = []
    for _ in range(rng.integers(5, 40)):
        key = case.keys[rng.integers(len(case.keys))]
        kind = rng.random()
        step = 1 if kind < 0.6 else int(rng.integers(0, 5))
        place = newest[key] + step if kind < 0.8 else newest[key] - rng.integers(0, 6)
        place = int(np.clip(place, 0, N - 1))
        newest[key] = max(newest[key], place)
        plan.append((key, place, case.row()))
    most = check.options.get("max_streams", len(case.keys))
    while plan:
        n = int(rng.integers(2, 6)) if rng.random() < 0.3 else 1
        # In a batch NaN is what was left out, and what has no present step.
        together = {key for key, _, _ in plan[:n]}
        if len(together) > most or check.may_be_left_out(plan[:n]):
            n = 1
        if rng.random() < 0.1:
            check.restart()
        try:
            check.send(plan[:n])
        except Exception as error:
            raise AssertionError(f"{case.told}, {check.options}: {error!r}") from error
        plan = plan[n:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    n_wrong = 0
    for seed in range(given.first, given.first + given.count):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                attempt(seed)
        except Exception:
            n_wrong += 1
            print(f"seed {seed}:", file=sys.stderr)
            traceback.print_exc(limit=-2)
    print(f"{given.count} tries, {n_wrong} wrong")
    sys.exit(n_wrong > 0)


if __name__ == "__main__":
    main()
