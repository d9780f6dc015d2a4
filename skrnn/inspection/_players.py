"""What is exchanged at a time: features, steps, groups of steps, or each of each."""

from collections.abc import Mapping
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.utils import Bunch

from skrnn._numbers import is_integer


class Players(NamedTuple):
    """Groups of steps and features, and the shape of their importances."""

    shape: tuple
    steps: list  # of each, list of int
    features: list  # of each, list of int
    step_names: list | None
    feature_names: list | None


def players_of(by, step_groups, step_names, feature_groups):
    """List what is exchanged.

    Parameters
    ----------
    by : {"feature", "step", "feature_step"}
        What has an importance.
    step_groups : int, list of list, dict or None
        As for `permutation_importance`.
    step_names : list of str
        The steps, the oldest first.
    feature_groups : dict of str to list of int
        Features that count together.

    Returns
    -------
    Players
    """
    if by not in ("feature", "step", "feature_step"):
        raise ValueError(f"by must be 'feature', 'step' or 'feature_step', got {by!r}.")
    if by == "feature" and step_groups is not None:
        raise ValueError(
            f"step_groups={step_groups!r} groups steps, and by='feature' has none. Set "
            "by='step' or 'feature_step'."
        )
    of_steps = _groups_of(step_groups, step_names)
    every_step = list(range(len(step_names)))
    every_feature = [f for group in feature_groups.values() for f in group]
    names = list(feature_groups)
    if by == "feature":
        groups = list(feature_groups.values())
        return Players((len(groups),), [every_step] * len(groups), groups, None, names)
    if by == "step":
        steps = list(of_steps.values())
        features = [every_feature] * len(steps)
        return Players((len(steps),), steps, features, list(of_steps), None)
    pairs = [(s, f) for s in of_steps.values() for f in feature_groups.values()]
    shape = len(of_steps), len(names)
    return Players(shape, *map(list, zip(*pairs, strict=True)), list(of_steps), names)


def _groups_of(groups, names):
    """Groups of steps (dict of name to list of int), the oldest first."""
    n_steps = len(names)
    if groups is None:
        return {name: [step] for step, name in enumerate(names)}
    if is_integer(groups) and groups > 0:
        ends = range(n_steps, 0, -int(groups))
        ranges = [list(range(max(0, e - groups), e)) for e in ends][::-1]
        return {_range_name(names, steps): steps for steps in ranges}
    if isinstance(groups, Mapping) and groups:
        return {str(name): _steps_of(g, names) for name, g in groups.items()}
    if isinstance(groups, (list, tuple)) and groups:
        found = [_steps_of(group, names) for group in groups]
        named = {_range_name(names, steps): steps for steps in found}
        if len(named) < len(found):
            named = {f"group {i}": steps for i, steps in enumerate(found)}
        return named
    raise ValueError(
        "step_groups must be a number of steps, at least 1, a list of lists of lags, "
        f"or a dict of those by name; got {groups!r}."
    )


def _range_name(names, steps):
    if len(steps) == 1:
        return names[steps[0]]
    return f"{names[steps[0]]} to {names[steps[-1]]}"


def _steps_of(group, names):
    """Numbers of steps (list of int, the oldest first) of lags or names."""
    group = [group] if isinstance(group, (str, Integral)) else list(group)
    found = []
    for lag in group:
        if is_integer(lag) and 0 <= lag < len(names):
            found.append(len(names) - 1 - int(lag))
        elif lag in names:
            found.append(names.index(lag))
        else:
            raise ValueError(
                f"step_groups names {lag!r}, which is neither a lag, from 0 for the "
                f"newest step to {len(names) - 1}, nor a step's name, such as "
                f"{names[-1]!r}."
            )
    if not found or len(set(found)) < len(found):
        raise ValueError(
            f"step_groups has the group {group!r}; a group has at least one step, and "
            "each once."
        )
    return sorted(found)


def result_of(scores, players, by, n_samples):
    """Make of scores what is returned.

    Parameters
    ----------
    scores : list of list of dict of str to float
        By repeat, without an exchange and then with that of each of the players.
    players : Players
        What was exchanged.
    by : str
        What has an importance.
    n_samples : int
        Of a repeat.

    Returns
    -------
    Bunch, or dict of str to Bunch where the scores have names
    """
    found = {}
    for name in scores[0][0]:
        values = np.array([[one[name] for one in repeat] for repeat in scores])
        falls = (values[:, :1] - values[:, 1:]).T  # (P, n_repeats)
        falls = falls.reshape(*players.shape, -1)
        found[name] = Bunch(
            importances_mean=falls.mean(axis=-1),
            importances_std=falls.std(axis=-1),
            importances=falls,
            feature_names=players.feature_names,
            step_names=players.step_names,
            by=by,
            n_samples=n_samples,
        )
    return found[None] if None in found else found
