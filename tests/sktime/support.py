"""The checks that sktime has for its estimators."""

import functools
import inspect
from importlib.metadata import version

from sktime.tests.test_class_register import get_test_classes_for_obj
from sktime.utils.estimator_checks import check_estimator

IS_OLD = tuple(map(int, version("sktime").split(".")[:2])) < (1, 2)


def failed_checks(cls, name):
    """What the check of this name found wrong with a class, fixture by fixture."""
    results = check_estimator(cls, tests_to_run=name, verbose=False)
    assert results, f"sktime runs nothing by the name of {name}"
    return {fixture: r for fixture, r in results.items() if r != "PASSED"}


def n_checks(cls):
    """How many checks sktime has for a class, by fixtures; none of them is run."""
    found = set()
    for suite in get_test_classes_for_obj(cls):
        names = [name for name in dir(suite) if name.startswith("test")]
        idle = {name: _idle(getattr(suite, name)) for name in names}
        found |= set(type(suite.__name__, (suite,), idle)().run_tests(cls))
    return len(found)


def skips_none(cls):
    """Whether no check is left out by a tag of the class."""
    skips_all = cls.get_class_tag("tests:skip_all", False)
    return not skips_all and not cls.get_class_tag("tests:skip_by_name")


def _idle(check):
    @functools.wraps(check)
    def nothing(*args, **kwargs):
        """Take what the check takes, and do nothing."""

    nothing.__signature__ = inspect.signature(check)
    return nothing
