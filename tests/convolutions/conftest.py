"""Fixtures of the tests of convolutions."""

import pytest

from skrnn._convolutions import base
from tests.instruction_levels import LEVELS, library_or_skip


@pytest.fixture(params=[*LEVELS, "torch"])
def level(request, monkeypatch):
    """An instruction level, or torch, by which all convolutions are computed."""
    library = library_or_skip(request.param)
    monkeypatch.setattr(base, "library", lambda: library)
    return request.param
