"""The tutorial in both languages: same code, same results, and what scripts write.

The code of the English pages runs as doctests; that of the Chinese ones is the same.
"""

import csv
import importlib
import json
import re
import sys
from doctest import DocTestParser
from pathlib import Path

import numpy as np
import pytest

TUTORIAL = Path(__file__).parent.parent / "docs" / "tutorial"
PAGES = sorted(page.name for page in TUTORIAL.glob("*.rst"))
RESULTS = sorted(path.name for path in (TUTORIAL / "results").glob("*.json"))


def text_of(page, language):
    folder = TUTORIAL / "zh" if language == "zh" else TUTORIAL
    return (folder / page).read_text(encoding="utf-8")


def code_of(text):
    """Sources and wanted outputs of the examples."""
    return [(found.source, found.want) for found in DocTestParser().get_examples(text)]


def named(text, directive):
    """What follows a directive, such as the paths of the pictures, without folders."""
    return [Path(p).name for p in re.findall(rf"{directive}:+ (\S+\.\w+)", text)]


def test_every_page_is_there_in_both_languages():
    assert len(PAGES) >= 12
    assert sorted(page.name for page in (TUTORIAL / "zh").glob("*.rst")) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_chinese_pages_have_the_code_and_the_parts_of_the_english(page):
    english, chinese = text_of(page, "en"), text_of(page, "zh")
    assert code_of(english) == code_of(chinese)
    for directive in ("image", ":file", "include", "literalinclude"):
        assert named(english, directive) == named(chinese, directive), directive
    for mark in (r"^([=~-])\1+$", r"^\.\. math::$", r"^\.\. list-table::$"):
        n_marks = [len(re.findall(mark, text, re.M)) for text in (english, chinese)]
        assert n_marks[0] == n_marks[1], mark
    names = [set(re.findall(r"\|([a-z][\w-]+)\|", text)) for text in (english, chinese)]
    assert names[0] == names[1]
    # A page that is not translated would pass all that.
    assert len(re.findall(r"[\u4e00-\u9fff]", chinese)) > 300


@pytest.mark.parametrize("page", PAGES)
def test_parts_of_pages_are_files(page):
    english = text_of(page, "en")
    for name in named(english, "image"):
        for language in ("en", "zh"):
            assert (TUTORIAL / "images" / language / name).is_file()
    defined = set()
    for name in named(english, "include"):
        written = (TUTORIAL / "results" / name).read_text()
        defined |= set(re.findall(r"^\.\. \|(.+)\| replace::", written, re.M))
    assert set(re.findall(r"\|([a-z][\w-]+)\|", english)) <= defined


def test_every_picture_is_shown_and_has_a_script():
    shown = {name for page in PAGES for name in named(text_of(page, "en"), "image")}
    for language in ("en", "zh"):
        drawn = {path.name for path in (TUTORIAL / "images" / language).glob("*.png")}
        assert drawn == shown
    scripts = "".join(p.read_text() for p in (TUTORIAL / "figures").glob("*.py"))
    for name in shown - {"gates_gru.png", "gates_lstm.png"}:
        assert f'draw("{Path(name).stem}"' in scripts
    assert 'draw(f"gates_{cell}"' in scripts


@pytest.fixture
def figures(monkeypatch):
    """Import a script of the figures, as it is when it runs."""
    folder = str(TUTORIAL / "figures")
    monkeypatch.syspath_prepend(folder)
    known = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(folder):
            del sys.modules[name]


@pytest.mark.parametrize("result", RESULTS)
def test_tables_and_numbers_are_those_of_the_results(
    result, figures, tmp_path, monkeypatch
):
    """What each script makes of its results is what the pages show; nothing runs."""
    name = result.removesuffix(".json")
    (tmp_path / "results").mkdir()
    figure = figures("_figure")
    monkeypatch.setattr(sys, "argv", [name, "--draw"])
    script = figures(name)
    for function in ("table", "numbers"):
        if hasattr(script, function):
            original = getattr(figure, function)
            monkeypatch.setattr(
                script, function, lambda *a, f=original: f(*a, place=tmp_path)
            )
    drawn = []
    monkeypatch.setattr(script, "draw", lambda name, paint: drawn.append(name))
    script.main()
    assert drawn
    for path in tmp_path.rglob("*.*"):
        kept = TUTORIAL / path.relative_to(tmp_path)
        assert path.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")


def test_a_script_runs_anew(figures, tmp_path):
    """The paths down the valley, which take no training: computed and drawn."""
    optimisers, figure = figures("optimisers"), figures("_figure")
    paths = {name: optimisers.path(*how) for name, how in optimisers.VALLEY.items()}
    kept = json.loads((TUTORIAL / "results" / "optimisers.json").read_text())["paths"]
    for name, places in paths.items():
        np.testing.assert_allclose(places, kept[name], rtol=1e-3, atol=1e-7)
    figure.draw("paths", optimisers.paint_paths({"paths": paths}), place=tmp_path)
    assert (tmp_path / "images" / "en" / "paths.png").stat().st_size > 10_000


def test_the_full_mnist_is_that_of_the_benchmark(figures):
    with (TUTORIAL / "results" / "mnist_full.csv").open() as file:
        assert list(csv.reader(file)) == figures("mnist").full_table()


def test_every_word_of_the_pictures_is_translated(figures):
    words = figures("_words").WORDS
    said = set()
    for path in (TUTORIAL / "figures").glob("*.py"):
        said |= set(re.findall(r'say\(\s*"([^"]+)"', path.read_text()))
    assert len(said) > 50 and said <= set(words)
