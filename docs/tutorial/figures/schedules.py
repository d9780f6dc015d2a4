"""Learning-rate schedules as they run, and what they are worth on the digits.

usage: python docs/tutorial/figures/schedules.py [--draw]   (two minutes)
"""

import statistics
import warnings

import matplotlib.pyplot as plt
import numpy as np
from _figure import COLOURS, draw, results, table
from _tasks import digits
from skorch.callbacks import Callback

from skrnn import RNNClassifier

N_EPOCHS, N_SEEDS = 30, 3
HIGH = 0.03
SCHEDULES = {
    "None": {},
    "step": {"lr_schedule": "step"},
    "exponential": {"lr_schedule": "exponential"},
    "cosine": {"lr_schedule": "cosine"},
    "one_cycle": {"lr_schedule": "one_cycle"},
    "warmup": {"lr_schedule": "warmup"},
    "plateau": {
        "lr_schedule": "plateau",
        "lr_schedule_options": {"patience": 2, "factor": 0.3},
    },
}
TRAINING = {
    "pooling": "last",
    "parts": "network",
    "batch_size": 32,
    "max_epochs": N_EPOCHS,
    "early_stopping": False,
    "ema_decay": None,
    "learning_rate": HIGH,
}


class Rates(Callback):
    """Writes the learning rate of each epoch's beginning into a list of this module.

    The estimator trains with a copy of its callbacks.
    """

    found = []

    def on_epoch_begin(self, net, **kwargs):
        Rates.found.append(net.optimizer_.param_groups[0]["lr"])


def run(options, seed, data):
    """Rates and training loss by epoch, test cross-entropy and accuracy."""
    X, y, X_test, y_test = data
    Rates.found.clear()
    model = RNNClassifier(
        "gru", 32, random_state=seed, callbacks=[Rates()], **TRAINING | options
    ).fit(X, y)
    p = model.predict_log_proba(X_test)
    loss = -np.mean(p[np.arange(len(y_test)), y_test])
    return list(Rates.found), model.loss_curve_, loss, model.score(X_test, y_test)


def compute():
    data, found = digits(), {}
    cases = SCHEDULES | {
        "None, a tenth of the rate": {"learning_rate": HIGH / 10},
        "None, averaged weights": {"ema_decay": 0.999},
    }
    for name, options in cases.items():
        runs = [run(options, seed, data) for seed in range(N_SEEDS)]
        found[name] = {
            "rates": runs[0][0],
            "loss": np.median([kept[1] for kept in runs], axis=0),
            "test": statistics.median(kept[2] for kept in runs),
            "accuracy": statistics.median(kept[3] for kept in runs),
        }
        print(name, found[name]["test"], found[name]["accuracy"], flush=True)
    return found


def paint(found):
    def of(say):
        figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.8))
        dashes = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)), "-")
        for k, name in enumerate(SCHEDULES):
            values = found[name]
            look = {
                "color": [*COLOURS, "0.5"][k],
                "linestyle": dashes[k],
            }
            rates = values["rates"]
            axes[0].plot(np.arange(1, N_EPOCHS + 1), rates, label=name, **look)
            axes[1].semilogy(np.arange(1, N_EPOCHS + 1), values["loss"], **look)
        axes[0].set(
            title=say("Learning rate while training"),
            xlabel=say("epoch"),
            ylabel=say("learning rate"),
            yscale="log",
            ylim=(1e-5, 0.06),
        )
        axes[1].set(
            title=say("Training loss"),
            xlabel=say("epoch"),
            ylabel=say("cross-entropy"),
        )
        figure.legend(loc="outside right center")
        return figure

    return of


def main():
    warnings.simplefilter("ignore")
    found = results("schedules", compute)
    draw("schedules", paint(found))
    table(
        "schedules",
        [
            [
                name,
                f"{values['loss'][-1]:.5f}",
                f"{values['test']:.3f}",
                f"{values['accuracy']:.3f}",
            ]
            for name, values in found.items()
        ],
    )


if __name__ == "__main__":
    main()
