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

import argparse
import os
import signal
import threading
import time
from uuid import uuid4

from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from searches import BY_JOBLIB, OF_TASKS, rows_of_days, score_of, tell
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


def kill_a_worker(client, after):
    """Kill one worker, hard, after some seconds."""
    pid = next(iter(client.run(os.getpid).values()))

    def kill():
        time.sleep(after)
        print("killing worker", pid)
        os.kill(pid, signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kill", action="store_true", help="kill a worker meanwhile")
    parser.add_argument("--address", help="of a scheduler; else a cluster is made here")
    given = parser.parse_args()
    X, y = rows_of_days()
    with parallel_config("sequential"):
        alone = {job: job(X, y) for job in BY_JOBLIB}
    for job in OF_TASKS:
        alone[job] = job(lambda candidates: [score_of(one, X, y) for one in candidates])
    cluster = given.address or LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    )
    with DurableClient(cluster) as client:
        if given.kill:
            kill_a_worker(client, after=3)
        with parallel_config("dask", client=client):
            found = {job: job(X, y) for job in BY_JOBLIB}
        found |= {job: job(scores_by_futures(client, X, y)) for job in OF_TASKS}
    tell(found, alone)
    if not given.address:
        cluster.close()


if __name__ == "__main__":
    main()
