"""Files that are whole or not there, and reading nothing but files as such."""

import os
import secrets
import stat

from skrnn.exceptions import ModelFileError


def write_whole(path, parts, *, what, kept, previous=None):
    """Write a file that is there as a whole or not at all.

    It is written beside its place, synced to the disk and only then renamed.

    Parameters
    ----------
    path : Path
        The file.
    parts : list of bytes-like
        What it holds, one after the other.
    what, kept : str
        What is written, and what is kept where that fails; for the error.
    previous : Path, default=None
        Where what was there before goes; None replaces it.

    Raises
    ------
    OSError
        If the disk is full, say. What was there before is then kept.
    """
    # A name of its own: another may write here at the same time.
    unfinished = path.with_name(f"{secrets.token_hex(8)}.unfinished")
    try:
        with open(unfinished, "xb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        if previous is not None and path.exists():
            os.replace(path, previous)
        os.replace(unfinished, path)
        _sync_directory(path.parent)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{what} of {sum(map(len, parts)):,} bytes could not be written: "
            f"{error.strerror}. {kept}",
            str(path),
        ) from error
    finally:
        _remove(unfinished)


def read_regular(path, what, check):
    """Read a file, and neither a folder nor a pipe.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What it should be; for the error.
    check : callable
        Takes the open handle and the size (int) of the file, and raises an error where
        it is not to be read.

    Returns
    -------
    bytes

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ModelFileError
        If it is something else, or cannot be read.
    """
    try:
        return _read(path, what, check)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ModelFileError(
            f"{str(path)!r} cannot be read: {error.strerror}."
        ) from error


def _read(path, what, check):
    # Without waiting for a pipe to have a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise ModelFileError(f"{str(path)!r} is a folder, not {what}.")
        if not stat.S_ISREG(status.st_mode):
            raise ModelFileError(f"{str(path)!r} is no file, but a pipe or a device.")
        check(handle, status.st_size)
        with open(handle, "rb", closefd=False) as file:
            return file.read(status.st_size)
    finally:
        os.close(handle)


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
