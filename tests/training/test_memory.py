"""How much memory there is, by the files of a system."""

import os
import sys

import pytest

from skrnn._training import memory


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A directory of control groups, and a function that names this process's."""
    monkeypatch.setattr(memory, "_ROOT", tmp_path)
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "resource", None)
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4}.get)

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return write


def test_without_groups_it_is_that_of_the_machine(system):
    assert memory.memory_of("cpu") == 4000


def test_a_limit_of_any_group_around_the_process_counts(system):
    system("cgroup", "0::/user/job\n")
    system("user/job/memory.max", "max\n")
    system("user/memory.max", "3000\n")
    assert memory.memory_of("cpu") == 3000
    system("memory.max", "2000\n")  # that of a container, seen from within
    assert memory.memory_of("cpu") == 2000
    system("user/job/memory.max", "5\n")
    assert memory.memory_of("cpu") == 5


def test_the_first_version_of_groups_has_other_names(system):
    system("cgroup", "4:cpu,memory:/docker/a:b\n3:pids:/docker\n0::/\n")
    system("memory/docker/a:b/memory.limit_in_bytes", "9223372036854771712\n")
    assert memory.memory_of("cpu") == 4000
    system("memory/docker/memory.limit_in_bytes", "300\n")
    assert memory.memory_of("cpu") == 300


def test_what_cannot_be_known_is_no_limit(system, monkeypatch):
    def unknown(name):
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "sysconf", unknown)
    assert memory.memory_of("cpu") == sys.maxsize
    monkeypatch.delattr(os, "sysconf")
    assert memory.memory_of("cpu") == sys.maxsize


def test_a_limit_of_the_process_counts(system, monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(memory, "resource", resource)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (700, 900))
    assert memory.memory_of("cpu") == 700
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, 900))
    assert memory.memory_of("cpu") == 4000


def test_this_machine_has_some():
    assert 2**20 < memory.memory_of("cpu") <= sys.maxsize
