"""Settings that must stand before scipy, matplotlib and torch are imported."""

import os

import pytest

# Without it scikit-learn skips its array API checks.
os.environ["SCIPY_ARRAY_API"] = "1"
os.environ["MPLBACKEND"] = "Agg"

# Processes that test at the same time share the cores, lest each wait for the others.
if "PYTEST_XDIST_WORKER" in os.environ:
    count = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ["OMP_NUM_THREADS"] = str(max(1, os.cpu_count() // count))


@pytest.fixture(scope="module")
def one_thread():
    """One thread for a module of small tensors, which a second would only hold up."""
    import torch  # only here, since the settings above come before it

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
