"""Tables of series, against dictionaries of cells."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skrnn._forecasting.table import SeriesTable, table_of


@st.composite
def tables(draw, max_series=4):
    """A table, and the same as a dictionary of (key, step) to (y, x)."""
    n = draw(st.integers(1, max_series))
    lengths = draw(st.lists(st.integers(1, 7), min_size=n, max_size=n))
    first = draw(st.lists(st.integers(-5, 5), min_size=n, max_size=n))
    begin = np.append(0, np.cumsum(lengths))
    y = np.arange(begin[-1], dtype=float)[:, None] + [0.0, 100.0]
    keys = [(k,) for k in "abcd"[:n]]
    first = np.array(first, dtype=np.int64)
    return SeriesTable(keys, first, begin, y, -y[:, :1])


def as_dict(table):
    cells = {}
    for code, key in enumerate(table.keys):
        for i in range(table.begin[code], table.begin[code + 1]):
            step = int(table.first[code] + i - table.begin[code])
            x = None if table.x is None else tuple(table.x[i])
            cells[key, step] = (tuple(table.y[i]), x)
    return cells


def assert_cells(table, expected):
    found = as_dict(table)
    assert list(found) == list(expected)
    for cell, (y, x) in expected.items():
        np.testing.assert_array_equal(found[cell][0], y)
        np.testing.assert_array_equal(found[cell][1], x)


NOTHING = ((np.nan, np.nan), (np.nan,))


@settings(deadline=None)
@given(tables(), st.data())
def test_spanning(table, data):
    n = len(table.keys)
    shift = st.lists(st.integers(-4, 4), min_size=n, max_size=n)
    first = table.first + data.draw(shift)
    last = table.last + data.draw(shift)
    cells = as_dict(table)
    expected = {
        (key, step): cells.get((key, step), NOTHING)
        for key, start, stop in zip(table.keys, first, last, strict=True)
        for step in range(start, stop + 1)
    }
    assert_cells(table.spanning(first, last), expected)
    until = {
        (key, step): cell
        for (key, step), cell in cells.items()
        if step <= last[table.keys.index(key)]
    }
    assert_cells(table.until(last), until)


@settings(deadline=None)
@given(tables(), st.integers(1, 5))
def test_tails(table, n_rows):
    cells = as_dict(table)
    last = dict(zip(table.keys, table.last, strict=True))
    expected = {
        (key, step): cell
        for (key, step), cell in cells.items()
        if step > last[key] - n_rows
    }
    assert_cells(table.tails(n_rows), expected)


@settings(deadline=None)
@given(tables(), st.integers(1, 5), st.integers(0, 3), st.data())
def test_contexts(table, n_before, n_after, data):
    n_rows = int(table.begin[-1])
    rows = np.array(data.draw(st.lists(st.integers(0, n_rows - 1), min_size=1)))
    context, newest = table.contexts(rows, n_before, n_after)
    cells = as_dict(table)
    steps, codes = table.ordinals, table.codes
    for i, row in enumerate(rows):
        key, now = table.keys[codes[row]], int(steps[row])
        start = max(now - n_before + 1, int(table.first[codes[row]]))
        assert context.keys[i] == key
        part = slice(context.begin[i], context.begin[i + 1])
        assert newest[i] - context.begin[i] == now - start
        wanted = [
            cells.get((key, step), NOTHING) for step in range(start, now + n_after + 1)
        ]
        y = [y if start + j <= now else NOTHING[0] for j, (y, _) in enumerate(wanted)]
        np.testing.assert_array_equal(context.y[part], y)
        np.testing.assert_array_equal(context.x[part], [x for _, x in wanted])


@settings(deadline=None, max_examples=200)
@given(tables(3), tables(4), st.booleans())
def test_followed_by(older, newer, holds_gap):
    newer.y = newer.y + 1000
    if holds_gap:
        newer.y[0] = np.nan
    found = older.followed_by(newer)
    old, new = as_dict(older), as_dict(newer)
    assert found.keys == older.keys + [k for k in newer.keys if k not in older.keys]
    for code, key in enumerate(found.keys):
        if key not in newer.keys:
            wanted = {step: cell for (k, step), cell in old.items() if k == key}
            first, last = min(wanted), max(wanted)
        else:
            steps = [step for k, step in new if k == key]
            first, last = min(steps), max(steps)
            mine = [step for k, step in old if k == key]
            if mine and min(mine) <= last:
                first = min(first, *mine)
        assert (found.first[code], found.last[code]) == (first, last)
        for step in range(first, last + 1):
            fresh, known = new.get((key, step)), old.get((key, step), NOTHING)
            row = found.positions(np.array([code]), np.array([step]))[0]
            fresh = fresh if fresh is not None else NOTHING
            expected = np.where(np.isnan(fresh[0]), known[0], fresh[0])
            np.testing.assert_array_equal(found.y[row], expected)


@settings(deadline=None)
@given(tables(), st.data())
def test_table_of_rows_in_any_order(table, data):
    n_rows = int(table.begin[-1])
    order = np.array(data.draw(st.permutations(range(n_rows))))
    kept = np.array(
        data.draw(st.lists(st.booleans(), min_size=n_rows, max_size=n_rows))
    )
    # The ends stay, so that the table is as long.
    kept[table.begin[:-1]] = kept[table.begin[1:] - 1] = True
    order = order[kept[order]]
    found = table_of(
        table.keys, table.codes[order], table.ordinals[order], table.y[order]
    )
    expected = np.where(kept[:, None], table.y, np.nan)
    np.testing.assert_array_equal(found.y, expected)
    np.testing.assert_array_equal(found.begin, table.begin)
    codes, steps = table.codes, table.ordinals
    np.testing.assert_array_equal(table.positions(codes, steps), np.arange(n_rows))
    assert (table.positions(codes, steps + 100) == -1).all()


@settings(deadline=None)
@given(tables(), st.data())
def test_chosen_and_x(table, data):
    codes = data.draw(st.lists(st.integers(0, len(table.keys) - 1), min_size=1))
    found = table.chosen(codes)
    for i, code in enumerate(codes):
        part = slice(table.begin[code], table.begin[code + 1])
        np.testing.assert_array_equal(
            found.y[found.begin[i] : found.begin[i + 1]], table.y[part]
        )
    x = np.full((len(table.y), 1), 7.0)
    steps = table.ordinals + 1
    filled = table.with_x(x, table.codes, steps)
    is_first = table.ordinals == np.repeat(table.first, table.lengths)
    np.testing.assert_array_equal(filled.x[is_first], table.x[is_first])
    assert (filled.x[~is_first] == 7).all()
