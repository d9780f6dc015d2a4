"""Slow twins of recurrent layers, in plain loops over samples and steps."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cell_by_hand(cell, sequence):
    """States (L, H) and gates (dict of (L, H)) of one sequence (L, F)."""
    weights = [
        getattr(cell, name).detach().numpy().astype(np.float64)
        for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    ]
    w_ih, w_hh, b_ih, b_hh = weights
    h = c = np.zeros(cell.hidden_size)
    states, gates = [], []
    for x in sequence:
        given, kept = w_ih @ x + b_ih, w_hh @ h + b_hh
        given, kept = (np.split(v, len(v) // cell.hidden_size) for v in (given, kept))
        if cell.mode == "LSTM":
            i, f, g, o = (a + b for a, b in zip(given, kept, strict=True))
            one = {"input": sigmoid(i), "forget": sigmoid(f)}
            one |= {"cell": np.tanh(g), "output": sigmoid(o)}
            c = one["forget"] * c + one["input"] * one["cell"]
            h = one["output"] * np.tanh(c)
        elif cell.mode == "GRU":
            r, z = (sigmoid(given[k] + kept[k]) for k in range(2))
            n = np.tanh(given[2] + r * kept[2])
            one = {"reset": r, "update": z, "new": n}
            h = (1 - z) * n + z * h
        else:
            relu = cell.mode == "RNN_RELU"
            one = {"new": given[0] + kept[0]}
            one["new"] = np.maximum(one["new"], 0) if relu else np.tanh(one["new"])
            h = one["new"]
        states.append(h)
        gates.append(one)
    names = gates[0] if gates else ()
    shape = len(states), cell.hidden_size
    return np.reshape(states, shape), {
        n: np.array([g[n] for g in gates]) for n in names
    }


def norm_by_hand(norm, states):
    """States (L, H) normalised, as predictions are."""
    if norm is None:
        return states
    weight, bias = (p.detach().numpy().astype(float) for p in (norm.weight, norm.bias))
    if hasattr(norm, "running_mean"):
        moments = norm.running_mean, norm.running_var
        mean, variance = (m.numpy().astype(np.float64) for m in moments)
    else:
        mean, variance = states.mean(1, keepdims=True), states.var(1, keepdims=True)
    return (states - mean) / np.sqrt(variance + norm.eps) * weight + bias


def stack_by_hand(stack, sequence):
    """States and gates of every layer for one sequence (L, F) of scaled inputs."""
    x, found = sequence, []
    for number, layer in enumerate(stack.layers):
        ways = [cell_by_hand(layer.directions[0], x)]
        if len(layer.directions) == 2:
            states, gates = cell_by_hand(layer.directions[1], x[::-1])
            ways.append((states[::-1], {n: g[::-1] for n, g in gates.items()}))
        states = norm_by_hand(layer.norm, np.concatenate([s for s, _ in ways], axis=1))
        if stack.residual and number > 0:
            states = states + x
        gates = {n: np.concatenate([g[n] for _, g in ways], axis=1) for n in ways[0][1]}
        found.append((states, gates))
        x = states
    return found
