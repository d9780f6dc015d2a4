"""Sources are tested with blocks of two sizes."""

import pytest

from skrnn._sequences import sources


@pytest.fixture(params=[7, 2**20], scope="module", ids=["many", "one"])
def chunk_size(request):
    """Read in many small blocks, and in one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "CHUNK_SIZE", request.param)
        yield request.param
