"""What an archive would come to in memory, counted before any of it is made."""

import json
import math
import zipfile
from io import BytesIO

import numpy as np

from skrnn.exceptions import ModelFileError

# An archive may hold so many times its size, and some more: arrays of weights hardly
# get smaller, and the text that does is short.
_RATIO, _ALWAYS = 8, 2**26
# The same of text, whose values take many times its size when they are read.
_TEXT_RATIO, _TEXT_ALWAYS = 4, 2**24
_MOST_MEMBERS = 10**5
# Others give as much as they like of a single block.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SCHEMA = "schema.json"


def check_size(archive, content, where):
    """Refuse an archive that unpacks to more than its size allows.

    Parameters
    ----------
    archive : zipfile.ZipFile
        Which is open.
    content : bytes
        All of it.
    where : str
        Its path, for the error.

    Raises
    ------
    ModelFileError
        If it does.
    zipfile.BadZipFile
        If it is damaged, or none that skops writes.
    """
    members = archive.infolist()
    _check_members(members)
    size = sum(member.file_size for member in members)
    most = _ALWAYS + _RATIO * len(content)
    text = next((m.file_size for m in members if m.filename == _SCHEMA), 0)
    if size > most or text > _TEXT_ALWAYS + _TEXT_RATIO * len(content):
        _refuse(where, content, f"unpacks to {size:,} in {len(members):,} parts")
    if archive.testzip() is not None:
        raise zipfile.BadZipFile
    for member in members:
        with archive.open(member) as part:
            kind = part.read(6)
            if kind == np.lib.format.MAGIC_PREFIX:
                part.seek(0)
                _check_array(part, member.file_size)
        # A sparse matrix of a step of scikit-learn is one.
        if kind.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(BytesIO(archive.read(member))) as inner:
                _check_members(inner.infolist())
                size += sum(part.file_size for part in inner.infolist())
    if size > most:
        _refuse(where, content, f"unpacks to {size:,}")


def read_schema(content, where):
    """Read the schema of an archive whose size was checked.

    Parameters
    ----------
    content : bytes
        The archive.
    where : str
        Its path, for the error.

    Returns
    -------
    schema : dict
    loaders : dict of set of str
        Names of types by what is to make them.

    Raises
    ------
    ModelFileError
        If its parts are named so often that they come to more than its size allows.
    """
    with zipfile.ZipFile(BytesIO(content)) as archive:
        schema = json.loads(archive.read(_SCHEMA))
        sizes = {member.filename: member.file_size for member in archive.infolist()}
    most, known, loaders = _ALWAYS + _RATIO * len(content), {}, {}

    def size_of(value):
        """Bytes of a value, those of what it shares with others once for each."""
        if isinstance(value, list):
            size = 8 * len(value) + sum(map(size_of, value))
        elif isinstance(value, dict):
            size = 8 * len(value) + sum(map(size_of, value.values()))
            size += sizes[value["file"]] if "file" in value else 0
            loader, own = value.get("__loader__"), value.get("__id__")
            if loader == "CachedNode":
                size += known[own]
            elif own is not None:
                known[own] = size
            if "__class__" in value:
                name = f"{value['__module__']}.{value['__class__']}"
                loaders.setdefault(loader, set()).add(name)
        else:
            return len(value) if isinstance(value, str) else 8
        if size > most:
            _refuse(where, content, f"comes to {size:,} or more")
        return size

    size_of(schema)
    return schema, loaders


def unchecked(loaders):
    """Names of types (set of str) whose indices nothing has checked, as C code trusts.

    Parameters
    ----------
    loaders : dict of set of str
        As `read_schema` gives them.
    """
    return loaders.get("SparseMatrixNode", set())


def _check_array(part, size):
    """Refuse an array whose header tells of other numbers than follow it."""
    version = np.lib.format.read_magic(part)
    read = np.lib.format.read_array_header_1_0
    if version == (2, 0):
        read = np.lib.format.read_array_header_2_0
    shape, _, dtype = read(part)
    number, n_bytes = math.prod(shape), dtype.itemsize
    if (
        min(shape, default=0) < 0
        or number * n_bytes != size - part.tell()
        or (number and not n_bytes)  # so many of nothing
    ):
        raise zipfile.BadZipFile


def _check_members(members):
    names = {member.filename for member in members}
    if (
        len(names) < len(members)
        or len(members) > _MOST_MEMBERS
        or any(member.compress_type not in _METHODS for member in members)
    ):
        raise zipfile.BadZipFile


def _refuse(where, content, what):
    raise ModelFileError(
        f"{where!r} has {len(content):,} bytes and {what}, as no model does. It was "
        "not read."
    )
