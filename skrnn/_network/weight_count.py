"""How many weights a network has, before it is made."""

from skrnn._network.decoder import group_length
from skrnn._network.filters import n_read
from skrnn._network.segments import n_segments

_GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def count_weights(settings, n_features, n_targets, width):
    """Count the weights of a network, those of its linear path and its loss apart.

    Parameters
    ----------
    settings : NetworkSettings
        What it is to be like.
    n_features : int
        Features of a step.
    n_targets, width : int
        Targets of a sequence, and outputs for each.

    Returns
    -------
    int
    """
    hidden, n_directions = settings.hidden_size, 2 if settings.bidirectional else 1
    state, gates = hidden * n_directions, _GATES[settings.cell]

    def layer(n_inputs):  # two biases a gate, as torch has them
        return n_directions * gates * hidden * (n_inputs + hidden + 2)

    read, total = n_inputs(settings, n_features), 0
    if settings.n_filters is not None:
        total = settings.n_filters * (n_read(settings.segment_length) * read + 1)
        read = settings.n_filters
    total += layer(read)
    if settings.n_codes is not None:
        pairs = zip(settings.n_codes, settings.embedding_sizes, strict=True)
        total += sum(n_codes * size for n_codes, size in pairs)
    total += (settings.num_layers - 1) * layer(state)
    if settings.norm is not None:
        total += settings.num_layers * 2 * state
    if settings.pooling == "attention":
        total += state * (state + 1) + state + 1
    group = n_targets
    if settings.decoder == "parallel":
        group = group_length(n_targets, settings.segment_length)
        total += n_segments(n_targets, group) * state  # positions
        total += gates * state * (2 * state + 2)
    return total + (state + 1) * group * width


def n_inputs(settings, n_features):
    """Count the numbers of a segment (int); as for `count_weights`."""
    n_more = n_features if settings.missing == "indicator" and n_features > 1 else 0
    if settings.embedding_sizes is not None:
        n_features = sum(settings.embedding_sizes)
    return (n_features + n_more) * (settings.segment_length or 1)
