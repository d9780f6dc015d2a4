"""Files that are whole or not there, and reading them as data, whoever wrote them."""

import hashlib
import io
import pickle
import pickletools
import re
import zipfile
from collections import OrderedDict

import torch

from skrnn._files import read_regular, write_whole
from skrnn.exceptions import ModelFileError

_MAGIC = b"skrnn checkpoint 1\n"
_START = len(_MAGIC) + hashlib.sha256().digest_size
# Bytes of one number, by the name of the class of its storage.
_ITEM_SIZES = {
    **dict.fromkeys(("BoolStorage", "ByteStorage", "CharStorage"), 1),
    **dict.fromkeys(("ShortStorage", "HalfStorage", "BFloat16Storage"), 2),
    **dict.fromkeys(("IntStorage", "FloatStorage"), 4),
    **dict.fromkeys(("LongStorage", "DoubleStorage", "ComplexFloatStorage"), 8),
    "ComplexDoubleStorage": 16,
}
# All that torch writes for tensors in trees of plain values.
_KNOWN = re.compile(
    r"collections OrderedDict|torch\._utils _rebuild_tensor_v2|torch \w+Storage"
)


def write_file(path, value, previous):
    """Write a tree of tensors and plain values.

    It is written beside the file, synced to the disk and only then renamed.

    Parameters
    ----------
    path : Path
        The file.
    value : dict
        The tree.
    previous : Path
        Where what was there before goes.

    Raises
    ------
    OSError
        If the disk is full, say. What was there before is then kept.
    """
    buffer = io.BytesIO()
    torch.save(value, buffer)
    # Let go of in any case: an error would keep both, and of these Python 3.14 may
    # collect the buffer first, which then complains.
    with buffer.getbuffer() as content:
        write_whole(
            path,
            [_MAGIC, hashlib.sha256(content).digest(), content],
            what="A checkpoint",
            kept="Checkpoints from before it are kept, and fit(..., resume=True) goes "
            "on from the newest",
            previous=previous,
        )


def read_file(path, limit):
    """Read what `write_file` wrote.

    Parameters
    ----------
    path : Path
        The file.
    limit : int
        Bytes that it has at the most; a larger one is not read.

    Returns
    -------
    object or None
        A tree of tensors and plain values; None if there is no file.

    Raises
    ------
    ModelFileError
        If it is no whole file of that kind, or cannot be read.
    """

    def check(handle, size):
        if size > limit:
            raise ModelFileError(
                f"{str(path)!r} has {size:,} bytes, and was not read: a checkpoint of "
                f"this network has no more than {limit:,}."
            )

    try:
        content = read_regular(path, "a checkpoint", check)
    except FileNotFoundError:
        return None
    body = memoryview(content)[_START:]
    digest = content[len(_MAGIC) : _START]
    if content[: len(_MAGIC)] != _MAGIC or hashlib.sha256(body).digest() != digest:
        raise ModelFileError(f"{str(path)!r} is not a whole checkpoint of skrnn.")
    try:
        # Only tensors and plain values are read: a file cannot run code.
        return torch.load(_rewritten(body), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever torch finds in a forged one
        raise ModelFileError(
            f"{str(path)!r} has a right hash, but it is no checkpoint that skrnn has "
            "written: its content is not what torch.save writes for tensors and plain "
            "values."
        ) from error


def _rewritten(body):
    """Write an archive anew, of records that are checked: nothing else is read."""
    rewritten = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(body)) as archive,
        zipfile.ZipFile(rewritten, "w") as checked,
    ):
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("A record is compressed.")
        if sum(entry.file_size for entry in entries) > len(body):
            raise ValueError("The records are larger than the archive.")
        sizes = {entry.filename: entry.file_size for entry in entries}
        for entry in entries:
            record = archive.read(entry)
            if entry.filename.endswith("data.pkl"):
                _check_pickle(record)
                folder = entry.filename.removesuffix("data.pkl") + "data/"
                _Claims(io.BytesIO(record), folder, sizes).load()
            checked.writestr(entry.filename, record)
    rewritten.seek(0)
    return rewritten


def _check_pickle(record):
    for opcode, argument, _ in pickletools.genops(record):
        if opcode.name == "GLOBAL":
            if not _KNOWN.fullmatch(argument):
                raise ValueError(f"It asks for {argument}.")
        elif opcode.name in ("STACK_GLOBAL", "INST", "OBJ", "EXT1", "EXT2", "EXT4"):
            raise ValueError(f"It has the instruction {opcode.name}.")


class _Claims(pickle.Unpickler):
    """What a checked pickle says of the sizes of its records; no tensors are made.

    Some versions of torch take a record for as long as the pickle says that it is.
    """

    def __init__(self, file, folder, sizes):
        super().__init__(file)
        self._folder, self._sizes = folder, sizes

    def find_class(self, module, name):
        if module == "torch":
            return _ITEM_SIZES[name]
        return OrderedDict if module == "collections" else _no_tensor

    def persistent_load(self, claim):
        _, item_size, key, _, n = claim
        size = self._sizes[f"{self._folder}{key}"]
        if n * item_size != size:
            raise ValueError(f"{n} numbers are said to be in a record of {size} bytes.")


def _no_tensor(*arguments):
    return None
