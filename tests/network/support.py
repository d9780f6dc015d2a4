"""What the tests of the network share: layers and networks, and torch's for them."""

import pytest
import torch
from torch import nn

from skrnn._kernels.random_factors import keep_factors
from skrnn._network.stack import RecurrentLayer
from tests import support
from tests.support import TORCH_LAYERS, seeded, shake

POOLINGS = ("last", "mean", "max", "mixed", "attention")
every_cell = pytest.mark.parametrize("cell", list(TORCH_LAYERS))
every_pooling = pytest.mark.parametrize("pooling", POOLINGS)
N, L, F, H = 5, 7, 3, 4
LENGTHS = torch.tensor([7, 1, 4, 6, 2])
close = torch.testing.assert_close


def copy_of_generator(generator):
    return torch.Generator().set_state(generator.get_state())


def factors(shape, p, generator):
    key = torch.empty((), dtype=torch.int64).random_(generator=generator)
    return keep_factors(int(key), p, tuple(shape), torch.float64)


def new_stack(cell, num_layers=1, bidirectional=False, dropout=0.0, **options):
    options |= {"num_layers": num_layers, "bidirectional": bidirectional}
    return shake(support.new_stack(cell, F, H, dropout=dropout, **options))


def new_layer(cell, bidirectional=False, **options):
    layer = RecurrentLayer(
        cell, F, H, bidirectional=bidirectional, generator=seeded(), **options
    )
    return shake(layer.to(torch.float64))


def torch_layer(layer, cell, masks=None, **options):
    """Build torch's own layer with the weights of one of skrnn, masked if asked."""
    n_inputs = layer.directions[0].input_size
    twin = TORCH_LAYERS[cell](
        n_inputs,
        H,
        bidirectional=len(layer.directions) == 2,
        batch_first=True,
        dtype=torch.float64,
        **options,
    )
    with torch.no_grad():
        for i, direction in enumerate(layer.directions):
            for name, value in direction.named_parameters():
                if masks is not None and name == "weight_hh_l0":
                    value = value * masks[i]
                getattr(twin, name + ("", "_reverse")[i]).copy_(value)
    return twin


def torch_states(twin, x, lengths):
    """States (N, L, D*H) and final states (N, D*H) of a layer of torch."""
    if lengths is None:
        states, last = twin(x)
    else:
        packed = nn.utils.rnn.pack_padded_sequence(
            x, lengths, batch_first=True, enforce_sorted=False
        )
        packed, last = twin(packed)
        states, _ = nn.utils.rnn.pad_packed_sequence(
            packed, batch_first=True, total_length=x.shape[1]
        )
    last = last[0] if isinstance(twin, nn.LSTM) else last
    return states, torch.cat(list(last), dim=1)


def is_present(lengths):
    if lengths is None:
        return torch.ones(N, L, dtype=torch.bool)
    return torch.arange(L) < lengths[:, None]


def new_network(pooling="last", scaling=None, **options):
    network = support.new_network(F, pooling=pooling, scaling=scaling, **options)
    return shake(network)


def pool_steps(kind, pool, seen, last):
    """Pool the present states of one sample, a list of tensors (H,)."""
    if not seen:
        return torch.zeros(H, dtype=torch.float64)
    if kind == "last":
        return last
    if kind == "mean":
        return sum(seen) / len(seen)
    if kind == "max":
        best = seen[0]
        for state in seen[1:]:
            best = torch.where(state > best, state, best)
        return best
    if kind == "mixed":
        rest = pool_steps("max", pool, seen, last)[H // 2 :]
        return torch.cat([last[: H // 2], rest])
    project, score = pool.project, pool.score
    energies = [
        score.weight[0] @ torch.tanh(project.weight @ state + project.bias)
        for state in seen
    ]
    highest = max(energy.item() for energy in energies)
    weights = [torch.exp(energy - highest) for energy in energies]
    return sum(w * s for w, s in zip(weights, seen, strict=True)) / sum(weights)


def one_step(cell, layer, step, state):
    """One step (N, F) of one cell, a gate at a time."""
    h = state[0]
    a = step @ layer.weight_ih_l0.T + layer.bias_ih_l0
    r = h @ layer.weight_hh_l0.T + layer.bias_hh_l0
    if cell == "rnn":
        return (torch.tanh(a + r),)
    a, r = a.split(H, dim=1), r.split(H, dim=1)
    if cell == "gru":
        reset, update = (1 / (1 + torch.exp(-a[i] - r[i])) for i in range(2))
        new = torch.tanh(a[2] + reset * r[2])
        return ((1 - update) * new + update * h,)
    gates = [1 / (1 + torch.exp(-a[i] - r[i])) for i in (0, 1, 3)]
    memory = gates[1] * state[1] + gates[0] * torch.tanh(a[2] + r[2])
    return gates[2] * torch.tanh(memory), memory


def first_steps(length, size):
    """Where parts begin that are counted from the end."""
    starts, stop = set(), length
    while stop > 0:
        stop -= size
        starts.add(max(stop, 0))
    return starts


def twin_output(network, cell, x, lengths):
    """Output of a network step by step; states are detached where a part begins."""
    steps = list(x.unbind(1))
    size = network.tbptt_steps or len(steps)
    starts = first_steps(len(steps), size)
    for i, layer in enumerate(network.stack.layers):
        state = tuple(torch.zeros(len(x), H).double() for _ in range(2))
        above = []
        for t, step in enumerate(steps):
            if t in starts:
                state = tuple(part.detach() for part in state)
            state = one_step(cell, layer.directions[0], step, state)
            own = state[0]
            if layer.norm is not None:
                error = own - own.mean(dim=1, keepdim=True)
                deviation = (error.square().mean(dim=1, keepdim=True) + 1e-5).sqrt()
                own = error / deviation * layer.norm.weight + layer.norm.bias
            above.append(own + step if network.stack.residual and i > 0 else own)
        steps = above
    pooled = []
    for i in range(len(x)):
        seen = [step[i] for step in steps][: None if lengths is None else lengths[i]]
        last = seen[-1] if seen else None
        pooled.append(pool_steps(network.pool.kind, network.pool, seen, last))
    raw = torch.stack(pooled) @ network.head.weight.T + network.head.bias
    return raw[..., None]


def truth(network, x, lengths, cell="gru"):
    """Gradients of a sum of squares by the twin."""
    network.zero_grad()
    twin_output(network, cell, x, lengths).square().sum().backward()
    found = {name: p.grad for name, p in network.named_parameters()}
    network.zero_grad()
    return found


def assert_gradient(parameter, expected):
    mine, theirs = (
        torch.zeros(parameter.shape).double() if grad is None else grad
        for grad in (parameter.grad, expected)
    )
    close(mine, theirs, rtol=1e-10, atol=1e-10)
