"""Whole training runs of both frameworks side by side: same weights, same batches, step by step."""
