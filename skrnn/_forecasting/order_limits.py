"""Windows, networks and differences of more than there are rows or memory for."""

from skrnn._forecasting.limits import MOST_LENGTHS, refuse_memory

__all__ = ["refuse_orders", "refuse_sizes"]

# What a trained network takes at the least, and how many windows it reads at a time.
_BYTES_OF_NETWORK, _WINDOWS_AT_ONCE = 10_000, 32
# Windows of so many rows are no matter, however short the series.
_SHORT = 168
# Of so many differences a float has no digit left.
_MOST_DIFFERENCES = 52


def refuse_sizes(options, table, longest):
    """Raise where what is asked for is more than there is memory for.

    Parameters
    ----------
    options : Options
        What was given.
    table : SeriesTable
        The series.
    longest : int
        Rows of the longest of them.
    """
    length, most = options.window_length, max(MOST_LENGTHS * longest, _SHORT)
    if length is not None and length > most:
        raise ValueError(
            f"window_length={length} rows, but the longest series has {longest}: that "
            f"long windows hold nothing but rows that are not there. Set it to {most} "
            f"or less, {MOST_LENGTHS} times the rows, or to None."
        )
    n_columns = table.y.shape[1] + (0 if table.x is None else table.x.shape[1])
    # Numbers of eight bytes; a network reads some windows at a time.
    refuse_memory(
        f"Windows of window_length={length} rows",
        8 * n_columns * min(longest, _WINDOWS_AT_ONCE),
        length or 0,
        "There can be {} rows in each.",
    )
    refuse_memory(
        f"n_estimators={options.n_estimators} networks",
        _BYTES_OF_NETWORK,
        options.n_estimators,
        "Set it to 10 or fewer: more hardly change the mean. There can be {}.",
    )


def refuse_orders(given, sp, longest):
    """Raise where differences need more rows than there are, or leave no digits.

    Parameters
    ----------
    given : Seasonality
        What is fixed; the rest is "auto".
    sp : int
        Rows of a season.
    longest : int
        Rows of the longest series.
    """
    lag, order = 0, 0
    for name, rows in (("difference", 1), ("seasonal_difference", sp)):
        times = getattr(given, name)
        times = 0 if times == "auto" else times
        lag, order = lag + times * rows, order + times
        if times and lag >= longest:
            raise ValueError(
                f"{name}={times} takes differences over {lag} rows, but the longest "
                f"series has {longest}. Set it to 0, 1 or 2, or 'auto'."
            )
        if order > _MOST_DIFFERENCES:
            raise ValueError(
                f"{name}={times}: {order} differences of differences add up numbers up "
                f"to 2**{order} times as large as those of y, of which a float has 53 "
                "digits of two. Set it to 0, 1 or 2, or 'auto'."
            )
