"""Sphinx settings."""

import sys
from pathlib import Path

import skrnn

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.soak.results import told_counts

project = "skrnn"
author = "The skrnn developers"
release = skrnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "numpydoc",
]
autosummary_generate = True
templates_path = ["_templates"]
numpydoc_show_class_members = False
extlinks = {"arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s")}
# scikit-learn's inherited docstrings refer to labels of its own guide.
suppress_warnings = ["ref.ref"]
# What stands for the counts of each script, as |signals| for those of signals.py.
rst_prolog = "".join(
    f".. |{name}| replace:: {told}\n" for name, told in told_counts().items()
)
exclude_patterns = ["_build", "_templates", "benchmarks"]

# Their types would bury the parameters.
autodoc_typehints = "none"
html_theme = "pydata_sphinx_theme"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False}
html_title = "skrnn"
