"""Two processes of torchrun against one: the same model, but for rounding."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from torch.distributed import TCPStore

from skrnn.distributed import data_parallel
from tests.distributed.jobs import JOBS

ROOT = Path(__file__).parents[2]

# Each run begins with two processes that import torch.
pytestmark = pytest.mark.slow


def torchrun(directory, *names, restarts=0):
    """Have two processes do jobs; what each has found (dict of list of dict)."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    command += ["--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0"]
    command += ["--local-addr=localhost", f"--max-restarts={restarts}"]
    command += ["-m", "tests.distributed.jobs", str(directory), *names]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-8000:]
    return {
        name: [dict(np.load(directory / f"{name}-{rank}.npz")) for rank in range(2)]
        for name in names
    }


@pytest.fixture(scope="module")
def needs_libuv():
    """Without it, as in Debian's build of torch, torchrun finds no port of its own."""
    try:
        TCPStore("localhost", 0, is_master=True, wait_for_workers=False)
    except RuntimeError as error:
        if "built without libuv" not in str(error):
            raise
        pytest.skip("torch was built without libuv")


@pytest.fixture(scope="module")
def found(tmp_path_factory, needs_libuv):
    return torchrun(tmp_path_factory.mktemp("found"), *JOBS, "lives")


@pytest.mark.parametrize("name", [*JOBS, "lives"])
def test_processes_have_the_same_model(found, name):
    first, second = found[name]
    for key in ("predicted", "losses", "validation", "best"):
        np.testing.assert_array_equal(first[key], second[key])


@pytest.mark.parametrize("name", ["standard", "layers", "classes", "one_sample"])
def test_model_is_that_of_one_process(found, name):
    # A single process in the middle of a test run has the same seeds.
    alone, both = JOBS[name](0), found[name]
    largest = np.abs(alone["gradient"]).max()
    for part in both:
        difference = np.abs(part["gradient"] - alone["gradient"]).max()
        assert difference <= 1e-6 * max(1, largest)
        np.testing.assert_allclose(part["losses"], alone["losses"], rtol=1e-5)
        np.testing.assert_allclose(part["validation"], alone["validation"], rtol=1e-5)
        np.testing.assert_allclose(part["predicted"], alone["predicted"], atol=1e-4)
        assert part["best"] == alone["best"]
    # Neither of them has read more than its part, one sample for none aside.
    shares = np.add(both[0]["n_read"], both[1]["n_read"]) - alone["n_read"]
    assert np.isin(shares, [0, 1]).all() and shares.sum() == sum(
        n == 1 for n in alone["n_read"]
    )


def test_a_callback_of_one_process_stops_all(found):
    assert [len(part["losses"]) for part in found["stopped"]] == [3, 3]


def test_series_are_shared_out(found):
    alone, both = JOBS["series"](0), found["series"]
    assert sum(sum(part["n_read"]) for part in both) == sum(alone["n_read"])
    assert sum(both[0]["n_read"]) != sum(both[1]["n_read"])  # series differ in length
    # Other batches of the same samples.
    np.testing.assert_allclose(both[0]["losses"], alone["losses"], rtol=0.2)


def test_a_killed_process_changes_nothing(found, tmp_path):
    # One restart is enough, but where a machine is busy torchrun may need another.
    killed = torchrun(tmp_path, "dies", restarts=3)["dies"]
    assert (tmp_path / "happened").exists()
    for key, value in found["lives"][0].items():
        np.testing.assert_array_equal(killed[0][key], value)
    # The first alone has written.
    assert (tmp_path / "checkpoints-0").is_dir()
    assert not (tmp_path / "checkpoints-1").exists()


def test_what_is_refused(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(RuntimeError, match="RANK is not set"):
        with data_parallel():
            pass
    with pytest.raises(ValueError, match="by must be"):
        with data_parallel(by="rows"):
            pass


def test_a_group_of_one_process_is_that_process(monkeypatch):
    """Without torchrun, what it says of a group can be said otherwise."""
    import torch.distributed as dist

    from skrnn import RNNRegressor
    from tests.distributed.jobs import OPTIONS, samples, standard

    store = dist.HashStore()
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        with data_parallel() as rank:
            together = standard(rank)
            with pytest.raises(RuntimeError, match="within another"):
                with data_parallel():
                    pass
            with pytest.raises(ValueError, match='norm="batch"'):
                RNNRegressor("gru", 4, norm="batch", **OPTIONS).fit(*samples())
        with data_parallel(by="series"), pytest.raises(ValueError, match="no series"):
            standard(0)
    finally:
        dist.destroy_process_group()
    alone = standard(0)
    # The losses of batches went through single precision, and nothing else did.
    np.testing.assert_array_equal(together["predicted"], alone["predicted"])
    np.testing.assert_allclose(together["losses"], alone["losses"], rtol=1e-6)
