"""Checkpoints of a training: one file that is whole at any moment."""

import hashlib
import io
import os
from pathlib import Path

import numpy as np
import torch

from skrnn.exceptions import ModelFileError

_MAGIC = b"skrnn checkpoint 1\n"


class Checkpoint:
    """The newest state of a training in a directory, and the one before it.

    A state is written beside the others, synced to the disk and only then renamed, so
    that a process killed at any moment leaves at least one whole file.

    Parameters
    ----------
    directory : str or path
        Where; made if it is not there.
    fingerprint : str
        What identifies data and parameters.
    """

    def __init__(self, directory, fingerprint):
        self.directory = Path(directory)
        if self.directory.exists() and not self.directory.is_dir():
            raise ValueError(
                f"checkpoint_dir must be a directory, but {str(directory)!r} is a file."
            )
        self.fingerprint = fingerprint
        self._newest = self.directory / "checkpoint.skrnn"
        self._previous = self.directory / "checkpoint-previous.skrnn"

    def clear(self):
        """Remove what an earlier training left."""
        for path in (self._newest, self._previous):
            path.unlink(missing_ok=True)

    def save(self, state):
        """Write a state (dict of tensors, numbers, strings, lists and dicts)."""
        self.directory.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        torch.save({"fingerprint": self.fingerprint, "state": _plain(state)}, buffer)
        content = buffer.getbuffer()
        unfinished = self.directory / "checkpoint.unfinished"
        with open(unfinished, "wb") as file:
            file.write(_MAGIC)
            file.write(hashlib.sha256(content).digest())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if self._newest.exists():
            os.replace(self._newest, self._previous)
        os.replace(unfinished, self._newest)
        _sync_directory(self.directory)

    def load(self):
        """Read the newest state that is whole; None if there is no file.

        Returns
        -------
        dict or None

        Raises
        ------
        ModelFileError
            If no file is whole, or they belong to other data or parameters.
        """
        faults = []
        for path in (self._newest, self._previous):
            if not path.exists():
                continue
            try:
                content = _read(path)
            except ModelFileError as fault:
                faults.append(str(fault))
                continue
            if content["fingerprint"] != self.fingerprint:
                raise ModelFileError(
                    f"The checkpoint in {str(self.directory)!r} belongs to a fit with "
                    "other data or other parameters (max_epochs, max_time, verbose, "
                    "callbacks and device may differ; max_epochs not where the length "
                    "of lr_schedule is that of the fit). Fit with resume=False to "
                    "overwrite it, or give another checkpoint_dir."
                )
            return content["state"]
        if faults:
            raise ModelFileError(" ".join(faults))
        return None


def _plain(value):
    """Replace NumPy's numbers and what is no plain value, so that it can be read."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str | torch.Tensor):
        return value
    return repr(value)  # recorded by a callback of the user; nothing here needs it


def _read(path):
    content = path.read_bytes()
    start = len(_MAGIC) + hashlib.sha256().digest_size
    body = memoryview(content)[start:]
    digest = content[len(_MAGIC) : start]
    if content[: len(_MAGIC)] != _MAGIC or hashlib.sha256(body).digest() != digest:
        raise ModelFileError(f"{str(path)!r} is not a whole checkpoint of skrnn.")
    # Only tensors and plain values are read: a file cannot run code.
    return torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)


def _sync_directory(directory):
    if os.name != "posix":  # elsewhere a directory cannot be opened
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
