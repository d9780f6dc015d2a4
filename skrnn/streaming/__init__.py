"""One observation in, one prediction out; and samples that come in chunks."""

from skrnn.streaming._fit_stream import fit_stream
from skrnn.streaming._parquet import ParquetChunks
from skrnn.streaming._predictor import StreamingPredictor

__all__ = ["ParquetChunks", "StreamingPredictor", "fit_stream"]
