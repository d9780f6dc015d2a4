"""One model trained by several processes, by ``torch.distributed``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Literal

import torch
import torch.distributed as dist

from skrnn._training.workers import Workers, current_workers, training_together

__all__ = ["data_parallel"]

_GROUPS = count()  # that were made by this process, as by all others


@contextmanager
def data_parallel(
    *, by: Literal["batch", "series"] = "batch", backend: str | None = None
) -> Iterator[int]:
    """Have every ``fit`` within train its networks by all processes of a group.

    The script runs in each process, as ``torchrun`` begins them, and gives all of them
    the same data and the same parameters. Of every batch a process computes the
    gradient of its part; their sum, which is the gradient of the whole batch, is what
    all take a step by. So the model is the one that a single process trains, but for
    the rounding of sums, and the same in all of them: the validation is shared out and
    put together, all stop after the same epoch, and the first process alone writes
    checkpoints and reads them.

    Parameters
    ----------
    by : {"batch", "series"}, default="batch"
        What the samples are shared out by. ``"batch"``: each batch is cut into as many
        parts as there are processes. ``"series"``: each process trains on series of
        its own, of X with a MultiIndex (series, time), ``groups`` or long tables, and
        reads no samples of others for that; batches are composed of as many samples as
        before, and of others. The validation is cut into parts either way.
    backend : str, default=None
        Of ``torch.distributed``, where no group has been made before; None is
        ``"nccl"`` where there is a GPU, and else ``"gloo"``.

    Yields
    ------
    rank : int
        The number of this process, from 0.

    Raises
    ------
    ValueError
        If `by` is none of these; or, in ``fit``, if ``norm="batch"``, or there are
        fewer series than processes.
    RuntimeError
        If there is neither a group nor what ``torchrun`` says of one; or, in ``fit``,
        if the weights differ after an epoch, since the data did.

    Notes
    -----
    ``batch_size`` is that of all processes together: with more of them choose a larger
    one. Nothing else is shared out: checks, scaling, the linear path and the random
    convolutions of a classifier are computed in every process, from all samples, of
    which a memory map brings those into memory that are read. ``dropout`` draws other
    numbers than a single process does.

    Where a process ends with an error, ``torchrun`` ends the others; with
    ``--max-restarts`` it begins all of them anew, and ``fit(resume=True)`` goes on
    after the last epoch, to the same bits. Only the first process needs
    ``checkpoint_dir``.

    References
    ----------
    .. [1] Li, S. et al. (2020). PyTorch Distributed: experiences on accelerating data
       parallel training. VLDB 13(12), arXiv:2006.15704.

    Examples
    --------
    A file ``train.py``, for ``torchrun --nproc-per-node 2 train.py``::

        from skrnn import RNNRegressor
        from skrnn.distributed import data_parallel

        with data_parallel() as rank:
            model = RNNRegressor(batch_size=512, random_state=0).fit(X, y)
        if rank == 0:
            skrnn.save(model, "model.skops")

    What is wrong is said before a process waits for others:

    >>> from skrnn.distributed import data_parallel
    >>> with data_parallel(by="rows") as rank:
    ...     pass
    Traceback (most recent call last):
        ...
    ValueError: ...
    """
    if by not in ("batch", "series"):
        raise ValueError(f'by must be "batch" or "series", got {by!r}.')
    if current_workers() is not None:
        raise RuntimeError("data_parallel is within another data_parallel already.")
    is_made_here = not dist.is_initialized()
    if is_made_here:
        _begin(backend)
    try:
        with training_together(Workers(by == "series")) as workers:
            yield workers.rank
        if is_made_here:
            # torch up to 2.6 at least joins the threads of a group while it holds the
            # lock of the interpreter, for which a thread of the last exchange may wait
            # to free a tensor. It has it while all wait for each other here.
            dist.barrier()
    finally:
        if is_made_here:
            dist.destroy_process_group()


def _begin(backend):
    """Make the group that torchrun tells of."""
    missing = [n for n in ("RANK", "WORLD_SIZE", "MASTER_ADDR") if n not in os.environ]
    if missing:
        raise RuntimeError(
            f"data_parallel needs a group of processes, and {missing[0]} is not set. "
            "Begin the script with torchrun --nproc-per-node 2 SCRIPT, or call "
            "torch.distributed.init_process_group before."
        )
    has_gpu = torch.cuda.is_available() and backend in (None, "nccl")
    if has_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
    # torchrun keeps its store for one group after the other, and when it begins all
    # processes again, with addresses in it that are no longer there: each group has
    # names of its own.
    store, rank, size = next(dist.rendezvous("env://"))
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    store = dist.PrefixStore(f"skrnn-{attempt}-{next(_GROUPS)}", store)
    backend = backend or ("nccl" if has_gpu else "gloo")
    dist.init_process_group(backend, store=store, rank=rank, world_size=size)
