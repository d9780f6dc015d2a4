"""Sphinx settings."""

import sys
import warnings
from pathlib import Path

import skrnn

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_extensions")]
from tests.soak.results import told_counts  # noqa: E402

project = "skrnn"
author = "The skrnn developers"
copyright = author
release = version = skrnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # pages show equations without a network
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "parameters",
]
templates_path = ["_templates"]
exclude_patterns = [
    "_build",
    "_templates",
    "_extensions",
    "auto_examples/**.md5",
    "benchmarks/tuning/quick",
]
extlinks = {"arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s")}
# What stands for the counts of each script, as |signals| for those of signals.py.
rst_prolog = "".join(
    f".. |{name}| replace:: {told}\n" for name, told in told_counts().items()
)
suppress_warnings = [
    "ref.ref",  # docstrings inherited from scikit-learn name labels of its own guide
    "ref.term",  # and those from sktime terms of its own glossary
    "myst.header",  # tables of benchmarks are included without their titles
    "config.cache",  # the order of the gallery is a class
]

# --- the API
autosummary_generate = True
autodoc_typehints = "none"  # they would bury the parameters
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # the template of a class documents them

# --- Markdown: the benchmarks
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

# --- code
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# --- examples: every plot_*.py is run, and its pictures are those of the guide, too
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": "/plot_",
    "ignore_pattern": r"(quickstart|serve|searches|search_on_\w+)\.py",
    "within_subsection_order": "gallery.Order",
    "backreferences_dir": "api/backreferences",
    "doc_module": ("skrnn",),
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
    "min_reported_time": 3600,
    "parallel": 2,
    "matplotlib_animations": False,
}
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

# --- pictures that are drawn in a page
plot_formats = [("png", 110)]
plot_html_show_formats = False
plot_html_show_source_link = False

# --- HTML
html_theme = "pydata_sphinx_theme"
html_title = "skrnn"
html_logo = "images/logo.svg"
html_favicon = "images/logo.svg"
html_static_path = ["_static"]
html_css_files = ["skrnn.css"]
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "genindex": [], "search": []}
html_theme_options = {
    "logo": {"text": f"skrnn {release}"},
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}
