"""Windows over ordered rows, for scikit-learn pipelines and outside them."""

from skrnn.windows._array import WindowedArray
from skrnn.windows._lookahead import check_no_lookahead
from skrnn.windows._make_targets import make_targets
from skrnn.windows._make_windows import make_windows
from skrnn.windows._panel_split import PanelTimeSeriesSplit
from skrnn.windows._sliding import SlidingWindow

__all__ = [
    "PanelTimeSeriesSplit",
    "SlidingWindow",
    "WindowedArray",
    "check_no_lookahead",
    "make_targets",
    "make_windows",
]
