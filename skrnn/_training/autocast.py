"""What a training in bfloat16 tells the user."""

from skrnn._warn import warn_user


def warn_of_float32(net):
    """Warn where autocast finds a cell that has to stay in float32.

    Parameters
    ----------
    net : SequenceNet
        About to be trained.
    """
    fault = net.module_.bfloat16_fault() if net.settings.autocast else None
    if fault is not None:
        warn_user(
            "autocast=True: torch cannot run this cell in bfloat16 on this machine "
            f"({fault}). The cell is computed in float32, the rest in bfloat16. "
            "With autocast=False all of it is in float32."
        )
