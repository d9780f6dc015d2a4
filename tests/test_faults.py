"""The counts of full doses: their table, and the texts that tell of them."""

import re
from pathlib import Path

from tests.soak import results

ROOT = Path(__file__).parent.parent


def test_rows_are_written_in_the_place_of_older_ones(tmp_path, monkeypatch):
    kills = (results.FILE.with_name("kill_resume.md")).read_text()
    (tmp_path / "kill_resume.md").write_text(kills)
    monkeypatch.setattr(results, "FILE", tmp_path / "faults.md")
    assert results.read_rows() == {}
    script = str(ROOT / "tests/soak/signals.py")
    for what, *counts in [("fit", 9, 1), ("predict", 1200, 0), ("fit", 10, 2)]:
        results.write_row(script, what, *counts)
    key = "tests/soak/signals.py"
    assert results.read_rows() == {(key, "fit"): (10, 2), (key, "predict"): (1200, 0)}
    told = results.told_counts()
    assert told["signals"] == "1,208 of 1,210 cases held"
    assert told["forged"] == "not run yet"
    text = f"(`{key}`: 3 of 4\n  cases held, `tests/soak/forged.py`: not run yet)"
    expected = (
        f"(`{key}`: 1,208 of 1,210 cases held, `tests/soak/forged.py`: not run yet)"
    )
    assert results.with_counts(text) == expected


def test_all_that_was_tried_was_held():
    rows = results.read_rows()
    assert rows
    assert {key: counts for key, counts in rows.items() if counts[1]} == {}
    assert [script for script, _ in rows if not (ROOT / script).exists()] == []


def test_the_counts_told_are_those_of_the_table():
    text = (ROOT / "SECURITY.md").read_text()
    assert results.with_counts(text) == text
    assert len(re.findall(r"\.py`:\s", text)) >= 6


def test_the_guide_names_every_script_and_what_it_names_is_there():
    text = (ROOT / "docs/guide/faults.rst").read_text()
    named = {n for n in re.findall(r"``([^`]+)``", text) if "/" in n}
    # Those of extreme numbers are told as not run until they are there.
    missing = {name for name in named if not (ROOT / name).exists()}
    assert missing <= {
        f"tests/soak/{n}.py" for n in ("extremes", "forecaster_extremes")
    }
    scripts = {p.stem for p in (ROOT / "tests/soak").glob("*.py")}
    # Graphs and streams that predict something else are no fault of this kind.
    others = {"__init__", "results", "onnx_graphs", "streams"}
    assert {*scripts, "kill_resume"} - others <= set(re.findall(r"\|(\w+)\|", text))
