"""A state that no fit has is refused, whatever of it was changed."""

import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import skrnn
from skrnn import SlidingWindow
from skrnn.windows._state_check import check_state


@pytest.fixture
def fitted():
    days = pd.date_range("2024", periods=6)
    table = pd.DataFrame({"store": list("ababab"), "date": days.repeat(2)[:6]})
    table[["sold", "price"]] = np.arange(12.0).reshape(6, 2)
    window = SlidingWindow(
        2, horizon=1, known="price", partial_steps="keep", series="store", time="date"
    )
    return window.fit(table), table


def test_a_file_keeps_series_time_and_what_is_known(fitted, tmp_path):
    window, table = fitted
    skrnn.save(window, tmp_path / "window.skrnn")
    again = skrnn.load(tmp_path / "window.skrnn")
    expected = window.transform(table)
    assert_array_equal(np.asarray(again.transform(table)), np.asarray(expected))
    later = table[4:].assign(date=table["date"].max() + pd.Timedelta("1D"))
    again.partial_fit(later)
    assert len(again._history.values) == len(window._history.values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_known", [1]),
        ("_known", (2,)),
        ("_known", (-1,)),
        ("_known", (True,)),
        ("_keys", ["store", "date"]),
        ("_keys", (("store",),)),
        ("_keys", (["store"], "date")),
        ("_keys", ((0,), "date")),
        ("_keys", (("store",), 0)),
        ("_keys", ((), "date")),  # one feature more than the rows have
        ("_opened", 1),
        ("_grouped", None),
        ("_reach", (2,)),
        ("n_features_in_", 3),
    ],
)
def test_states_that_no_fit_has(fitted, name, value):
    state = copy.copy(vars(fitted[0]))
    check_state(state)
    state[name] = value
    with pytest.raises(ValueError, match="is not what a fit"):
        check_state(state)
