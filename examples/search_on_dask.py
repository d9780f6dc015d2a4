"""Searches over a Dask cluster, which go on when a worker is killed.

A grid search, successive halving and Optuna on real processes, here on this machine:
the address of a scheduler is all that a cluster of many machines needs. The results are
those of one process, to the bit.

joblib's backend for Dask gives each worker a copy of the data, and where a worker is
killed that holds the only one, the search ends with a FutureCancelledError.
`DurableClient` leaves one with the scheduler, from which lost data and lost fits are
made again.

usage: python examples/search_on_dask.py [--kill] [--address tcp://...]
(needs distributed and optuna; takes half a minute)
"""

import os
from uuid import uuid4

from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from searches import (
    BY_JOBLIB,
    OF_TASKS,
    arguments,
    found_alone,
    kill_soon,
    rows_of_days,
    score_of,
    tell,
)
from tlz import identity


class DurableClient(Client):
    """A client of which no data are lost with a worker.

    What is scattered lies with the scheduler, which needs the memory for it, and a task
    brings it to a worker; where that copy is lost the task is done again.
    """

    def scatter(self, data, *args, asynchronous=None, **kwargs):
        """Give data to the workers: a future, or one for each item of a list."""
        is_list = isinstance(data, list | tuple)
        items = data if is_list else [data]
        # By a function that all workers have, wherever this file is.
        futures = [self.submit(identity, x, key=f"given-{uuid4().hex}") for x in items]
        futures = futures if is_list else futures[0]
        return _soon(futures) if asynchronous else futures


async def _soon(value):
    return value


def scores_by_futures(client, X, y):
    """A function that has the workers of a client score candidates."""
    X, y = client.scatter([X, y])

    def scores(candidates):
        jobs = [client.submit(score_of, one, X, y, pure=False) for one in candidates]
        return client.gather(jobs)

    return scores


def main():
    given, (X, y) = arguments(__doc__), rows_of_days()
    alone = found_alone(X, y)
    cluster = given.address or LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    )
    with DurableClient(cluster) as client:
        if given.kill:
            kill_soon(next(iter(client.run(os.getpid).values())))
        with parallel_config("dask", client=client):
            found = {job: job(X, y) for job in BY_JOBLIB}
        found |= {job: job(scores_by_futures(client, X, y)) for job in OF_TASKS}
    tell(found, alone)
    if not given.address:
        cluster.close()


if __name__ == "__main__":
    main()
