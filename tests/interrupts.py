"""KeyboardInterrupt at every place where CPython looks for signals, one by one.

CPython looks for signals at the first instruction of a function and of a generator
that goes on, after a call, and where a loop jumps back. A trace function sees every
instruction: here it raises before that which follows such a place, which is what the
interpreter does.
"""

import dis
import sys
from pathlib import Path

import skrnn

_FOLDER = str(Path(skrnn.__file__).parent)
_LOOKS = {
    dis.opmap[name]
    for name in ("CALL", "CALL_KW", "CALL_FUNCTION_EX", "CALL_METHOD")
    if name in dis.opmap
}
_LOOKS |= {
    number
    for name, number in dis.opmap.items()
    if name.startswith(("JUMP_BACKWARD", "POP_JUMP_BACKWARD"))
    and not name.endswith("NO_INTERRUPT")
}


class Interrupts:
    """A trace function that counts places, and raises at one of them.

    Parameters
    ----------
    at : int or None
        Number of the place, from 0; None counts only.
    error : class
        What is raised.
    again : int, default=None
        After how many places it is raised a second time.
    """

    def __init__(self, at=None, error=KeyboardInterrupt, again=None):
        self.where, self.all_places = [], []
        self.error = error
        self._at = set() if at is None else {at}
        if again is not None:
            self._at.add(at + again)
        self._last = {}

    @property
    def n_places(self):
        """How many places there were."""
        return len(self.all_places)

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if not code.co_filename.startswith(_FOLDER):
            # What is called of the standard library in between is traced, too.
            if "contextlib" not in code.co_filename:
                return None
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            self._last[id(frame)] = None
            self._place(frame)
        elif event == "opcode":
            last = self._last.get(id(frame))
            self._last[id(frame)] = code.co_code[frame.f_lasti]
            if last in _LOOKS:
                self._place(frame)
        elif event == "return":
            self._last.pop(id(frame), None)
        return self

    def _place(self, frame):
        number = len(self.all_places)
        self.all_places.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        if number in self._at:
            self.where.append(self.all_places[-1])
            # The last instruction is not to count twice.
            self._last[id(frame)] = None
            raise self.error


def run_interrupted(function, at=None, **options):
    """Call a function with an interrupt, which goes no further than this.

    Returns
    -------
    Interrupts
        What happened.
    """
    if at is None and sys.version_info >= (3, 12):
        # Of a function that is traced for the first time instructions are not told.
        _run(function, Interrupts())
    interrupts = Interrupts(at, **options)
    _run(function, interrupts)
    return interrupts


def _run(function, interrupts):
    hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None
    sys.settrace(interrupts)
    try:
        function()
    except interrupts.error:
        pass
    except Exception:
        # torch makes errors of its own of some that it is told.
        if not interrupts.where:
            raise
    finally:
        sys.settrace(None)
        sys.unraisablehook = hook
