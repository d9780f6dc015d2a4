"""What pictures must not do: hide data behind a legend, or cut words off."""

import numpy as np


def texts_of(figure):
    """Texts (list) that a figure shows."""
    import matplotlib.text

    found = figure.findobj(matplotlib.text.Text)
    return [t for t in found if t.get_visible() and t.get_text().strip()]


def check_picture(figure):
    """Assert that legends cover no axes, and that all words lie within the figure."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    width, height = figure.canvas.get_width_height()
    for ax in figure.axes:
        if not ax.get_visible():
            continue
        legend = ax.get_legend()
        if legend is not None:
            box, own = legend.get_window_extent(renderer), ax.get_window_extent()
            assert box.y0 >= own.y1 - 2, "the legend covers data"
            assert box.x1 <= width + 2, "the legend is cut off"
        for text in (ax.xaxis.label, ax.yaxis.label, ax.title):
            if text.get_text():
                box = text.get_window_extent(renderer)
                inside = box.x0 > -3 and box.y0 > -3
                inside &= box.x1 < width + 3 and box.y1 < height + 3
                assert inside, f"{text.get_text()!r} is cut off"
        shown = [t for t in ax.get_xticklabels() if t.get_text() and t.get_visible()]
        low, high = sorted(ax.get_xlim())
        boxes = [
            t.get_window_extent(renderer)
            for t in shown
            if low <= t.get_position()[0] <= high and t.get_rotation() == 0
        ]
        edges = sorted((box.x0, box.x1) for box in boxes)
        ends = np.array(edges).reshape(-1, 2)
        assert (ends[1:, 0] >= ends[:-1, 1] - 1).all(), "labels of steps run together"
