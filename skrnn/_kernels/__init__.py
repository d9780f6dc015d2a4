"""Recurrent layers, networks, convolutions and smoothing in compiled code."""
