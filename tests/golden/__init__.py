"""Predictions that must not change: models, their stored values, a command line."""
