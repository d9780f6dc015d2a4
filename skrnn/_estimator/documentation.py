"""Where the documentation is, for links from the HTML representation."""

from functools import cache
from importlib import metadata

_LABEL = "documentation"  # of the address, among the project's in pyproject.toml


@cache
def documentation_address():
    """Return the address (str) of the documentation that is published.

    It is that of the package's metadata, so that it stands in pyproject.toml alone.

    Returns
    -------
    str
        Without a slash at its end; empty where none is named.
    """
    try:
        addresses = metadata.metadata("skrnn").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:  # a copy of the source
        return ""
    for address in addresses:
        label, _, url = address.partition(",")
        if label.strip().lower() == _LABEL:
            return url.strip().rstrip("/")
    return ""


class DocumentationLinkMixin:
    """Has scikit-learn's HTML representation link to the page of an estimator."""

    _doc_link_module = "skrnn"

    @property
    def _doc_link_template(self):
        address = documentation_address()
        return address and f"{address}/api/generated/skrnn.{{estimator_name}}.html"

    def _doc_link_url_param_generator(self):
        return {"estimator_name": type(self).__name__}
