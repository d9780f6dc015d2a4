"""How much memory there is for a training."""

import os
import sys
from pathlib import Path

import torch

try:
    import resource
except ImportError:  # on Windows
    resource = None

_GROUPS = Path("/proc/self/cgroup")
_ROOT = Path("/sys/fs/cgroup")


def memory_of(device):
    """Say how much memory there is, used or not.

    Parameters
    ----------
    device : str
        Name of a torch device.

    Returns
    -------
    int
        Bytes of the device, or of the machine as far as this process may use it. Where
        neither can be known, as many as a process can ever have.
    """
    if device.startswith("cuda"):
        return torch.cuda.get_device_properties(device).total_memory
    return min([sys.maxsize, *_of_machine(), *_of_process(), *_of_groups()])


def _of_machine():
    try:
        return [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (AttributeError, OSError, ValueError):  # not on Windows
        return []


def _of_process():
    if resource is None:
        return []
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return [] if limit == resource.RLIM_INFINITY else [limit]


def _of_groups():
    """Limits of the control groups of Linux, both versions, which containers have."""
    try:
        lines = _GROUPS.read_text().splitlines()
    except (OSError, UnicodeDecodeError):  # another system
        return []
    limits = []
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            root, file = _ROOT, "memory.max"
        elif "memory" in controllers.split(","):
            root, file = _ROOT / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = root / name.lstrip("/")
        # That of a group holds for those within it. A container may see its own as
        # the root, whatever name it has outside.
        for folder in [group, *group.parents]:
            if folder.is_relative_to(root):
                limits += _number_in(folder / file)
    return limits


def _number_in(path):
    try:
        return [int(path.read_text())]
    except (OSError, ValueError):  # not there, or "max"
        return []
