"""Files that are whole or not there, and reading them as data, whoever wrote them."""

import hashlib
import io
import os
import pickletools
import re
import secrets
import stat
import zipfile

import torch

from skrnn.exceptions import ModelFileError

_MAGIC = b"skrnn checkpoint 1\n"
_START = len(_MAGIC) + hashlib.sha256().digest_size
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
    content = buffer.getbuffer()
    # A name of its own: another fit may write here where there are no locks.
    unfinished = path.with_name(f"{secrets.token_hex(8)}.unfinished")
    try:
        with open(unfinished, "xb") as file:
            file.write(_MAGIC)
            file.write(hashlib.sha256(content).digest())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.replace(path, previous)
        os.replace(unfinished, path)
        _sync_directory(path.parent)
    except OSError as error:
        raise OSError(
            error.errno,
            f"A checkpoint of {_START + len(content):,} bytes could not be written: "
            f"{error.strerror}. Checkpoints from before it are kept, and "
            "fit(..., resume=True) goes on from the newest",
            str(path),
        ) from error
    finally:
        _remove(unfinished)


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
    try:
        content = _content(path, limit)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelFileError(
            f"{str(path)!r} cannot be read: {error.strerror}."
        ) from error
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


def _content(path, limit):
    # Without waiting for a pipe to have a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise ModelFileError(f"{str(path)!r} is a folder, not a checkpoint.")
        if not stat.S_ISREG(status.st_mode):
            raise ModelFileError(f"{str(path)!r} is no file, but a pipe or a device.")
        if status.st_size > limit:
            raise ModelFileError(
                f"{str(path)!r} has {status.st_size:,} bytes, and was not read: a "
                f"checkpoint of this network has no more than {limit:,}."
            )
        with open(handle, "rb", closefd=False) as file:
            return file.read(status.st_size)
    finally:
        os.close(handle)


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
        for entry in entries:
            record = archive.read(entry)
            if entry.filename.endswith("data.pkl"):
                _check_pickle(record)
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


def _remove(path):
    try:
        path.unlink(missing_ok=True)
    except OSError:  # that of the writing is told
        pass


def _sync_directory(directory):
    if os.name != "posix":  # elsewhere a directory cannot be opened
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
