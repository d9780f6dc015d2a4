"""Archives as an attacker would make them: each is refused, or means the same."""

import bz2
import io
import itertools
import json
import struct
import zipfile
import zlib

import numpy as np

MAGIC = b"\x93NUMPY\x01\x00"


def members_of(content):
    """Members (dict of bytes) of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(members, method=zipfile.ZIP_DEFLATED):
    """An archive (bytes) of members (dict, or pairs of ZipInfo or str, and bytes)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, member in dict(members).items():
            archive.writestr(name, member)
    return buffer.getvalue()


def schema_of(content):
    """The schema (dict) of a file of skops."""
    return json.loads(members_of(content)["schema.json"])


def with_schema(content, schema):
    """The file with another schema (dict, str or bytes)."""
    text = json.dumps(schema) if isinstance(schema, dict) else schema
    return archive_of(members_of(content) | {"schema.json": text})


def with_header(member, descr="'<f4'", order="False", shape="(3,)", data=None):
    """A .npy with a header that says so, over the numbers of another."""
    (length,) = struct.unpack_from("<H", member, len(MAGIC))
    data = member[len(MAGIC) + 2 + length :] if data is None else data
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    text = text.encode("latin1")
    text += b" " * (-(len(MAGIC) + 2 + len(text) + 1) % 64) + b"\n"
    return MAGIC + struct.pack("<H", len(text)) + text + data


HEADERS = [
    {"descr": "'>f4'"},
    {"descr": "'|O'"},
    {"descr": "'|V0'", "shape": "(1000000000000,)"},
    {"descr": "'<U100000000'", "shape": "(1000,)"},
    {"descr": "[('a', '<f4')]"},
    {"descr": "[('a', '|O')]"},
    {"descr": "'<M8[s]'"},
    {"descr": "'float32'"},
    {"descr": "'<c8'", "shape": "(1,)"},
    {"order": "True"},
    {"order": "True", "shape": "(1, 3)"},
    {"shape": "(-1,)"},
    {"shape": "(-3, -1)"},
    {"shape": "()"},
    {"shape": "(0,)"},
    {"shape": "(0, 1000000000000)"},
    {"shape": "(1000000000000,)"},
    {"shape": "(1000000, 1000000, 1000000, 1000000)"},
    {"shape": "(3.0,)"},
    {"shape": "(True,)"},
    {"shape": "[3]"},
    {"shape": "(" * 150 + ")" * 150},
    {"shape": "(" + "9" * 5000 + ",)"},
    {"shape": "__import__('os').system('exit 3')"},
    {"data": b""},
]


def headers(content):
    """Each header in the place of that of the largest array."""
    members = members_of(content)
    name = max(members.keys() - {"schema.json"}, key=lambda n: len(members[n]))
    for change in HEADERS:
        forged = with_header(members[name], **change)
        yield f"header {change}"[:60], archive_of(members | {name: forged})


def swapped(content):
    """Numbers of the settings that change their places, two at a time."""
    schema = schema_of(content)
    found = []

    def walk(node):
        for key, item in node.items() if isinstance(node, dict) else enumerate(node):
            if key == "text" and isinstance(item, dict) and "content" in item:
                found.append(item)
            elif isinstance(item, dict | list):
                walk(item)

    walk(schema)
    for text in found:
        before = text["content"]
        state = json.loads(json.loads(before))
        places = []

        def numbers(node, places=places):
            for key, item in (
                node.items() if isinstance(node, dict) else enumerate(node)
            ):
                if isinstance(item, dict | list):
                    numbers(item)
                elif type(item) in (int, float):
                    places.append((node, key))

        numbers(state)
        for (one, i), (other, j) in itertools.pairwise(places):
            if one[i] == other[j]:
                continue
            one[i], other[j] = other[j], one[i]
            text["content"] = json.dumps(json.dumps(state))
            yield f"{i} and {j} swapped", with_schema(content, schema)
            one[i], other[j] = other[j], one[i]
        text["content"] = before


def exchanged(content):
    """Arrays that change their places."""
    members = members_of(content)
    names = sorted(members.keys() - {"schema.json"})
    for one, other in itertools.pairwise(names):
        both = {one: members[other], other: members[one]}
        yield "arrays exchanged", archive_of(members | both)


