"""Speed of predict: skrnn beside ONNX Runtime and raw torch.

The same weights for all: those of a fitted skrnn estimator, as an ONNX graph (one
LSTM, GRU or RNN node, its last state, a linear layer) and as a torch module. Rows a
second of a large array, each tool with the number of threads and rows in a call that is
best for it, in turns; and the time of a single row. skrnn's `predict` checks its input
and returns float64; the peers get float32 that needs no check.

usage: python docs/benchmarks/predict_speed.py [--quick]
(writes predict_speed.md beside itself; needs onnx and onnxruntime; ten minutes)
"""

from functools import partial

import numpy as np
import onnx
import onnxruntime
import torch
from _fits import CELLS, N_GATES, Network, Task
from _timing import (
    QUICK,
    REPEATS,
    THREADS,
    in_turns,
    machine,
    shown,
    with_threads,
    write,
)
from onnx import TensorProto, helper, numpy_helper

from skrnn import RNNRegressor

# rows, steps, features, hidden
SIZES = [(100_000, 24, 1, 32), (20_000, 96, 7, 64)]
CHUNKS = (512, 4096)
N_LATENCY = 20 if QUICK else 500
# Where ONNX has each of torch's gates.
ONNX_ORDER = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "rnn": (0,)}


def fitted(task):
    """An estimator; scale=False, so that predict is the network alone."""
    x, y = task.data()
    return RNNRegressor(
        task.cell,
        task.hidden,
        linear_steps=None,  # the others have none either
        n_estimators=1,
        scale=False,
        max_epochs=1,
        early_stopping=False,
        random_state=0,
    ).fit(x, y)


def as_torch(task, model):
    network = Network(task)
    theirs = model.net_.module_.state_dict()
    names = {f"stack.{name}": name for name in dict(network.stack.named_parameters())}
    state = {
        mine: next(v for k, v in theirs.items() if k.endswith(f".{name}"))
        for mine, name in names.items()
    }
    head = {f"head.{name}": theirs[f"head.{name}"] for name in ("weight", "bias")}
    network.load_state_dict(state | head)
    return network.eval()


def as_onnx(task, network):
    """The bytes of a model that takes (rows, steps, features)."""

    def ordered(value):
        gates = np.split(value.detach().numpy(), N_GATES[task.cell])
        return np.concatenate([gates[i] for i in ONNX_ORDER[task.cell]])

    stack = network.stack
    biases = np.concatenate([ordered(stack.bias_ih_l0), ordered(stack.bias_hh_l0)])
    weights = {
        "W": ordered(stack.weight_ih_l0)[None],
        "R": ordered(stack.weight_hh_l0)[None],
        "B": biases[None],
        "head": network.head.weight.detach().numpy(),
        "bias": network.head.bias.detach().numpy(),
        "axis": np.array([0]),
    }
    options = {"linear_before_reset": 1} if task.cell == "gru" else {}
    recurrent = helper.make_node(
        task.cell.upper(),
        ["by_step", "W", "R", "B"],
        ["", "state"],
        hidden_size=task.hidden,
        **options,
    )
    nodes = [
        helper.make_node("Transpose", ["x"], ["by_step"], perm=[1, 0, 2]),
        recurrent,
        helper.make_node("Squeeze", ["state", "axis"], ["last"]),
        helper.make_node("Gemm", ["last", "head", "bias"], ["y"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [
            helper.make_tensor_value_info(
                "x", TensorProto.FLOAT, ["rows", task.steps, task.features]
            )
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def session(model, n_threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    # Threads that wait busily would slow the others down.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"]
    )


def run_onnx(session, x, chunk):
    starts = range(0, len(x), chunk)
    parts = [session.run(None, {"x": x[i : i + chunk]})[0] for i in starts]
    return np.concatenate(parts)


def run_torch(network, x, chunk):
    with torch.inference_mode():
        parts = [network(part) for part in torch.from_numpy(x).split(chunk)]
        return torch.cat(parts).numpy()


def predictors(task):
    """By tool and number of threads, a function of the rows and the rows in a call."""
    model = fitted(task)
    network = as_torch(task, model)
    exported = as_onnx(task, network)
    made = {}
    for n in THREADS:
        runner = session(exported, n)
        made["skrnn", n] = lambda x, chunk: model.predict(x)
        made["ONNX Runtime", n] = partial(run_onnx, runner)
        made["raw torch", n] = partial(run_torch, network)
    return made


def best(times):
    """The least time of each tool."""
    result = {}
    for (name, *_), value in times.items():
        result[name] = min(value, result.get(name, np.inf))
    return result


def one_by_one(run, x):
    for i in range(N_LATENCY):
        run(x[i : i + 1], 1)


def measure(cell, size):
    """Seconds for all rows and for a single one, by tool."""
    n_rows, steps, features, hidden = size
    task = Task(cell, 32, steps, features, hidden, 1, 2, 1)
    made = predictors(task)
    rng = np.random.default_rng(1)
    n_rows = n_rows // 20 if QUICK else n_rows
    x = rng.normal(size=(n_rows, steps, features)).astype(np.float32)
    outputs = {key: run(x[:1000], 1000).ravel() for key, run in made.items()}
    for key, output in outputs.items():
        error = np.abs(output - outputs["skrnn", THREADS[0]]).max()
        assert error < 1e-5, f"{key} differs by {error}"
    many, one = {}, {}
    for (name, n), run in made.items():
        for chunk in CHUNKS[:1] if name == "skrnn" else CHUNKS:
            many[name, n, chunk] = with_threads(partial(run, x, chunk), n)
        one[name, n] = with_threads(partial(one_by_one, run, x), n)
    of_one = {name: t / N_LATENCY for name, t in best(in_turns(one)).items()}
    return n_rows, best(in_turns(many)), of_one


def main():
    tools = ("skrnn", "ONNX Runtime", "raw torch")
    columns = "cell | steps, features, hidden"
    head = f"| --- | --- |{' ---: |' * (len(tools) + 1)}"
    latency = [
        f"| {columns} | {' | '.join(tools)} | skrnn / ONNX Runtime |",
        head,
    ]

    def throughput():
        yield f"| {columns} | {' | '.join(tools)} | skrnn / ONNX Runtime |"
        yield head
        for size in SIZES:
            for cell in CELLS:
                n_rows, many, one = measure(cell, size)
                start = f"| {cell.upper()} | {', '.join(map(str, size[1:]))}"
                speeds = " | ".join(f"{n_rows / many[name]:,.0f}" for name in tools)
                ratio = many["ONNX Runtime"] / many["skrnn"]
                times = " | ".join(f"{1e6 * one[name]:.0f}" for name in tools)
                latency.append(
                    f"{start} | {times} | {one['skrnn'] / one['ONNX Runtime']:.2f} |"
                )
                yield f"{start} | {speeds} | {ratio:.2f} |"

    of_many = shown(throughput())
    of_one = "\n".join(latency)
    rows = " and ".join(f"{n:,} of {steps} steps" for n, steps, *_ in SIZES)
    text = f"""# Speed of predict

Rows a second; {rows}, float32, one layer. Median of {REPEATS} after a warm-up, in
turns, each tool with the better of {THREADS[0]} and {THREADS[-1]} threads, ONNX Runtime
and torch with the best of {", ".join(f"{n:,}" for n in CHUNKS)} rows in a call. All
outputs agree to 1e-5.

{of_many}

Microseconds for a call with one row:

{of_one}

{machine("torch", "onnxruntime", "onnx")}. Made by `predict_speed.py`.
"""
    write(__file__, text)


if __name__ == "__main__":
    main()
