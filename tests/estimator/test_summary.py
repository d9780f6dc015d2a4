"""What a fitted estimator says it is made of."""

import copy
from email.message import Message

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, RNNRegressor, ToSequence
from skrnn._estimator import documentation
from tests.estimator.data import LABELS, X, y

QUICK = {"hidden_size": 4, "max_epochs": 2, "n_estimators": 2, "random_state": 0}
QUICK["early_stopping"] = False
ALL = {"max_epochs": 2, "random_state": 0, "early_stopping": False, "hidden_size": 4}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cell": "rnn", "nonlinearity": "relu", "pooling": "attention"},
        {"num_layers": 3, "bidirectional": True, "norm": "layer", "residual": True},
        {"decoder": "parallel", "segment_length": 2, "loss": "gaussian"},
        {"norm": "batch", "instance_norm": "last", "linear_steps": None},
        {"n_filters": 3, "segment_length": 2},
        {"loss": torch.nn.MSELoss, "missing": "indicator"},
    ],
    ids=str,
)
def test_layers_hold_all_the_weights(options):
    model = RNNRegressor(**QUICK | options).fit(X, np.stack([y, -y, y], axis=1))
    summary = model.summary()
    counts = [
        sum(w.numel() for w in net.module_.parameters() if w.requires_grad)
        for net in model.nets_
    ]
    assert sum(layer.n_parameters for layer in summary.layers) == counts[0]
    assert [row.n_parameters for row in summary.networks] == counts
    assert summary.n_parameters == summary.parts[-1].n_parameters == sum(counts)
    assert f"{sum(counts):,}" in str(summary)
    names = [layer.name for layer in summary.layers]
    n_layers = options.get("num_layers", 1)
    decoder = ["decoder"] if "decoder" in options else []
    layers = [f"recurrent.{i}" for i in range(n_layers)]
    filters = ["filters"] if "n_filters" in options else []
    assert names == [*filters, *layers, "pooling", *decoder, "head"]


def test_one_plain_lstm():
    options = {"parts": "network", "pooling": "last", "max_epochs": 3}
    model = RNNClassifier("lstm", 64, early_stopping=False, **options).fit(X, LABELS)
    summary = model.summary()
    twin = torch.nn.LSTM(1, 64), torch.nn.Linear(64, 2)
    expected = sum(w.numel() for part in twin for w in part.parameters())
    assert summary.n_parameters == expected
    assert len(summary.parts) == len(summary.networks) == 1
    assert summary.layers[0].description == "LSTM, 1 -> 64"
    assert summary.networks[0].n_epochs == summary.networks[0].best_epoch == 3
    assert summary.networks[0].valid_loss is None
    assert summary.seconds == model.fit_time_ > summary.networks[0].seconds > 0


def test_losses_of_the_parts_are_of_samples_that_they_never_saw():
    model = RNNClassifier(**ALL).fit(
        X[:40], LABELS[:40], X_val=X[40:], y_val=LABELS[40:]
    )
    summary = model.summary()
    weights = [part.weight for part in summary.parts]
    assert weights == model.convolutions_.shares.tolist()
    expected = log_loss(LABELS[40:], model.predict_proba(X[40:]))
    assert summary.joint_loss == pytest.approx(expected)
    for place, part in enumerate(summary.parts):
        alone = copy.deepcopy(model)
        shares = alone.convolutions_.shares
        shares.zero_()
        shares[place] = 1
        expected = log_loss(LABELS[40:], alone.predict_proba(X[40:]))
        assert part.loss == pytest.approx(expected)
        assert f"{expected:.4g}" in str(summary)


def test_the_share_of_the_linear_part():
    model = RNNRegressor(**QUICK, instance_norm="last").fit(X, y)
    baseline = model.nets_[0].module_.baseline
    steps = torch.from_numpy(X)[:, :, None]
    moments = model.nets_[0].module_.scaling.moments(steps, None)
    left = y - baseline(steps, None, moments)[:, 0].numpy()
    share = 1 - (left**2).sum() / ((y - y.mean()) ** 2).sum()
    assert_allclose(baseline.explained, share)
    linear, _ = model.summary().parts
    assert linear.counts == f"{share:.1%} of the targets' variance in training"


def test_constant_targets_are_explained_by_nothing():
    model = RNNRegressor(**QUICK).fit(X, np.ones(len(X)))
    assert model.nets_[0].module_.baseline.explained.tolist() == [0.0]
    assert "0.0%" in str(model.summary())