def schemas(content):
    """Schemas that are hard to read, or cost more than they seem to."""
    schema = schema_of(content)
    text = json.dumps(schema)
    open_ = text.index("{") + 1
    leaf = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode"}
    nested, shared = {**leaf, "content": [], "__id__": 1}, []
    for place in range(40):
        again = {**leaf, "__loader__": "CachedNode", "__id__": place + 1}
        nested = {**leaf, "__id__": place + 2, "content": [nested, again]}
    for _ in range(300):
        shared = {**leaf, "content": [shared] if shared else []}
    yield "deep lists", with_schema(content, "[" * 100_000 + "]" * 100_000)
    yield "deep text", with_schema(content, text[:open_] + '"x":' + "[" * 10**5)
    yield "deep nodes", with_schema(content, schema | {"content": shared})
    yield "many laughs", with_schema(content, schema | {"content": nested})
    for number in ("NaN", "-Infinity", "1e999", "9" * 4000, "9" * 5000, "-0"):
        more = text[:open_] + f'"__id__": {number}, "protocol": {number}, '
        yield f"the number {number[:9]}", with_schema(content, more + text[open_:])
    twice = text[:open_] + '"__class__": "system", "__module__": "os", ' + text[open_:]
    yield "a key twice", with_schema(content, twice)
    last = text.rindex("}")
    twice = text[:last] + ', "__class__": "system", "__module__": "os"}'
    yield "a key twice, the other last", with_schema(content, twice)
    yield "another encoding", with_schema(content, text.encode("utf-16"))
    yield "half a character", with_schema(content, text.encode() + b"\xff")
    yield "many lists", with_schema(content, '{"x": [' + "[]," * 10**7 + "[]]}")
    function = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}
    method = {"__class__": "eval", "__module__": "builtins", "__loader__": "TypeNode"}
    for node in (function, method, {**leaf, **function, "__loader__": "ObjectNode"}):
        forged = schema | {"content": {**schema["content"], "content": node}}
        yield f"{node['__loader__']} of code", with_schema(content, forged)


def bombs(content):
    """Archives that unpack to more than they say, or say more than they are."""
    members = members_of(content)
    schema = schema_of(content)
    zeros = io.BytesIO()
    np.save(zeros, np.zeros(50 * 2**20, np.int8))
    array = {"__class__": "ndarray", "__module__": "numpy", "type": "numpy"}
    array |= {"__loader__": "NdArrayNode", "file": "zeros.npy"}
    listed = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode"}
    often = schema | {"content": {**listed, "content": [array] * 100}}
    more = {"zeros.npy": zeros.getvalue(), "schema.json": json.dumps(often)}
    yield "one array a hundred times", archive_of(members | more)
    inner = archive_of({f"{i}.npy": bytes(2**26) for i in range(3)})
    sparse = {"__class__": "csr_matrix", "__module__": "scipy.sparse._csr"}
    sparse |= {"__loader__": "SparseMatrixNode", "type": "scipy", "file": "inner.npz"}
    nested = {"inner.npz": inner, "schema.json": json.dumps(schema | sparse)}
    yield "an archive within", archive_of(members | nested, zipfile.ZIP_STORED)
    yield "one that nothing reads", archive_of(members | {"inner.npz": inner})
    yield "a block that is a bomb", _bzip2(members)
    yield "all by lzma", archive_of(members, zipfile.ZIP_LZMA)
    hole = archive_of(members)
    yield "something before", b"MZ" + bytes(2**20) + hole
    yield "a long comment", _with_comment(hole, b"PK\x05\x06" * 16_000)


def _with_comment(content, comment):
    return content[:-2] + struct.pack("<H", len(comment)) + comment


def _bzip2(members):
    """An archive with a block of many bytes that says to be of few."""
    block, name = bz2.compress(bytes(3 * 10**8), 1), b"schema.json"
    check = zlib.crc32(bytes(100))
    sizes = struct.pack("<IIIHH", check, len(block), 100, len(name), 0)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 46, 0, 12, 0, 33) + sizes + name
    entry = b"PK\x01\x02" + struct.pack("<HHHHHH", 46, 46, 0, 12, 0, 33) + sizes
    entry += struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    start = len(local) + len(block)
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), start, 0)
    return local + block + entry + b"PK\x05\x06" + end


def containers(content):
    """Archives with other members, names and flags."""
    members = members_of(content)
    for name in (
        "../../evil.py",
        "/etc/evil",
        "C:\\evil",
        "a/../schema.json",
        "x" * 60_000,
    ):
        yield f"a member {name[:20]!r}", archive_of(members | {name: b"import os"})
    link = zipfile.ZipInfo("link.npy")
    link.external_attr = 0o120777 << 16
    yield "a link", archive_of([*members.items(), (link, b"/etc/passwd")])
    folder = zipfile.ZipInfo("schema.json/")
    yield "a folder", archive_of([*members.items(), (folder, b"")])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
        archive.NameToInfo.clear()  # or it would warn
        archive.writestr("schema.json", b"{}")
    yield "two schemas", buffer.getvalue()
    plain = archive_of(members, zipfile.ZIP_STORED)
    entry = plain.index(b"PK\x01\x02")
    for what, place, byte in [
        ("encrypted", entry + 8, 1),
        ("of an unknown method", entry + 10, 99),
        ("of a later version", entry + 6, 99),
        ("elsewhere", entry + 45, 127),
        ("with a longer name", entry + 28, 255),
    ]:
        forged = bytearray(plain)
        forged[place] = byte
        yield f"a member {what}", bytes(forged)
    at_end = bytearray(plain)
    at_end[-10:-6] = struct.pack("<I", 2**31)  # the directory's size
    yield "a directory of gigabytes", bytes(at_end)
    yield "an archive of nothing", archive_of({})
    yield "no schema", archive_of({n: m for n, m in members.items() if "json" not in n})


def crafted(content):
    """Yield what each file is (str), and the file (bytes)."""
    for kind in (headers, swapped, exchanged, schemas, bombs, containers):
        yield from kind(content)
