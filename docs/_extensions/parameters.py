"""The directive ``parameters``: a table of parameters, from the estimators' docstrings.

Its argument names the subject, its lines the parameters. When all pages are read, each
parameter of an estimator has to be in one table but `first`, or the build warns.
"""

import inspect
import re

from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from numpydoc.docscrape import NumpyDocString
from sphinx.util import logging

from skrnn import RNNClassifier, RNNRegressor

ESTIMATORS = (RNNRegressor, RNNClassifier)
logger = logging.getLogger(__name__)


def described():
    """Map the names of parameters to what both docstrings say first."""
    told = {}
    for estimator in ESTIMATORS:
        text = re.sub(r"\\\n\s+", "", inspect.getdoc(estimator))
        for parameter in NumpyDocString(text)["Parameters"]:
            told.setdefault(parameter.name, " ".join(parameter.desc))
    return told


def first_sentence(text):
    """The first sentence, without the marks of references."""
    text = re.sub(r" \[\d+\]_", "", text)
    return re.split(r"(?<=[.:])\s+(?=[A-Z`])", text)[0].rstrip(":") or text


def default_of(estimator, name):
    """What a signature says, as code, or a dash."""
    found = inspect.signature(estimator).parameters.get(name)
    return "—" if found is None else f"``{found.default!r}``"


class Parameters(Directive):
    """A table: parameter, what it is, default of the regressor, of the classifier."""

    required_arguments = 1
    has_content = True

    def run(self):
        env = self.state.document.settings.env
        names = " ".join(self.content).split()
        if self.arguments[0] != "first":
            shown = env.__dict__.setdefault("skrnn_tables", {})
            shown.setdefault(env.docname, []).extend(names)
        told = described()
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 20 50 15 15", ""]
        rows = [("parameter", "what it is", "regressor", "classifier")]
        for name in names:
            defaults = [default_of(estimator, name) for estimator in ESTIMATORS]
            rows.append((f"``{name}``", first_sentence(told[name]), *defaults))
        for row in rows:
            lines += [
                f"   {'*' if not i else ' '} - {cell}" for i, cell in enumerate(row)
            ]
        node = self.state.parent.__class__()
        self.state.nested_parse(StringList(lines, "parameters"), 0, node)
        return node.children


def forget(app, env, docname):
    """Forget the tables of a page that is read anew."""
    getattr(env, "skrnn_tables", {}).pop(docname, None)


def merge(app, env, docnames, other):
    """Take over the tables of pages that another process has read."""
    read = getattr(other, "skrnn_tables", {})
    shown = env.__dict__.setdefault("skrnn_tables", {})
    shown |= {name: read[name] for name in docnames if name in read}


def check(app, env):
    """Warn of a parameter that no table, or more than one, has."""
    tables = getattr(env, "skrnn_tables", None)
    if tables is None:
        return
    shown = [name for names in tables.values() for name in names]
    for name in described():
        if shown.count(name) != 1:
            logger.warning("%s is in %d tables of parameters", name, shown.count(name))


def setup(app):
    app.add_directive("parameters", Parameters)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("env-check-consistency", check)
    # That copies files when all is done, and does not say that it can be left to it.
    app.extensions["sphinx-mathjax-offline"].parallel_read_safe = True
    return {"parallel_read_safe": True}
