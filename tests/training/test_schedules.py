"""Learning-rate schedules against torch's own, driven by hand."""

import copy
import math

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn
from torch.optim import lr_scheduler

from skrnn._training.schedules import SCHEDULES, Schedule

EPOCHS, BATCHES, RATE = 13, 3, 0.2
LOSSES = [5.0, 4.0, 4.5, 4.5, 4.5, 3.9, 4.0, 4.1, 4.2, 4.3, 4.4, 4.5, 1.0]


def new_optimizer(kind=torch.optim.SGD, **options):
    parameter = nn.Parameter(torch.ones(2))
    parameter.grad = torch.ones(2)
    return kind([parameter], **({"lr": RATE} | options))


def momentum_of(group):
    return group["betas"][0] if "betas" in group else group.get("momentum", 0.0)


def rates_of_schedule(schedule, optimizer, epochs=range(EPOCHS)):
    """Rate and momentum at every batch."""
    seen = []
    for epoch in epochs:
        for _ in range(BATCHES):
            group = optimizer.param_groups[0]
            seen.append((group["lr"], momentum_of(group)))
            optimizer.step()
            schedule.after_batch()
        schedule.after_epoch(LOSSES[epoch])
    return seen


def rates_by_hand(scheduler, optimizer, *, by_batch=False, by_metric=False):
    seen = []
    for epoch in range(EPOCHS):
        for _ in range(BATCHES):
            group = optimizer.param_groups[0]
            seen.append((group["lr"], momentum_of(group)))
            optimizer.step()
            if by_batch:
                scheduler.step()
        if not by_batch:
            scheduler.step(*([LOSSES[epoch]] if by_metric else []))
    return seen


TWINS = {
    "step": lambda o: lr_scheduler.StepLR(o, EPOCHS // 3, 0.1),
    "exponential": lambda o: lr_scheduler.ExponentialLR(o, 0.95),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS),
    "one_cycle": lambda o: lr_scheduler.OneCycleLR(
        o,
        RATE,
        total_steps=EPOCHS * BATCHES + 1,
        cycle_momentum=momentum_of(o.defaults),
    ),
    "warmup": lambda o: lr_scheduler.LinearLR(o, 0.1, total_iters=5),
    "plateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.1, patience=5),
}


def cosine_between(start, end, share):
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def formula(name, epoch, batch):
    """Rate of a schedule, without torch."""
    if name == "step":
        return RATE * 0.1 ** (epoch // 4)
    if name == "exponential":
        return RATE * 0.95**epoch
    if name == "cosine":
        return cosine_between(RATE, 0.0, epoch / 13)
    if name == "warmup":
        return RATE * (0.1 + 0.9 * min(epoch, 5) / 5)
    if name == "plateau":
        # 3.9 in the sixth epoch is the best; the next six are no better.
        return RATE if epoch < 12 else 0.1 * RATE
    step, top, last = 3 * epoch + batch, 0.3 * 40 - 1, 39
    if step <= top:
        return cosine_between(RATE / 25, RATE, step / top)
    return cosine_between(RATE, RATE / 25e4, (step - top) / (last - top))


def test_every_name_is_tested():
    assert set(TWINS) == set(SCHEDULES)


@pytest.mark.parametrize("name", SCHEDULES)
def test_names_equal_torch_and_formulas(name):
    optimizer, twin = new_optimizer(), new_optimizer()
    seen = rates_of_schedule(
        Schedule(name, None, optimizer, EPOCHS, BATCHES), optimizer
    )
    by_hand = rates_by_hand(
        TWINS[name](twin),
        twin,
        by_batch=name == "one_cycle",
        by_metric=name == "plateau",
    )
    assert seen == by_hand
    expected = [formula(name, e, b) for e in range(EPOCHS) for b in range(BATCHES)]
    assert_allclose([rate for rate, _ in seen], expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (torch.optim.SGD, {"momentum": 0.9}),
        (torch.optim.SGD, {"momentum": 0.0}),
        (torch.optim.RMSprop, {"momentum": 0.8}),
        (torch.optim.Adam, {}),
        (torch.optim.NAdam, {}),
        (torch.optim.Adagrad, {}),
    ],
)
def test_a_cycle_moves_the_momentum_where_there_is_one(kind, options):
    optimizer, twin = new_optimizer(kind, **options), new_optimizer(kind, **options)
    schedule = Schedule("one_cycle", None, optimizer, EPOCHS, BATCHES)
    seen = rates_of_schedule(schedule, optimizer)
    assert seen == rates_by_hand(TWINS["one_cycle"](twin), twin, by_batch=True)
    momenta = {momentum for _, momentum in seen}
    if options.get("momentum") == 0.0 or kind is torch.optim.Adagrad:
        assert momenta == {0.0}
    else:  # torch's own bounds
        assert_allclose([min(momenta), max(momenta)], [0.85, 0.95], atol=1e-3)


