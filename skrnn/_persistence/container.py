"""Archives that say whether they are whole, and are checked before use."""

import hashlib
import os
import struct
import zipfile
from functools import partial
from io import BytesIO
from pathlib import Path

from skrnn._files import read_regular
from skrnn.exceptions import ModelFileError

# What stands at the end of a file: the comment of the archive, which other readers of
# skops files pass over.
_MARK = b"skrnn sha256 "
_COMMENT = len(_MARK) + 64
# An archive may hold so many times its size, and some more: arrays of weights hardly
# get smaller, and the text that does is short.
_RATIO, _ALWAYS = 8, 2**26
_MOST_MEMBERS = 10**5
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


def _check_end(path, handle, size):
    """Refuse what does not end as an archive: a hole of gigabytes is not read."""
    os.lseek(handle, max(0, size - _FARTHEST_END), os.SEEK_SET)
    if b"PK\x05\x06" not in os.read(handle, _FARTHEST_END):
        raise ModelFileError(f"{str(path)!r} is no file of a model.")
    os.lseek(handle, 0, os.SEEK_SET)
