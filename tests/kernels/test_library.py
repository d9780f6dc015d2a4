"""Which compiled library is loaded, and what the environment says of that."""

import subprocess
import sys

import numpy as np
from numpy.testing import assert_allclose

from tests.instruction_levels import needs_kernels

pytestmark = needs_kernels

SCRIPT = """
import numpy as np, sys
from skrnn import RNNRegressor
from skrnn._kernels.library import library
assert (library() is None) == (sys.argv[1] == "0")
X = np.random.default_rng(0).normal(size=(90, 6, 2))
model = RNNRegressor("gru", 9, max_epochs=5, random_state=0, dtype="float64")
model.fit(X, X.sum((1, 2)))
print(*model.predict(X).tolist())
"""


def test_torch_serves_where_there_are_no_kernels():
    results = []
    for switch in "01":
        shown = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, switch],
            env={"PATH": "", "SKRNN_KERNELS": switch},
            capture_output=True,
            text=True,
            check=True,
        )
        results.append(np.array(shown.stdout.split(), float))
    assert_allclose(*results, rtol=1e-9)
