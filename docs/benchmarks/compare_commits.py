"""Did a commit make something slower? Two commits, a few jobs, two minutes.

Each commit is taken out of the repository into a directory of its own, with the
compiled kernels of this checkout (give `--build` where the C++ differs: it compiles
both). The jobs run in two processes that wait for each other, one of each commit, in
turns, A B B A, so that what else the machine does falls on both alike. What is compared
is CPU time of one thread, or the number of instructions where `perf` may count them,
which other load hardly changes. A job counts as slower if the median of its paired
ratios is above 1 by more than five per cent and by more than its standard error three
times over.

usage: python docs/benchmarks/compare_commits.py [BEFORE [AFTER]] [--build] [--quick]
(BEFORE is HEAD~1 and AFTER the working tree, where nothing is said; ends with status 1
if something became slower)
"""

import argparse
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 9
# What is no more than that is no news, however sure.
LEAST_CHANGE = 0.05
ERRORS = 3.0


def jobs():
    """What is timed: functions by name, each some tenths of a second."""
    import numpy as np

    from skrnn import RNNClassifier, RNNRegressor, SlidingWindow

    rng = np.random.default_rng(0)
    x = rng.normal(size=(1280, 24, 2)).astype(np.float32)
    y = x[:, -1, 0] * x[:, -3, 1]
    options = {"max_epochs": 3, "early_stopping": False, "random_state": 0}
    one = options | {"n_estimators": 1, "linear_steps": None}

    def fit(**more):
        return lambda: RNNRegressor(**one | more).fit(x, y)

    model = RNNRegressor(**one).fit(x, y)
    windows = SlidingWindow(24, horizon=1)
    series = rng.normal(size=(60_000, 1))
    classes = (y > 0).astype(int)
    return {
        "fit, GRU 16": fit(),
        "fit, LSTM 64": fit(cell="lstm", hidden_size=64),
        "fit, dropout and layer norm": fit(dropout=0.2, norm="layer", num_layers=2),
        "fit, both directions, attention": fit(bidirectional=True, pooling="attention"),
        "fit, ridge of 480 columns": lambda: RNNRegressor(
            **options | {"max_epochs": 1, "n_estimators": 1}
        ).fit(np.tile(x, (2, 1, 10)), np.tile(y, 2)),
        "fit, classifier": lambda: RNNClassifier(
            n_estimators=1, max_epochs=2, random_state=0
        ).fit(x[:200], classes[:200]),
        "windows": lambda: np.asarray(windows.fit_transform(series)),
        "predict, many rows": lambda: [model.predict(x) for _ in range(20)],
        "predict, one row": lambda: [model.predict(x[:1]) for _ in range(300)],
    }


def counter():
    """What a call costs: a function of it, in instructions or in CPU seconds."""
    return _instructions if os.environ.get("SKRNN_COUNT") else _seconds


def _seconds(job):
    start = time.process_time()
    job()
    return time.process_time() - start


def _instructions(job):
    command = ["perf", "stat", "-x,", "-e", "instructions:u", "-p", str(os.getpid())]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as counting:
        time.sleep(0.05)  # until it is attached
        job()
        counting.send_signal(2)
        shown = counting.stderr.read()
    return float(shown.split(",")[0])


def can_count():
    """Whether `perf` may count the instructions of a process (bool)."""
    if shutil.which("perf") is None:
        return False
    command = ["perf", "stat", "-x,", "-e", "instructions:u", sys.executable, "-c", ""]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode == 0 and done.stderr.split(",")[0].isdigit()


def work():
    """Run the jobs that standard input names, and say what each cost."""
    known, cost = jobs(), counter()
    for job in known.values():  # imports, and what is made once
        job()
    print("|".join(known), flush=True)
    for line in sys.stdin:
        print(cost(known[line.rstrip("\n")]), flush=True)


