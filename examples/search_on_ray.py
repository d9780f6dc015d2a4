"""Searches over Ray, which go on when a worker is killed.

A grid search, successive halving and Optuna on real processes, here on this machine:
the address of a cluster is all that many machines need. The results are those of one
process, to the bit.

Ray's backend for joblib is a pool of actors, and where one of them is killed the search
ends with an ActorDiedError. Tasks of Ray are done again: for a search that must go on,
every candidate is a task.

usage: python examples/search_on_ray.py [--kill] [--address ...]
(needs ray and optuna; takes half a minute)
"""

import os

import ray
from joblib import parallel_config
from ray.util.joblib import register_ray
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


def scores_by_tasks(X, y, max_retries=3):
    """A function that has the workers of Ray score candidates."""
    X, y = ray.put(X), ray.put(y)  # in the object store, which outlives a worker
    task = ray.remote(max_retries=max_retries)(score_of)
    return lambda candidates: ray.get([task.remote(one, X, y) for one in candidates])


def main():
    given, (X, y) = arguments(__doc__), rows_of_days()
    alone = found_alone(X, y)
    if given.address:
        ray.init(given.address)
    else:
        ray.init(num_cpus=2, include_dashboard=False)
    register_ray()
    with parallel_config("ray"):
        found = {job: job(X, y) for job in BY_JOBLIB}
    if given.kill:
        kill_soon(ray.get(ray.remote(lambda: os.getpid()).remote()))
    found |= {job: job(scores_by_tasks(X, y)) for job in OF_TASKS}
    tell(found, alone)


if __name__ == "__main__":
    main()
