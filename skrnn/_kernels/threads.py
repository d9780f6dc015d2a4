"""Threads: torch's count while a network trains or predicts, and those of the kernels.

Both are arranged here for the thread that calls, since what needs them is reached
through torch: its modules, and the backward pass of its graphs.
"""

import threading
from contextlib import contextmanager
from functools import cache

import joblib
import torch

from skrnn._kernels.library import library

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
        self._lock = threading.Lock()
        self._n_users = 0
        self._of_user = None

    def take(self):
        """Set it to 1; return the user's count, shared among those who took it."""
        with self._lock:
            # Asked of every thread: torch sets up a thread's own count at the first
            # call.
            count = torch.get_num_threads()
            if self._n_users == 0:
                self._of_user = count
            self._n_users += 1
            share = max(1, min(self._of_user, _cpu_count()) // self._n_users)
            torch.set_num_threads(1)
        return share

    def give_back(self):
        """Restore it."""
        # torch keeps the count both for the process and for each thread. The count
        # found by the first of several concurrent users is the user's own.
        with self._lock:
            self._n_users -= 1
            torch.set_num_threads(self._of_user)


_torch_threads = _TorchThreads()


@contextmanager
def single_thread():
    """Run torch on the calling thread alone, then restore the thread count.

    A sum over two threads rounds otherwise than over one, so results would depend on
    ``n_jobs``; and torch gains little from a second thread in the small products of a
    recurrent step. The kernels split a batch over threads instead, always alike.

    Yields
    ------
    int
        Threads that the kernels may use: the user's count, shared among concurrent
        users; 1 within another use.
    """
    if getattr(_this_thread, "is_single", False):  # a scorer that predicts, say
        yield 1
        return
    n_threads = _torch_threads.take()
    _this_thread.is_single = True
    try:
        yield n_threads
    finally:
        _this_thread.is_single = False
        _torch_threads.give_back()


@cache
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
        For the kernels; None once it is closed.
    """

    def __init__(self, n_threads):
        self.handle = library().skrnn_open_team(n_threads)
        self._free = {}  # by size

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
        if self.handle is not None:
            library().skrnn_close_team(self.handle)
            self.handle = None
        self._free.clear()


@contextmanager
def kernel_threads(n_threads):
    """Let kernels that this thread calls use several threads.

    Within another such use, and where there are no kernels, nothing changes.

    Parameters
    ----------
    n_threads : int
        How many, the calling one included.
    """
    if current_pool() is not None or library() is None:
        yield
        return
    _this_thread.pool = pool = ThreadPool(n_threads)
    try:
        yield
    finally:
        _this_thread.pool = None
        pool.close()


def current_pool():
    """Return the pool (ThreadPool) that works for the calling thread, or None."""
    return getattr(_this_thread, "pool", None)


def current_handle():
    """Return the handle (int) of that pool, or None, with which one thread works."""
    pool = current_pool()
    return None if pool is None else pool.handle


@contextmanager
def flushed_denormals():
    """Compute with denormal numbers as zeros, then restore the user's setting.

    Gradients that vanish over a long sequence become denormal, and a CPU is slower by
    an order of magnitude with such numbers. The setting is of the calling thread.

    Yields
    ------
    None
    """
    was_on = _flushes_denormals()
    is_possible = torch.set_flush_denormal(True)
    try:
        yield
    finally:
        if is_possible:
            torch.set_flush_denormal(was_on)


def _flushes_denormals():
    least = torch.full((1,), torch.finfo(torch.float64).tiny, dtype=torch.float64)
    return float(least / 2) == 0.0
