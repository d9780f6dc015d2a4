"""Settings that must stand before scipy, matplotlib and torch are imported."""

import os

# Without it scikit-learn skips its array API checks.
os.environ["SCIPY_ARRAY_API"] = "1"
os.environ["MPLBACKEND"] = "Agg"

# Processes that test at the same time share the cores, lest each wait for the others.
if "PYTEST_XDIST_WORKER" in os.environ:
    count = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ["OMP_NUM_THREADS"] = str(max(1, os.cpu_count() // count))
