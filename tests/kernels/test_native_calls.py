"""What does not fit is refused, by the library and by what calls it.

`tests.soak.fuzz_kernels` does more of the first, and `tests.soak.sanitizers` watches
what is read and written meanwhile.
"""

import copy
import random

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from skrnn import RNNRegressor
from skrnn._convolutions.hydra import Hydra
from skrnn._convolutions.multirocket import MultiRocket
from skrnn._kernels import library as kernel_library
from skrnn._kernels.compiled_network import CompiledNetwork, KernelInputs
from skrnn._kernels.layer import run_kernel
from skrnn._kernels.rowwise import affine, sum_over_steps
from tests.instruction_levels import needs_kernels
from tests.kernels.support import compiled_step, new, sequences, targets, untrained
from tests.native_calls import new_calls
from tests.soak.fuzz_kernels import faults_of
from tests.support import same_bits, weights_of_all

pytestmark = needs_kernels
FUNCTIONS = [
    "open_network",
    "train",
    "predict",
    "predict_whole",
    "clip",
    "adam",
    "linear",
]
FUNCTIONS += ["clip_and_adam", "train_batches"]
FUNCTIONS += ["sum_over_steps", "layer_size", "layer_forward", "layer_backward"]
FUNCTIONS += ["convolve", "compete", "smooth", "train_composed", "keep_factors"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_refuses_what_does_not_fit_and_goes_on(level, name):
    rng = random.Random(0)
    tried = [
        found
        for _ in range(4)
        for c in new_calls(rng, [name])
        for found in faults_of(c)
    ]
    assert len(tried) > 20
    assert [found for found in tried if found[1] is not None] == []


def test_every_function_has_its_calls():
    closing = {"close_network", "open_pool", "close_pool"}
    known = set(kernel_library._SIGNATURES) | set(kernel_library._OF_NO_DTYPE)
    assert set(FUNCTIONS) == known - closing
    library = kernel_library.library()
    for name in ("open_pool", "close_pool"):
        arguments = [1, None] if name == "open_pool" else [None]
        assert getattr(library, f"skrnn_{name}")(*arguments) == -1
    assert library.skrnn_close_network_float32(None) == -1


# -- what calls the library ------------------------------------------------------------

X_FAULTS = {
    "features": lambda x: x[..., :-1].contiguous(),
    "integers": lambda x: x.long(),
    "half": lambda x: x.half(),
    "two axes": lambda x: x[0],
    "four axes": lambda x: x[None],
    "no numbers": lambda x: x.to("meta"),
    "sparse": lambda x: x.to_sparse(),
}
LENGTH_FAULTS = {
    "too long": lambda lengths: lengths + 8,
    "negative": lambda lengths: lengths - 8,
    "too few": lambda lengths: lengths[:-1],
    "too many": lambda lengths: torch.cat([lengths, lengths]),
    "other integers": lambda lengths: lengths.int(),
    "two axes": lambda lengths: lengths[None],
    "apart": lambda lengths: torch.stack([lengths, lengths], dim=1)[:, 0],
}
TENSOR_FAULTS = {
    "spread": lambda t: t.flatten()[:1].expand(t.shape),
    "turned": lambda t: t.T if t.ndim > 1 else t.repeat(2)[::2],
    "smaller": lambda t: t[:-1].clone(),
    "larger": lambda t: torch.cat([t, t]),
    "another type": lambda t: t.double() if t.dtype != torch.float64 else t.float(),
}


@pytest.fixture(scope="module")
def network():
    X, y = sequences(6, "float32"), targets(RNNRegressor, 6)
    return untrained(RNNRegressor, {"hidden_size": 4}, X, y).net_.module_


def given():
    x = torch.ones(6, 7, 3)
    return x, torch.tensor([7, 0, 3, 7, 5, 1]), torch.ones(6, 2), torch.ones(6)


@pytest.mark.parametrize("fault", X_FAULTS)
def test_a_network_refuses_sequences(network, fault):
    x, _, target, _ = given()
    with compiled_step(network) as step:
        for call in (
            lambda x: step.network.outputs(KernelInputs(x)),
            lambda x: step.gradients(KernelInputs(x), target, None),
        ):
            with pytest.raises((ValueError, IndexError, RuntimeError)):
                call(X_FAULTS[fault](x))
            call(x)


@pytest.mark.parametrize("fault", LENGTH_FAULTS)
def test_a_network_refuses_lengths(network, fault):
    x, lengths, target, _ = given()
    wrong = LENGTH_FAULTS[fault](lengths)
    with compiled_step(network) as step:
        for lengths_given in (wrong, lengths):
            calls = [
                lambda n=lengths_given: step.network.outputs(KernelInputs(x, n)),
                lambda n=lengths_given: step.gradients(
                    KernelInputs(x, n), target, None
                ),
            ]
            for call in calls:
                if lengths_given is wrong:
                    with pytest.raises(ValueError, match=r"lengths"):
                        call()
                else:
                    call()


@pytest.mark.parametrize("fault", TENSOR_FAULTS)
def test_a_step_refuses_targets_weights_and_parameters(network, fault):
    x, _, target, weight = given()
    broken = TENSOR_FAULTS[fault]
    with compiled_step(network) as step:
        with pytest.raises(ValueError, match="target is a"):
            step.gradients(KernelInputs(x), broken(target), None)
        with pytest.raises(ValueError, match="weight is a"):
            step.gradients(KernelInputs(x), target, broken(weight))
    for number in range(6):
        form = copy.deepcopy(network).standard_form()
        form.weights[number] = broken(form.weights[number].detach())
        with pytest.raises(ValueError, match="A weight is a"):
            CompiledNetwork(form, 1)
        form = network.standard_form()
        with CompiledNetwork(form, 1) as compiled:
            gradients = [torch.zeros_like(w) for w in form.weights]
            gradients[number] = broken(gradients[number])
            with pytest.raises(ValueError, match="A gradient is a"):
                compiled.read_addresses(form, gradients)


def test_a_label_beyond_the_classes_is_refused(network):
    x = given()[0]
    with compiled_step(network, loss=("cross_entropy", 0.0, 0.0, ())) as step:
        step.gradients(KernelInputs(x), torch.tensor([0, 1, 0, 1, 0, 1]), None)
        for label in (-1, 2):
            with pytest.raises(ValueError, match="misfit"):
                step.gradients(KernelInputs(x), torch.full((6,), label), None)


def test_tables_and_padding_are_checked():
    X, y = np.zeros((6, 4, 2)), targets(RNNRegressor, 6)
    options = {"hidden_size": 4, "categorical_features": [1], "segment_length": 2}
    network = untrained(RNNRegressor, options, X, y).net_.module_
    x, padding = torch.zeros(6, 4, 2), torch.tensor([0, 1, 0, 1, 1, 0])
    with compiled_step(network) as step:
        fine = step.network.outputs(KernelInputs(x, padding=padding))
        assert torch.equal(step.network.outputs(KernelInputs(x, padding=padding)), fine)
        for wrong in (torch.full((6,), 2), torch.full((6,), -1)):
            with pytest.raises(ValueError, match="misfit"):
                step.network.outputs(KernelInputs(x, padding=wrong))
        with pytest.raises(ValueError, match="lengths is a"):
            step.network.outputs(KernelInputs(x, padding=padding[:5]))
        with pytest.raises(ValueError, match="no whole segments"):
            step.network.outputs(KernelInputs(x[:, :3].contiguous()))
        for code in (-1.0, 3.0, np.nan):
            with pytest.raises(ValueError, match="misfit"):
                step.network.outputs(KernelInputs(x + torch.tensor([0.0, code])))
    form = copy.deepcopy(network).standard_form()
    form.codes.tables[1] = form.codes.tables[1].detach().double()
    with pytest.raises(ValueError, match="A table is a"):
        CompiledNetwork(form, 1)


def test_a_network_of_another_form_is_refused(network):
    form = network.standard_form()
    with CompiledNetwork(form, 1) as compiled:
        for other in ({"cell": "lstm"}, {"pooling": "mean"}, {"n_features": 2}):
            with pytest.raises(ValueError, match="is not one"):
                compiled.read_addresses(form._replace(**other))


@pytest.mark.parametrize("grad", [True, False])
def test_a_layer_refuses_what_does_not_fit(grad):
    layer, (x, lengths, *_) = new("gru", 3, 5, torch.float32), given()
    faults = [
        {"x": X_FAULTS[name](x)} for name in ("features", "two axes", "no numbers")
    ]
    faults += [
        {"lengths": LENGTH_FAULTS[n](lengths)} for n in LENGTH_FAULTS if n != "apart"
    ]
    faults += [{"begin": (torch.ones(shape),)} for shape in ((6, 4), (5, 5), (6,))]
    faults += [{"begin": (torch.ones(6, 5).double(),)}]
    with torch.set_grad_enabled(grad):
        for fault in faults:
            with pytest.raises(ValueError):
                run_kernel(layer, **{"x": x, "lengths": lengths} | fault)
        run_kernel(layer, x, lengths, begin=(torch.ones(6, 5),))


def test_products_and_sums_refuse_what_does_not_fit():
    x, lengths, *_ = given()
    weight, bias = torch.ones(4, 3), torch.ones(4)
    with torch.no_grad():
        affine(x, weight, bias)
        for wrong in (weight[:, :2], weight.double(), torch.ones(4, 5)):
            with pytest.raises(ValueError, match="weight is a"):
                affine(x, wrong, bias)
        for wrong in (bias[:3], bias.double(), weight):
            with pytest.raises(ValueError, match="bias is a"):
                affine(x, weight, wrong)
        factors = torch.ones(6, 7, 1)
        sum_over_steps(x, factors, lengths)
        for wrong in (factors[:5], factors[:, :6], factors[..., 0], factors.double()):
            with pytest.raises(ValueError, match="factors is a"):
                sum_over_steps(x, wrong, lengths)
        for name in set(LENGTH_FAULTS) - {"apart"}:
            with pytest.raises(ValueError, match="lengths"):
                sum_over_steps(x, None, LENGTH_FAULTS[name](lengths))


@pytest.mark.parametrize("model", [MultiRocket(3, 2, 1), Hydra(3, 2, 1)], ids=repr)
def test_convolutions_refuse_what_does_not_fit(model):
    x, lengths, *_ = given()
    model(x, lengths)
    for name in ("features", "two axes", "four axes"):
        with pytest.raises((ValueError, IndexError, RuntimeError)):
            model(X_FAULTS[name](x), lengths)
    for name in set(LENGTH_FAULTS) - {"apart"}:
        with pytest.raises(ValueError, match="lengths"):
            model(x, LENGTH_FAULTS[name](lengths))


# -- callbacks that move what the kernels read -----------------------------------------


class Move(Callback):
    """Put copies in the place of weights and gradients, at some hook."""

    def __init__(self, hook, spread=False):
        self.hook = hook
        self.spread = spread

    def _move(self, net, **kwargs):
        for weight in net.module_.parameters():
            weight.data = weight.data.clone()
            if weight.grad is not None:
                weight.grad = weight.grad.clone()
        # What was there is used for something else.
        self.others_ = [torch.full((n,), np.nan) for n in range(1, 200)]

    def on_batch_begin(self, net, **kwargs):
        if self.hook == "on_batch_begin":
            self._move(net)

    def on_batch_end(self, net, **kwargs):
        if self.hook == "on_batch_end":
            self._move(net)

    def on_grad_computed(self, net, named_parameters, **kwargs):
        if self.hook == "on_grad_computed":
            self._move(net)


def fit_with(callbacks, **options):
    X, y = sequences(50, "float32"), targets(RNNRegressor, 50)
    model = RNNRegressor(
        **{"hidden_size": 4, "max_epochs": 2, "n_estimators": 1, "batch_size": 16}
        | options,
        callbacks=callbacks,
        random_state=0,
    )
    return model.fit(X, y)


@pytest.mark.parametrize("hook", ["on_batch_begin", "on_batch_end"])
def test_weights_may_be_moved_between_batches(hook):
    assert same_bits(fit_with([Move(hook)]), fit_with(None))


class Halve(Callback):
    def on_grad_computed(self, net, named_parameters, **kwargs):
        for _, weight in named_parameters:
            if weight.requires_grad:
                weight.grad = weight.grad / 2  # a new tensor


class HalveInPlace(Callback):
    def on_grad_computed(self, net, named_parameters, **kwargs):
        for _, weight in named_parameters:
            if weight.requires_grad:
                weight.grad.div_(2)


class DropGradients(Callback):
    def on_grad_computed(self, net, named_parameters, **kwargs):
        for _, weight in named_parameters:
            weight.grad = None


def test_gradients_of_callbacks_are_those_of_the_step():
    new_tensors = fit_with([Halve()], optimizer="adam")
    in_place = fit_with([HalveInPlace()], optimizer="adam")
    pairs = zip(weights_of_all(new_tensors), weights_of_all(in_place), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


class OtherPlaces(torch.optim.Optimizer):
    """Gradient descent that puts new tensors in the place of weights and gradients."""

    def __init__(self, params, lr=0.01):
        super().__init__(params, {"lr": lr})

    def step(self, closure=None):
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for weight in group["params"]:
                weight.data = weight.data - group["lr"] * weight.grad
                weight.grad = None
        self.others_ = [torch.full((n,), np.nan) for n in range(1, 200)]
        return loss


def test_an_optimiser_may_move_weights():
    options = {"learning_rate": 0.1, "max_grad_norm": None}
    own = fit_with(None, optimizer=OtherPlaces, **options)
    known = fit_with(None, optimizer="sgd", momentum=0.0, **options)
    for one, other in zip(weights_of_all(own), weights_of_all(known), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_weights_without_gradients_stay():
    model = fit_with([DropGradients()], early_stopping=False, ema_decay=None)
    still = fit_with(None, early_stopping=False, ema_decay=None, learning_rate=1e-30)
    for one, other in zip(weights_of_all(model), weights_of_all(still), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-20)


class Shrink(Callback):
    def on_batch_end(self, net, **kwargs):
        weight = net.module_.head.weight
        weight.data = weight.data[:, :2].clone()


def test_a_weight_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="A weight is a"):
        fit_with([Shrink()])
