"""The summary of a fitted estimator as HTML, for notebooks."""

from html import escape

from sklearn.utils import estimator_html_repr

from skrnn._estimator.summary_text import closing_of, tables_of, title_of

# Colours are those of the page, so that dark ones stay readable.
_STYLE = """
.skrnn-summary {font-family: monospace; font-size: 0.9em; margin: 0.4em 0;}
.skrnn-summary summary {cursor: pointer; padding: 0.2em 0;}
.skrnn-summary table {border-collapse: collapse; margin: 0.2em 0 0.6em 1em;}
.skrnn-summary th, .skrnn-summary td {text-align: left; padding: 0.1em 0.8em 0.1em 0;}
.skrnn-summary th {font-weight: normal; opacity: 0.6;}
"""


def html_of(summary):
    """Write a summary as HTML, one fold for each table.

    Parameters
    ----------
    summary : Summary
        What is written.

    Returns
    -------
    str
    """
    parts = [f"<style>{_STYLE}</style>", '<div class="skrnn-summary">']
    parts.append(f"<div>{escape(title_of(summary))}</div>")
    for place, (name, table) in enumerate(tables_of(summary)):
        state = " open" if place == 0 else ""
        parts.append(f"<details{state}><summary>{escape(name)}</summary>")
        parts.append(f"{_table(table)}</details>")
    parts.append(f"<div>{escape(closing_of(summary))}</div></div>")
    return "".join(parts)


def html_with_summary(estimator, summary):
    """Write scikit-learn's picture of an estimator, and what is inside beneath.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator.
    summary : Summary or None
        What it is made of; None while it is not fitted.

    Returns
    -------
    str
    """
    picture = estimator_html_repr(estimator)
    return picture if summary is None else picture + html_of(summary)


def _table(rows):
    heads, *rest = rows
    lines = [_row("th", heads), *(_row("td", row) for row in rest)]
    return f"<table>{''.join(lines)}</table>"


def _row(tag, cells):
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
