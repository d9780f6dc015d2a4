"""The colours of the project, and how they are told apart without colour.

Lightness differs from each to the next by a third or more of the range, so that they
differ in grey and for colour-blind readers, and lines differ by their dashes too. The
hues are those of Okabe and Ito (2008, "Color universal design") but for the blue, which
is the project's own.
"""

# In the order in which they are used. All but the project's blue are of other lightness
# than their neighbours (CIELAB: 48, 70, 30, 80, 40, 60).
BLUE = "#1f77b4"
ORANGE = "#e69f00"
PURPLE = "#6a2c70"
SKY = "#7cc8f0"
RED = "#a8401a"
GREEN = "#1b9e77"
SERIES = (BLUE, ORANGE, PURPLE, SKY, RED, GREEN)
DASHES = ("-", "--", "-.", ":")

# The same by name, for other pictures of the project and of its users.
PALETTE = {
    "blue": BLUE,
    "orange": ORANGE,
    "purple": PURPLE,
    "sky": SKY,
    "red": RED,
    "green": GREEN,
}

# What was measured, what stands beside, and lines to compare with.
INK = "0.15"
MIDDLE = "0.45"
FAINT = "0.75"


def series_look(number):
    """Colour and dashes (dict) of a series by its number, from 0."""
    dashes = DASHES[(number // len(SERIES) + number) % len(DASHES)]
    return {"color": SERIES[number % len(SERIES)], "linestyle": dashes}


def signed_colors():
    """A colour map from minus (orange) over white to plus (blue).

    Plus is darker than minus, so that they differ in grey as well.
    """
    from matplotlib.colors import LinearSegmentedColormap

    anchors = ["#c77700", "#f2b33d", "#ffffff", "#5aa0cf", "#0b3f6b"]
    return LinearSegmentedColormap.from_list("skrnn_signed", anchors)


def level_colors():
    """A colour map from -1 (pale orange) over grey to 1 (dark blue).

    Its lightness falls all the way, so that it can be read in grey where most cells are
    far from zero, as states are.
    """
    from matplotlib.colors import LinearSegmentedColormap

    anchors = ["#fff3d6", "#f2c66d", "#a9a8ad", "#4f86b0", "#0b3f6b"]
    return LinearSegmentedColormap.from_list("skrnn_level", anchors)


def size_colors():
    """A colour map from white to dark blue, of even steps of lightness."""
    from matplotlib.colors import LinearSegmentedColormap

    anchors = ["#ffffff", "#b5d3ea", "#5aa0cf", BLUE, "#0b3f6b"]
    return LinearSegmentedColormap.from_list("skrnn_size", anchors)
