"""Options of the recurrent layers against torch's layers and explicit loops."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats
from torch import nn

import skrnn._network.recurrent_network
from skrnn._ensemble.pretrained import freeze
from skrnn._network.pooling import Pooling
from skrnn._network.recurrent_network import RecurrentNetwork
from skrnn._network.stack import RecurrentLayer, RecurrentStack, Repeats
from skrnn._preprocessing.baseline import Baseline
from skrnn._preprocessing.scaling import Scaling
from skrnn._targets.heads import Point

TORCH = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
POOLINGS = ("last", "mean", "max", "mixed", "attention")
every_cell = pytest.mark.parametrize("cell", list(TORCH))
every_pooling = pytest.mark.parametrize("pooling", POOLINGS)
N, L, F, H = 5, 7, 3, 4
LENGTHS = torch.tensor([7, 1, 4, 6, 2])
close = torch.testing.assert_close


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    # Small tensors: handing them to a second thread takes longer than they do.
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=1):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def shake(module, seed=7):
    """Move every parameter, so that no bias is zero and no factor one."""
    generator = seeded(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            noise = torch.randn(
                parameter.shape, generator=generator, dtype=parameter.dtype
            )
            parameter.add_(noise, alpha=0.2)
    return module


def copy_of_generator(generator):
    return torch.Generator().set_state(generator.get_state())


def factors(shape, p, generator):
    keep = torch.empty(shape, dtype=torch.float64)
    return keep.bernoulli_(1 - p, generator=generator) / (1 - p)


def new_stack(cell, num_layers=1, bidirectional=False, dropout=0.0, **options):
    stack = RecurrentStack(
        cell,
        F,
        H,
        num_layers=num_layers,
        bidirectional=bidirectional,
        dropout=dropout,
        generator=seeded(),
        **options,
    )
    return shake(stack.to(torch.float64))


def new_layer(cell, bidirectional=False, **options):
    layer = RecurrentLayer(
        cell, F, H, bidirectional=bidirectional, generator=seeded(), **options
    )
    return shake(layer.to(torch.float64))


def torch_layer(layer, cell, masks=None, **options):
    """Build torch's own layer with the weights of one of skrnn, masked if asked."""
    n_inputs = layer.directions[0].input_size
    twin = TORCH[cell](
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


# -- normalisation --------------------------------------------------------------------


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_layer_norm_equals_torch(cell, bidirectional, lengths):
    layer = new_layer(cell, bidirectional, norm="layer")
    twin_norm = nn.LayerNorm(layer.output_size, dtype=torch.float64)
    with torch.no_grad():
        twin_norm.weight.copy_(layer.norm.weight)
        twin_norm.bias.copy_(layer.norm.bias)
    x = normal(N, L, F)
    states, final, _ = layer(x, lengths, [None, None])
    raw, last = torch_states(torch_layer(layer, cell), x, lengths)
    for i in range(N):
        for t in range(L if lengths is None else int(lengths[i])):
            close(states[i, t], twin_norm(raw[i, t]), rtol=0, atol=1e-12)
        close(final[i], twin_norm(last[i]), rtol=0, atol=1e-12)


def test_layer_norm_by_hand():
    layer = new_layer("gru", norm="layer")
    x = normal(N, L, F)
    states, final, end = layer(x, None, [None])
    raw, last = torch_states(torch_layer(layer, "gru"), x, None)
    weight, bias = (p.detach().numpy() for p in layer.norm.parameters())
    for i in range(N):
        own = raw[i, 3].detach().numpy()
        deviation = math.sqrt(((own - own.mean()) ** 2).mean() + 1e-5)
        expected = (own - own.mean()) / deviation * weight + bias
        assert_allclose(states[i, 3].detach(), expected, rtol=0, atol=1e-12)
    close(states[:, -1], final, rtol=0, atol=0)
    # The state that goes on is that of the cell.
    close(end[0], last, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    "lengths", [None, LENGTHS, torch.tensor([3, 0, 7, 1, 0])], ids=str
)
def test_batch_norm_equals_torch(bidirectional, lengths):
    layer = new_layer("gru", bidirectional, norm="batch")
    plain = new_layer("gru", bidirectional)
    plain.directions.load_state_dict(layer.directions.state_dict())
    twin = nn.BatchNorm1d(layer.output_size, dtype=torch.float64)
    with torch.no_grad():
        twin.weight.copy_(layer.norm.weight)
        twin.bias.copy_(layer.norm.bias)
    present = is_present(lengths)

    def compare(seed):
        x = normal(N, L, F, seed=seed)
        mine = x.clone().requires_grad_()
        theirs = x.clone().requires_grad_()
        states, final, _ = layer(mine, lengths, [None, None])
        raw, _, _ = plain(theirs, lengths, [None, None])
        expected = torch.zeros(raw.shape, dtype=torch.float64)
        expected[present] = twin(raw[present])
        close(states[present], expected[present], rtol=0, atol=1e-10)
        for i in range(N):
            length = L if lengths is None else int(lengths[i])
            if length == 0:
                continue
            last = [expected[i, length - 1, :H]]
            if bidirectional:
                last.append(expected[i, 0, H:])
            close(final[i], torch.cat(last), rtol=0, atol=1e-10)
        weight = normal(*raw.shape, seed=99)
        (states * weight)[present].sum().backward()
        (expected * weight)[present].sum().backward()
        close(mine.grad, theirs.grad, rtol=0, atol=1e-9)
        close(layer.norm.running_mean, twin.running_mean, rtol=1e-12, atol=1e-12)
        close(layer.norm.running_var, twin.running_var, rtol=1e-12, atol=1e-12)

    for seed in range(4):
        compare(seed)
    layer.eval()
    twin.eval()
    before = layer.norm.running_mean.clone()
    compare(5)
    assert torch.equal(layer.norm.running_mean, before)


@pytest.mark.parametrize("lengths", [[0, 0, 0, 0, 0], [0, 1, 0, 0, 0]])
def test_batch_norm_of_next_to_nothing(lengths):
    layer = new_layer("gru", norm="batch")
    lengths = torch.tensor(lengths)
    x = normal(N, L, F).requires_grad_()
    states, final, _ = layer(x, lengths, [None])
    assert states.isfinite().all()
    if lengths.any():  # one step is its own mean, and has no deviation
        close(final[1], layer.norm.bias, rtol=0, atol=1e-12)
        raw, _ = torch_states(torch_layer(layer, "gru"), x, None)
        close(layer.norm.running_mean, 0.1 * raw[1, 0], rtol=0, atol=1e-12)
        close(layer.norm.running_var, torch.full((H,), 0.9).double())
    else:
        assert torch.equal(layer.norm.running_mean, torch.zeros(H).double())
        assert torch.equal(layer.norm.running_var, torch.ones(H).double())
    states.sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    "lengths", [None, LENGTHS, torch.tensor([3, 0, 7, 1, 0])], ids=str
)
@pytest.mark.parametrize("times", [[1, 3, 0, 2, 1], [2, 0, 1, 0, 0]], ids=str)
def test_weights_of_batch_norm_are_repetitions(bidirectional, lengths, times):
    stack, twin = (
        shake(new_stack("gru", 2, bidirectional, norm="batch", residual=True)).train()
        for _ in range(2)
    )
    times = torch.tensor(times)
    repeats = Repeats.of(times.double(), lengths, L, normal(1))
    again = torch.repeat_interleave(torch.arange(N), times)
    for seed in range(3):
        x = normal(N, L, F, seed=seed)
        mine, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
        states, final, _ = stack(mine, lengths, repeats=repeats)
        few = None if lengths is None else lengths[again]
        expected, last, _ = twin(theirs[again], few)
        present = torch.arange(L) < (L if few is None else few[:, None])
        present = present.expand(len(again), L)
        close(states[again][present], expected[present], rtol=0, atol=1e-11)
        close(final[again], last, rtol=0, atol=1e-11)
        weight = normal(*states.shape, seed=99)
        (states * weight)[again][present].sum().backward()
        (expected * weight[again])[present].sum().backward()
        close(mine.grad, theirs.grad, rtol=0, atol=1e-10)
    for one, other in zip(stack.layers, twin.layers, strict=True):
        close(one.norm.running_mean, other.norm.running_mean, rtol=1e-12, atol=1e-12)
        close(one.norm.running_var, other.norm.running_var, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [1e-300, 1e-3, 1.0, 1e300])
