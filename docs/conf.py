"""Sphinx settings."""

import skrnn

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
numpydoc_show_class_members = False
extlinks = {"arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s")}
# scikit-learn's inherited docstrings refer to labels of its own guide.
suppress_warnings = ["ref.ref"]
exclude_patterns = ["_build", "benchmarks"]

html_theme = "pydata_sphinx_theme"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False}
html_title = "skrnn"
