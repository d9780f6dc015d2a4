"""One torch thread while a network trains or predicts, the user's count after it."""

import threading
from contextlib import contextmanager
from functools import cache

import joblib
import torch

_lock = threading.Lock()
_this_thread = threading.local()
_users_threads = None
_depth = 0


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
    global _users_threads, _depth
    if getattr(_this_thread, "is_inside", False):  # a scorer that predicts, say
        yield 1
        return
    with _lock:
        # Asked of every thread: torch sets up a thread's own count at the first call.
        threads = torch.get_num_threads()
        if _depth == 0:
            _users_threads = threads
        _depth += 1
        n_threads = max(1, min(_users_threads, _cpu_count()) // _depth)
        torch.set_num_threads(1)
    _this_thread.is_inside = True
    try:
        yield n_threads
    finally:
        _this_thread.is_inside = False
        # torch keeps the count both for the process and for each thread. The count
        # found by the first of several concurrent users is the user's own.
        with _lock:
            _depth -= 1
            torch.set_num_threads(_users_threads)


@cache
def _cpu_count():
    # Of this process: torch does not know the share that a container may use.
    return joblib.cpu_count()


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