def checkout(commit, folder, *, build):
    """Put the package as it is at a commit (None: as it is here) into a folder."""
    if commit is None:
        shutil.copytree(ROOT / "skrnn", folder / "skrnn")
    else:
        archive = ["git", "-C", str(ROOT), "archive", commit]
        packed = subprocess.run(archive, check=True, capture_output=True).stdout
        subprocess.run(["tar", "x", "-C", str(folder)], check=True, input=packed)
    if build:
        if commit is None:
            raise SystemExit("--build compiles commits: commit what is to be compared.")
        options = ["--no-deps", "--no-build-isolation", "--upgrade", "--quiet"]
        pip = [sys.executable, "-m", "pip", "install", *options]
        subprocess.run([*pip, "--target", str(folder), str(folder)], check=True)
        return
    here, there = (root / "skrnn/_kernels/native" for root in (ROOT, folder))
    for name in ("*.so", "*.dll", "*.dylib", "compiled.json"):
        for file in here.glob(name):
            shutil.copy(file, there)


def worker(folder, *, counts):
    """A process that works with the package of a folder."""
    environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    environment.pop("SKRNN_COUNT", None)
    if counts:
        environment["SKRNN_COUNT"] = "1"
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", __file__, "--work"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=folder,
        text=True,
    )


def ask(process, job):
    """What a job costs in a worker (float)."""
    process.stdin.write(f"{job}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def measure(before, after, names, rounds):
    """Costs of each job, by name: pairs of those before and after."""
    pairs = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            in_order = (before, after) if number % 2 == 0 else (after, before)
            costs = [ask(process, name) for process in in_order]
            pairs[name].append(tuple(costs if number % 2 == 0 else costs[::-1]))
    return pairs


def compare(pairs):
    """Compare costs in pairs.

    Parameters
    ----------
    pairs : list of tuple of two float
        Costs before and after, each pair of one turn.

    Returns
    -------
    ratio : float
        Median of after over before.
    error : float
        Its standard error, by the spread of the middle half of the ratios, which a turn
        that something disturbed does not widen.
    verdict : str
        "slower", "faster" or "", if neither is sure.
    """
    ratios = [after / before for before, after in pairs]
    ratio = statistics.median(ratios)
    if len(ratios) < 4:  # too few to tell how sure it is
        return ratio, math.inf, ""
    low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
    # A middle half of 1.349 deviations, and sqrt(pi / 2) of a median beside a mean.
    error = 1.2533 * (high - low) / 1.349 / math.sqrt(len(ratios))
    change = ratio - 1
    if abs(change) <= max(LEAST_CHANGE, ERRORS * error):
        return ratio, error, ""
    return ratio, error, "slower" if change > 0 else "faster"


def table(pairs):
    """Lines of the result, and whether something is slower (bool)."""
    lines = ["| job | before | after | ratio | error | |", "| --- |" + " ---: |" * 5]
    is_slower = False
    for name, costs in pairs.items():
        ratio, error, verdict = compare(costs)
        is_slower |= verdict == "slower"
        both = " | ".join(
            f"{statistics.median(side):.3g}" for side in zip(*costs, strict=True)
        )
        lines.append(f"| {name} | {both} | {ratio:.3f} | {error:.3f} | {verdict} |")
    return "\n".join(lines), is_slower


def main():
    if "--work" in sys.argv:
        work()
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", nargs="?", default="HEAD~1")
    parser.add_argument("after", nargs="?")
    parser.add_argument("--build", action="store_true", help="compile both")
    parser.add_argument("--quick", action="store_true", help="five rounds")
    given = parser.parse_args()
    counts = can_count()
    with tempfile.TemporaryDirectory() as made:
        processes = []
        for number, commit in enumerate((given.before, given.after)):
            folder = Path(made) / str(number)
            folder.mkdir()
            checkout(commit, folder, build=given.build)
            processes.append(worker(folder, counts=counts))
        names = [process.stdout.readline().rstrip("\n") for process in processes]
        names = names[0].split("|")
        rounds = 5 if given.quick else ROUNDS
        pairs = measure(*processes, names, rounds)
        for process in processes:
            process.stdin.close()
            process.wait()
    unit = "instructions" if counts else "CPU seconds"
    shown, is_slower = table(pairs)
    after = given.after or "the working tree"
    print(f"{unit} of {given.before} and of {after}, {rounds} turns each\n\n{shown}")
    return int(is_slower)


if __name__ == "__main__":
    sys.exit(main())
