"""Interrupts leave nothing behind; `tests.soak.interrupts` tries every place."""

import faulthandler
import warnings

import pytest
import torch

from tests.instruction_levels import needs_kernels
from tests.interrupts import run_interrupted
from tests.scenarios import scenarios

pytestmark = needs_kernels
# Places that are tried of each, spread over all.
N_PLACES = {"predict": 12}  # else three


@pytest.fixture(autouse=True)
def no_hang():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    faulthandler.dump_traceback_later(300, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
    torch.set_num_threads(before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("name", scenarios())
def test_an_interrupt_leaves_nothing_behind(name, error):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it was interrupted, for one
        scenario = scenarios()[name]()
        n_places = run_interrupted(scenario.work).n_places
        assert n_places > 300
        step = n_places // N_PLACES.get(name.split()[0], 3)
        for at in range(n_places // 7, n_places, step):
            scenario.check(run_interrupted(scenario.work, at, error=error).where)


@pytest.mark.parametrize("name", ["predict of compiled", "predict of bidirectional"])
def test_interrupts_while_kernels_work_leave_nothing_behind(name):
    scenario = scenarios()[name]()
    places = [
        at
        for at, where in enumerate(run_interrupted(scenario.work).all_places)
        if "threads.py" in where or "compiled_network.py" in where
    ]
    assert len(places) > 20
    for at in places:
        scenario.check(run_interrupted(scenario.work, at).where)


def test_an_epoch_is_compared_with_the_best_or_is_none():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scenario = scenarios()["fit with checkpoints"]()
        places = [
            at
            for at, where in enumerate(run_interrupted(scenario.work).all_places)
            if "best_weights.py" in where
        ]
        assert len(places) > 15
        for at in places[:24]:
            scenario.check(run_interrupted(scenario.work, at).where)