def test_batch_norm_of_weights_of_any_size(size):
    x, layer = normal(N, L, F).float(), new_layer("gru", norm="batch").float()
    weight = torch.full((N,), size / N / L, dtype=torch.float64)
    repeats = Repeats.of(weight, None, L, x)
    assert repeats.count == pytest.approx(size)
    states, _, _ = layer(x, None, [None], repeats=repeats)
    close(states.mean((0, 1)), layer.norm.bias.detach(), rtol=0, atol=1e-6)
    # Up to one whole step the variance is what it is, since none is unbiased.
    raw = torch_states(torch_layer(layer, "gru").float(), x, None)[0]
    variance = raw.reshape(-1, H).var(0, correction=0)
    close(layer.norm.running_var, 0.9 + 0.1 * variance)
    assert Repeats.of(weight, torch.zeros(N), L, x) is None


def test_frozen_batch_norm_keeps_its_moments():
    layer = new_layer("gru", norm="batch")
    for seed in range(3):
        layer(normal(N, L, F, seed=seed), LENGTHS, [None])
    layer.requires_grad_(False)
    mean, variance = layer.norm.running_mean.clone(), layer.norm.running_var.clone()
    x = normal(N, L, F, seed=8)
    states, _, _ = layer.train()(x, LENGTHS, [None])
    assert torch.equal(layer.norm.running_mean, mean)
    assert torch.equal(layer.norm.running_var, variance)
    raw, _ = torch_states(torch_layer(layer, "gru"), x, None)
    twin = nn.BatchNorm1d(H, dtype=torch.float64).eval()
    twin.load_state_dict(layer.norm.state_dict())
    expected = twin(raw.reshape(-1, H)).reshape(N, L, H)
    present = torch.arange(L) < LENGTHS[:, None]
    close(states[present], expected[present], rtol=0, atol=1e-12)


