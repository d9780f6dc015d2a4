"""The command line: ``python -m skrnn describe FILE`` and ``... versions``."""

import argparse
import json
import sys

import skrnn
from skrnn.exceptions import ModelFileError
from skrnn.persistence import describe


def main(arguments=None):
    """Run a command.

    Parameters
    ----------
    arguments : list of str, default=None
        Those of the command line; None for its own.

    Returns
    -------
    int
        0, or 1 where the file could not be read.
    """
    parser = argparse.ArgumentParser(prog="python -m skrnn")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "describe", help="say what a file of a model holds, without loading it"
    )
    command.add_argument("file")
    command.set_defaults(run=lambda: print(json.dumps(describe(given.file), indent=2)))
    command = commands.add_parser(
        "versions", help="print the versions of packages, and which kernels compute"
    )
    # Found on use: it loads torch.
    command.set_defaults(run=lambda: skrnn.show_versions())
    given = parser.parse_args(arguments)
    try:
        given.run()
    except (OSError, ModelFileError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
