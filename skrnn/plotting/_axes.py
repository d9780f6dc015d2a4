"""What all pictures have in common: axes, dates, legends that cover nothing."""

import textwrap

import numpy as np
import pandas as pd

from skrnn.plotting._palette import FAINT, MIDDLE

# Inches that a letter of a legend takes, and the handle beside it.
_LETTER_OF_LABEL = 0.085
_LETTER, _HANDLE = 0.064, 0.5


def pyplot(name):
    """Import matplotlib's pyplot, or say what it is needed for.

    Parameters
    ----------
    name : str
        Who needs it.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{name} draws with matplotlib, which is not installed: "
            'pip install "skrnn[plot]".'
        ) from error
    return plt


def new_axes(name, ax, shape=(1, 1), *, height=3.2, sharex=False):
    """Make axes, or check those that are given.

    Parameters
    ----------
    name : str
        Who draws.
    ax : matplotlib Axes, array of Axes or None
        Where; None makes a figure as wide as matplotlib is set to make it.
    shape : tuple of int
        Rows and columns of panels.
    height : float
        Of a row, in inches.
    sharex : bool
        Whether panels of a column share their x axis.

    Returns
    -------
    ndarray of Axes, of shape `shape`
    """
    plt = pyplot(name)
    n_panels = shape[0] * shape[1]
    if ax is None:
        size = plt.rcParams["figure.figsize"][0], height * shape[0]
        _, axes = plt.subplots(
            *shape, figsize=size, layout="constrained", squeeze=False, sharex=sharex
        )
        return axes
    axes = np.atleast_1d(np.asarray(ax, dtype=object))
    if axes.size != n_panels or not all(hasattr(one, "plot") for one in axes.flat):
        raise ValueError(
            f"ax must be {n_panels} matplotlib Axes, as many as there are panels; got "
            f"{axes.size} of type {type(axes.flat[0]).__name__}."
        )
    return axes.reshape(shape)


def keep_axes(display, axes):
    """Set ``axes_``, ``ax_`` (one of them, or all) and ``figure_`` of a display."""
    display.axes_ = axes
    display.ax_ = axes.flat[0] if axes.size == 1 else axes.ravel()
    display.figure_ = axes.flat[0].figure
    return display


def tidy(ax):
    """Leave out the frame that nothing is read from."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(color=MIDDLE)


def width_of(ax):
    """Width (float) of axes in inches, about."""
    return ax.get_position().width * ax.figure.get_size_inches()[0]


def height_of(ax):
    """Height (float) of axes in inches, about."""
    return ax.get_position().height * ax.figure.get_size_inches()[1]


def legend_above(ax, handles=None, labels=None):
    """Put a legend above axes, where it covers no data, in as many columns as fit.

    Parameters
    ----------
    ax : Axes
        With artists that have labels.
    handles, labels : list, default=None
        What it shows; None takes what axes have.
    """
    if handles is None:
        handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return
    needed = max(map(len, labels)) * _LETTER + _HANDLE
    columns = max(1, min(len(labels), int(width_of(ax) / needed)))
    rows = -(-len(labels) // columns)
    legend = ax.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=-(-len(labels) // rows),
        frameon=False,
        fontsize="small",
        borderaxespad=0.2,
        columnspacing=1.2,
        handlelength=1.8,
    )
    for handle in legend.legend_handles:
        # Faint as it may be drawn, where there are many of it.
        if hasattr(handle, "get_xdata"):
            handle.set_alpha(1.0)
        else:
            *color, alpha = handle.get_facecolor()
            handle.set(alpha=None, facecolor=(*color, max(alpha, 0.15)))


def places_of(index):
    """Places of an index on an axis: dates as dates, numbers as numbers.

    Parameters
    ----------
    index : pandas.Index
        Of any kind.

    Returns
    -------
    ndarray of shape (n,)
    """
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        # matplotlib would show the time in UTC.
        return index.tz_localize(None).to_numpy()
    if isinstance(index, pd.TimedeltaIndex) or not pd.api.types.is_numeric_dtype(index):
        return np.arange(len(index))
    return index.to_numpy()


def date_axis(ax, places):
    """Write dates in as few letters as they need, where places are dates."""
    if np.asarray(places).dtype.kind == "M":
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        most = int(np.clip(width_of(ax) / 0.45, 4, 10))
        locator = AutoDateLocator(minticks=3, maxticks=most)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    elif np.asarray(places).dtype.kind in "iu":
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))


def whole_numbers(axis):
    """Have an axis show whole numbers alone."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator("auto", integer=True))


def shortened(text, most):
    """A name (str) of at most `most` letters: names often differ at their ends."""
    text = str(text)
    if len(text) <= most:
        return text
    kept = (most - 1) // 2
    return f"{text[: most - 1 - kept]}…{text[-kept:]}"


def name_y(ax, text):
    """Name the y axis, on several lines where one would be longer than the axis."""
    ax.set_ylabel(wrapped(text, height_of(ax)))


def wrapped(text, length):
    """Text on lines that are no longer than `length` inches, as far as words allow."""
    return textwrap.fill(str(text), max(10, int(length / _LETTER_OF_LABEL)))


def steps_axis(ax, n_steps):
    """Have the x axis show steps from 1 on (int), a single one too."""
    margin = 0.5 if n_steps == 1 else 0.1 + 0.02 * n_steps
    ax.set_xlim(1 - margin, n_steps + margin)
    whole_numbers(ax.xaxis)
    if n_steps == 1:
        ax.set_xticks([1])


def zero_line(ax, *, vertical=False):
    """Draw a faint line at zero."""
    draw = ax.axvline if vertical else ax.axhline
    draw(0, color=FAINT, linewidth=0.8, zorder=0)
