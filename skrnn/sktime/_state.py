"""The state of sktime's estimators as plain data, for pickles and files."""

from sktime.datatypes._dtypekind import DtypeKind
from sktime.forecasting.base import ForecastingHorizon

from skrnn._forecasting.plain import FORECAST_CODECS, object_codec
from skrnn._plain import Codec, WholeCopiesMixin, pack, unpack
from skrnn._versions import note_version, read_versioned
from skrnn.sktime._calendar import calendar_columns

_NAME = "calendar_columns"


def _name(function):
    """Name (str) of the only function that a forecaster holds."""
    if function is not calendar_columns:
        raise TypeError(f"{function!r} is code, which no state holds.")
    return _NAME


_CODECS = FORECAST_CODECS | {
    "horizon": object_codec(ForecastingHorizon),
    "kind of column": Codec(DtypeKind, lambda kind: kind.value, DtypeKind),
    "function": Codec(type(calendar_columns), _name, {_NAME: calendar_columns}.get),
}


class PlainStateMixin(WholeCopiesMixin):
    """Pickles of arrays and text, and copies that keep all that a training needs."""

    def __getstate__(self):
        text, others = pack(note_version(self._state_to_keep()), _CODECS)
        return {"text": text, "others": others}

    def __setstate__(self, state):
        kept = unpack(state["text"], state["others"], _CODECS)
        if type(kept) is not dict:
            raise ValueError(f"This is no state of {type(self).__name__}.")
        vars(self).update(read_versioned(type(self), kept))
        self._state_was_set()

    def _state_to_keep(self):
        """Return the attributes (dict) that the others follow from."""
        return dict(vars(self))

    def _state_was_set(self):
        """Make the attributes that follow from others."""
