"""Training: one loop for all methods and both frameworks."""
