"""Command line: ``python -m tests.golden --help``, from the root."""

import argparse
import sys
import time
import warnings

import skrnn
from tests.golden import bits, values
from tests.golden.cases import CASES


def main():
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write-values", help="store the values that the tests want")
    for name, text in [
        ("write", "store the bits of all cases"),
        ("compare", "say which cases have other bits now"),
    ]:
        commands.add_parser(name, help=text).add_argument("file", help="an .npz file")
    given = parser.parse_args()
    # Few epochs are meant, and the tests look at what else is warned of.
    warnings.simplefilter("ignore")
    print(f"skrnn is that of {skrnn.__path__[0]}")
    start, is_equal = time.perf_counter(), True
    if given.command == "write-values":
        values.write({name: case.values() for name, case in CASES.items()})
    elif given.command == "write":
        bits.write(given.file)
    else:
        is_equal = bits.compare(given.file)
    print(f"{len(CASES)} cases took {time.perf_counter() - start:.1f} s.")
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())
