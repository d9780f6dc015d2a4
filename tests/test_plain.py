"""Objects as text and arrays, and back."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrnn._plain import pack, unpack
from skrnn._time.plain import TIME_CODECS

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner)
    ),
)


@given(PLAIN)
def test_plain_values_come_back(value):
    text, others = pack(value)
    assert others == []
    assert unpack(text, others) == value


def test_other_objects_stay_as_they_are():
    array, kind = np.arange(3), dict
    text, others = pack({"a": [array, (kind,)], "b": np.float32(0.5)})
    found = unpack(text, others)
    assert found["a"][0] is array
    assert found["a"][1] == (kind,)
    assert type(found["b"]) is float


@pytest.mark.parametrize("text", ['{"other": 0}', '{"other": "x"}', '{"code": 1}'])
def test_what_nobody_wrote_is_refused(text):
    with pytest.raises(ValueError, match="is no kind of value"):
        unpack(text, [])


INDEXES = [
    pd.date_range("2024", periods=3, freq="h"),
    pd.date_range("2024", periods=3, freq="D", tz="Europe/Berlin", name="day"),
    pd.date_range("2024", periods=3, tz=dt.timezone(dt.timedelta(hours=1))),
    pd.date_range("2024", periods=2, unit="s"),
    pd.DatetimeIndex(["2024-01-01", pd.NaT]),
    pd.DatetimeIndex([]),
    pd.timedelta_range("1h", periods=3),
    pd.period_range("2024", periods=3, freq="2M"),
    pd.RangeIndex(2, 9, 3, name="row"),
    pd.Index([1, 2, 5]),
    pd.Index([1.5, 2]),
    pd.Index([True, False]),
    pd.Index(["a", None], dtype="str"),
    pd.Index(["a", 1, None], dtype=object),
    pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
    pd.Index([dt.date(2024, 1, 1)]),
    pd.CategoricalIndex(["a", "b", "a"], ordered=True),
    pd.MultiIndex.from_product([["a", "b"], pd.date_range("2024", periods=2)]),
]


@pytest.mark.parametrize("index", INDEXES, ids=lambda i: type(i).__name__)
def test_indexes_come_back(index):
    text, others = pack(index, TIME_CODECS)
    assert all(type(other) is np.ndarray for other in others)
    found = unpack(text, others, TIME_CODECS)
    pd.testing.assert_index_equal(found, index, exact=True)
    assert getattr(found, "freq", None) == getattr(index, "freq", None)


OFFSETS = [
    *("h", "2D", "W-MON", "MS", "QE-NOV", "B", "15min", "SMS", "bh", "CBMS"),
    pd.DateOffset(months=2, days=1),
    pd.offsets.CustomBusinessDay(holidays=["2024-01-01"]),
]


@pytest.mark.parametrize("offset", OFFSETS, ids=str)
def test_steps_come_back(offset):
    offset = pd.tseries.frequencies.to_offset(offset)
    text, others = pack(offset, TIME_CODECS)
    assert others == []
    found = unpack(text, others, TIME_CODECS)
    assert found == offset
    moment = pd.Timestamp("2023-12-29")
    assert moment + found == moment + offset


@pytest.mark.parametrize(
    "value",
    [
        pd.Timestamp("2024", tz="UTC"),
        pd.Timedelta("1h"),
        pd.Period("2024", "M"),
        dt.timedelta(days=-1, microseconds=3),
        dt.time(9, 30),
        dt.date(2024, 2, 29),
        dt.datetime(2024, 2, 29, 1),
    ],
    ids=repr,
)
def test_times_come_back(value):
    text, others = pack(value, TIME_CODECS)
    found = unpack(text, others, TIME_CODECS)
    assert (found, type(found)) == (value, type(value))
    assert all(type(other) is np.ndarray for other in others)
