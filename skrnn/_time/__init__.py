"""Indexes, their steps, and the time axis of a forecast."""
