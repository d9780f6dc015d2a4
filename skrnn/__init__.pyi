# What type checkers and editors see of names that are imported on first use.
from skrnn import distributed as distributed
from skrnn import exceptions as exceptions
from skrnn import inspection as inspection
from skrnn import model_selection as model_selection
from skrnn import persistence as persistence
from skrnn import plotting as plotting
from skrnn import reshape as reshape
from skrnn import sktime as sktime
from skrnn import streaming as streaming
from skrnn import text as text
from skrnn import windows as windows
from skrnn._show_versions import show_versions as show_versions
from skrnn.classifier import RNNClassifier as RNNClassifier
from skrnn.persistence import load as load
from skrnn.persistence import save as save
from skrnn.regressor import RNNRegressor as RNNRegressor
from skrnn.reshape import FlattenSequence as FlattenSequence
from skrnn.reshape import TimeDistributed as TimeDistributed
from skrnn.reshape import ToSequence as ToSequence
from skrnn.text import TokenSequence as TokenSequence
from skrnn.windows import SlidingWindow as SlidingWindow
from skrnn.windows import make_windows as make_windows

__all__: list[str]
__version__: str
