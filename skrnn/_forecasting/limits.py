"""What is asked for beyond all memory or all data: refused before it is begun."""

import os
from pathlib import Path

import numpy as np

try:
    import resource
except ImportError:  # there is none on Windows
    resource = None

__all__ = [
    "MOST_LENGTHS",
    "most_memory",
    "refuse_memory",
    "refuse_rows",
    "refuse_short",
]

# Windows so many times as long as a series, and forecasts fed back as far, tell
# nothing of it. Set by hand.
MOST_LENGTHS = 10
_CONTROL_GROUPS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
# Numbers of eight bytes that a row takes at the least while it is worked on: a few of
# its own, and some for each target and each exogenous column (`Prepared`, the features
# of windows, what is kept of the past).
_OF_ROW, _OF_TARGET, _OF_X = 3, 6, 3


def most_memory():
    """Bytes that this process can have at the most (int), None where nothing tells."""
    known = []
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        known.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    if resource is not None:
        known.append(resource.getrlimit(resource.RLIMIT_AS)[0])
    for path in _CONTROL_GROUPS:
        text = path.read_text().strip() if path.is_file() else ""
        known.append(int(text) if text.isdigit() else 0)
    # Numbers below one stand for no limit.
    return min((number for number in known if number > 0), default=None)


def refuse_memory(what, unit_bytes, n_units, advice):
    """Raise where more memory would be needed than this process can have.

    Parameters
    ----------
    what : str
        What takes it, with how many of them are asked for.
    unit_bytes, n_units : int
        Bytes of each at the least, and how many there are.
    advice : str
        What to do; ``{}`` stands for how many there can be.
    """
    have = most_memory()
    needed = int(unit_bytes) * int(n_units)
    if have is not None and needed > have:
        raise ValueError(
            f"{what} would take {_shown(needed)} of memory or more, but this process "
            f"can have {_shown(have)}. {advice.format(have // int(unit_bytes))}"
        )


def refuse_short(step, longest):
    """Raise where no series is longer than a step ahead (int) of those to learn."""
    if step >= longest:
        raise ValueError(
            f"No series is longer than the {step} steps ahead that are to be forecast: "
            f"the longest has {longest} rows. Give a shorter fh, or longer series; "
            "rows of NaN at the end do not count, and are steps to be forecast."
        )


def refuse_rows(what, lengths, n_targets, n_exogenous, advice):
    """Raise where a table of series would be larger than memory.

    Parameters
    ----------
    what : str
        Why it has so many rows.
    lengths : ndarray of shape (n_series,) of int64 or float64
        Rows of each series.
    n_targets, n_exogenous : int
        Columns.
    advice : str
        As for `refuse_memory`.
    """
    unit = 8 * (_OF_ROW + _OF_TARGET * n_targets + _OF_X * n_exogenous)
    n_rows = int(np.sum(lengths, dtype=float))
    refuse_memory(f"{what} makes {n_rows} rows, which", unit, n_rows, advice)


def _shown(n_bytes):
    """A number of bytes in words."""
    for power, name in ((40, "TiB"), (30, "GiB"), (20, "MiB")):
        if n_bytes >= 1 << power:
            return f"{n_bytes / (1 << power):.3g} {name}"
    return f"{n_bytes} bytes"
