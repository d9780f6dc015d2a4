"""What is decided where features are codes."""

import numpy as np
import pytest

from skrnn._ensemble.codes import decide_for_codes
from skrnn._network.settings import NetworkSettings
from skrnn._network.weight_count import count_weights, n_inputs
from skrnn._sequences.codes import Codes

AUTO = {"embedding_size": "auto", "input_noise": 0.0, "linear_steps": "auto"}


def sizes(codes, **parameters):
    return decide_for_codes(AUTO | parameters, codes)["embedding_sizes"]


def test_sizes_of_vectors():
    assert sizes(Codes((7,), 0)) == (4,)
    assert sizes(Codes((0, 500, 0, 3), 0)) == (1, 50, 1, 2)
    assert sizes(Codes((0, 500), 0), embedding_size=9) == (1, 9)
    vectors = np.ones((7, 11), np.float32)
    assert sizes(Codes((7,), 0, vectors)) == (11,)
    assert sizes(Codes((7,), 0, vectors), embedding_size=11) == (11,)
    with pytest.raises(ValueError, match="embedding_size=4, but the vectors"):
        sizes(Codes((7,), 0, vectors), embedding_size=4)


def test_what_is_decided_is_told():
    decided = decide_for_codes(AUTO, Codes((0, 500, 3), 0))
    assert decided["n_codes"] == (0, 500, 3)
    assert decided["embedding_size"] == 50


@pytest.mark.parametrize(
    ("name", "value", "off"),
    [
        ("instance_norm", "standard", "None"),
        ("linear_steps", 3, "None"),
        ("n_kernels", 84, "None"),
        ("input_noise", 0.5, "0.0"),
    ],
)
def test_what_reads_numbers_is_refused(name, value, off):
    message = rf"^{name}={value!r} .* X holds categories. Set {name}={off}\.$"
    with pytest.raises(ValueError, match=message):
        decide_for_codes(AUTO | {name: value}, Codes((3,), 0))
    decide_for_codes(AUTO | {"n_kernels": None, "instance_norm": None}, Codes((3,), 0))


def test_weights_and_inputs_are_counted():
    settings = NetworkSettings(
        **dict.fromkeys(NetworkSettings.__annotations__),
    )
    settings = NetworkSettings(
        **vars(settings)
        | {"cell": "gru", "hidden_size": 2, "num_layers": 1, "decoder": "linear"}
        | {"missing": "indicator", "n_codes": (0, 5), "embedding_sizes": (1, 3)}
    )
    assert n_inputs(settings, 2) == 1 + 3 + 2
    of_layer, of_head = 3 * 2 * (6 + 2 + 2), 2 + 1
    assert count_weights(settings, 2, 1, 1) == 5 * 3 + of_layer + of_head
