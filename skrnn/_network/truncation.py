"""Truncated back-propagation through time (Williams and Peng 1990)."""

from functools import partial

import torch

from skrnn._network.batch import to_device
from skrnn._network.recompute import recomputed


def pool_in_parts(network, batch, n_steps):
    """Pool the states of sequences, `tbptt_steps` at a time.

    No gradient crosses between the parts. A part is computed anew when its gradient is,
    so that the states of one part only are in memory at any time.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    batch : SequenceBatch
        The sequences.
    n_steps : int
        Steps of the recurrence over them, more than `tbptt_steps`.

    Returns
    -------
    Tensor of shape (N, H)
    """
    masks, ends, total, kept = network.stack.draw_masks(), None, None, None
    # The newest part is whole; the oldest takes what is left.
    first = (n_steps - 1) % network.tbptt_steps + 1
    starts = [0, *range(first, n_steps, network.tbptt_steps)]
    stops = [*starts[1:], n_steps]
    weight, is_ragged = network.head.weight, batch.lengths is not None
    # Segments before a part that filters read with its first ones.
    n_context = 0 if network.filters is None else network.filters.n_read - 1
    for i, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        piece = batch.between(start, stop, network.segment_length)
        n_before = min(start, n_context)
        read = batch.between(start - n_before, stop, network.segment_length)
        has_step = to_device(piece.lengths > 0, weight) if is_ragged else None
        is_read = is_ragged or network.pool.kind != "last"
        with_gradient = is_read or stop == n_steps
        inputs = partial(_inputs, network, read, n_before)
        part, ends = _run_part(
            network, inputs, piece.lengths, masks, ends, with_gradient=with_gradient
        )
        # In one piece of memory: left where they are, they would keep the allocator
        # from using what the states of each part leave between them.
        kept = kept or [end.new_empty(len(starts), *end.shape) for end in ends]
        pairs = zip(kept, ends, strict=True)
        ends = tuple(all_ends[i].copy_(end) for all_ends, end in pairs)
        if total is not None:
            part = network.pool.merge(total, part, has_step)
        total = part
    return network.pool.finish(total, to_device(batch.lengths, weight))


def _inputs(network, batch, n_before):
    """Inputs (N, S, F) of the recurrence for a batch, without the first of them."""
    return network.inputs(batch)[:, n_before:]


def _run_part(network, inputs_of_part, lengths, masks, begin, *, with_gradient):
    """Run a part from where the one before ended; return what pooling needs, and ends.

    Without gradient where nothing of the part is read but its end.
    """
    stack, pool, generator = network.stack, network.pool, network.generator
    before, n_parts = generator.get_state(), None

    def run(*begin):
        nonlocal n_parts
        now = None
        if n_parts is not None:  # computed anew, with the same random numbers
            now = generator.get_state()
            generator.set_state(before)
        try:
            inputs = inputs_of_part()
            on_device = to_device(lengths, inputs)
            start = _grouped(begin, len(stack.layers))
            states, final, ends = stack(inputs, on_device, masks, start)
            part = pool.part(states, final, on_device)
        finally:
            if now is not None:
                generator.set_state(now)
        n_parts = len(part)
        return *part, *(tensor for end in ends for tensor in end)

    flat = () if begin is None else begin
    weights = [*stack.parameters(), *pool.parameters()]
    if network.embedding is not None:
        weights += network.embedding.parameters()
    if network.filters is not None:
        weights += network.filters.parameters()
    weights = [weight for weight in weights if weight.requires_grad]
    if with_gradient and weights and torch.is_grad_enabled():
        results = recomputed(run, weights, *flat)
    else:
        with torch.no_grad():
            results = run(*flat)
    return results[:n_parts], tuple(end.detach() for end in results[n_parts:])


def _grouped(tensors, n_layers):
    """Split a flat tuple of states into those of each layer; None if it is empty."""
    if not tensors:
        return None
    size = len(tensors) // n_layers
    return [tensors[i * size : (i + 1) * size] for i in range(n_layers)]
