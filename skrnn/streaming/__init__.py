"""One observation in, one prediction out: streams of rows for fitted models."""

from skrnn.streaming._predictor import StreamingPredictor

__all__ = ["StreamingPredictor"]
