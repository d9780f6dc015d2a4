"""The web service of the examples, without a socket."""

import asyncio
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import skrnn
from tests.streaming.support import hourly, hourly_pipeline, is_same

pytest.importorskip("fastapi"), pytest.importorskip("uvicorn")
httpx = pytest.importorskip("httpx")
PATH = Path(__file__).parents[2] / "examples" / "serve.py"


@pytest.fixture(scope="module")
def serve():
    spec = importlib.util.spec_from_file_location("serve", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def saved(tmp_path):
    pipeline, path = hourly_pipeline(), tmp_path / "model.skops"
    skrnn.save(pipeline, path)
    return pipeline, path


def posted(table):
    return [{"row": row.to_dict(), "time": str(time)} for time, row in table.iterrows()]


def run(app, job):
    """Have a service up, and a job that is given a client."""

    async def whole():
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as c:
                return await job(c)

    return asyncio.run(whole())


async def send(client, bodies):
    answers = [await client.post("/predict", json=body) for body in bodies]
    return [answer.json()["prediction"] for answer in answers]


def test_rows_are_answered_over_restarts_and_other_models(serve, saved):
    pipeline, path = saved
    table = hourly(90)[60:]
    want, bodies = pipeline.predict(table).tolist(), posted(table)

    async def first(client):
        got = await send(client, bodies[:10])
        answer = (await client.post("/reload")).json()
        assert answer["streams_kept"] and len(answer["model"]) == 12
        assert (await client.get("/version")).json()["model"] == answer["model"]
        assert (await client.get("/health")).json() == {"status": "ok", "streams": 1}
        return got + await send(client, bodies[10:20])

    async def second(client):
        return await send(client, bodies[20:])

    got = run(serve.new_app(path), first)
    assert json.loads(path.with_suffix(".streams.json").read_text())["keys"] == [None]
    assert is_same(got + run(serve.new_app(path), second), want)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"row": {"a": 1.0}, "time": "2024-01-03 12:00"}, "b"),
        ({"row": {"a": 1.0, "b": 2.0, "c": 1.0}, "time": "2024-01-03 12:00"}, "c"),
        ({"row": {"a": [1.0], "b": 2.0}, "time": "2024-01-03 12:00"}, "a"),
        ({"row": {"a": 1.0, "b": 2.0}}, "time"),
        ({"row": {"a": 1.0, "b": None}, "time": "2024-01-03 12:00"}, "missing"),
        ({"row": {"a": "inf", "b": 2.0}, "time": "2024-01-03 12:00"}, "infinite"),
        ({"row": {"a": 1.0, "b": 2.0}, "time": "9999-01-01"}, "beyond the times"),
        ({"row": {"a": 1.0, "b": 2.0}, "time": ""}, "no time"),
    ],
)
def test_what_is_no_row_is_told(serve, saved, body, told):
    async def job(client):
        answer = await client.post("/predict", json=body)
        return answer.status_code, str(answer.json()["detail"])

    status, detail = run(serve.new_app(saved[1]), job)
    assert status == 422 and told in detail


def test_damaged_files_end_nothing(serve, saved, capsys):
    pipeline, path = saved
    body, whole = posted(hourly(61)[60:])[0], path.read_bytes()
    path.with_suffix(".streams.json").write_text('{"version": 1, "sha')

    async def job(client):
        path.write_bytes(whole[:100])
        damaged = await client.post("/reload")
        path.unlink()
        missing = await client.post("/reload")
        path.write_bytes(whole)
        return damaged, missing, await client.post("/predict", json=body)

    damaged, missing, answer = run(serve.new_app(path), job)
    assert "begin anew" in capsys.readouterr().out
    assert damaged.status_code == missing.status_code == 503
    assert "no file of a model" in damaged.json()["detail"]
    assert "No such file" in missing.json()["detail"]
    want = pipeline.predict(hourly(61)[60:])
    assert is_same([answer.json()["prediction"]], want)


def test_the_queue_is_bounded(serve, saved):
    table = hourly(80)[60:61]

    async def job(client):
        body = posted(table)[0]
        calls = [client.post("/predict", json=body) for _ in range(12)]
        return [answer.status_code for answer in await asyncio.gather(*calls)]

    statuses = run(serve.new_app(saved[1], most_waiting=3), job)
    assert set(statuses) == {200, 429} and statuses.count(200) >= 3
    assert np.isfinite(run(serve.new_app(saved[1]), lambda c: send(c, posted(table))))
