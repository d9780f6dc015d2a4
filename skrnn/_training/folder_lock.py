"""A folder that one fit at a time writes into."""

import os
import secrets
from pathlib import Path

from skrnn._kernels.scopes import Scope

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None
    import msvcrt


class FolderLock(Scope):
    """A context manager: what is within has a folder for itself.

    The system holds the lock, for an open file, so that the lock of a process that was
    killed is gone with it. Where a file system knows no locks there is none.

    Parameters
    ----------
    directory : path
        Which; made if it is not there.

    Raises
    ------
    BlockingIOError
        If another fit has it, in this process or another.
    OSError
        If the folder cannot be written to.
    """

    _file = None

    def __init__(self, directory):
        self._directory = Path(directory)

    def _begin(self):
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._try_to_write()
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
            self._file = os.fdopen(
                os.open(self._directory / "checkpoint.lock", flags), "r+b", buffering=0
            )
        except OSError as error:
            raise OSError(
                error.errno,
                "checkpoint_dir cannot be written to, so nothing was trained: "
                f"{error.strerror}",
                str(self._directory),
            ) from error
        try:
            _lock(self._file)
        except (BlockingIOError, PermissionError) as error:
            raise BlockingIOError(
                error.errno,
                "checkpoint_dir is in use by another fit. Wait for it, or give each "
                "fit a folder of its own",
                str(self._directory),
            ) from error
        except OSError:  # this file system has no locks
            pass

    def _try_to_write(self):
        path = self._directory / f"{secrets.token_hex(8)}.unfinished"
        try:
            path.write_bytes(b"written")
        finally:
            path.unlink(missing_ok=True)

    def _finish(self):
        if self._file is not None:
            _unlock(self._file)
            self._file.close()


def _lock(file):
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)


def _unlock(file):
    # A process that was forked meanwhile has the file open, too.
    if fcntl is not None and not file.closed:
        try:
            fcntl.flock(file, fcntl.LOCK_UN)
        except OSError:  # this file system has no locks
            pass
