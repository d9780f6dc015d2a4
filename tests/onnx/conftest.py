"""One thread."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    # Small tensors: handing them to a second thread takes longer than they do.
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
