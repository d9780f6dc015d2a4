"""Objects that files hold by what makes them anew, and not by their state.

The state of a distribution has source code, which SciPy executes; that of a spline has
numbers by which compiled code finds its place in memory; a request for metadata refers
to the estimator that refers to it; and a path has a class of one system, whose name is
not that of every Python. Instead of it a file has the arguments of a call that checks
them.
"""

import contextlib
from contextvars import ContextVar
from functools import cache
from pathlib import PurePath

from scipy import stats
from scipy.interpolate import BSpline
from scipy.stats import rv_continuous, rv_discrete
from scipy.stats._distn_infrastructure import rv_frozen
from sklearn.utils._metadata_requests import SIMPLE_METHODS, MetadataRequest

from skrnn._persistence.paths import PATHS

__all__ = ["NAMES", "distribution", "metadata_request", "written_anew"]

# Names by which files know what is called; they stay to be had by them.
_DISTRIBUTION = "skrnn.persistence", "_distribution"
_REQUEST = "skrnn.persistence", "_metadata_request"
_SPLINE = BSpline.__module__, BSpline.__qualname__
NAMES = frozenset(map(".".join, (_DISTRIBUTION, _REQUEST, _SPLINE)))
NAMES |= {f"pathlib.{kind}" for kind in PATHS.values()}
_is_saving = ContextVar("_is_saving", default=False)


def distribution(name, args, kwds):
    """Make a distribution of `scipy.stats`.

    Parameters
    ----------
    name : str
        What it is called there.
    args : tuple or None
        Its parameters; None leaves them open.
    kwds : dict
        Those given by name.

    Returns
    -------
    rv_continuous, rv_discrete or rv_frozen
    """
    found = getattr(stats, name, None)
    if not isinstance(found, rv_continuous | rv_discrete):
        raise ValueError(f"scipy.stats has no distribution {name!r}.")
    return found if args is None else found(*args, **kwds)


def metadata_request(owner, requests):
    """Make what an estimator or scorer notes of the metadata that it asks for.

    Parameters
    ----------
    owner : str
        What it is called in errors.
    requests : dict of dict
        By the method, for each name what scikit-learn knows as a request.

    Returns
    -------
    MetadataRequest
    """
    made = MetadataRequest(owner=owner)
    for method in set(SIMPLE_METHODS).intersection(requests):
        for name, alias in requests[method].items():
            getattr(made, method).add_request(param=name, alias=alias)
    return made


@contextlib.contextmanager
def written_anew():
    """Have skops write such objects by what makes them anew, within."""
    _register()
    token = _is_saving.set(True)
    try:
        yield
    finally:
        _is_saving.reset(token)


@cache
def _register():
    """Tell skops of them; outside of `written_anew` it does as it did."""
    from skops.io._utils import _get_state, get_state

    def register(kind, call_of):
        before = _get_state.dispatch(kind)

        @_get_state.register(kind)
        def state_of(thing, save_context):
            call = call_of(thing) if _is_saving.get() else None
            if call is None:
                return before(thing, save_context)
            (module, name), arguments = call
            return {
                "__class__": name,
                "__module__": module,
                "__loader__": "ConstructorFromReduceNode",
                "content": get_state(arguments, save_context),
            }

    register(rv_frozen, _call_of_frozen)
    register(rv_continuous, _call_of_open)
    register(rv_discrete, _call_of_open)
    register(BSpline, _call_of_spline)
    register(MetadataRequest, _call_of_request)
    register(PurePath, _call_of_path)


def _call_of_frozen(frozen):
    name = _name_of(frozen.dist)
    return name and (_DISTRIBUTION, (name, tuple(frozen.args), dict(frozen.kwds)))


def _call_of_open(open_):
    name = _name_of(open_)
    return name and (_DISTRIBUTION, (name, None, {}))


def _name_of(given):
    """Name of a distribution that is one of SciPy's as it stands there, or None."""
    theirs = getattr(stats, str(given.name), None)
    is_theirs = type(theirs) is type(given) and all(
        getattr(theirs, part) == getattr(given, part) for part in ("a", "b", "shapes")
    )
    return given.name if is_theirs else None


def _call_of_spline(spline):
    if type(spline) is not BSpline or spline.axis != 0:
        return None
    return _SPLINE, (spline.t, spline.c, spline.k, spline.extrapolate)


def _call_of_request(request):
    owner = request.owner
    owner = owner if isinstance(owner, str) else type(owner).__name__
    requests = {name: getattr(request, name).requests for name in SIMPLE_METHODS}
    return _REQUEST, (owner, requests)


def _call_of_path(path):
    is_theirs = type(path).__module__.partition(".")[0] == "pathlib"
    kind = PATHS.get(type(path).__name__) if is_theirs else None
    return kind and (("pathlib", kind), (str(path),))
