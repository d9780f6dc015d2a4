"""Threads: torch's count while a network trains or predicts, and those of the kernels.

Both are arranged here for the thread that calls, since what needs them is reached
through torch: its modules, and the backward pass of its graphs.
"""

import functools
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

import joblib
import torch

from skrnn._kernels.handle import Handle
from skrnn._kernels.library import check_answer, library
from skrnn._kernels.scopes import Scope, open_scopes

_Function = TypeVar("_Function", bound=Callable[..., Any])

# What belongs to the calling thread alone. Fits and predictions may run in several
# threads of the user's at once, each of which has a pool of its own; and a layer
# kernel is called by torch's modules and graphs, which hand no pool through.
_this_thread = threading.local()


class _TorchThreads:
    """The number of torch's threads, which is one for the whole process.

    Several threads of the user's may want it to be 1 at the same time; the first sets
    it, and the last gives the user's own back.
    """

    def __init__(self):
        # A scope may end within `take` of the same thread, when garbage is collected.
        self._lock = threading.RLock()
        self._users = []
        self._of_user = None

    def take(self, user):
        """Set it to 1 for a user; return the count of before, shared among all."""
        with self._lock:
            # Asked of every thread: torch sets up a thread's own count at the first
            # call.
            count = torch.get_num_threads()
            if not self._users:
                self._of_user = count
            self._users.append(user)
            share = max(1, min(self._of_user, _cpu_count()) // len(self._users))
            torch.set_num_threads(1)
        return share

    def give_back(self, user):
        """Restore it, if the user has taken it."""
        # torch keeps the count both for the process and for each thread. The count
        # found by the first of several concurrent users is the user's own.
        with self._lock:
            if user in self._users:
                torch.set_num_threads(self._of_user)
                self._users.remove(user)

    def after_fork(self):
        """Forget, in a new process, the users whose threads are not there."""
        self._lock = threading.RLock()
        left = [user for user in self._users if user in open_scopes()]
        if self._users and not left:
            torch.set_num_threads(self._of_user)
        self._users = left


_torch_threads = _TorchThreads()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_torch_threads.after_fork)


class single_thread(Scope):
    """Run torch on the calling thread alone, then restore the thread count.

    A sum over two threads rounds otherwise than over one, so results would depend on
    ``n_jobs``; and torch gains little from a second thread in the small products of a
    recurrent step. The kernels split a batch over threads instead, always alike.

    Whether torch records gradients is restored, too: an interrupt at the end of one of
    torch's own context managers leaves it as it was within.

    The value of the with statement (int) is the number of threads that the kernels may
    use: the user's count, shared among concurrent users; 1 within another use.
    """

    _had_gradients = None

    def _begin(self):
        self._had_gradients = torch.is_grad_enabled()
        # A scorer that predicts, say, is within another use.
        if any(isinstance(scope, single_thread) for scope in self._scopes[:-1]):
            return 1
        return _torch_threads.take(self)

    def _finish(self):
        _torch_threads.give_back(self)
        if self._had_gradients is not None:
            torch.set_grad_enabled(self._had_gradients)


class single_thread_without_gradients(single_thread):
    """The same, and torch records no gradients."""

    def _begin(self):
        n_threads = super()._begin()
        torch.set_grad_enabled(False)
        return n_threads


def on_cpu_unless_told(function: _Function) -> _Function:
    """Decorate a function: torch makes tensors on the CPU where no device is named.

    Tensors of NumPy's numbers are there, and those that torch makes beside them have to
    be, whatever the user's ``torch.set_default_device`` says.
    """

    @functools.wraps(function)
    def decorated(*args, **kwargs):
        if torch.empty(0).is_cpu:  # ten times as fast as torch.get_default_device
            return function(*args, **kwargs)
        with torch.device("cpu"):
            return function(*args, **kwargs)

    return cast(_Function, decorated)


class no_gradients(Scope):
    """Have torch record no gradients, then restore what was before."""

    _had_gradients = None

    def _begin(self):
        self._had_gradients = torch.is_grad_enabled()
        torch.set_grad_enabled(False)

    def _finish(self):
        if self._had_gradients is not None:
            torch.set_grad_enabled(self._had_gradients)


@functools.cache
def _cpu_count():
    # Of this process: torch does not know the share that a container may use.
    return joblib.cpu_count()


class ThreadPool:
    """Threads of the kernels, and memory that their calls use one after the other.

    Parameters
    ----------
    n_threads : int
        How many, the calling one included.

    Attributes
    ----------
    handle : int or None
        For the kernels; None before it is opened and once it is closed.
    """

    def __init__(self, n_threads):
        self._n_threads = n_threads
        self._handle = Handle(library().skrnn_close_pool)
        self._free = {}  # by size

    @property
    def handle(self):
        """For the kernels."""
        return self._handle.value

    def open(self):
        """Start the threads."""
        answer = self._handle.open(library().skrnn_open_pool, self._n_threads)
        check_answer(answer, "There is no memory for a pool of threads.")

    def take_memory(self, size):
        """Return memory (Tensor of uint8) of a size in bytes, used before or new.

        Fresh memory would cost page faults each time.
        """
        try:
            return self._free[size].pop()
        except (KeyError, IndexError):
            return torch.empty(size, dtype=torch.uint8)

    def give_memory(self, memory):
        """Keep memory for the next who wants so much of it."""
        if self.handle is not None:
            self._free.setdefault(len(memory), []).append(memory)

    def close(self):
        """Give threads and memory back."""
        self._handle.close()
        self._free.clear()


class kernel_threads(Scope):
    """Let kernels that this thread calls use several threads.

    Within another such use, and where there are no kernels, nothing changes.

    Parameters
    ----------
    n_threads : int
        How many, the calling one included.
    """

    _pool = None

    def __init__(self, n_threads):
        self._n_threads = n_threads

    def _begin(self):
        if current_pool() is not None or library() is None:
            return
        self._pool = ThreadPool(self._n_threads)
        _this_thread.pool = self._pool
        self._pool.open()

    def _finish(self):
        if self._pool is not None:
            self._pool.close()
            if getattr(_this_thread, "pool", None) is self._pool:
                _this_thread.pool = None


def current_pool():
    """Return the pool (ThreadPool) that works for the calling thread, or None."""
    pool = getattr(_this_thread, "pool", None)
    return None if pool is None or pool.handle is None else pool


def current_handle():
    """Return the handle (int) of that pool, or None, with which one thread works."""
    pool = current_pool()
    return None if pool is None else pool.handle


class flushed_denormals(Scope):
    """Compute with denormal numbers as zeros, then restore the user's setting.

    Gradients that vanish over a long sequence become denormal, and a CPU is slower by
    an order of magnitude with such numbers. The setting is of the calling thread.
    """

    _was_on = None

    def _begin(self):
        self._was_on = _flushes_denormals()
        torch.set_flush_denormal(True)

    def _finish(self):
        if self._was_on is not None:
            torch.set_flush_denormal(self._was_on)


def _flushes_denormals():
    least = torch.full((1,), torch.finfo(torch.float64).tiny, dtype=torch.float64)
    return float(least / 2) == 0.0
