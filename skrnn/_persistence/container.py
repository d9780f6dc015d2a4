"""Archives that say whether they are whole, and are checked before use."""

import hashlib
import os
import struct
import zipfile
from functools import partial
from io import BytesIO
from pathlib import Path

from skrnn._files import read_regular
from skrnn._persistence.contents import check_size
from skrnn.exceptions import ModelFileError

# What stands at the end of a file: the comment of the archive, which other readers of
# skops files pass over.
_MARK = b"skrnn sha256 "
_COMMENT = len(_MARK) + 64
# Bytes that no part of an archive claims.
_MOST_UNCLAIMED = 2**16
# What tells of the parts of an archive takes 100 bytes for each.
_LONGEST_DIRECTORY = 2**25
# Bytes from the record that ends an archive, with its comment, to the end.
_FARTHEST_END = 66_000


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
    content = read_regular(path, "a file of a model", partial(_check_end, path))
    if content[-_COMMENT:].startswith(_MARK):
        sealed, content = content, content[:-_COMMENT][:-2] + b"\0\0"
        if sealed != seal(content):
            raise ModelFileError(f"{str(path)!r} is damaged: its checksum is another.")
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            check_size(archive, content, str(path))
    except ModelFileError:
        raise
    except Exception as error:  # whatever zipfile finds in a damaged one
        raise ModelFileError(
            f"{str(path)!r} is no file of a model, or not a whole one."
        ) from error
    return content


def _check_end(path, handle, size):
    """Refuse what is no archive as a whole: a hole of gigabytes is not read."""
    os.lseek(handle, max(0, size - _FARTHEST_END), os.SEEK_SET)
    is_one = _is_directory_short(os.read(handle, _FARTHEST_END))
    if is_one and size > _MOST_UNCLAIMED:
        with open(handle, "rb", closefd=False) as file:
            is_one = size - _claimed(file) < _MOST_UNCLAIMED
    os.lseek(handle, 0, os.SEEK_SET)
    if not is_one:
        raise ModelFileError(f"{str(path)!r} is no file of a model.")


def _is_directory_short(end):
    """Whether the end (bytes) of a file is one of an archive that could be read."""
    place = end.rfind(b"PK\x05\x06")
    if place < 0 or len(end) < place + 22:
        return False
    (size,) = struct.unpack_from("<I", end, place + 12)
    # Archives of 4 GiB and more say it elsewhere.
    return size < _LONGEST_DIRECTORY or size == 2**32 - 1


def _claimed(file):
    """Bytes of an archive that are of a member, about."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except Exception:  # whatever zipfile finds in a damaged one
        return 0
    return sum(m.compress_size + 2 * len(m.orig_filename) + 200 for m in members)
