"""What the scripts of the figures share: languages, look, and where results go.

A script computes once and writes what it found to ``../results``; its pictures are
drawn from that, in English and in Chinese. With ``--draw`` it draws anew from what is
there.
Numbers in the text of the pages come from ``../results`` as well.
"""

import csv
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from _words import WORDS
from matplotlib import font_manager

from skrnn.plotting import PALETTE

PLACE = Path(__file__).resolve().parent.parent
COLOURS = (
    PALETTE["blue"],
    PALETTE["orange"],
    PALETTE["purple"],
    PALETTE["green"],
    PALETTE["red"],
    PALETTE["sky"],
)
# Of the kinds of network, the same in all pictures: colour, dashes and marker.
LOOKS = {
    "RNN": {"color": PALETTE["orange"], "linestyle": "--", "marker": "s"},
    "LSTM": {"color": PALETTE["blue"], "linestyle": "-", "marker": "o"},
    "GRU": {"color": PALETTE["purple"], "linestyle": "-.", "marker": "^"},
    "CNN": {"color": PALETTE["green"], "linestyle": ":", "marker": "D"},
}
LOOK = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "font.size": 10,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "axes.unicode_minus": False,
    "figure.constrained_layout.use": True,
}
CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
)


def chinese_font():
    """Name of an installed font with Chinese glyphs, or None."""
    for path in font_manager.findSystemFonts():
        if "CJK" in path or "SourceHan" in path or "wqy" in path.lower():
            font_manager.fontManager.addfont(path)
    known = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in known), None)


def same(text):
    """The words of an English picture."""
    return text


def translated(text):
    """The words of a Chinese picture; a KeyError where there are none."""
    return WORDS[text]


def draw(name, paint, place=PLACE):
    """Write a picture in both languages.

    Parameters
    ----------
    name : str
        Of the file, without its ending.
    paint : callable
        Given a function from English words to those of the picture, it returns a
        figure.
    place : Path
        The picture goes to ``images/en`` and ``images/zh`` there.
    """
    fonts = ["DejaVu Sans"]
    for language, say in (("en", same), ("zh", translated)):
        if language == "zh":
            if (font := chinese_font()) is None:
                print("No font with Chinese glyphs: only English pictures are drawn.")
                return
            fonts = [font, *fonts]
        with plt.rc_context(LOOK | {"font.family": fonts}):
            figure = paint(say)
            path = place / "images" / language / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, dpi=130, metadata={"Software": None})
            plt.close(figure)
        print(path)


def results(name, compute, place=PLACE):
    """What `compute()` returns (JSON), written down; with --draw what was written."""
    path = place / "results" / f"{name}.json"
    if "--draw" not in sys.argv[1:]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(short(compute()), separators=(",", ":")) + "\n")
    return json.loads(path.read_text())


def short(value):
    """The same nested value with five digits a number, which is what is drawn."""
    if isinstance(value, dict):
        return {str(key): short(part) for key, part in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [short(part) for part in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def table(name, rows, place=PLACE):
    """Write rows of a table that a page shows, and those of its Chinese twin.

    The pages have the headings.
    """
    chinese = [[WORDS.get(cell, cell) for cell in row] for row in rows]
    for folder, lines in (("results", rows), ("results/zh", chinese)):
        path = place / folder / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)


def numbers(name, found, place=PLACE):
    """Write what stands for each name in a page: ``|name|`` there."""
    lines = [f".. |{key}| replace:: {value}\n" for key, value in found.items()]
    (place / "results" / f"{name}.inc").write_text("".join(lines))