def test_a_spent_cycle_stays_at_its_last_rate():
    optimizer = new_optimizer()
    schedule = Schedule("one_cycle", None, optimizer, EPOCHS, BATCHES)
    rates_of_schedule(schedule, optimizer)
    last = {rate for rate, _ in rates_of_schedule(schedule, optimizer)}
    assert_allclose(list(last), [RATE / 25e4])


@pytest.mark.parametrize(("n_epochs", "size"), [(1, 1), (2, 1), (3, 1), (8, 2)])
def test_steps_of_few_epochs(n_epochs, size):
    optimizer = new_optimizer()
    schedule = Schedule("step", None, optimizer, n_epochs, 1)
    for epoch in range(n_epochs):
        rate = optimizer.param_groups[0]["lr"]
        assert_allclose(rate, RATE * 0.1 ** (epoch // size))
        optimizer.step()
        schedule.after_batch()
        schedule.after_epoch(1.0)


def test_options_win():
    optimizer, twin = new_optimizer(), new_optimizer()
    options = {"step_size": 5, "gamma": 0.5}
    given = copy.deepcopy(options)
    schedule = Schedule("step", options, optimizer, EPOCHS, BATCHES)
    assert options == given
    expected = rates_by_hand(lr_scheduler.StepLR(twin, 5, 0.5), twin)
    assert rates_of_schedule(schedule, optimizer) == expected
    optimizer, twin = new_optimizer(), new_optimizer()
    schedule = Schedule("warmup", {"total_iters": 2}, optimizer, EPOCHS, BATCHES)
    expected = rates_by_hand(lr_scheduler.LinearLR(twin, 0.1, total_iters=2), twin)
    assert rates_of_schedule(schedule, optimizer) == expected


@pytest.mark.parametrize(
    ("kind", "options", "flags"),
    [
        (lr_scheduler.MultiStepLR, {"milestones": [2, 7], "gamma": 0.3}, {}),
        (lr_scheduler.LambdaLR, {"lr_lambda": lambda epoch: 1 / (1 + epoch)}, {}),
        (lr_scheduler.CosineAnnealingWarmRestarts, {"T_0": 3}, {}),
        (lr_scheduler.PolynomialLR, {"total_iters": 6, "power": 2.0}, {}),
        (
            lr_scheduler.CyclicLR,
            {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4},
            {"by_batch": True},
        ),
        (
            lr_scheduler.OneCycleLR,
            {"max_lr": 0.4, "total_steps": EPOCHS * BATCHES + 1},
            {"by_batch": True},
        ),
        (
            lr_scheduler.ReduceLROnPlateau,
            {"factor": 0.5, "patience": 1, "mode": "max"},
            {"by_metric": True},
        ),
    ],
)
def test_classes_of_torch(kind, options, flags):
    optimizer, twin = (new_optimizer(momentum=0.5) for _ in range(2))
    schedule = Schedule(kind, options, optimizer, EPOCHS, BATCHES)
    expected = rates_by_hand(kind(twin, **options), twin, **flags)
    seen = rates_of_schedule(schedule, optimizer)
    assert seen == expected
    assert len({rate for rate, _ in seen}) > 1


def plateau_by_hand(losses, patience, factor):
    rates, rate, best, bad = [], RATE, math.inf, 0
    for loss in losses:
        if loss < best * (1 - 1e-4):
            best, bad = loss, 0
        else:
            bad += 1
        if bad > patience:
            rate, bad = rate * factor, 0
        rates.append(rate)
    return rates


@pytest.mark.parametrize("patience", [0, 2, 5])
def test_plateau_watches_the_number_it_is_given(patience):
    generator = torch.Generator().manual_seed(patience)
    losses = (2 + torch.randn(60, generator=generator, dtype=torch.float64)).abs()
    optimizer = new_optimizer()
    options = {"patience": patience, "factor": 0.9}
    schedule = Schedule("plateau", options, optimizer, EPOCHS, BATCHES)
    seen = []
    for loss in losses.tolist():
        optimizer.step()
        schedule.after_batch()
        schedule.after_epoch(loss)
        seen.append(optimizer.param_groups[0]["lr"])
    assert_allclose(seen, plateau_by_hand(losses.tolist(), patience, 0.9), rtol=1e-9)
    assert len(set(seen)) > 3


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("epoch", [1, 6, 10])
def test_states_go_on_where_they_were(name, epoch):
    optimizer = new_optimizer(momentum=0.9)
    schedule = Schedule(name, None, optimizer, EPOCHS, BATCHES)
    rates_of_schedule(schedule, optimizer, range(epoch))
    states = copy.deepcopy((optimizer.state_dict(), schedule.state_dict()))
    rest = rates_of_schedule(schedule, optimizer, range(epoch, EPOCHS))
    other = new_optimizer(momentum=0.9)
    again = Schedule(name, None, other, EPOCHS, BATCHES)
    other.load_state_dict(states[0])
    again.load_state_dict(states[1])
    assert rates_of_schedule(again, other, range(epoch, EPOCHS)) == rest
