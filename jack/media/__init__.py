"""Sound and pictures from files to NumPy arrays."""
