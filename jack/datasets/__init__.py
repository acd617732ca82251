"""Data sets as NumPy arrays: one implementation for both frameworks."""
