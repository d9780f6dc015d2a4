"""A web service over a saved pipeline, which remembers the last rows of every stream.

A row is checked against the columns of the fit, with the stream and the time that it is
of, and answered with the prediction for it. No more requests wait than there is room
for; others are told to come again. Another file takes the place of the model without a
request being lost, and what the streams remember survives a restart.

usage: python examples/serve.py MODEL.skops [--port 8000] [--most-waiting 64]
(needs fastapi and uvicorn; the file is one of skrnn.save, of a pipeline that was fitted
on a DataFrame)
"""

import argparse
import json
import threading
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, create_model

import skrnn
from skrnn.streaming import StreamingPredictor


class Model:
    """A pipeline that was read from a file, and its streams."""

    def __init__(self, path, max_streams):
        self.version = sha256(Path(path).read_bytes()).hexdigest()[:12]
        pipeline = skrnn.load(path)
        self._columns = list(pipeline.feature_names_in_)
        self._row_type = row_type(self._columns)
        self.streams = StreamingPredictor(pipeline, max_streams=max_streams)

    def checked(self, row):
        """A row (dict) with the columns of fit and NaN for null, or a ValueError."""
        values = dict(self._row_type(**row)).values()
        values = [np.nan if value is None else value for value in values]
        return dict(zip(self._columns, values, strict=True))

    def take_state(self, state):
        """Go on with streams; begin anew where they are of another pipeline.

        Parameters
        ----------
        state : dict or str
            From `get_state`, or the same as JSON.
        """
        try:
            state = json.loads(state) if isinstance(state, str) else state
            self.streams.set_state(state)
        except ValueError:
            return False
        return True


def row_type(columns):
    """A pydantic model of a row: each column, which may be null, and no other."""
    fields = {
        f"column_{i}": (float | str | None, Field(alias=name))
        for i, name in enumerate(columns)
    }
    return create_model("Row", __config__=ConfigDict(extra="forbid"), **fields)


class Observation(BaseModel):
    """What is posted; the row is checked against the model that is there then."""

    model_config = ConfigDict(extra="forbid")
    row: dict
    key: str | int | None = None
    time: str | int | None = None


def state_file(path):
    return Path(path).with_suffix(".streams.json")


def write_state(path, streams):
    """Write what streams remember, whole or not at all."""
    state = streams.get_state()
    arrays = {name: array.tolist() for name, array in state["arrays"].items()}
    beside = state_file(path).with_suffix(".new")
    beside.write_text(json.dumps(state | {"arrays": arrays}))
    beside.replace(state_file(path))


def new_app(path, *, most_waiting=64, max_streams=10_000):
    """Make the service.

    Parameters
    ----------
    path : str or Path
        Of a file of `skrnn.save`.
    most_waiting : int
        Requests that are worked on or wait; more are answered with 429.
    max_streams : int
        Streams that are remembered.
    """
    served = {"model": Model(path, max_streams), "waiting": 0}
    turn = threading.Lock()  # of a row, or of another model

    @asynccontextmanager
    async def lifespan(app):
        if state_file(path).exists():
            if not served["model"].take_state(state_file(path).read_text()):
                print("The streams in", state_file(path), "are others, and begin anew.")
        yield  # the server waits for the requests that it has begun
        write_state(path, served["model"].streams)

    app = FastAPI(title="skrnn", lifespan=lifespan)

    @app.middleware("http")
    async def bound_the_queue(request, answer):
        if request.url.path != "/predict":
            return await answer(request)
        if served["waiting"] >= most_waiting:
            said = {"detail": "Too many requests wait."}
            return JSONResponse(said, 429, {"Retry-After": "1"})
        served["waiting"] += 1  # on the one thread of the event loop
        try:
            return await answer(request)
        finally:
            served["waiting"] -= 1

    @app.get("/health")
    def health():
        return {"status": "ok", "streams": served["model"].streams.n_streams}

    @app.get("/version")
    def version():
        return {"model": served["model"].version, "skrnn": skrnn.__version__}

    @app.post("/predict")
    def predict(observation: Observation):
        try:
            with turn:
                model = served["model"]
                predicted = model.streams.update(
                    model.checked(observation.row),
                    key=observation.key,
                    time=observation.time,
                )
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        return {"prediction": np.asarray(predicted).tolist(), "model": model.version}

    @app.post("/reload")
    def reload():
        try:
            newer = Model(path, max_streams)  # while the other one answers
        except (OSError, ValueError) as error:  # which then goes on doing so
            raise HTTPException(503, f"The model could not be read: {error}") from error
        with turn:
            kept = newer.take_state(served["model"].streams.get_state())
            served["model"] = newer
        return {"model": newer.version, "streams_kept": kept}

    return app


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--most-waiting", type=int, default=64)
    given = parser.parse_args()
    app = new_app(given.model, most_waiting=given.most_waiting)
    # One process: the streams are its own. More of them each take a share of the keys.
    uvicorn.run(app, host=given.host, port=given.port, timeout_graceful_shutdown=10)


if __name__ == "__main__":
    main()
