"""Files that are whole or not there, and archives that are checked before use."""

import hashlib
import os
import secrets
import stat
import struct
import zipfile
from io import BytesIO
from pathlib import Path

from skrnn.exceptions import ModelFileError

# What stands at the end of a file: the comment of the archive, which other readers of
# skops files pass over.
_MARK = b"skrnn sha256 "
_COMMENT = len(_MARK) + 64
# An archive may hold so many times its size, and some more: arrays of weights hardly
# get smaller, and the text that does is short.
_RATIO, _ALWAYS = 8, 2**26
_MOST_MEMBERS = 10**5


def write_whole(path, content):
    """Write a file that is there as a whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    content : bytes
        What it holds.

    Raises
    ------
    OSError
        If that cannot be done. What was there before is then kept.
    """
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}.unfinished")
    try:
        with open(unfinished, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"A model of {len(content):,} bytes could not be written: "
            f"{error.strerror}. What was there before is kept",
            str(path),
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def seal(archive):
    """Note at the end of a ZIP archive without a comment (bytes) what it holds."""
    digest = hashlib.sha256(archive).hexdigest().encode()
    # The length of the comment is the last number of the archive.
    return archive[:-2] + struct.pack("<H", _COMMENT) + _MARK + digest


def read_archive(path):
    """Read a ZIP archive, and refuse one that is damaged or holds too much.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    bytes
        The archive; one that `seal` wrote is the same to the bit.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ModelFileError
        If it is no whole archive, or cannot be read.
    """
    path = Path(path)
    try:
        content = _content(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ModelFileError(
            f"{str(path)!r} cannot be read: {error.strerror}."
        ) from error
    if content[-_COMMENT:].startswith(_MARK):
        sealed, content = content, content[:-_COMMENT][:-2] + b"\0\0"
        if sealed != seal(content):
            raise ModelFileError(f"{str(path)!r} is damaged: its checksum is another.")
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > _ALWAYS + _RATIO * len(content) or len(members) > _MOST_MEMBERS:
                raise ModelFileError(
                    f"{str(path)!r} has {len(content):,} bytes and unpacks to "
                    f"{size:,} in {len(members):,} parts, as no model does. It was "
                    "not read."
                )
            names = [member.filename for member in members]
            if len(set(names)) < len(names) or archive.testzip() is not None:
                raise zipfile.BadZipFile
    except ModelFileError:
        raise
    except Exception as error:  # whatever zipfile finds in a damaged one
        raise ModelFileError(
            f"{str(path)!r} is no file of a model, or not a whole one."
        ) from error
    return content


def _content(path):
    # Without waiting for a pipe to have a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise ModelFileError(f"{str(path)!r} is a folder, and no file of a model.")
        if not stat.S_ISREG(status.st_mode):
            raise ModelFileError(f"{str(path)!r} is no file, but a pipe or a device.")
        with open(handle, "rb", closefd=False) as file:
            # An archive ends with what says that it is one: a hole of gigabytes is
            # not read.
            file.seek(max(0, status.st_size - 66_000))
            if b"PK\x05\x06" not in file.read():
                raise ModelFileError(f"{str(path)!r} is no file of a model.")
            file.seek(0)
            return file.read(status.st_size)
    finally:
        os.close(handle)
