"""Regressors: cells, poolings, losses, outputs, and what stands beside the network."""

import numpy as np
import torch

from skrnn import RNNRegressor
from tests.golden.data import counts, numbers, ragged, with_holes
from tests.golden.registry import HALF, SINGLE, case, training_of


def regressor(**options):
    """A small network alone, that is trained in no time."""
    base = {
        "hidden_size": 5,
        "linear_steps": None,
        "n_estimators": 1,
        "batch_size": 16,
        "max_epochs": 4,
        "early_stopping": False,
        "dtype": "float64",
        "random_state": 0,
    }
    return RNNRegressor(**base | options)


def predictions(model, data, **fit_options):
    """Fit and predict."""
    model.fit(data.X, data.y, **fit_options)
    return {"predict": model.predict(data.X_new), **training_of(model)}


@case(tolerance=SINGLE)
def regressor_of_default_parameters():
    model = RNNRegressor(random_state=0)
    found = predictions(model, numbers(60, 12, seed=1))
    return {"predict": found["predict"]}


# -- cells and poolings ----------------------------------------------------------------


@case
def lstm_of_two_residual_layers_with_layer_norm_and_dropout():
    model = regressor(
        cell="lstm", num_layers=2, residual=True, norm="layer", dropout=0.2
    )
    return predictions(model.set_params(pooling="mean"), numbers())


@case
def gru_in_both_directions_with_batch_norm_and_input_noise():
    model = regressor(bidirectional=True, norm="batch", input_noise=0.1, pooling="max")
    return predictions(model, numbers())


@case
def tanh_network_with_attention_by_nesterov_momentum():
    model = regressor(
        cell="rnn",
        pooling="attention",
        optimizer="sgd",
        nesterov=True,
        learning_rate=0.02,
        max_grad_value=0.05,
        recurrent_dropout=0.2,
    )
    return predictions(model, numbers())


@case
def relu_network_begun_at_the_identity_with_mixed_pooling_by_rmsprop():
    model = regressor(
        cell="rnn",
        nonlinearity="relu",
        init="identity",
        pooling="mixed",
        optimizer="rmsprop",
        momentum=0.5,
    )
    return predictions(model, numbers(n_steps=8))


@case
def chrono_gru_by_truncated_back_propagation_and_adamw():
    model = regressor(init="chrono", tbptt_steps=6, optimizer="adamw", weight_decay=0.1)
    return predictions(model, numbers(n_steps=20))


@case
def lstm_alone_on_sequences_of_different_lengths():
    data = numbers(n_steps=14, n_features=3)
    data = data._replace(X=ragged(data.X), X_new=ragged(data.X_new))
    return predictions(regressor(cell="lstm", max_grad_norm=0.2), data)


@case
def segments_of_sequences_with_absent_steps():
    data = numbers(n_steps=17)
    X = with_holes(data.X, 0.2, seed=1, whole_steps=True)
    data = data._replace(X=X, X_new=with_holes(data.X_new, 0.3, seed=2))
    data.X_new[np.isnan(data.X_new).any(axis=2)] = np.nan
    return predictions(regressor(segment_length=4, pooling="max"), data)


@case(tolerance=SINGLE)
def single_precision_of_each_cell():
    data, found = numbers(n_steps=12), {}
    for cell, pooling in [("lstm", "mean"), ("gru", "last"), ("rnn", "max")]:
        model = regressor(cell=cell, pooling=pooling, dtype="float32", hidden_size=20)
        found[cell] = model.fit(data.X, data.y).predict(data.X_new)
    return found


@case(tolerance=HALF)
def half_precision_where_torch_holds_that_to_be_safe():
    model = regressor(dtype="float32", autocast=True, bidirectional=True)
    return predictions(model, numbers())


# -- losses ----------------------------------------------------------------------------


