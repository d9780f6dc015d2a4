"""The table of full doses, `docs/benchmarks/faults.md`: a row for each that was run.

    python -m tests.soak.results

puts the counts of the table into `SECURITY.md`.
"""

import collections
import os
import re
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, where no soak test runs
    fcntl = None

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "benchmarks" / "faults.md"
# Scripts whose counts are told in words, by name.
SCRIPTS = ("interrupts", "signals", "callbacks", "forged", "fuzz_kernels", "sanitizers")
SCRIPTS += ("growth", "model_files", "extremes", "forecaster_extremes")
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
    script = Path(script).resolve().relative_to(ROOT).as_posix()
    # Several scripts may run at the same time.
    folder = os.open(FILE.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        rows = read_rows()
        rows[script, what] = n_cases, n_faults
        FILE.write_text(
            _BEGIN + "".join(_line(*key, *rows[key]) for key in sorted(rows))
        )
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


def told_counts():
    """Return the counts of each script (str by its name), all its rows together."""
    cases, faults = collections.Counter(), collections.Counter()
    for (script, _), (n_cases, n_faults) in read_rows().items():
        cases[Path(script).stem] += n_cases
        faults[Path(script).stem] += n_faults
    told = dict.fromkeys(SCRIPTS, "not run yet")
    told |= {n: f"{c - faults[n]:,} of {c:,} cases held" for n, c in cases.items()}
    kills = FILE.with_name("kill_resume.md").read_text()
    n_kills, n_lost = (
        int(re.search(rf"\| {name} \| (\d+) \|", kills)[1])
        for name in ("kills at random moments", "kills that lost a finished epoch")
    )
    told["kill_resume"] = f"{n_kills - n_lost} of {n_kills} kills lost no epoch"
    return told


def _line(script, what, n_cases, n_faults):
    held = n_cases - n_faults
    return f"| `{script}` | {what} | {n_cases:,} | {held:,} | {n_faults:,} |\n"


def with_counts(text):
    """Return a text in which each script that is followed by a count has the latest."""
    told = told_counts()
    return re.sub(
        r"(`[\w/]+/(\w+)\.py`:)(\s+)(not\s+run\s+yet|[\d,]+\s+of\s+[\d,]+\s+cases\s+held)",
        lambda found: f"{found[1]}{found[3]}{told[found[2]]}",
        text,
    )


def main():
    """Put the counts into the text."""
    path = ROOT / "SECURITY.md"
    path.write_text(with_counts(path.read_text()))


if __name__ == "__main__":
    main()
