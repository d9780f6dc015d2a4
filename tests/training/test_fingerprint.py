"""Fingerprints: what they tell apart, and what is the same to them."""

import functools
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import torch

from skrnn._training.fingerprint import Fingerprint


def digest(value):
    fingerprint = Fingerprint()
    fingerprint.add(value)
    return fingerprint.digest()


def test_fingerprints_tell_things_apart():
    values = [
        1,
        1.0,
        "1",
        None,
        True,
        [1, 2],
        [[1], 2],
        {"a": 1},
        np.array([1, 2]),
        np.array([1, 2], np.int32),
        np.array([[1, 2]]),
        np.array([1.0, 2.0]),
        torch.nn.L1Loss,
        torch.nn.L1Loss(),
        torch.nn.HuberLoss(delta=2.0),
        torch.nn.CrossEntropyLoss(torch.tensor([1.0, 2.0])),
        np.random.RandomState(0),
        np.random.RandomState(1),
        (1, 2),
        torch.tensor([1, 2]),
        np.array(["1", "2"]),
        np.array(["1", "2"], object),
        np.array([1, 2], "datetime64[D]"),
        np.zeros((0, 2)),
        np.zeros((2, 0)),
        digest,
        np.linalg.norm,
    ]
    digests = []
    for value in values:
        digests.append(digest(value))
        assert digest(value) == digests[-1]
    assert len(set(digests)) == len(values)


class Scorer:
    """A scorer that does not say what it is."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, estimator, X, y):
        return self.factor * estimator.score(X, y)


def test_fingerprints_of_objects_are_those_of_what_they_hold():
    assert digest(Scorer(1)) == digest(Scorer(1)) != digest(Scorer(2))
    calls = [functools.partial(Scorer(1), y=i) for i in (1, 1, 2)]
    assert digest(calls[0]) == digest(calls[1]) != digest(calls[2])
    assert digest(Scorer) != digest(Scorer(1))


def test_memory_does_not_matter(tmp_path):
    array = np.random.default_rng(0).normal(size=(300, 1000))
    mapped = np.memmap(tmp_path / "array", array.dtype, "w+", shape=array.shape)
    mapped[:] = array
    wide = np.repeat(array, 2, axis=1)
    backwards = np.ascontiguousarray(array[::-1])[::-1]
    for same in (np.asfortranarray(array), mapped, wide[:, ::2], backwards):
        assert digest(same) == digest(array)
    assert digest(array[:, :1]) == digest(array[:, :1].copy())
    assert digest(torch.tensor(array).T) == digest(torch.tensor(array.T.copy()))
    assert digest(array.reshape(1000, 300)) != digest(array)


def test_the_order_of_keys_does_not_matter():
    first, second = {"a": 1, "b": [2]}, {"b": [2], "a": 1}
    assert digest(first) == digest(second) != digest({"a": [2], "b": 1})


def test_no_array_is_copied_whole():
    array = np.asfortranarray(np.zeros((5_000_000, 2), np.float32))  # 40 MB
    tracemalloc.start()
    try:
        digest(array)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4e6


OF_MANY_KINDS = """
from functools import partial
import numpy as np, torch
from skrnn._training.fingerprint import Fingerprint
fingerprint = Fingerprint()
fingerprint.add({'b': np.arange(5), 'a': {'x', 'y', 'z'}, 'c': None})
fingerprint.add([torch.nn.L1Loss, partial(np.sum, axis=1), np.int8(3), 'text'])
fingerprint.add(np.random.RandomState(3))
found = fingerprint.digest()
"""


def test_every_process_gives_the_same():
    here = {}
    exec(OF_MANY_KINDS, here)
    there = subprocess.run(
        [sys.executable, "-c", f"{OF_MANY_KINDS}print(found)"],
        capture_output=True,
        text=True,
        # Another one than here, where it is random.
        env=os.environ | {"PYTHONHASHSEED": "1"},
        check=True,
    )
    assert there.stdout.strip() == here["found"]
    assert len(here["found"]) == 40
