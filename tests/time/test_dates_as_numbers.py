"""Dates written as integers."""

import pandas as pd
import pytest

from skrnn._time.dates_as_numbers import date_format


@pytest.mark.parametrize(
    ("numbers", "pattern"),
    [
        ([20240131, 20240201], "%Y%m%d"),
        ([202412, 202501], "%Y%m"),
        ([2024013123, 2024020100], "%Y%m%d%H"),
        ([202401312359, 202402010000], "%Y%m%d%H%M"),
        ([20240131, 20240232], None),
        ([20240131, 202402], None),
        ([1704067200, 1704070800], None),
        ([10000101, 10000102], None),
        ([2023, 2024], None),
        ([-20240131, 20240131], None),
        ([], None),
    ],
)
def test_format_of_dates(numbers, pattern):
    assert date_format(pd.Index(numbers, dtype="int64")) == pattern
    assert date_format(pd.Index(numbers, dtype="Int64")) == pattern


def test_other_indexes_hold_no_numbers():
    assert date_format(pd.DatetimeIndex(["2024-01-31"])) is None
