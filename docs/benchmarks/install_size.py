"""What an installation weighs: skrnn, and all that it needs, in this environment.

    python docs/benchmarks/install_size.py           # print
    python docs/benchmarks/install_size.py --write   # and put the row into the table

The row goes by the build of torch: a CPU build from torch's own index, or the build
that the package index gives on Linux, with CUDA. Sizes are those of the installed
files, as their packages list them.
"""

import argparse
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

TABLE = Path(__file__).with_suffix(".md")
HEAD = """# Size of an installation

Megabytes of installed files: skrnn, and what it needs, by the build of torch. Nothing
of the extras.

| torch | packages | torch alone | libraries of CUDA | everything else | in all |
| --- | ---: | ---: | ---: | ---: | ---: |
"""
OF_CUDA = re.compile(r"nvidia-|cuda-|triton$")


def needed(name, found=None):
    """Give the distributions that a package needs, itself included, by name."""
    found = {} if found is None else found
    name = re.sub(r"[-_.]+", "-", name).lower()
    if name not in found:
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # of another system
            return found
        for requirement in found[name].requires or ():
            if "extra ==" not in requirement:
                needed(re.match(r"[\w.-]+", requirement)[0], found)
    return found


def megabytes(package):
    """Give the size (float) of the files of a distribution that are there."""
    paths = [Path(package.locate_file(file)) for file in package.files or ()]
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def row():
    """Give the line of this environment, in Markdown."""
    packages = needed("skrnn")
    sizes = {name: megabytes(package) for name, package in packages.items()}
    torch = sizes.pop("torch")
    cuda = sum(size for name, size in sizes.items() if OF_CUDA.match(name))
    rest = sum(sizes.values()) - cuda
    build = "with CUDA" if cuda else "CPU"
    numbers = (torch, cuda, rest, torch + cuda + rest)
    told = " | ".join(f"{number:,.0f}" for number in numbers)
    version = packages["torch"].version.partition("+")[0]
    return f"| {version}, {build} | {len(packages)} | {told} |"


def main():
    """Print the row, and write it if that is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    new = row()
    print(new)
    if not parser.parse_args().write:
        return
    text = TABLE.read_text() if TABLE.exists() else HEAD
    build = new.split("|")[1].split(", ")[1]
    lines = [x for x in text.splitlines() if f", {build}|" not in x.replace(" |", "|")]
    TABLE.write_text("\n".join([*lines, new]) + "\n")


if __name__ == "__main__":
    main()
