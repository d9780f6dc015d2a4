"""Searches over processes of Dask, one of which is killed in the middle."""

import numpy as np
import pytest
from joblib import parallel_config

from tests.integrations.workers import DieOnce, example, found_alone

distributed = pytest.importorskip("distributed")

# Two processes that import torch take some ten seconds. Dask warns of much that is not
# the matter here.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def alone():
    return found_alone()


@pytest.fixture(scope="module")
def cluster(alone):  # which has put the examples where workers find them
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        yield cluster


def test_joblib_gives_the_bits_of_one_process(cluster, alone):
    X, y, found = alone
    with distributed.Client(cluster) as client, parallel_config("dask", client=client):
        for job in example("searches").BY_JOBLIB:
            np.testing.assert_array_equal(job(X, y), found[job])


def test_a_killed_worker_changes_nothing(cluster, alone, tmp_path):
    X, y, found = alone
    death, job = DieOnce(tmp_path / "happened"), example("searches").grid_search
    with example("search_on_dask").DurableClient(cluster) as client:
        client.wait_for_workers(2)  # joblib uses none where there is one
        with parallel_config("dask", client=client):
            scores = job(X, y, rnnregressor__callbacks=[death])
    assert death.has_happened()
    np.testing.assert_array_equal(scores, found[job])


def test_futures_survive_too(cluster, alone, tmp_path):
    X, y, found = alone
    search, death = example("search_on_dask"), DieOnce(tmp_path / "happened")
    with search.DurableClient(cluster) as client:
        scores = search.scores_by_futures(client, X, y)
        for job in example("searches").OF_TASKS:
            values = job(scores, rnnregressor__callbacks=[death])
            np.testing.assert_array_equal(values, found[job])
    assert death.has_happened()
