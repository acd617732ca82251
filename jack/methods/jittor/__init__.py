"""The reference methods in Torch, written by hand."""
