"""Whether recorded epochs are those of a training."""

import math

from skrnn._training.content_check import check_dict, check_number, refuse

_MOST_EPOCHS = 10**7
# What callbacks of the user's record is not used, but it is read.
_MOST_VALUES, _MOST_DEPTH = 10_000, 20
_OF_VALIDATION = ("valid_loss", "valid_score", "valid_loss_error")


def check_history(
    history, n_before, *, n_restarts, has_validation, has_scorer, has_error=False
):
    """Refuse a history (list of dicts) that no training has recorded.

    Parameters
    ----------
    history : object
        As read.
    n_before : int
        Epochs of trainings before this one.
    n_restarts : int
        After divergence, which leave out epochs that others were compared with.
    has_validation, has_scorer : bool
        What is recorded of this one.
    has_error : bool, default=False
        Whether standard errors of its validation are.
    """
    if type(history) is not list or not all(type(epoch) is dict for epoch in history):
        refuse("history", "is no list of dicts")
    if not n_before < len(history) <= _MOST_EPOCHS:
        refuse("history", f"has {len(history)} epochs")
    least = {}
    for place, epoch in enumerate(history):
        where = f"history[{place}]"
        told = [name in epoch for name in _OF_VALIDATION]
        if place >= n_before:
            told = [has_validation, has_validation and has_scorer]
            told += [has_validation and has_error]
        is_validated = told[0]
        _check_epoch(where, epoch, place + 1, *told)
        for name in ("train_loss", "valid_loss")[: 1 + is_validated]:
            is_best = epoch[name] < least.get(name, math.inf)
            told = epoch[f"{name}_best"]
            if told is not is_best and not (told is False and n_restarts):
                refuse(f"{where}.{name}_best", f"is not {is_best}")
            least[name] = min(epoch[name], least.get(name, math.inf))


def _check_epoch(where, epoch, number, is_validated, is_scored, has_error):
    kinds = ["train", "valid"][: 1 + is_validated]
    keys = {"epoch", "dur"}
    for kind in kinds:
        keys |= {f"{kind}_loss", f"{kind}_loss_best", f"{kind}_batch_count"}
    if is_scored:
        keys.add("valid_score")
    if has_error:
        keys.add("valid_loss_error")
    # Of validation nothing may be told where there is none: it would be believed.
    ours = {*_OF_VALIDATION, "valid_loss_best", "valid_batch_count"}
    extra = [key for key in epoch if key not in keys]
    check_dict(where, epoch, keys, optional=[k for k in extra if _is_of_user(k, ours)])
    if type(epoch["epoch"]) is not int or epoch["epoch"] != number:
        refuse(f"{where}.epoch", f"is not {number}")
    check_number(f"{where}.dur", epoch["dur"], (float,), least=0)
    for kind in kinds:
        check_number(f"{where}.{kind}_loss", epoch[f"{kind}_loss"], (float,))
        count = f"{kind}_batch_count"
        check_number(f"{where}.{count}", epoch[count], (int,), least=1)
    if has_error:
        error = epoch["valid_loss_error"]
        check_number(f"{where}.valid_loss_error", error, (float,), least=0)
    if is_scored and type(epoch["valid_score"]) is not float:
        refuse(f"{where}.valid_score", "is no float")
    for key in extra:
        _check_plain(f"{where}.{key}", epoch[key])


def _is_of_user(key, ours):
    return type(key) is str and key not in ours and key != "batches"


def _check_plain(where, value):
    """Refuse more than a callback may well record: a small file can mean very much."""
    left, n_values = [(value, 0)], 0
    while left:
        part, depth = left.pop()
        n_values += 1
        if n_values > _MOST_VALUES or depth > _MOST_DEPTH:
            refuse(where, "has too many values")
        if isinstance(part, dict):
            left.extend((v, depth + 1) for v in part.values())
        elif isinstance(part, list):
            left.extend((v, depth + 1) for v in part[: _MOST_VALUES + 1])