def test_what_was_decided():
    model = RNNRegressor(max_epochs=2, early_stopping=False, n_estimators=1).fit(X, y)
    decided = {"linear_steps": X.shape[1], "device": "cpu"}
    decided |= {"ema_decay": None, "n_iter_no_change": 15}
    if torch.cuda.is_available():
        decided["device"] = "cuda"
    assert model.summary().auto == model.settings_.decided == decided
    names = {k for k, v in RNNClassifier().get_params().items() if v == "auto"}
    names.remove("embedding_size")  # which is for tokens
    assert set(RNNClassifier(max_epochs=1).fit(X, LABELS).summary().auto) == names


def test_many_networks_are_not_all_listed():
    options = {"max_epochs": 1, "hidden_size": 2, "early_stopping": False}
    model = RNNRegressor(n_estimators=14, **options).fit(X, y)
    assert "2 more" in str(model.summary())
    assert len(model.summary().networks) == 14


def test_nothing_is_told_before_fit():
    with pytest.raises(NotFittedError):
        RNNRegressor().summary()
    assert "skrnn-summary" not in RNNRegressor()._repr_html_()


def test_a_notebook_shows_it():
    names = np.array(["<b>", "a&b"])[LABELS]
    model = RNNClassifier(**QUICK).fit(X, names)
    for shown in (model._repr_html_(), model._repr_mimebundle_()["text/html"]):
        assert shown.count("<details") >= shown.count("</details>") > 3
        assert "sk-top-container" in shown
        assert "GRU, 1 -&gt; 4" in shown
        for part in model.summary().parts:
            assert part.name in shown
    assert "GRU, 1 -&gt; 4" in model.summary()._repr_html_()
    pipeline = make_pipeline(ToSequence(1, X.shape[1]), model)
    assert "RNNClassifier" in pipeline._repr_html_()


class OfAUser(RNNRegressor):
    """Documented elsewhere."""


@pytest.mark.parametrize("label", ["Documentation", "documentation"])
def test_links_lead_to_the_documentation(label, monkeypatch):
    message = Message()
    message["Project-URL"] = "Source, https://address.local/source"
    message["Project-URL"] = f"{label}, https://address.local/docs/"
    monkeypatch.setattr(documentation.metadata, "metadata", {"skrnn": message}.get)
    monkeypatch.setattr(
        documentation,
        "documentation_address",
        documentation.documentation_address.__wrapped__,
    )
    page = "https://address.local/docs/api/generated/skrnn.RNNClassifier.html"
    assert f'href="{page}"' in RNNClassifier()._repr_html_()
    assert "address.local" not in OfAUser()._repr_html_()


@pytest.mark.parametrize("is_installed", [True, False])
def test_without_an_address_nothing_is_linked(is_installed, monkeypatch):
    def read(name):
        if is_installed:
            return Message()
        raise documentation.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(documentation.metadata, "metadata", read)
    assert documentation.documentation_address.__wrapped__() == ""
    monkeypatch.setattr(documentation, "documentation_address", lambda: "")
    assert "Documentation for RNNRegressor" not in RNNRegressor()._repr_html_()


# -- parts ----------------------------------------------------------------------------


@pytest.mark.parametrize(("parts", "n_nets"), [("networks", 10), ("network", 1)])
def test_networks_of_a_regressor_are_alone(parts, n_nets):
    model = RNNRegressor(**ALL, parts=parts).fit(X, y)
    assert len(model.nets_) == n_nets
    assert all(net.module_.baseline.is_zero for net in model.nets_)
    assert len(model.summary().parts) == 1


@pytest.mark.parametrize(("parts", "n_nets"), [("networks", 5), ("network", 1)])
def test_networks_of_a_classifier_are_alone(parts, n_nets):
    model = RNNClassifier(**ALL, parts=parts).fit(X, LABELS)
    assert len(model.nets_) == n_nets
    assert model.convolutions_ is None
    assert len(model.summary().parts) == 1


def test_what_is_given_is_what_is_made():
    model = RNNRegressor(**ALL, parts="network", n_estimators=3, linear_steps=2)
    model.fit(X, y)
    assert len(model.nets_) == 3
    assert model.nets_[0].module_.baseline.linear_path.n_steps == 2
    model = RNNClassifier(**ALL, parts="network", n_kernels=84).fit(X, LABELS)
    assert model.convolutions_ is not None


def test_parts_are_those_of_the_fit_that_goes_on():
    model = RNNRegressor(**ALL, parts="network", warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="parts='network'"):
        model.set_params(parts="all").fit(X, y)


def test_a_grid_searches_the_parts():
    grid = {"parts": ["all", "networks", "network"]}
    search = GridSearchCV(RNNRegressor(**ALL), grid, cv=2, error_score="raise")
    assert search.fit(X, y).best_params_ == {"parts": "all"}
