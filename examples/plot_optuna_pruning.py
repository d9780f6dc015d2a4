"""
Can a search break off what is hopeless? Optuna, an epoch at a time
===================================================================

Every trial trains a network epoch by epoch and reports its error on the rows after the
training rows; Optuna's median pruner ends a trial that does worse than most did at the
same epoch. The winner is then fitted on all of those rows and judged on the last day,
which no trial has seen. Half-hourly solar power in Great Britain, two hours ahead,
comes with sktime; the search needs optuna.
"""

import matplotlib.pyplot as plt
import numpy as np
import optuna
from sklearn.metrics import mean_absolute_error
from sktime.datasets import load_solar

from skrnn import RNNRegressor, SlidingWindow
from skrnn.plotting import PALETTE

HORIZON = 4  # rows ahead: two hours
DAY = 48  # rows
MAX_EPOCHS = 30
N_TRIALS = 16


def suggest(trial):
    """A network as a trial proposes it."""
    return RNNRegressor(
        trial.suggest_categorical("cell", ["gru", "lstm", "rnn"]),
        trial.suggest_int("hidden_size", 8, 64, log=True),
        learning_rate=trial.suggest_float("learning_rate", 1e-4, 0.1, log=True),
        dropout=trial.suggest_float("dropout", 0.0, 0.4),
        random_state=0,
    )


def main():
    y = load_solar(api_version=None)  # the copy inside the package: 1 to 7 May 2021
    angle = 2 * np.pi * np.arange(len(y)) / DAY  # the time of day
    rows = y.to_frame("solar").assign(sin=np.sin(angle), cos=np.cos(angle))
    windows = SlidingWindow(12, horizon=HORIZON).fit_transform(rows)
    train, valid = slice(0, -2 * DAY), slice(-2 * DAY, -DAY)

    def objective(trial):
        network = suggest(trial)
        for epoch in range(MAX_EPOCHS):
            network.partial_fit(windows[train], y[train])
            error = mean_absolute_error(y[valid], network.predict(windows[valid]))
            trial.report(error, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return error

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=4),
    )
    study.optimize(objective, n_trials=N_TRIALS)

    states = [trial.state.name for trial in study.trials]
    n_epochs = sum(len(trial.intermediate_values) for trial in study.trials)
    print(f"{states.count('COMPLETE')} trials ran to their end, ", end="")
    print(f"{states.count('PRUNED')} were broken off: {n_epochs} epochs ", end="")
    print(f"in the place of {N_TRIALS * MAX_EPOCHS}")
    print("best:", study.best_params, f"error {study.best_value:.4f}")

    best = suggest(study.best_trial)
    best.set_params(early_stopping=False, max_epochs=MAX_EPOCHS)
    best.fit(windows[:-DAY], y[:-DAY])
    error = mean_absolute_error(y[-DAY:], best.predict(windows[-DAY:]))
    naive = mean_absolute_error(y[-DAY:], y.shift(DAY)[-DAY:])
    print(f"last day: error {error:.4f}, as on the day before {naive:.4f}")
    plot(study)


def plot(study):
    """Draw the error of every trial against the epoch."""
    _, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
    for trial in study.trials:
        values = trial.intermediate_values
        is_best = trial.number == study.best_trial.number
        color = PALETTE["blue"] if is_best else "silver"
        axes.plot(values.keys(), values.values(), color=color, zorder=2 + is_best)
        if trial.state.name == "PRUNED":
            last = max(values)
            axes.plot(last, values[last], "x", color=PALETTE["orange"], zorder=4)
    axes.plot([], [], color=PALETTE["blue"], label="best trial")
    axes.plot([], [], color="silver", label="other trials")
    axes.plot([], [], "x", color=PALETTE["orange"], label="broken off")
    axes.set(
        title="Trials of Optuna, one epoch at a time",
        xlabel="epoch",
        ylabel="mean absolute error, validation day",
        ylim=(0, None),
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    plt.show()


main()
