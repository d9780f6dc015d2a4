"""Files that are no checkpoints: refused with what they are, and not waited for."""

import errno
import io
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from skrnn._training.checkpoint_file import read_file, write_file
from skrnn.exceptions import ModelFileError
from tests.forgery import sealed

LIMIT = 2**20
VALUE = {"a": torch.arange(5.0), "b": [1, 2.5, "text", None, {"c": True}]}


def test_what_is_written_is_read(tmp_path):
    path, previous = tmp_path / "file", tmp_path / "before"
    assert read_file(path, LIMIT) is None
    write_file(path, VALUE, previous)
    assert not previous.exists()
    write_file(path, {"a": 1}, previous)
    assert read_file(path, LIMIT) == {"a": 1}
    read = read_file(previous, LIMIT)
    assert torch.equal(read.pop("a"), VALUE["a"])
    assert read == {"b": VALUE["b"]}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["before", "file"]


def test_a_large_file_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "file"
    with open(path, "wb") as file:
        file.truncate(3 * 2**30)  # a hole, which takes no space
    monkeypatch.setattr("builtins.open", None)
    with pytest.raises(ModelFileError, match=r"3,221,225,472 bytes, and was not read"):
        read_file(path, LIMIT)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are of POSIX")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="is no file, but a pipe"):
        read_file(tmp_path / "pipe", LIMIT)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ModelFileError, match=r"is a folder|cannot be read"):
        read_file(tmp_path, LIMIT)


def test_what_cannot_be_opened_cannot_be_read(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ModelFileError, match="cannot be read: Permission denied"):
        read_file(tmp_path / "file", LIMIT)


def archive_of(change):
    """The archive of a value, its records changed by a function of a dict."""
    given, result = io.BytesIO(), io.BytesIO()
    torch.save(VALUE, given)
    with zipfile.ZipFile(given) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    kind = change(records) or zipfile.ZIP_STORED
    with zipfile.ZipFile(result, "w", kind) as archive:
        for name, record in records.items():
            archive.writestr(name, record)
    return result.getvalue()


class Runs:
    ran = False

    def __reduce__(self):
        return setattr, (Runs, "ran", True)


class Allocates:
    def __reduce__(self):
        return bytearray, (10**9,)


def bomb(records):
    records["archive/data/0"] = bytes(10**7)
    return zipfile.ZIP_DEFLATED


def long_claim(records):
    data = records["archive/data.pkl"]
    claimed = data.replace(b"K\x05tq", b"M\xff\xfftq", 1)
    assert claimed != data
    records["archive/data.pkl"] = claimed


def short_claim(records):
    records["archive/data/0"] += bytes(4)


def code(records):
    records["archive/data.pkl"] = pickle.dumps(Runs(), 2)


def memory(records):
    records["archive/data.pkl"] = pickle.dumps(Allocates(), 2)


def newer_protocol(records):
    records["archive/data.pkl"] = pickle.dumps(Allocates(), 4)


def lost(records):
    del records["archive/data/0"]


@pytest.mark.parametrize(
    "change", [bomb, long_claim, short_claim, code, memory, newer_protocol, lost]
)
def test_forged_archives_are_refused(tmp_path, change):
    path = tmp_path / "file"
    path.write_bytes(sealed(archive_of(lambda records: None)))
    assert read_file(path, LIMIT)["b"] == VALUE["b"]
    path.write_bytes(sealed(archive_of(change)))
    with pytest.raises(ModelFileError, match="right hash, but it is no checkpoint"):
        read_file(path, LIMIT)
    assert not Runs.ran


@pytest.mark.parametrize("body", [b"", b"text", pickle.dumps([1]), bytes(100)])
def test_other_bodies_are_refused(tmp_path, body):
    path = tmp_path / "file"
    path.write_bytes(sealed(body))
    with pytest.raises(ModelFileError, match="right hash, but it is no checkpoint"):
        read_file(path, LIMIT)


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, name):
    path, previous = tmp_path / "file", tmp_path / "before"
    write_file(path, {"a": 1}, previous)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, name, full)
        with pytest.raises(OSError, match="could not be written") as error:
            write_file(path, {"a": 2}, previous)
    assert error.value.errno == errno.ENOSPC
    assert error.value.filename == str(path)
    assert "bytes" in str(error.value)
    assert "are kept" in str(error.value)
    assert read_file(path, LIMIT) == {"a": 1}
    assert [p.name for p in Path(tmp_path).iterdir()] == ["file"]
