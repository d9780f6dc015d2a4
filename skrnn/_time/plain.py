"""Indexes and steps of pandas as arrays and plain values, and back."""

import datetime

import numpy as np
import pandas as pd
from pandas.tseries.offsets import BaseOffset

from skrnn._plain import Codec

__all__ = ["TIME_CODECS"]


def _index_to_plain(index):
    """Plain values (dict) of an index of any kind."""
    plain = {"name": _label_to_plain(index.name)}
    if isinstance(index, pd.MultiIndex):
        return {
            "kind": "several",
            "levels": list(index.levels),
            "codes": [np.asarray(codes) for codes in index.codes],
            "names": [_label_to_plain(name) for name in index.names],
        }
    if isinstance(index, pd.RangeIndex):
        plain |= {"kind": "range", "range": (index.start, index.stop, index.step)}
    elif isinstance(index, pd.CategoricalIndex):
        plain |= {
            "kind": "categories",
            "categories": index.categories,
            "codes": np.asarray(index.codes),
            "ordered": bool(index.ordered),
        }
    elif isinstance(index, pd.PeriodIndex):
        plain |= {"kind": "periods", "values": index.asi8, "freq": index.freqstr}
    elif isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        zone = getattr(index, "tz", None)
        plain |= {
            "kind": "times" if isinstance(index, pd.DatetimeIndex) else "durations",
            "values": index.asi8,
            "unit": index.unit,
            "zone": None if zone is None else _zone_to_plain(zone),
            "freq": index.freq,
        }
    elif isinstance(index.dtype, np.dtype) and index.dtype.kind in "biuf":
        plain |= {"kind": "numbers", "values": index.to_numpy()}
    else:
        plain |= {
            "kind": "labels",
            "values": [_label_to_plain(label) for label in index.tolist()],
            "dtype": str(index.dtype),
        }
    return plain


def _index_from_plain(plain):
    kind = plain["kind"]
    if kind == "several":
        return pd.MultiIndex(plain["levels"], plain["codes"], names=plain["names"])
    name, values = plain["name"], plain.get("values")
    if kind == "range":
        return pd.RangeIndex(*plain["range"], name=name)
    if kind == "categories":
        kept = plain["categories"], plain["ordered"]
        return pd.CategoricalIndex(
            pd.Categorical.from_codes(plain["codes"], *kept), name=name
        )
    if kind == "periods":
        return pd.PeriodIndex.from_ordinals(values, freq=plain["freq"], name=name)
    if kind == "durations":
        values = values.view(f"m8[{plain['unit']}]")
        return pd.TimedeltaIndex(values, freq=plain["freq"], name=name)
    if kind == "times":
        index = pd.DatetimeIndex(values.view(f"M8[{plain['unit']}]"), name=name)
        if plain["zone"] is not None:
            index = index.tz_localize("UTC").tz_convert(plain["zone"])
        index.freq = plain["freq"]
        return index
    dtype = plain["dtype"] if kind == "labels" else values.dtype
    # Tuples would make levels.
    if dtype == "object":
        array = np.empty(len(values), object)
        array[:] = values
        return pd.Index(array, dtype=object, name=name, tupleize_cols=False)
    return pd.Index(values, dtype=dtype, name=name)


def _zone_to_plain(zone):
    """Name (str) of a time zone."""
    name = str(zone)
    try:
        is_named = pd.Timestamp("2024-01-01", tz=name).tz.utcoffset is not None
        moments = pd.DatetimeIndex(["1970-01-01", "2024-01-01", "2024-07-01"], tz="UTC")
        same = moments.tz_convert(name).tz_localize(None) == moments.tz_convert(
            zone
        ).tz_localize(None)
        if is_named and same.all():
            return name
    except (ValueError, KeyError, LookupError, TypeError):
        pass
    raise TypeError(
        f"The time zone {zone!r} has no name that could be written down. Convert the "
        'index to a named one, such as "Europe/Berlin" or "UTC".'
    )


def _label_to_plain(label):
    """A label as a plain value where it is a number of NumPy."""
    return label.item() if isinstance(label, (np.generic,)) else label


def _offset_to_plain(offset):
    """Plain values (dict) of a step."""
    options = {name: value for name, value in offset.kwds.items() if name != "calendar"}
    if "holidays" in options:
        options["holidays"] = tuple(str(day) for day in options["holidays"])
    return {
        "class": type(offset).__name__,
        "n": offset.n,
        "normalize": bool(offset.normalize),
        "options": options,
    }


def _offset_from_plain(plain):
    kind = getattr(pd.offsets, plain["class"])
    if not issubclass(kind, BaseOffset):
        raise ValueError(f"{plain['class']!r} is no step of pandas.")
    if issubclass(kind, (pd.offsets.Tick, pd.offsets.Day)):
        return kind(plain["n"])
    return kind(plain["n"], normalize=plain["normalize"], **plain["options"])


TIME_CODECS = {
    "index": Codec(pd.Index, _index_to_plain, _index_from_plain),
    "step": Codec(BaseOffset, _offset_to_plain, _offset_from_plain),
    "timestamp": Codec(
        pd.Timestamp,
        lambda t: _index_to_plain(pd.DatetimeIndex([t])),
        lambda plain: _index_from_plain(plain)[0],
    ),
    "duration": Codec(
        pd.Timedelta,
        lambda t: _index_to_plain(pd.TimedeltaIndex([t])),
        lambda plain: _index_from_plain(plain)[0],
    ),
    "period": Codec(
        pd.Period,
        lambda t: _index_to_plain(pd.PeriodIndex([t])),
        lambda plain: _index_from_plain(plain)[0],
    ),
    "span": Codec(
        datetime.timedelta,
        lambda span: (span.days, span.seconds, span.microseconds),
        lambda plain: datetime.timedelta(*plain),
    ),
    "zone": Codec(
        datetime.tzinfo, _zone_to_plain, lambda name: pd.Timestamp(0, tz=name).tz
    ),
    "clock": Codec(datetime.time, datetime.time.isoformat, datetime.time.fromisoformat),
    # A moment is a day of Python's as well, so it comes first.
    "moment": Codec(
        datetime.datetime,
        datetime.datetime.isoformat,
        datetime.datetime.fromisoformat,
    ),
    "day": Codec(datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
}
