"""Why gradients vanish or explode: a matrix taken to a power, and fitted networks.

usage: python docs/tutorial/figures/gradients.py [--draw]   (two minutes)
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from _figure import COLOURS, LOOKS, draw, results, table
from _tasks import adding

from skrnn import RNNRegressor
from skrnn.exceptions import NonFiniteLossError
from skrnn.inspection import gradient_flow

LENGTH = 100
RADII = (0.8, 0.95, 1.0, 1.05, 1.2)
CELLS = ("rnn", "gru", "lstm")
SETTINGS = {
    "hidden_size": 32,
    "batch_size": 50,
    "linear_steps": None,
    "n_estimators": 1,
    "pooling": "last",
    "init": "orthogonal",
    "early_stopping": False,
    "learning_rate": 0.005,
    "random_state": 0,
}


def powers(nonlinear):
    """Norms of a gradient that goes back through 60 steps, by spectral radius."""
    rng = np.random.default_rng(0)
    size, n_steps = 64, 60
    W = rng.normal(size=(size, size))
    W /= np.abs(np.linalg.eigvals(W)).max()
    found = {}
    for radius in RADII:
        h, slopes = np.zeros(size), []
        for _ in range(n_steps):
            h = radius * W @ h + 0.3 * rng.normal(size=size)
            if nonlinear:
                h = np.tanh(h)
            slopes.append(1 - h**2 if nonlinear else np.ones(size))
        g = rng.normal(size=size)
        g /= np.linalg.norm(g)
        norms = [1.0]
        for slope in reversed(slopes):
            g = radius * W.T @ (slope * g)
            norms.append(np.linalg.norm(g))
        found[radius] = norms
    return found


def flows():
    """gradient_flow of each cell, as it begins and after it was fitted."""
    X, y = adding(2000, LENGTH, seed=0)
    X_test, y_test = adding(1000, LENGTH, seed=1)
    found = {}
    for cell in CELLS:
        for when, change in (
            ("new", {"learning_rate": 1e-9, "max_epochs": 1}),
            ("fitted", {"max_epochs": 40}),
        ):
            model = RNNRegressor(cell, **SETTINGS | change).fit(X, y)
            flow = gradient_flow(model, X[:200], y[:200])
            is_lstm = flow.memory_norms is not None
            norms = flow.memory_norms if is_lstm else flow.norms
            found[f"{cell} {when}"] = {
                "norms": norms[0],
                "factor": flow.factors[0],
                "r2": model.score(X_test, y_test),
            }
            print(cell, when, flow.factors, found[f"{cell} {when}"]["r2"], flush=True)
    return found


def clipping():
    """Training losses of a plain network with and without clipped gradients."""
    X, y = adding(1000, LENGTH, seed=2)
    found = {}
    for name, clip in (("none", None), ("1", 1.0)):
        options = SETTINGS | {"init": "identity", "max_epochs": 25}
        options |= {"max_grad_norm": clip, "ema_decay": None, "learning_rate": 0.002}
        model = RNNRegressor("rnn", nonlinearity="relu", **options)
        try:
            model.fit(X, y)
            found[name] = {"loss": model.loss_curve_, "end": "ran to the end"}
        except NonFiniteLossError as error:
            found[name] = {"loss": [], "end": str(error)}
        print(name, found[name], flush=True)
    return found


def compute():
    return {
        "linear": powers(False),
        "tanh": powers(True),
        "flows": flows(),
        "clipping": clipping(),
    }


def paint_powers(found):
    def of(say):
        figure, axes = plt.subplots(1, 2, figsize=(8.8, 3.5), sharey=True)
        titles = (say("Linear network"), say("The same with tanh"))
        dashes = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))
        for ax, key, title in zip(axes, ("linear", "tanh"), titles, strict=True):
            for (radius, norms), colour, dash in zip(
                found[key].items(), COLOURS, dashes, strict=False
            ):
                ax.semilogy(norms, color=colour, linestyle=dash, label=radius)
            ax.set(title=title, xlabel=say("steps back"))
            ax.axhline(1, color="0.85", linewidth=0.8, zorder=0)
        axes[0].set_ylabel(say("norm of the gradient"))
        axes[0].legend(title=say("spectral radius"))
        return figure

    return of


def paint_flows(found):
    def of(say):
        figure, axes = plt.subplots(1, 2, figsize=(8.8, 3.5), sharey=True)
        titles = (say("As they begin"), say("After 40 epochs"))
        for ax, when, title in zip(axes, ("new", "fitted"), titles, strict=True):
            for cell in CELLS:
                norms = np.array(found["flows"][f"{cell} {when}"]["norms"])
                look = LOOKS[cell.upper()] | {"markevery": 12, "markersize": 4}
                back = np.arange(len(norms))[::-1]
                ax.semilogy(back, norms, label=cell.upper(), **look)
            ax.set(title=title, xlabel=say("steps before the newest"))
            ax.invert_xaxis()
        axes[0].set_ylabel(say("norm of the loss's gradient"))
        axes[0].legend()
        return figure

    return of


def paint_clipping(found):
    def of(say):
        figure, ax = plt.subplots(figsize=(6.2, 3.2))
        looks = (("none", COLOURS[1], "--", "max_grad_norm=None"),)
        looks += (("1", COLOURS[0], "-", "max_grad_norm=1.0"),)
        for key, colour, dash, label in looks:
            loss = found["clipping"][key]["loss"]
            epochs = np.arange(1, len(loss) + 1)
            ax.semilogy(epochs, loss, color=colour, linestyle=dash, label=label)
        ax.set(xlabel=say("epoch"), ylabel=say("training loss"))
        ax.legend()
        return figure

    return of


def main():
    warnings.simplefilter("ignore")
    found = results("gradients", compute)
    draw("powers", paint_powers(found))
    draw("gradient_flow", paint_flows(found))
    draw("clipping", paint_clipping(found))
    rows = []
    for cell in CELLS:
        parts = [found["flows"][f"{cell} {when}"] for when in ("new", "fitted")]
        rows.append(
            [
                cell.upper(),
                *(f"{part['factor']:.3f}" for part in parts),
                *(f"{part['norms'][0] / part['norms'][-1]:.1e}" for part in parts),
                f"{parts[1]['r2']:.3f}",
            ]
        )
    table("gradient_flow", rows)


if __name__ == "__main__":
    main()
