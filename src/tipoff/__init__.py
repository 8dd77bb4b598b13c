"""Tipoff: a daily sports-prediction pipeline that runs without errors and proves it."""
