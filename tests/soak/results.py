"""The table of full doses, `docs/benchmarks/faults.md`: a row for each that was run."""

import fcntl
import os
from pathlib import Path

FILE = Path(__file__).parents[2] / "docs" / "benchmarks" / "faults.md"
_BEGIN = """# What was tried, and what held

Each script has its own row for each thing that it tries, written when it is called with
`--write`. A case is held where all is as the script's first lines promise.

| script | what | cases | held | not held |
| --- | --- | ---: | ---: | ---: |
"""


def write_row(script, what, n_cases, n_faults):
    """Put a row into the table, in the place of an older one of the same thing.

    Parameters
    ----------
    script : str
        The `__file__` of what has run.
    what : str
        What was tried, and with which dose if not every case was.
    n_cases, n_faults : int
        How many cases there were, and in how many of them something did not hold.
    """
    script = Path(script).resolve().relative_to(FILE.parents[2]).as_posix()
    # Several scripts may run at the same time.
    folder = os.open(FILE.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        rows = read_rows()
        rows[script, what] = n_cases, n_faults
        FILE.write_text(_BEGIN + "".join(_line(*key, *rows[key]) for key in sorted(rows)))
    finally:
        os.close(folder)


def read_rows():
    """Return cases and faults (tuple of int) of each row by its script and thing."""
    rows = {}
    for line in FILE.read_text().splitlines() if FILE.exists() else ():
        cells = [cell.strip(" `") for cell in line.split("|")[1:-1]]
        if len(cells) == 5 and cells[2].replace(",", "").isdigit():
            cases, _, faults = (int(cell.replace(",", "")) for cell in cells[2:])
            rows[cells[0], cells[1]] = cases, faults
    return rows


def _line(script, what, n_cases, n_faults):
    held = n_cases - n_faults
    return f"| `{script}` | {what} | {n_cases:,} | {held:,} | {n_faults:,} |\n"
