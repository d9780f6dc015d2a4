"""Blocks of samples as tensors."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

import skrnn._sequences.sources
from skrnn._preprocessing.blocks import Blocks, read_blocks, tensors
from skrnn._sequences.sources import as_source


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
def test_blocks_hold_every_sample_once(dtype, monkeypatch):
    monkeypatch.setattr(skrnn._sequences.sources, "CHUNK_SIZE", 40)
    X = (9 * np.random.default_rng(0).normal(size=(20, 5, 3))).astype(dtype)
    ragged = [sample[: i % 6] for i, sample in enumerate(X)]
    for given in (X, ragged):
        blocks = list(read_blocks(as_source(given)))
        assert len(blocks) > 5
        assert_array_equal(np.concatenate([rows for rows, _, _ in blocks]), range(20))
        for rows, x, lengths in blocks:
            assert x.dtype == torch.float64
            assert lengths is None or lengths.dtype == torch.int64
            for i, row in enumerate(rows):
                steps = given[row]
                assert_array_equal(x[i, : len(steps)], steps)
                assert lengths is None or int(lengths[i]) == len(steps)


@pytest.mark.parametrize("lengths", [None, np.zeros(4, np.int64)])
def test_samples_without_a_step_get_one_of_padding(lengths):
    x, counts = tensors(np.zeros((4, 0, 2)), lengths)
    assert x.tolist() == [[[0.0, 0.0]]] * 4
    assert counts.tolist() == [0] * 4


@pytest.mark.parametrize("keep", [True, False])
def test_blocks_are_gone_over_again(keep, monkeypatch):
    monkeypatch.setattr(skrnn._sequences.sources, "CHUNK_SIZE", 10)
    source = as_source(np.arange(30.0).reshape(5, 3, 2))
    blocks = Blocks(source, keep=keep)
    first = [x for _, x, _ in blocks]
    if keep:
        monkeypatch.setattr(type(source), "batch", None)
    again = [x for _, x, _ in blocks]
    assert torch.equal(torch.cat(first), torch.cat(again))
    assert len(first) == 5
