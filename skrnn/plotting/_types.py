"""Types of matplotlib that signatures name, without loading it.

Type checkers see them as they are. To whoever reads a signature at run time, with or
without matplotlib, they may be anything.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D
else:
    Axes = AxesImage = BarContainer = Figure = Line2D = Any

__all__ = ["Axes", "AxesImage", "BarContainer", "Figure", "Line2D", "Panels"]

# Where several panels are drawn.
Panels: TypeAlias = Axes | Sequence[Axes] | NDArray[Any]
