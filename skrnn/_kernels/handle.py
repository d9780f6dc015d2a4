"""What kernels keep between calls, owned by one object and closed once."""

import ctypes


class Handle:
    """A place where the library notes what it opened, and forgets it before it closes.

    The library itself writes there, so that no interrupt can come between opening and
    noting, or between closing and forgetting.

    Parameters
    ----------
    close : function of the library
        Takes the place.
    """

    def __init__(self, close):
        self._close = close
        # For the library's functions, which refuse it where nothing is open.
        self.place = ctypes.c_void_p()

    @property
    def value(self):
        """Address (int) of what is open, or None."""
        return self.place.value

    def open(self, function, *arguments):
        """Have a function of the library open something; it takes the place last.

        Returns
        -------
        int
            What the function answers.
        """
        self.close()
        return function(*arguments, ctypes.byref(self.place))

    def close(self):
        """Close what is open, if anything is."""
        self._close(ctypes.byref(self.place))

    __del__ = close
