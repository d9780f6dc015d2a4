"""Fitted estimators as ONNX graphs, and as converters of skl2onnx."""
