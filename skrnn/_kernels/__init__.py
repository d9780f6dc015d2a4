"""Recurrent layers, networks and convolutions in compiled code."""
