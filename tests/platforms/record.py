"""Calls of the kernels, with all that they read and wrote, in a file for `replay.cpp`.

    python -m tests.platforms.record FILE [--count N]

The calls are those of `tests/native_calls.py`. A file is a list of calls; each has
the bytes of all arrays and structures that it reaches, says where addresses belong, and
ends with what the arrays held afterwards on the machine that recorded. Structures are
laid out alike everywhere, since none has a ``long``.
"""

import argparse
import ctypes
import gc
import random
import struct

import torch

from skrnn._kernels import library as kernel_library
from tests import native_calls

# What an argument is; as in replay.cpp.
NUMBER, ADDRESS, HANDLE = 0, 1, 2
# How an array is compared.
NOT, FLOAT32, FLOAT64, BYTES = 0, 1, 2, 3
_COMPARED = {torch.float32: FLOAT32, torch.float64: FLOAT64, torch.int64: BYTES}


class Recorder:
    """Stands for the library, passes calls on, and writes them down.

    Parameters
    ----------
    library : ctypes.CDLL
        The real one.
    file : file
        To write to.
    """

    def __init__(self, library, file):
        self._library, self._file = library, file
        self._places = {}  # of handles, by their numbers: address of the place
        self.n_calls = 0

    def __getattr__(self, name):
        function = getattr(self._library, name)

        def recorded(*arguments):
            return self._record(name, function, arguments)

        return recorded

    def _record(self, name, function, arguments):
        memory = _Memory(arguments, self._places)
        told = [memory.argument(one) for one in arguments]
        before = [buffer.bytes() for buffer in memory.buffers]
        answer = function(*arguments)
        memory.note_handles(self._places)
        after = [buffer.bytes() for buffer in memory.buffers]
        self.n_calls += 1
        self._text(name)
        self._numbers(1 if name.startswith("skrnn_clip") else 0)
        self._file.write(struct.pack("<d", float(answer or 0)))
        self._numbers(len(memory.buffers))
        for buffer, old, new in zip(memory.buffers, before, after, strict=True):
            self._numbers(buffer.number, buffer.compared, len(old), buffer.is_kept)
            self._file.write(old + new)
            self._numbers(len(buffer.addresses))
            for offset, target, inner in buffer.addresses:
                self._numbers(offset, target, inner)
        self._numbers(len(told))
        for kind, number, inner in told:
            self._numbers(kind, number, inner)
        return answer

    def _text(self, text):
        self._file.write(text.encode().ljust(64, b"\0"))

    def _numbers(self, *numbers):
        self._file.write(struct.pack(f"<{len(numbers)}q", *numbers))


class _Buffer:
    """Memory that a call reaches: an array, or a structure."""

    def __init__(self, number, at, size, compared=NOT, is_kept=False):
        self.number, self.at, self.size = number, at, size
        self.compared, self.is_kept = compared, int(is_kept)
        self.addresses = []  # (offset here, number of the buffer, offset there)

    def bytes(self):
        return ctypes.string_at(self.at, self.size)


class _Memory:
    def __init__(self, arguments, places):
        self.buffers, self._handles = [], places
        self._opened = []
        # By their types, since asking some of torch's objects for their class warns.
        found = [(o, type(o)) for o in gc.get_objects()]
        tensors = [o for o, kind in found if issubclass(kind, torch.Tensor)]
        self._tensors = [t for t in tensors if t.numel()]
        self._arrays = [o for o, kind in found if issubclass(kind, ctypes.Array)]
        self._structures = [o for o, k in found if issubclass(k, ctypes.Structure)]

    def argument(self, value):
        """Kind, number and offset of an argument."""
        if isinstance(value, ctypes.Structure):
            return ADDRESS, self._of_structure(value).number, 0
        if isinstance(value, ctypes.Array):
            return ADDRESS, self._of_array(value).number, 0
        if isinstance(value, ctypes.c_double):
            at = ctypes.addressof(value)
            return ADDRESS, self._new(at, 8, FLOAT64).number, 0
        if hasattr(value, "_obj"):  # by reference: the place of a handle
            at = ctypes.addressof(value._obj)
            self._opened.append(at)
            return ADDRESS, self._new(at, 8, is_kept=True).number, 0
        if value is None:
            return NUMBER, 0, 0
        found = self._find(value)
        if found:
            return ADDRESS, *found
        if value in self._handles:
            place = self._handles[value]
            return HANDLE, self._new(place, 8, is_kept=True).number, 0
        return NUMBER, _as_signed(value), 0

    def note_handles(self, places):
        for at in self._opened:
            value = ctypes.c_void_p.from_address(at).value
            if value:
                places[value] = at

    def _new(self, at, size, compared=NOT, is_kept=False):
        for buffer in self.buffers:
            if buffer.at == at and buffer.size == size:
                return buffer
        number = at if is_kept else len(self.buffers)
        made = _Buffer(number, at, size, compared, is_kept)
        self.buffers.append(made)
        return made

    def _find(self, address):
        """Number of the buffer that an address lies in, and how far in it."""
        for tensor in self._tensors:
            at, size = tensor.data_ptr(), tensor.numel() * tensor.element_size()
            if at <= address < at + size:
                # What a pass leaves for the other is theirs alone.
                is_record = tensor.dtype == torch.uint8
                compared = _COMPARED.get(tensor.dtype, NOT)
                buffer = self._new(at, size, compared, is_kept=is_record)
                return buffer.number, address - at
        for array in self._arrays:
            if ctypes.addressof(array) == address:
                return self._of_array(array).number, 0
        for structure in self._structures:
            if ctypes.addressof(structure) == address:
                return self._of_structure(structure).number, 0
        return None

    def _of_array(self, array):
        at, size = ctypes.addressof(array), ctypes.sizeof(array)
        buffer = self._new(at, size)
        if array._type_ is ctypes.c_void_p and not buffer.addresses:
            self._link(buffer, [(8 * i, value) for i, value in enumerate(array)])
        return buffer

    def _of_structure(self, value):
        at = ctypes.addressof(value)
        buffer = self._new(at, ctypes.sizeof(value))
        if not buffer.addresses:
            pointers = [
                (getattr(type(value), name).offset, getattr(value, name))
                for name, kind in value._fields_
                if kind is ctypes.c_void_p
            ]
            self._link(buffer, pointers)
        return buffer

    def _link(self, buffer, pointers):
        for offset, address in pointers:
            found = self._find(address) if address else None
            if found:
                buffer.addresses.append((offset, *found))
            elif address:
                raise RuntimeError("An address leads to nothing that is known.")


def _as_signed(value):
    """The 8 bytes of a number as those of a signed one (int)."""
    kind = "<d" if isinstance(value, float) else "<q" if value < 2**63 else "<Q"
    return struct.unpack("<q", struct.pack(kind, value))[0]


def record(path, count):
    """Write calls of every function to a file; return how many (int).

    Parameters
    ----------
    path : path
        Of the file.
    count : int
        How many rounds; each calls every function once.
    """
    torch.manual_seed(0)
    rng, real = random.Random(0), kernel_library.library()
    gc.freeze()  # what calls reach is made anew, and found faster among few objects
    with open(path, "wb") as file:
        recorder = Recorder(real, file)
        kernel_library.library = lambda: recorder
        try:
            for _ in range(count):
                for call in native_calls.new_calls(rng):
                    assert call.run() == 1
                    call = None
        finally:
            kernel_library.library = lambda: real
            gc.unfreeze()
    return recorder.n_calls


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--count", type=int, default=10)
    options = parser.parse_args()
    print(record(options.file, options.count), "calls")
