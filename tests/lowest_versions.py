"""Print constraints for pip: the lowest versions that pyproject.toml allows.

usage: python tests/lowest_versions.py [extra ...] > lowest.txt
       pip install -c lowest.txt -e ".[test]"

Without an extra the dependencies of the package itself; each extra adds its own. Where
a package is named twice, the higher of its floors counts. What the packages need in
turn is pip's to find.
"""

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def floors(project, extras=()):
    """Give the lowest version (str) of each package.

    Parameters
    ----------
    project : dict
        The table ``project`` of pyproject.toml.
    extras : sequence of str, default=()
        Extras whose packages are wanted too.

    Raises
    ------
    ValueError
        If a requirement is not of the form ``name>=version``, or an extra unknown.
    """
    optional = project.get("optional-dependencies", {})
    unknown = set(extras) - set(optional)
    if unknown:
        raise ValueError(f"No extra {sorted(unknown)}; there are {sorted(optional)}.")
    found = {}
    for extra in (None, *extras):
        wanted = project["dependencies"] if extra is None else optional[extra]
        for requirement in wanted:
            name, version = _name_and_floor(requirement)
            found[name] = max(version, found.get(name, version), key=_comparable)
    return dict(sorted(found.items()))


def _name_and_floor(requirement):
    match = re.fullmatch(r"([A-Za-z0-9._-]+)>=([0-9][0-9.]*)", requirement)
    if match is None:
        raise ValueError(f"{requirement!r} does not say name>=version.")
    return match[1], match[2]


def _comparable(version):
    return [int(part) for part in version.split(".")]


if __name__ == "__main__":
    read = tomllib.loads(PYPROJECT.read_text())["project"]
    for package, version in floors(read, sys.argv[1:]).items():
        print(f"{package}=={version}")
