"""How far back the gradient of the weights comes from, and what truncation loses.

The gradient of the recurrent weights is a sum over steps. Here the sum is taken apart
by autograd, for networks that were fitted to the adding problem, and compared with the
sum of its newest terms, as truncated back-propagation takes it.

usage: python docs/tutorial/figures/bptt.py [--draw]   (half a minute)
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from _figure import LOOKS, draw, numbers, results
from _tasks import adding

LENGTH, HIDDEN = 40, 24
CELLS = {"RNN": torch.nn.RNNCell, "GRU": torch.nn.GRUCell, "LSTM": torch.nn.LSTMCell}


def parts(kind, x, y, n_updates):
    """Gradients (L, G*H*H) of the recurrent weights, one from each step.

    Every step gets weights of its own, of the same values, so that autograd keeps the
    terms of the sum apart.
    """
    torch.manual_seed(0)
    cell = CELLS[kind](x.shape[2], HIDDEN).double()
    if kind == "LSTM":  # its forget gates begin open
        with torch.no_grad():
            cell.bias_ih[HIDDEN : 2 * HIDDEN] = 2.0
    head = torch.nn.Linear(HIDDEN, 1).double()
    weights = [*cell.parameters(), *head.parameters()]
    optimiser = torch.optim.Adam(weights, 0.01)
    for _ in range(n_updates):
        optimiser.zero_grad()
        loss_of(cell, head, x, y).backward()
        optimiser.step()
    copies = [cell.weight_hh.detach().clone().requires_grad_() for _ in range(LENGTH)]
    loss = loss_of(cell, head, x, y, copies)
    found = torch.autograd.grad(loss, copies)
    whole = torch.autograd.grad(loss_of(cell, head, x, y), cell.weight_hh)[0]
    assert torch.allclose(sum(found), whole)
    return torch.stack([part.flatten() for part in found]).numpy(), loss.item()


def loss_of(cell, head, x, y, copies=None):
    """Mean squared error from the state after the last step."""
    others = dict(cell.named_parameters())
    state = None
    for step in range(x.shape[1]):
        given = others if copies is None else others | {"weight_hh": copies[step]}
        args = (x[:, step],) if state is None else (x[:, step], state)
        state = torch.func.functional_call(cell, given, args)
    hidden = state[0] if isinstance(state, tuple) else state
    return (head(hidden)[:, 0] - y).square().mean()


def compute():
    X, y = adding(200, LENGTH, seed=0)
    x, y = torch.tensor(X), torch.tensor(y)
    found = {}
    for kind in CELLS:
        terms, loss = parts(kind, x, y, 400)
        whole = terms.sum(axis=0)
        newest = np.cumsum(terms[::-1], axis=0)  # of the newest 1, 2, ... steps
        norms = np.linalg.norm(newest, axis=1) * np.linalg.norm(whole)
        found[kind] = {
            "norms": np.linalg.norm(terms, axis=1)[::-1],
            "cosine": newest @ whole / np.maximum(norms, 1e-300),
            "loss": loss,
        }
    return found


def paint(found):
    def of(say):
        figure, (left, right) = plt.subplots(1, 2, figsize=(8.8, 3.4))
        back = np.arange(LENGTH - 1)  # the first step has no term: its h is zero
        for kind, values in found.items():
            look = LOOKS[kind] | {"markevery": 5, "markersize": 4}
            left.semilogy(back, values["norms"][:-1], label=kind, **look)
            right.plot(back + 1, values["cosine"][:-1], **look)
        left.set(
            title=say("One term of the gradient of $W_h$"),
            xlabel=say("steps before the last"),
            ylabel=say("its norm"),
        )
        right.set(
            title=say("The newest terms alone, against all"),
            xlabel=say("steps kept (tbptt_steps)"),
            ylabel=say("cosine with the full gradient"),
            ylim=(-0.05, 1.06),
        )
        left.legend()
        right.axhline(1, color="0.8", linewidth=0.8, zorder=0)
        return figure

    return of


def main():
    found = results("bptt", compute)
    draw("bptt", paint(found))
    told = {}
    for kind, values in found.items():
        # The first step has no term: the state before it is zero.
        ratio = values["norms"][0] / values["norms"][-2]
        name = f"bptt-{kind.lower()}"
        told[name] = f"{ratio:.1f}" if ratio < 100 else f"{ratio:,.0f}"
        told[f"{name}-loss"] = f"{values['loss']:.3f}"
    numbers("bptt", told)


if __name__ == "__main__":
    main()
