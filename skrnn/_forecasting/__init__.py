"""Forecasts of many series: tables, target transforms, strategies, intervals."""
