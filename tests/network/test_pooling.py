"""Pooling in any parts against all steps at once."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skrnn._network.pooling import Pooling
from tests.network.support import POOLINGS, H, L, N, close, every_pooling, pool_steps
from tests.support import normal, seeded, shake


def new_pooling(kind, scale=1.0):
    pool = shake(Pooling(kind, H, seeded()).to(torch.float64))
    with torch.no_grad():
        for parameter in pool.parameters():
            parameter.mul_(scale)
    return pool


def pool_in_parts(pool, states, lengths, cuts):
    total, edges = None, [0, *cuts, states.shape[1]]
    for start, stop in pairwise(edges):
        piece, left, has_step = states[:, start:stop], None, None
        if lengths is None:
            last = piece[:, -1]
        else:
            left = (lengths - start).clamp(0, stop - start)
            has_step = left > 0
            newest = [max(0, int(n) - 1) for n in left]
            last = torch.stack([piece[i, t] for i, t in enumerate(newest)])
        part = pool.part(piece, last, left)
        total = part if total is None else pool.merge(total, part, has_step)
    return pool.finish(total, lengths)


@settings(deadline=None, max_examples=80)
@given(
    kind=st.sampled_from(POOLINGS),
    lengths=st.none() | st.lists(st.integers(0, L), min_size=N, max_size=N),
    cuts=st.sets(st.integers(1, L - 1)),
    scale=st.sampled_from([0.1, 1.0, 1e2, 1e4]),
    seed=st.integers(0, 1000),
)
def test_any_parts_equal_the_whole(kind, lengths, cuts, scale, seed):
    pool = new_pooling(kind, scale)
    states = 3 * normal(N, L, H, seed=seed)
    lengths = None if lengths is None else torch.tensor(lengths)
    if lengths is not None:
        states[torch.arange(L) >= lengths[:, None]] = 1e6
    pooled = pool_in_parts(pool, states, lengths, sorted(cuts))
    for i in range(N):
        length = L if lengths is None else int(lengths[i])
        seen = list(states[i, :length])
        expected = pool_steps(kind, pool, seen, seen[-1] if seen else None)
        close(pooled[i], expected, rtol=1e-10, atol=1e-10)


@every_pooling
@pytest.mark.parametrize("lengths", [None, torch.tensor([7, 1, 0, 6, 2])])
def test_gradients_of_parts(pooling, lengths):
    pool = new_pooling(pooling)
    grads = []
    for in_parts in (True, False):
        states = normal(N, L, H, seed=5).requires_grad_()
        pool.zero_grad()
        if in_parts:
            pooled = pool_in_parts(pool, states, lengths, [2, 3, 6])
        else:
            rows = []
            for i in range(N):
                seen = list(states[i, : L if lengths is None else int(lengths[i])])
                last = seen[-1] if seen else None
                rows.append(pool_steps(pooling, pool, seen, last))
            pooled = torch.stack(rows)
        (pooled * normal(N, H, seed=6)).sum().backward()
        found = {name: p.grad for name, p in pool.named_parameters()}
        grads.append([states.grad, *(found[n] for n in found if n != "score.bias")])
    for mine, theirs in zip(*grads, strict=True):
        close(mine, theirs, rtol=0, atol=1e-12)
