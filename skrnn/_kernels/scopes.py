"""Context managers that end, whatever Python raises, wherever it looks for signals.

Python raises KeyboardInterrupt at the first instruction of a function, after a call and
in loops, so also at the first instruction of an ``__exit__``, which then does nothing.
Two things make up for it here. What a with statement calls at its end is dropped by the
statement, too, and does then what the call did not come to. And where a second
interrupt cut that off, the next scope of the thread does it.
"""

import functools
import threading
import weakref

_this_thread = threading.local()


class Scope:
    """A context manager whose end is made up for.

    Derived classes have `_begin`, whose value the with statement gives, and `_finish`,
    which may be cut off anywhere and is called again until it comes to its end; it is
    called too where `_begin` was cut off.
    """

    _scopes = ()

    def __enter__(self):
        self._scopes = open_scopes()
        for scope in self._scopes[::-1]:
            if scope._end() is None:
                scope._leave()
        self._scopes.append(self)
        return self._begin()

    @property
    def __exit__(self):
        end = _End(self._leave)
        self._end = weakref.ref(end)
        return end

    def __call__(self, function):
        """Decorate a function, which runs in a scope of this class."""

        @functools.wraps(function)
        def decorated(*args, **kwargs):
            with type(self)():
                return function(*args, **kwargs)

        return decorated

    def _leave(self, *error):
        if self in self._scopes:
            self._finish()
            self._scopes.remove(self)

    def _begin(self):
        return self

    def _finish(self):
        pass


class _End(functools.partial):
    """The end of a scope, which nothing but the with statement holds.

    No frame has it among its variables, so no traceback keeps it alive.
    """

    def __del__(self):
        self()


def open_scopes():
    """Return the scopes (list) that the calling thread is in, the newest last."""
    try:
        return _this_thread.scopes
    except AttributeError:
        _this_thread.scopes = scopes = []
        return scopes
