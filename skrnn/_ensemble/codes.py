"""What is decided where features are codes, such as tokens of a text."""

from skrnn._ensemble.auto import is_auto
from skrnn._network.embedding import embedding_size


def decide_for_codes(parameters, codes, pretrained=None):
    """Decide how codes are read.

    Nothing but an embedding can read them: linear models and random convolutions would
    take them for numbers. They read the other features, or are left out.

    Parameters
    ----------
    parameters : dict
        Those of an estimator, checked.
    codes : Codes
        What the codes are.
    pretrained : NetworkSettings, default=None
        Of the network whose weights the fit begins with.

    Returns
    -------
    dict
        ``n_codes`` and ``embedding_sizes``, as in `NetworkSettings`, and
        ``embedding_size``, the largest of them.

    Raises
    ------
    ValueError
        If a parameter means something for numbers only, or the vectors that are given
        are of another size than is asked for.
    """
    _refuse_for_numbers(parameters, codes)
    wanted, vectors = parameters["embedding_size"], codes.vectors
    if vectors is not None and not is_auto(wanted) and wanted != vectors.shape[1]:
        raise ValueError(
            f"embedding_size={wanted}, but the vectors of TokenSequence have "
            f'{vectors.shape[1]} numbers. Set embedding_size="auto", which takes that.'
        )
    sizes = codes.sizes
    if is_auto(wanted) and pretrained is not None and pretrained.n_codes == sizes:
        found = pretrained.embedding_sizes
    elif is_auto(wanted) and vectors is None:
        found = tuple(embedding_size(n) if n else 1 for n in sizes)
    else:
        size = vectors.shape[1] if is_auto(wanted) else wanted
        found = tuple(size if n else 1 for n in sizes)
    return {"n_codes": sizes, "embedding_sizes": found, "embedding_size": max(found)}


def _refuse_for_numbers(parameters, codes):
    reads_numbers = {
        "instance_norm": "takes a level off numbers",
        "input_noise": "is added to numbers",
        "time_warp": "has values lie between two others",
    }
    if all(codes.sizes):  # else they read the others
        reads_numbers["linear_steps"] = "has a linear model read numbers"
        reads_numbers["n_kernels"] = "has random convolutions read numbers"
    off = {"input_noise": 0.0, "time_warp": 0.0}
    for name, what in reads_numbers.items():
        value = parameters.get(name)
        if value is not None and value != off.get(name) and not is_auto(value):
            raise ValueError(
                f"{name}={value!r} {what}, and X holds {codes.what}. Set "
                f"{name}={off.get(name)!r}."
            )
