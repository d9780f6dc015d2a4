"""The history of a training as arrays: a number for each epoch."""

import numpy as np
from skorch.history import History

# Seconds need no more digits; losses keep all of theirs.
_SHORT = {"dur": np.float32}


def pack_histories(histories):
    """Give the records of epochs as arrays.

    Parameters
    ----------
    histories : list of skorch.history.History
        Of several trainings.

    Returns
    -------
    dict of ndarray of shape (n_epochs,)
        By the name of the record, one history after the other: numbers, NaN in epochs
        without one, and which epoch is best. What else callbacks have recorded is left
        out, as are the numbers of the epochs and the records of batches.
    """
    epochs = [epoch for history in histories for epoch in history]
    packed = {}
    for name in dict.fromkeys(name for epoch in epochs for name in epoch):
        values = [epoch.get(name) for epoch in epochs]
        kinds = {type(value) for value in values if value is not None}
        if name == "epoch" or not kinds <= {bool, int, float}:
            continue
        if None not in values and kinds == {bool}:
            packed[name] = np.array(values)
        elif None not in values and kinds == {int}:
            packed[name] = _smallest(np.array(values))
        elif bool not in kinds:
            values = [np.nan if value is None else value for value in values]
            packed[name] = np.array(values, _SHORT.get(name, np.float64))
    return packed


def unpack_histories(packed, lengths):
    """Give the histories that `pack_histories` was given.

    Parameters
    ----------
    packed : dict of ndarray of shape (n_epochs,)
        Records by name.
    lengths : list of int
        Epochs of each history.

    Returns
    -------
    list of skorch.history.History

    Raises
    ------
    ValueError
        If a record has another number of epochs.
    """
    columns = {}
    for name, array in packed.items():
        if np.shape(array) != (sum(lengths),) or array.dtype.kind not in "biuf":
            raise ValueError(f"{name!r} has no number for each of the epochs.")
        columns[name] = array.tolist()
    histories, place = [], 0
    for length in lengths:
        history = History()
        for number in range(1, length + 1):
            record = {"batches": [], "epoch": number}
            for name, values in columns.items():
                if values[place] == values[place]:  # NaN is no record
                    record[name] = values[place]
            history.append(record)
            place += 1
        histories.append(history)
    return histories


def _smallest(values):
    """Integers (n,) in as few bytes as they need."""
    if len(values) == 0 or values.min() < 0:
        return values
    return values.astype(np.min_scalar_type(values.max()))
