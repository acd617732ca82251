"""Measures of quality on NumPy: one implementation for both frameworks."""