@case
def absolute_loss_by_nadam_with_a_step_schedule():
    model = regressor(
        loss="absolute_error", optimizer="nadam", lr_schedule="step", l1=0.01
    )
    return predictions(model, numbers())


@case
def huber_loss_by_adagrad_with_an_exponential_schedule():
    model = regressor(
        cell="lstm",
        loss="huber",
        optimizer="adagrad",
        lr_schedule="exponential",
        lr_schedule_options={"gamma": 0.8},
        learning_rate=0.05,
    )
    return predictions(model, numbers())


@case
def poisson_loss_of_counts_with_a_cosine_schedule():
    model = regressor(loss="poisson", lr_schedule="cosine", linear_steps="auto")
    return predictions(model, counts())


@case
def quantile_loss_of_two_outputs_with_one_cycle():
    data = numbers(n_outputs=2)
    model = regressor(
        loss="quantile", quantiles=(0.2, 0.5, 0.7, 0.9), lr_schedule="one_cycle"
    )
    found = predictions(model, data)
    return {**found, "quantiles": model.predict_quantiles(data.X_new)}


@case
def gaussian_loss_with_warmup_beside_a_linear_model():
    data = numbers()
    model = regressor(loss="gaussian", lr_schedule="warmup", linear_steps=3)
    found = predictions(model, data)
    std = model.predict(data.X_new, return_std=True)[1]
    return {**found, "std": std, "quantiles": model.predict_quantiles(data.X_new)}


@case
def student_t_loss_with_a_plateau_schedule():
    data = numbers()
    model = regressor(
        loss="student_t",
        lr_schedule="plateau",
        lr_schedule_options={"patience": 0, "threshold": 0.5},
        max_epochs=6,
        quantiles=[0.05, 0.95],
    )
    found = predictions(model, data)
    std = model.predict(data.X_new, return_std=True)[1]
    return {**found, "std": std, "quantiles": model.predict_quantiles(data.X_new)}


@case
def loss_optimiser_and_schedule_of_torch():
    model = regressor(
        loss=torch.nn.SmoothL1Loss,
        optimizer=torch.optim.Adamax,
        lr_schedule=torch.optim.lr_scheduler.PolynomialLR,
        lr_schedule_options={"total_iters": 5},
        scale=False,
    )
    return predictions(model, numbers())


# -- several outputs, and what stands beside the network -------------------------------


@case
def parallel_decoder_of_segments():
    model = regressor(
        decoder="parallel", segment_length=3, linear_steps="auto", instance_norm="last"
    )
    data = numbers(n_steps=12, n_features=1, n_outputs=6)
    return predictions(model, data)


@case
def standardised_sequences_of_two_outputs():
    data = numbers(n_outputs=2)
    return predictions(regressor(instance_norm="standard", linear_steps=5), data)


@case
def linear_model_beside_sequences_with_missing_values():
    data = numbers(n_steps=12, n_features=3)
    X, X_new = (with_holes(X, 0.15, seed=3) for X in (data.X, data.X_new))
    model = regressor(missing="indicator", linear_steps="auto", ema_decay=0.9)
    return predictions(model, data._replace(X=X, X_new=X_new))


@case
def as_many_networks_as_few_samples_ask_for():
    model = regressor(
        n_estimators="auto", linear_steps="auto", early_stopping=True, max_epochs=5
    )
    found = predictions(model, numbers(n_steps=14))
    return {**found, "net_weights_": model.net_weights_}


@case
def three_networks_with_a_gap_before_their_validation():
    model = regressor(
        n_estimators=3,
        early_stopping=True,
        validation_gap=2,
        validation_fraction=0.25,
        max_epochs=5,
    )
    found = predictions(model, numbers())
    return {**found, "validation_loss_curve_": model.validation_loss_curve_}


@case
def weights_of_samples_of_which_some_are_zero():
    weights = np.arange(48) % 4 / 2
    model = regressor(linear_steps="auto", shuffle=False)
    return predictions(model, numbers(), sample_weight=weights)
