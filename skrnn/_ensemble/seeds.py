"""Seeds of networks and of what stands beside them."""

import secrets

from sklearn.utils import check_random_state

from skrnn._training.workers import current_workers


def draw_seeds(random_state, n_seeds):
    """Draw as many seeds of networks (list of int); the first does not depend on it.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        Where they come from.
    n_seeds : int
        How many.
    """
    if random_state is None:
        # From the system: NumPy's global state belongs to the caller.
        seeds = [secrets.randbits(63) for _ in range(n_seeds)]
        workers = current_workers()
        return seeds if workers is None else workers.from_first(lambda: seeds)
    random = check_random_state(random_state)
    return [int(random.randint(2**31 - 1)) for _ in range(n_seeds)]
