"""The summary of a fitted estimator as text."""

# So many networks are listed one by one; the rest would be more of the same.
_MOST_ROWS = 12


def text_of(summary):
    """Write a summary as lines of text.

    Parameters
    ----------
    summary : Summary
        What is written.

    Returns
    -------
    str
    """
    lines = [title_of(summary), ""]
    for title, table in tables_of(summary):
        lines += [title, *_aligned(table), ""]
    lines.append(closing_of(summary))
    return "\n".join(lines)


def title_of(summary):
    """Say what is summed up (str)."""
    return f"{summary.estimator}: {summary.task}; fitted in {summary.seconds:.1f} s"


def closing_of(summary):
    """Say how many weights the networks have together (str)."""
    return f"Weights of all networks: {summary.n_parameters:,}"


def tables_of(summary):
    """The tables of a summary, whatever they are written in.

    Parameters
    ----------
    summary : Summary
        What is written.

    Returns
    -------
    list of (str, list of tuple of str)
        Titles, and rows of as many cells as the first, which holds the heads.
    """
    tables = [("Parts, whose outputs are added", _parts(summary))]
    title = (
        "Layers of the network"
        if len(summary.networks) == 1
        else ("Layers of the first network")
    )
    tables.append((title, _layers(summary)))
    tables.append(("Training of the networks", _networks(summary)))
    if summary.auto:
        rows = [(name, str(value)) for name, value in summary.auto.items()]
        tables.append(('Decided for "auto"', [("parameter", "value"), *rows]))
    return tables


def _parts(summary):
    has_loss = summary.joint_loss is not None
    heads = ("part", "counts", "numbers learned")
    rows = [
        (part.name, part.counts, f"{part.n_parameters:,}") for part in summary.parts
    ]
    if not has_loss:
        return [heads, *rows]
    losses = [_number(part.loss) for part in summary.parts]
    rows = [(*row, loss) for row, loss in zip(rows, losses, strict=True)]
    rows.append(("all together", "", "", _number(summary.joint_loss)))
    return [(*heads, "cross-entropy, not fitted on"), *rows]


def _layers(summary):
    rows = [
        (layer.name, layer.description, f"{layer.n_parameters:,}")
        for layer in summary.layers
    ]
    return [("layer", "what it is", "weights"), *rows]


def _networks(summary):
    heads = (
        "network",
        "reads steps at a time",
        "counts",
        "epochs",
        "kept",
        "training loss",
        "validation loss",
        "seconds",
    )
    rows = [
        (
            str(number),
            str(row.segment_length),
            f"{row.weight:.2f}",
            str(row.n_epochs),
            str(row.best_epoch),
            _number(row.train_loss),
            _number(row.valid_loss),
            f"{row.seconds:.2f}",
        )
        for number, row in enumerate(summary.networks, 1)
    ]
    left_out = len(rows) - _MOST_ROWS
    if left_out > 0:
        rows = rows[:_MOST_ROWS]
        rows.append((f"{left_out} more", *[""] * (len(heads) - 1)))
    return [heads, *rows]


def _number(value):
    return "-" if value is None or value != value else f"{value:.4g}"


def _aligned(table):
    """Lines of a table: the first column to the left, numbers to the right."""
    _, *columns = zip(*table, strict=True)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    is_number = [False, *(all(map(_is_number, column[1:])) for column in columns)]
    for row in table:
        cells = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        ]
        yield ("  " + "  ".join(cells)).rstrip()


def _is_number(cell):
    return not cell or cell[0].isdigit() or cell[0] == "-"
