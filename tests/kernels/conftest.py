"""One thread, and a library of each level of instructions."""

import pytest
import torch

from skrnn._kernels import library as kernel_library
from tests.instruction_levels import LEVELS, library_of


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    # Small tensors: handing them to a second thread takes longer than they do.
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(params=list(LEVELS))
def level(request, monkeypatch):
    library = library_of(request.param)
    if library is None:
        pytest.skip("not on this machine")
    monkeypatch.setattr(kernel_library, "library", lambda: library)
    return request.param
