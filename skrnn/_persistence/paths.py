"""Paths in files of models, which any Python and any system is to read."""

import json
import zipfile
from io import BytesIO

__all__ = ["PATHS", "with_known_paths"]

# What files know a path as, by its class; those of one system become that of any.
PATHS = {
    "PosixPath": "Path",
    "WindowsPath": "Path",
    "PurePosixPath": "PurePosixPath",
    "PureWindowsPath": "PureWindowsPath",
}
# The second is that of Python 3.13 alone.
_MODULES = ("pathlib", "pathlib._local")
_SCHEMA = "schema.json"


def with_known_paths(content):
    """Have the paths in an archive be of classes that are known here.

    skops by itself writes the class that a path has where it is written.

    Parameters
    ----------
    content : bytes
        The archive, whose size was checked.

    Returns
    -------
    bytes
        The same one, if it has no others.
    """
    with zipfile.ZipFile(BytesIO(content)) as archive:
        text = archive.read(_SCHEMA)
        if b'"pathlib' not in text:
            return content
        schema = json.loads(text)
        if not _rename(schema):
            return content
        parts = [(m, archive.read(m)) for m in archive.infolist()]
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, part in parts:
            is_schema = member.filename == _SCHEMA
            archive.writestr(member, json.dumps(schema) if is_schema else part)
    return buffer.getvalue()


def _rename(schema):
    """Rename paths in a schema; return whether there were any that had to be."""
    open_, is_renamed = [schema], False
    while open_:
        value = open_.pop()
        if isinstance(value, list):
            open_ += value
        elif isinstance(value, dict):
            open_ += value.values()
            named = value.get("__module__"), value.get("__class__")
            if named[0] in _MODULES and named[1] in PATHS:
                known = _MODULES[0], PATHS[named[1]]
                value["__module__"], value["__class__"] = known
                is_renamed |= named != known
    return is_renamed
