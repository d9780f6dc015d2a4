"""Damage and forgery of files of models, one mutation after the other."""

import io
import json
import zipfile

import numpy as np

from tests.crafted import HEADERS, with_header


def damaged(content, rng):
    """Return a file (bytes) damaged at random."""
    content = bytearray(content)
    start, stop = np.sort(rng.integers(0, len(content) + 1, 2))
    kind = rng.integers(7)
    if kind == 0:
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
    elif kind == 1:
        for place in rng.integers(0, len(content), 20):
            content[place] = rng.integers(256)
    elif kind == 2:
        del content[start:]
    elif kind == 3:
        del content[start:stop]
    elif kind == 4:
        content[start:stop] = bytes(int(stop - start))
    elif kind == 5:
        content[start:start] = content[start:stop]
    else:
        content += rng.bytes(rng.integers(1, 200))
    return bytes(content)


def forged(content, rng):
    """Return an archive (bytes) with right checksums and one value replaced.

    Nothing tells it from a file that was written so.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    if rng.random() < 0.3:
        name = rng.choice(sorted(set(members) - {"schema.json"}))
        members[name] = _other_array(members[name], rng)
    else:
        _replace_one(schema, rng)
        members["schema.json"] = json.dumps(schema).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return buffer.getvalue()


OTHERS = [
    None,
    True,
    -1,
    0,
    3,
    2**31,
    10**9,
    10**30,
    1e308,
    float("nan"),
    "",
    "lstm",
    "last",
    "x" * 1000,
    "os.system",
    [],
    {},
    {"tuple": []},
    {"other": 0},
    {"other": 10**9},
    [[[]]],
]


def _replace_one(schema, rng):
    """Replace a leaf or a branch of a schema, within the text of a state too."""
    places = []

    def walk(value):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            places.append((value, key))
            if isinstance(item, (dict, list)):
                walk(item)

    walk(schema)
    texts = [
        (v, k)
        for v, k in places
        if isinstance(v[k], str) and v[k].startswith('"{') and len(v[k]) > 50
    ]
    if texts and rng.random() < 0.6:
        value, key = texts[rng.integers(len(texts))]
        state = json.loads(json.loads(value[key]))
        _replace_one(state, rng)
        value[key] = json.dumps(json.dumps(state))
        return
    value, key = places[rng.integers(len(places))]
    other = OTHERS[rng.integers(len(OTHERS))]
    if (
        isinstance(value[key], str) and value.get("is_json")
        if isinstance(value, dict)
        else False
    ):
        other = json.dumps(other)
    value[key] = other


def _other_array(member, rng):
    array = np.load(io.BytesIO(member))
    kind = rng.integers(7)
    if kind == 6:
        return with_header(member, **HEADERS[rng.integers(len(HEADERS))])
    if kind == 0:
        array = array.ravel()[: array.size // 2]
    elif kind == 1:
        array = array.astype(rng.choice(["float64", "float32", "int8", "bool", "U3"]))
    elif kind == 2:
        array = np.concatenate([array.ravel(), array.ravel()])
    elif kind == 3 and array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            array = np.full_like(array, rng.choice([np.nan, np.inf, 1e300]))
    elif kind == 4:
        array = array.reshape(1, *array.shape)
    else:
        return member[: rng.integers(len(member) + 1)]
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
