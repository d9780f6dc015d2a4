"""What a scope holds is given back, wherever an interrupt falls."""

import sys
import threading

import pytest
import torch

from skrnn._kernels import scopes as scopes_module
from skrnn._kernels.handle import Handle
from skrnn._kernels.scopes import Scope, open_scopes
from skrnn._kernels.threads import no_gradients, single_thread


class Counted(Scope):
    """Counts how often it is within, as what it holds would."""

    n_open = 0

    def __init__(self):
        self.is_open = False

    def _begin(self):
        self.is_open = True
        Counted.n_open += 1
        return self

    def _finish(self):
        if self.is_open:
            Counted.n_open -= 1
            self.is_open = False


def raising_at_calls(numbers):
    """A trace function: raises at the first instruction of calls into the module."""
    n_calls = -1

    def trace(frame, event, argument):
        nonlocal n_calls
        if event == "call" and frame.f_code.co_filename == scopes_module.__file__:
            n_calls += 1
            if n_calls in numbers:
                raise KeyboardInterrupt
        return None

    return trace


@pytest.mark.parametrize("number", range(8))
def test_a_scope_ends_whichever_of_its_functions_is_cut_off(number, monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)
    Counted.n_open = 0
    kept = None
    try:
        sys.settrace(raising_at_calls({number}))
        with Counted():
            assert Counted.n_open == 1
    except KeyboardInterrupt as error:
        kept = error  # its traceback keeps every frame
    finally:
        sys.settrace(None)
    assert Counted.n_open == 0
    assert open_scopes() == []
    del kept


def test_the_next_scope_ends_one_whose_end_was_cut_off_again(monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)
    Counted.n_open = 0
    for numbers in ({i, i + 1} for i in range(8)):
        try:
            sys.settrace(raising_at_calls(numbers))
            with Counted():
                pass
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        with Counted():
            assert Counted.n_open == 1
            assert len(open_scopes()) == 1
        assert Counted.n_open == 0


def test_scopes_nest_are_of_a_thread_and_decorate():
    seen = []

    @Counted()
    def look():
        seen.append(len(open_scopes()))

    Counted.n_open = 0
    with Counted(), Counted():
        look()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [3, 1]
    assert Counted.n_open == 0
    with pytest.raises(KeyError), Counted():
        raise KeyError
    assert Counted.n_open == 0


def test_whether_gradients_are_recorded_is_restored():
    with single_thread():
        # As torch's own context manager leaves it, if its end is cut off.
        torch.set_grad_enabled(False)
    assert torch.is_grad_enabled()
    with no_gradients():
        assert not torch.is_grad_enabled()
        with torch.enable_grad(), no_gradients():
            assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_a_handle_is_closed_once():
    closed = []

    def close(place):
        place = place._obj
        if place.value is not None:
            closed.append(place.value)
            place.value = None

    def open_at(number, place):
        place._obj.value = number

    handle = Handle(close)
    assert handle.value is None
    handle.open(open_at, 5)
    assert handle.value == 5
    handle.close()
    handle.close()
    assert closed == [5]
    handle.open(open_at, 6)
    handle.open(open_at, 7)
    assert closed == [5, 6]
    del handle
    assert closed == [5, 6, 7]
