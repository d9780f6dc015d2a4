"""Searches over processes of Ray, one of which is killed in the middle."""

import os
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config

from tests.integrations.workers import EXAMPLES, DieOnce, example, found_alone

ray = pytest.importorskip("ray")

# Ray begins with a dozen processes, and those that work import torch.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def alone():
    path = os.pathsep.join([str(Path(__file__).parents[2]), str(EXAMPLES)])
    environment = {"env_vars": {"PYTHONPATH": path}}
    ray.init(num_cpus=2, include_dashboard=False, runtime_env=environment)
    yield found_alone()
    ray.shutdown()


def test_joblib_gives_the_bits_of_one_process(alone):
    X, y, found = alone
    from ray.util.joblib import register_ray  # only where there is a Ray

    register_ray()
    with parallel_config("ray"):
        for job in example("searches").BY_JOBLIB:
            np.testing.assert_array_equal(job(X, y), found[job])


def test_tasks_survive_a_killed_worker(alone, tmp_path):
    X, y, found = alone
    scores = example("search_on_ray").scores_by_tasks(X, y)
    for job in example("searches").OF_TASKS:
        death = DieOnce(tmp_path / job.__name__)
        values = job(scores, rnnregressor__callbacks=[death])
        assert death.has_happened()
        np.testing.assert_array_equal(values, found[job])
