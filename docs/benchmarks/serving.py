"""A service on this machine under load: examples/serve.py, asked over the loopback.

A saved pipeline of a window of 24 rows and a GRU of 32 units; clients that each send
the rows of their own stream, one request after the other; the model is read anew in the
middle. Then more clients than may wait. Requests are counted: so many, and no more.

usage: python docs/benchmarks/serving.py [--quick]
(writes serving.md beside itself; needs fastapi, uvicorn and httpx; a minute)
"""

import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
from _timing import QUICK, machine, write
from sklearn.pipeline import make_pipeline

import skrnn

SERVE = Path(__file__).parents[2] / "examples" / "serve.py"
N_CLIENTS, N_REQUESTS = 4, 50 if QUICK else 500
MOST_WAITING, N_MORE = 8, 24
START = pd.Timestamp("2025-01-01")


def saved(folder):
    """The file of a fitted pipeline."""
    index = pd.MultiIndex.from_product(
        [
            [f"machine {i}" for i in range(4)],
            pd.date_range(START, periods=200, freq="h"),
        ]
    )
    values = np.random.default_rng(0).normal(size=(len(index), 3))
    table = pd.DataFrame(values, index, ["heat", "load", "speed"])
    window = skrnn.SlidingWindow(24, history="allow")
    regressor = skrnn.RNNRegressor("gru", 32, n_estimators=1, max_epochs=2)
    model = make_pipeline(window, regressor).fit(table, np.sin(3 * values[:, 0]))
    path = Path(folder) / "model.skops"
    skrnn.save(model, path)
    return path


def started(path):
    """A service that answers (process, address)."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    options = ["--port", str(port), "--most-waiting", str(MOST_WAITING)]
    process = subprocess.Popen(
        [sys.executable, SERVE, path, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            httpx.get(f"{address}/health").raise_for_status()
            return process, address
        except httpx.TransportError:
            time.sleep(0.1)
    process.terminate()
    raise TimeoutError("The service does not answer.")


def client(address, key, n_requests, told):
    """Send rows of one stream; note status and seconds of each answer."""
    rng = np.random.default_rng(list(key.encode()))
    with httpx.Client(base_url=address, timeout=60) as session:
        for i in range(n_requests):
            row = dict(zip(["heat", "load", "speed"], rng.normal(size=3), strict=True))
            when = str(START + pd.Timedelta(hours=200 + i))
            begin = time.perf_counter()
            answer = session.post(
                "/predict", json={"row": row, "key": key, "time": when}
            )
            told.append((answer.status_code, time.perf_counter() - begin))


def under_load(address, keys, n_requests, meanwhile=None):
    """Statuses and seconds of all answers, and the seconds of all together."""
    told = []
    threads = [
        threading.Thread(target=client, args=(address, key, n_requests, told))
        for key in keys
    ]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    if meanwhile is not None:
        meanwhile()
    for thread in threads:
        thread.join()
    return told, time.perf_counter() - begin


def main():
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        process, address = started(saved(folder))
        try:
            keys = [f"machine {i}" for i in range(N_CLIENTS)]
            reloaded = []

            def reload():
                time.sleep(0.5)
                reloaded.append(httpx.post(f"{address}/reload", timeout=60).json())

            told, seconds = under_load(address, keys, N_REQUESTS, reload)
            assert {status for status, _ in told} == {200}
            assert reloaded[0]["streams_kept"]
            times = 1e3 * np.array([t for _, t in told])
            others = [f"new machine {i}" for i in range(N_MORE)]
            crowded, _ = under_load(address, others, 20)
        finally:
            process.terminate()
            process.wait(timeout=60)
        kept = (Path(folder) / "model.streams.json").exists()
    statuses = [status for status, _ in crowded]
    median, p99 = np.median(times), np.quantile(times, 0.99)
    assert kept and set(statuses) <= {200, 429}
    text = f"""# A service under load

`examples/serve.py` with one process, asked over the loopback by {N_CLIENTS} clients at
once, {len(told):,} requests in all; a window of 24 rows, GRU of 32 units. The model was
read anew in the middle, and no request failed.

| requests a second | median | p99 |
| ---: | ---: | ---: |
| {len(told) / seconds:,.0f} | {median:.1f} ms | {p99:.1f} ms |

{N_MORE} clients at once where {MOST_WAITING} requests may wait: of {len(statuses)}
requests {statuses.count(200)} were answered and {statuses.count(429)} told to come
again (429). The streams were written to a file at the end.

Clients and service share the cores. {machine("torch", "fastapi", "uvicorn")}. Made by
`serving.py`.
"""
    write(__file__, text)


if __name__ == "__main__":
    main()
