"""What a network is made of, for people: its layers, their sizes and weights."""

from typing import NamedTuple

_CELLS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
_POOLINGS = {
    "last": "last state",
    "mean": "mean of the states",
    "max": "maximum of the states",
    "mixed": "last state of half of the units, maximum of the others",
    "attention": "mean of the states with learned weights",
}


class Layer(NamedTuple):
    """A part of a network."""

    name: str  # as in `frozen`
    description: str
    n_parameters: int  # those that are trained by gradients


def describe_layers(network, settings):
    """Describe the layers of a network, in the order of the data.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    settings : NetworkSettings
        What it was made by.

    Returns
    -------
    list of Layer
        Their weights are all that the network has.
    """
    layers = []
    if network.embedding is not None:
        layers.append(_embedding(network.embedding))
    if network.filters is not None:
        layers.append(_filters(network))
    layers += [
        Layer(
            f"recurrent.{i}",
            _recurrent(network, settings, i),
            _count(layer),
        )
        for i, layer in enumerate(network.stack.layers)
    ]
    layers.append(Layer("pooling", _POOLINGS[settings.pooling], _count(network.pool)))
    if network.decoder is not None:
        n_groups = len(network.decoder.positions)
        description = f"{_CELLS[settings.cell]}, one step for each of {n_groups} groups"
        layers.append(Layer("decoder", description, _count(network.decoder)))
    head = network.head
    description = f"linear, {head.in_features} -> {head.out_features}"
    layers.append(Layer("head", description, _count(head)))
    return layers


def _embedding(embedding):
    """Describe (Layer) what puts vectors in the place of codes."""
    pairs = zip(embedding.n_codes, embedding.sizes, strict=True)
    words = [f"one of {number:,} codes -> {size}" for number, size in pairs if number]
    return Layer("embedding", ", ".join(words), _count(embedding))


def _filters(network):
    """Describe (Layer) the filters that the recurrence reads."""
    filters, length = network.filters, network.segment_length
    n_filters, n_steps = filters.project.out_features, filters.n_read * length
    words = [f"{n_filters} filters of {n_steps} steps"]
    if length > 1:
        words.append(f"{length} steps apart")
    return Layer("filters", ", ".join([*words, "ReLU"]), _count(filters))


def _recurrent(network, settings, place):
    """Say what a recurrent layer is."""
    cell = network.stack.layers[place].directions[0]
    kind = _CELLS[settings.cell]
    if settings.cell == "rnn":
        kind += f" ({settings.nonlinearity})"
    words = [f"{kind}, {cell.input_size} -> {settings.hidden_size}"]
    if settings.bidirectional:
        words[0] += " in each direction"
    if place == 0 and network.segment_length > 1 and network.filters is None:
        words.append(f"{network.segment_length} steps at a time")
    if settings.norm is not None:
        words.append(f"{settings.norm} normalisation")
    if place > 0 and settings.residual:
        words.append("residual")
    return ", ".join(words)


def _count(module):
    return sum(weight.numel() for weight in module.parameters())
