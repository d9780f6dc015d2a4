"""Sequences in every layout that the estimators accept; no torch."""
