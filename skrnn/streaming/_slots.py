"""Which place each stream has, and which one is dropped where there are too many."""

__all__ = ["Slots"]


class Slots:
    """Places of streams by their keys.

    Parameters
    ----------
    most : int or None
        Streams there are at most; the one that is used least recently goes.
    """

    def __init__(self, most=None):
        self._most = most
        self._of = {}  # in order of use
        self._free = []

    def __len__(self):
        return len(self._of)

    def __contains__(self, key):
        return key in self._of

    def keys(self):
        """All keys (list), least recently used first."""
        return list(self._of)

    def get(self, key):
        """The place (int) of a stream, which is used thereby; None if there is none."""
        slot = self._of.pop(key, None)
        if slot is not None:
            self._of[key] = slot
        return slot

    def of(self, key):
        """The place (int) of a stream, which stays as recently used as it is."""
        return self._of[key]

    def add(self, key):
        """Give a new stream its place (int); `trim` makes sure of their number."""
        slot = self._free.pop() if self._free else len(self._of)
        self._of[key] = slot
        return slot

    def trim(self):
        """Drop what is used least recently, where there are too many."""
        while self._most is not None and len(self._of) > self._most:
            self.drop(next(iter(self._of)))

    def drop(self, key):
        """Forget a stream."""
        self._free.append(self._of.pop(key))
