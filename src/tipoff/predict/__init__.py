"""Prediction systems, whatever the sport: training, predicting, measuring."""
