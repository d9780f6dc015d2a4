"""Where the networks of a fit keep the states of their trainings."""

from contextlib import nullcontext
from pathlib import Path

from skrnn._training.checkpoint import Checkpoint, remove_files
from skrnn._training.fingerprint import Fingerprint
from skrnn._training.folder_lock import FolderLock
from skrnn._training.schedules import is_as_long_as_fit
from skrnn._training.workers import current_workers

# What may differ between a fit and the one that resumes its checkpoint.
_MAY_DIFFER = {
    "callbacks",
    "checkpoint_dir",
    "device",
    "max_epochs",
    "max_time",
    "verbose",
}


def new_checkpoints(parameters, estimator_name):
    """Make `Checkpoints` for the parameters (dict) of an estimator, or None."""
    directory = parameters["checkpoint_dir"]
    if directory is None:
        return None
    return Checkpoints(directory, parameters, estimator_name)


class Checkpoints:
    """Checkpoints of all networks of a fit, in one directory.

    Parameters
    ----------
    directory : str or path
        Where.
    parameters : dict
        Those of the estimator.
    estimator_name : str
        Its class.
    """

    def __init__(self, directory, parameters, estimator_name):
        self._directory, self._name = Path(directory), estimator_name
        self._parameters, workers = parameters, current_workers()
        self._writes = workers is None or workers.is_first
        if self._directory.exists() and not self._directory.is_dir():
            raise ValueError(
                f"checkpoint_dir must be a directory, but {str(directory)!r} is a file."
            )

    def in_use(self):
        """Return a context manager that keeps other fits out of the directory.

        Returns
        -------
        FolderLock, or what does nothing in a process that writes none
        """
        return FolderLock(self._directory) if self._writes else nullcontext()

    def tidy(self, *, resumes):
        """Remove what earlier fits left of all networks.

        Parameters
        ----------
        resumes : bool
            Whether the fit goes on from checkpoints, which are then kept.
        """
        if not self._writes:
            return
        # Those of any network: a later one would be gone on from with those of this
        # fit, if it breaks off before it comes to that network.
        for directory in [self._directory, *self._directory.glob("network-*")]:
            remove_files(directory, unfinished_only=resumes)

    def of(self, place, samples, given, targets, fold, begin_with):
        """Return the checkpoint of a network, which knows data and parameters again.

        Parameters
        ----------
        place : int
            Number of the network.
        samples : Samples
            All samples.
        given : Samples or None
            Validation samples that the user gave.
        targets : Targets
            What is predicted.
        fold : Fold
            What the network is trained and validated on.
        begin_with : dict or None
            Weights that a training which goes on begins with.

        Returns
        -------
        Checkpoint
        """
        parameters = self._parameters
        fingerprint = Fingerprint()
        fingerprint.add(self._name)
        fingerprint.add({k: v for k, v in parameters.items() if k not in _MAY_DIFFER})
        fingerprint.add([samples.source.contents(), samples.target])
        fingerprint.add([samples.loss_weight, begin_with, list(fold)])
        fingerprint.add(getattr(targets, "classes", None))
        schedule = parameters["lr_schedule"], parameters["lr_schedule_options"]
        if is_as_long_as_fit(*schedule):
            fingerprint.add(parameters["max_epochs"])
        if given is not None:
            fingerprint.add([given.source.contents(), given.target])
        directory = self._directory
        if place:
            directory /= f"network-{place + 1}"
        return Checkpoint(directory, fingerprint.digest())