# -- residual stacks ------------------------------------------------------------------


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("norm", [None, "layer"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_residual_stack_equals_a_loop(cell, bidirectional, norm, dropout):
    stack = new_stack(cell, 3, bidirectional, dropout, residual=True, norm=norm)
    generator = copy_of_generator(stack.dropout.generator)
    x = normal(N, L, F)
    states, final, _ = stack(x, LENGTHS)
    below, below_final = x, None
    for i, layer in enumerate(stack.layers):
        entering = below
        if i > 0 and dropout:
            entering = below * factors(below.shape, dropout, generator)
        own, last = torch_states(torch_layer(layer, cell), entering, LENGTHS)
        if norm is not None:
            twin_norm = nn.LayerNorm(layer.output_size, dtype=torch.float64)
            twin_norm.load_state_dict(layer.norm.state_dict())
            own, last = twin_norm(own), twin_norm(last)
        if i > 0:
            own, last = own + below, last + below_final
        below, below_final = own, last
    present = is_present(LENGTHS)
    close(states[present], below[present], rtol=0, atol=1e-12)
    close(final, below_final, rtol=0, atol=1e-12)


def test_residuals_begin_above_the_first_layer():
    one, plain = (new_stack("gru", residual=r) for r in (True, False))
    x = normal(N, L, F)
    assert torch.equal(one(x, LENGTHS)[0], plain(x, LENGTHS)[0])


@pytest.mark.parametrize("norm", [None, "layer", "batch"])
def test_no_step_is_the_zero_state(norm):
    stack = new_stack("lstm", 3, True, residual=True, norm=norm)
    _, final, _ = stack(normal(N, L, F), torch.tensor([2, 0, 7, 0, 1]))
    assert not final[[1, 3]].any()
    assert final[[0, 2, 4]].all()


# -- recurrent dropout ----------------------------------------------------------------


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_recurrent_dropout_masks_weights(cell, bidirectional, lengths):
    p = 0.35
    stack = new_stack(cell, 2, bidirectional, recurrent_dropout=p)
    generator = copy_of_generator(stack.dropout.generator)
    x = normal(N, L, F)
    for _ in range(2):  # each batch has masks of its own
        states, final, _ = stack(x, lengths)
        own, masks, twins = x, [], []
        for layer in stack.layers:
            shapes = [cell.weight_hh_l0.shape for cell in layer.directions]
            masks.append([factors(shape, p, generator) for shape in shapes])
        for layer, drawn in zip(stack.layers, masks, strict=True):
            twins.append(torch_layer(layer, cell, drawn))
            own, last = torch_states(twins[-1], own, lengths)
        present = is_present(lengths)
        close(states[present], own[present], rtol=0, atol=1e-12)
        close(final, last, rtol=0, atol=1e-12)
        stack.zero_grad()
        final.square().sum().backward()
        last.square().sum().backward()
        for layer, drawn, twin in zip(stack.layers, masks, twins, strict=True):
            for direction, mask, end in zip(
                layer.directions, drawn, ("", "_reverse"), strict=False
            ):
                for name, value in direction.named_parameters():
                    expected = getattr(twin, name + end).grad
                    expected = expected * mask if name == "weight_hh_l0" else expected
                    close(value.grad, expected, rtol=0, atol=1e-10)
    assert torch.equal(generator.get_state(), stack.dropout.generator.get_state())


@every_cell
def test_recurrent_dropout_is_of_the_training_only(cell):
    stack = new_stack(cell, 2, recurrent_dropout=0.5).eval()
    plain = new_stack(cell, 2)
    plain.load_state_dict(stack.state_dict())
    before = stack.dropout.generator.get_state()
    x = normal(N, L, F)
    for mine, theirs in zip(stack(x, LENGTHS)[:2], plain(x, LENGTHS)[:2], strict=True):
        close(mine, theirs, rtol=0, atol=0)
    assert torch.equal(before, stack.dropout.generator.get_state())


def test_share_of_dropped_weights():
    layer = RecurrentLayer(
        "lstm", 3, 100, bidirectional=True, recurrent_dropout=0.3, generator=seeded()
    )
    for mask in layer.draw_masks():
        assert mask.shape == (400, 100)
        assert_allclose((mask == 0).float().mean(), 0.3, atol=0.01)
        assert_allclose(mask[mask != 0].unique(), [1 / 0.7], rtol=1e-6)


# -- noise ----------------------------------------------------------------------------


def test_input_noise_is_added_to_scaled_values_only():
    scaling = Scaling(F, 2, instance_norm=None, indicator=True)
    scaling.set_moments("x", np.array([5.0, 0.0, -1.0]), np.array([2.0, 10.0, 0.1]))
    network = new_network(scaling=scaling, input_noise=0.3)
    generator = copy_of_generator(network.generator)
    x = normal(N, L, F)
    x[0, 1, 2] = x[3, 0, 0] = math.nan
    noise = torch.empty(N, L, F, dtype=torch.float64).normal_(generator=generator)
    noisy = network._inputs(network._read(x, None))
    network.eval()
    clean = network._inputs(network._read(x, None))
    close(noisy[..., :F] - clean[..., :F], 0.3 * noise, rtol=0, atol=1e-12)
    assert torch.equal(noisy[..., F:], x.isnan().double())
    assert torch.equal(clean[..., F:], x.isnan().double())


# -- initial weights ------------------------------------------------------------------


def raw_layer(cell, size=H, **options):
    layer = RecurrentLayer(
        cell, F, size, bidirectional=True, generator=seeded(), **options
    )
    return layer.directions


@pytest.mark.parametrize("max_steps", [1, 2, 3, 4, 10, 1000])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_chrono_biases(cell, max_steps):
    size = 200
    for direction in raw_layer(cell, size, init="chrono", max_steps=max_steps):
        assert not direction.bias_hh_l0.any()
        gates = direction.bias_ih_l0.detach().double().split(size)
        # torch: input, forget, cell, output; and reset, update, new
        keep, longest = gates[1], max(2, max_steps - 1)
        assert keep.min() >= 0
        assert keep.max() <= math.log(longest) + 1e-6
        lasting = stats.uniform(1, longest - 1)
        assert stats.kstest(keep.exp().numpy(), lasting.cdf).pvalue > 1e-3
        if cell == "lstm":
            assert torch.equal(gates[0], -keep)
            assert not gates[3].any()
        else:
            assert not gates[0].any()
        assert not gates[2].any()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_chrono_keeps_the_state_as_long_as_it_says(cell):
    direction = raw_layer(cell, init="chrono", max_steps=50)[0].double()
    biases = direction.bias_ih_l0.detach()[H : 2 * H].tolist()
    with torch.no_grad():
        direction.weight_ih_l0.zero_()
        direction.weight_hh_l0.zero_()
        begin = torch.ones(1, 1, H, dtype=torch.float64)
        x = torch.zeros(1, 20, F, dtype=torch.float64)
        states, end = direction(x, (begin, begin) if cell == "lstm" else begin)
    kept = end[1][0, 0] if cell == "lstm" else states[0, -1]
    expected = [(1 / (1 + math.exp(-bias))) ** 20 for bias in biases]
    assert_allclose(kept, expected, rtol=1e-10)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_chrono_changes_biases_only(cell):
    plain = raw_layer(cell)[0]
    chrono = raw_layer(cell, init="chrono", max_steps=9)[0]
    assert torch.equal(plain.weight_ih_l0, chrono.weight_ih_l0)
    assert torch.equal(plain.weight_hh_l0, chrono.weight_hh_l0)


def test_identity():
    for direction in raw_layer("rnn", 100, init="identity", nonlinearity="relu"):
        assert torch.equal(direction.weight_hh_l0, torch.eye(100))
        assert not direction.bias_ih_l0.any()
        assert not direction.bias_hh_l0.any()
        weight = direction.weight_ih_l0.detach().numpy().ravel()
        assert stats.kstest(weight / 0.001, stats.norm.cdf).pvalue > 1e-3
        x, begin = torch.zeros(1, 30, F), torch.rand(1, 1, 100, generator=seeded(3))
        assert torch.equal(direction(x, begin)[0][0, -1], begin[0, 0])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("recurrent_dropout", [0.0, 0.4])
def test_relu_equals_torch(bidirectional, recurrent_dropout):
    layer = new_layer(
        "rnn",
        bidirectional,
        nonlinearity="relu",
        recurrent_dropout=recurrent_dropout,
    )
    masks = layer.draw_masks()
    used = None if recurrent_dropout == 0 else masks
    twin = torch_layer(layer, "rnn", used, nonlinearity="relu")
    x = normal(N, L, F)
    states, final, _ = layer(x, LENGTHS, masks)
    expected, last = torch_states(twin, x, LENGTHS)
    present = is_present(LENGTHS)
    close(states[present], expected[present], rtol=0, atol=1e-12)
    close(final, last, rtol=0, atol=1e-12)
    assert (states >= 0).all()
    assert states.max() > 1  # beyond the range of tanh


# -- frozen parts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frozen", "prefixes"),
    [
        (None, ()),
        ("recurrent", ("stack.",)),
        ("recurrent.0", ("stack.layers.0.",)),
        (["recurrent.1", "head"], ("stack.layers.1.", "head.")),
        (("pooling",), ("pool.",)),
    ],
)
@pytest.mark.parametrize("tbptt_steps", [None, 3])
def test_frozen_parts_have_no_gradient(frozen, prefixes, tbptt_steps):
    network = new_network("attention", num_layers=2, norm="layer")
    network.tbptt_steps = tbptt_steps
    expected = truth(network, normal(N, L, F), LENGTHS)
    freeze(network, frozen)
    network(normal(N, L, F), LENGTHS).square().sum().backward()
    for name, parameter in network.named_parameters():
        if name.startswith(prefixes) and prefixes:
            assert parameter.grad is None
        else:
            assert_gradient(parameter, expected[name])


def test_wrong_parts():
    network = new_network()
    with pytest.raises(ValueError, match=r"recurrent\.7"):
        freeze(network, "recurrent.7")
    with pytest.raises(ValueError, match="nothing to train"):
        freeze(network, ["recurrent", "head"])


# -- pooling in parts -----------------------------------------------------------------


def new_pooling(kind, scale=1.0):
    pool = shake(Pooling(kind, H, seeded()).to(torch.float64))
    with torch.no_grad():
        for parameter in pool.parameters():
            parameter.mul_(scale)
    return pool


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


# -- truncated back-propagation -------------------------------------------------------


def new_network(pooling="last", scaling=None, **options):
    options = {
        "cell": "gru",
        "hidden_size": H,
        "num_layers": 1,
        "bidirectional": False,
        "dropout": 0.0,
        "generator": seeded(),
    } | options
    if scaling is None:
        scaling = Scaling(F, 2, instance_norm=None, indicator=False)
    network = RecurrentNetwork(
        scaling, Point(), n_targets=2, pooling=pooling, dtype=torch.float64, **options
    )
    return shake(network)


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


@pytest.mark.parametrize(
    ("length", "size", "expected"),
    [(7, 3, {0, 1, 4}), (6, 3, {0, 3}), (5, 1, {0, 1, 2, 3, 4}), (4, 9, {0})],
)
def test_parts_are_counted_from_the_end(length, size, expected):
    assert first_steps(length, size) == expected
    assert (length - 1) % size + 1 in expected | {length}


@every_cell
@every_pooling
@pytest.mark.parametrize("lengths", [None, torch.tensor([7, 1, 4, 0, 2])])
def test_values_of_truncated_networks(cell, pooling, lengths):
    network = new_network(pooling, cell=cell, num_layers=2, residual=True, norm="layer")
    x = normal(N, L, F)
    whole = network(x, lengths)
    close(whole, twin_output(network, cell, x, lengths), rtol=0, atol=1e-12)
    for size in (1, 2, 3, 6, 7, 20):
        network.tbptt_steps = size
        close(network(x, lengths), whole, rtol=0, atol=1e-12)
        with torch.no_grad():
            close(network(x, lengths), whole, rtol=0, atol=1e-12)


@every_cell
@every_pooling
@pytest.mark.parametrize("lengths", [None, torch.tensor([7, 1, 4, 0, 2])])
def test_gradients_of_truncated_networks(cell, pooling, lengths):
    network = new_network(pooling, cell=cell, num_layers=2, residual=True, norm="layer")
    x, different = normal(N, L, F), 0
    whole = truth(network, x, lengths, cell)
    for size in (1, 3, 6):
        network.tbptt_steps = size
        expected = truth(network, x, lengths, cell)
        network(x, lengths).square().sum().backward()
        for name, parameter in network.named_parameters():
            assert_gradient(parameter, expected[name])
            if "weight_hh" in name:
                different += not torch.allclose(parameter.grad, whole[name])
    assert different >= 4  # or nothing was truncated


@every_pooling
@pytest.mark.parametrize("num_layers", [1, 3])
def test_gradients_of_plain_truncated_stacks(pooling, num_layers):
    network = new_network(pooling, num_layers=num_layers)
    x = normal(N, L, F)
    for size in (2, 4):
        network.tbptt_steps = size
        expected = truth(network, x, LENGTHS)
        network(x, LENGTHS).square().sum().backward()
        for name, parameter in network.named_parameters():
            assert_gradient(parameter, expected[name])


@every_pooling
@pytest.mark.parametrize("kind", ["last", "standard"])
def test_windows_are_normalised_as_a_whole(pooling, kind):
    scaling = Scaling(F, 2, instance_norm=kind, indicator=True)
    baseline = Baseline(2, has_level=True)
    network = new_network(pooling, scaling=scaling, baseline=baseline)
    x = 3 + normal(N, L, F)
    x[0, 5, 1] = x[2, 0, 0] = math.nan
    values = [network(x, LENGTHS)]
    forecasts = [network.predict(x, LENGTHS)]
    network.tbptt_steps = 2
    close(network(x, LENGTHS), values[0], rtol=0, atol=1e-12)
    close(network.predict(x, LENGTHS), forecasts[0], rtol=0, atol=1e-12)


def noisy_network(pooling, **options):
    options = {
        "num_layers": 2,
        "dropout": 0.3,
        "recurrent_dropout": 0.2,
        "input_noise": 0.5,
        "tbptt_steps": 3,
    } | options
    return new_network(pooling, **options)


def plain_call(function, weights, *arguments):
    return function(*arguments)


@every_pooling
@pytest.mark.parametrize("lengths", [None, torch.tensor([7, 1, 4, 0, 2])])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_recomputation_draws_the_same_numbers(pooling, lengths, cell, monkeypatch):
    x, results = normal(N, L, F), []
    for is_plain in (False, True):
        if is_plain:
            monkeypatch.setattr(
                skrnn._network.recurrent_network, "recomputed", plain_call
            )
        network = noisy_network(pooling, cell=cell)
        batches = []
        for _ in range(2):
            out = network(x, lengths)
            state = network.generator.get_state()
            out.square().sum().backward()
            assert torch.equal(network.generator.get_state(), state)
            batches.append(out.detach())
        assert not torch.equal(*batches)
        grads = [p.grad for p in network.parameters() if p.grad is not None]
        results.append([*batches, *grads, network.generator.get_state()])
    for mine, theirs in zip(*results, strict=True):
        close(mine, theirs, rtol=0, atol=1e-13)


def test_two_backward_passes_agree():
    network = noisy_network("attention")
    loss = network(normal(N, L, F), LENGTHS).square().sum()
    state = network.generator.get_state()
    parameters = list(network.parameters())
    first = torch.autograd.grad(loss, parameters, retain_graph=True)
    network.generator.manual_seed(123)
    moved = network.generator.get_state()
    second = torch.autograd.grad(loss, parameters)
    assert torch.equal(network.generator.get_state(), moved)
    assert not torch.equal(moved, state)
    for mine, theirs in zip(first, second, strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("name", ["pool.project.weight", "head.weight"])
def test_noisy_gradients_equal_finite_differences(name):
    # Parameters behind the recurrent layers: nothing of their gradient is truncated.
    network = noisy_network("attention")
    x, state = normal(N, L, F), network.generator.get_state()
    parameter = network.get_parameter(name)

    def loss():
        network.generator.set_state(state)
        return network(x, LENGTHS).square().sum()

    loss().backward()
    step = 1e-6
    for index in np.ndindex(*parameter.shape):
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter[index] += sign * step
                values.append(loss().item())
                parameter[index] -= sign * step
        expected = (values[0] - values[1]) / (2 * step)
        assert_allclose(parameter.grad[index], expected, rtol=1e-6, atol=1e-7)


@every_pooling
def test_one_mask_for_all_parts(pooling):
    network = new_network(pooling, recurrent_dropout=0.4, cell="lstm")
    generator = copy_of_generator(network.generator)
    x = normal(N, L, F)
    network.tbptt_steps = 2
    out = network(x, LENGTHS)
    direction = network.stack.layers[0].directions[0]
    mask = factors(direction.weight_hh_l0.shape, 0.4, generator)
    assert torch.equal(generator.get_state(), network.generator.get_state())
    with torch.no_grad():
        direction.weight_hh_l0.mul_(mask)
    close(out, twin_output(network, "lstm", x, LENGTHS), rtol=0, atol=1e-12)


def n_operations(tensor):
    """Operations in the graph behind a tensor."""
    seen, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [before for before, _ in node.next_functions]
    return len(seen)


@every_pooling
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("is_ragged", [False, True])
def test_graphs_grow_with_the_parts_not_with_their_steps(pooling, cell, is_ragged):
    network = noisy_network(pooling, cell=cell)
    sizes = []
    for steps in (5, 60):
        network.tbptt_steps = steps
        lengths = torch.tensor([3 * steps, 1, 2 * steps]) if is_ragged else None
        sizes.append(n_operations(network(normal(3, 3 * steps, F), lengths)))
    assert sizes[0] == sizes[1]
