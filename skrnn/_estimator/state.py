"""The state of a fitted estimator as plain data, for pickles and files."""

import numpy as np
import torch
from sklearn import __version__ as sklearn_version
from sklearn.utils._param_validation import validate_parameter_constraints

from skrnn._columns import check_noted_columns
from skrnn._ensemble.model import attributes_of
from skrnn._ensemble.packed_model import (
    pack_model,
    pack_settings,
    unpack_model,
    unpack_settings,
)
from skrnn._estimator.parameters import CONSTRAINTS
from skrnn._plain import pack, unpack
from skrnn._sequences.sources import as_source
from skrnn._versions import own_version, warn_of_versions

# Of the state; one more where an older skrnn could not read it.
FORMAT = 1


def versions():
    """Versions (dict of str) of the packages that a fitted model depends on."""
    return {
        "skrnn": own_version(),
        "scikit-learn": sklearn_version,
        "torch": torch.__version__.partition("+")[0],
    }


def pack_fitted(estimator):
    """Give what an estimator has learned as plain data.

    Parameters
    ----------
    estimator : BaseRNN
        Fitted.

    Returns
    -------
    dict
        ``format`` (int); ``text`` (str), JSON in which other things are places in
        ``others`` (list); ``arrays`` (dict of dict of ndarray).
    """
    plain, arrays = pack_model(estimator._model)
    nets = estimator.nets_
    text, others = pack(
        {
            "versions": versions(),
            "settings": pack_settings(estimator.settings_),
            "targets": vars(estimator._targets),
            "model": plain,
            "told": next(i for i, net in enumerate(nets) if net is estimator.net_),
            "n_iter": estimator.n_iter_,
        }
    )
    return {"format": FORMAT, "text": text, "others": others, "arrays": arrays}


def unpack_fitted(packed, new_targets, parameters, name):
    """Build what an estimator has learned from what `pack_fitted` gave.

    Parameters
    ----------
    packed : dict
        What it gave.
    new_targets : callable
        Makes targets (Targets) to be filled in.
    parameters : dict
        Those of the estimator.
    name : str
        Of the estimator's class.

    Returns
    -------
    settings : Settings
    targets : Targets
    model : NetworkEnsemble or Stacking
    attributes : dict
        Fitted attributes that tell of the training.

    Raises
    ------
    ValueError
        If it is of a later skrnn, or was altered.

    Warns
    -----
    InconsistentVersionWarning
        If other versions of skrnn, scikit-learn or torch have written it.
    """
    if packed["format"] > FORMAT:
        raise ValueError(
            f"This {name} was written by a later version of skrnn, in format "
            f"{packed['format']}; this one, {own_version()}, reads up to format "
            f"{FORMAT}. Install a newer skrnn."
        )
    plain = unpack(packed["text"], packed["others"])
    warn_of_versions(name, plain["versions"], versions())
    settings, targets = unpack_settings(plain["settings"], parameters), new_targets()
    targets.note(plain["targets"])
    _check_settings(settings, name)
    model = unpack_model(plain["model"], packed["arrays"], settings, targets)
    _check_model(model, plain["model"]["n_features"], targets)
    attributes = attributes_of(model.networks, plain["told"], plain["n_iter"])
    return settings, targets, model, attributes


def check_attributes(kind, attributes, n_features):
    """Refuse attributes that no fit sets.

    Parameters
    ----------
    kind : type
        Class of the estimator.
    attributes : dict
        Those that it is given beside what `unpack_fitted` makes.
    n_features : int
        Features of a step.

    Raises
    ------
    ValueError
        If one takes the place of a method, or units are no whole numbers.
    """
    check_noted_columns(attributes)
    exponents = attributes.get("_exponents")
    is_fine = exponents is None or (
        isinstance(exponents, np.ndarray)
        and exponents.dtype == np.int32
        and exponents.shape == (n_features,)
    )
    if not is_fine or any(callable(getattr(kind, name, None)) for name in attributes):
        raise ValueError(f"This {kind.__name__} has attributes that no fit gives it.")


def check_noted_codes(noted, categories, encoding, settings):
    """Refuse codes that a fit has not noted.

    Parameters
    ----------
    noted : tuple or None
        As `Codes.identity`.
    categories : tuple or None
        The features that are numbers of categories, and the values of each.
    encoding : Encoding or None
        Columns or features that are categories.
    settings : Settings
        Those of the fit.

    Raises
    ------
    ValueError
        If there are more of them than the networks know, or fewer.
    """
    sizes, expected = None if noted is None else noted[0], {}
    is_fine = sizes == settings.network.n_codes
    if encoding is not None:
        expected |= {j: of.n_codes for j, of in encoding.of_features.items()}
    if categories is not None:
        pairs = zip(categories[0].tolist(), categories[1], strict=True)
        expected |= {
            j: 2 + len(v) for j, v in pairs if v.ndim == 1 and v.dtype == np.float64
        }
    if expected:
        is_fine &= expected == {j: n for j, n in enumerate(sizes or ()) if n}
    else:
        is_fine &= sizes is None or len(sizes) == 1  # tokens
    if not is_fine:
        raise ValueError("The codes of the features are those of another model.")


def _check_settings(settings, name):
    """Refuse settings that are no parameters."""
    for part in (settings.network, settings.training, settings.ensemble):
        values = {k: v for k, v in vars(part).items() if k in CONSTRAINTS}
        constraints = {k: CONSTRAINTS[k] for k in values}
        validate_parameter_constraints(constraints, values, name)


def _check_model(model, n_features, targets):
    """Refuse a model that cannot predict."""
    steps = np.zeros((1, 2, n_features))
    found = model.outputs(as_source(steps, None, allow_partial=False))
    if found.shape[1] != targets.n_targets or not np.isfinite(found).all():
        raise ValueError("The model cannot predict.")
