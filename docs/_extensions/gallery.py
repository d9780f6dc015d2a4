"""The order of the examples: from first steps to what is special."""

ORDER = [
    "plot_windows.py",
    "plot_leakage.py",
    "plot_tomorrow.py",
    "plot_airline.py",
    "plot_twelve_steps.py",
    "plot_many_series.py",
    "plot_speakers.py",
    "plot_missing.py",
    "plot_thresholds.py",
    "plot_early_stopping.py",
    "plot_tune.py",
    "plot_optuna_pruning.py",
    "plot_uncertainty.py",
    "plot_explain.py",
    "plot_stream.py",
    "plot_long.py",
    "plot_mnist_rows.py",
    "plot_languages.py",
]


class Order:
    """The key by which sphinx-gallery sorts the examples of a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, name):
        return ORDER.index(name) if name in ORDER else len(ORDER)

    def __repr__(self):
        return "<the order of docs/_extensions/gallery.py>"
