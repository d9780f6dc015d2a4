"""Checkpoints of a training: one file that is whole at any moment."""

from pathlib import Path

import numpy as np
import torch

from skrnn._training.checkpoint_file import read_file, write_file
from skrnn._training.workers import current_workers
from skrnn.exceptions import ModelFileError

_NEWEST, _PREVIOUS = "checkpoint.skrnn", "checkpoint-previous.skrnn"
_NO_LIMIT = 2**62


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
        self.fingerprint = fingerprint
        self._newest = self.directory / _NEWEST
        self._previous = self.directory / _PREVIOUS
        self._workers = current_workers()

    def save(self, state):
        """Write a state (dict of tensors, numbers, strings, lists and dicts)."""
        if self._workers is not None and not self._workers.is_first:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        value = {"fingerprint": self.fingerprint, "state": plain(state)}
        write_file(self._newest, value, previous=self._previous)

    def load(self, check=None, limit=_NO_LIMIT):
        """Read the newest state that is whole; None if there is no file.

        Parameters
        ----------
        check : callable, default=None
            Takes a state, raises `ModelFileError` if it is none of this training, and
            returns it.
        limit : int
            Bytes of a file at the most.

        Returns
        -------
        dict or None

        Raises
        ------
        ModelFileError
            If no file is whole, or they belong to other data or parameters.
        """
        if self._workers is None:
            return self._load(check, limit)
        return self._workers.from_first(lambda: self._load(check, limit))

    def _load(self, check, limit):
        faults = []
        for path in (self._newest, self._previous):
            try:
                content = read_file(path, limit)
                if content is None:
                    continue
                state = self._state(content)
                return state if check is None else check(state)
            except _OtherFitError:
                raise
            except ModelFileError as fault:
                # Those of the content do not know the file.
                text = str(fault)
                faults.append(text if str(path) in text else f"{str(path)!r}: {text}")
        if faults:
            raise ModelFileError(" ".join(faults))
        return None

    def _state(self, content):
        if not isinstance(content, dict) or content.keys() != {"fingerprint", "state"}:
            raise ModelFileError("Its content is not a fingerprint and a state.")
        if content["fingerprint"] != self.fingerprint:
            raise _OtherFitError(
                f"The checkpoint in {str(self.directory)!r} belongs to a fit with "
                "other data or other parameters (max_epochs, max_time, verbose, "
                "callbacks and device may differ; max_epochs not where the length "
                "of lr_schedule is that of the fit). Fit with resume=False to "
                "remove it, or give another checkpoint_dir."
            )
        return content["state"]


class _OtherFitError(ModelFileError):
    """A file is whole, and belongs to another fit."""


def remove_files(directory, *, unfinished_only):
    """Remove what earlier trainings left in a directory.

    Parameters
    ----------
    directory : Path
        Where.
    unfinished_only : bool
        Whether to keep checkpoints, and remove what a killed process was writing.
    """
    for path in directory.glob("*.unfinished"):
        path.unlink(missing_ok=True)
    if not unfinished_only:
        for name in (_NEWEST, _PREVIOUS):
            (directory / name).unlink(missing_ok=True)


def plain(value):
    """Replace NumPy's numbers and what is no plain value, so that it can be read."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str | torch.Tensor):
        return value
    return repr(value)  # recorded by a callback of the user; nothing here needs it
