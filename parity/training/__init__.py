"""Whole training runs of both frameworks side by side: same weights, same batches, step by step.

Two kinds: trainings that packages offer (:mod:`parity.training.run`), and any program of the user's
(:mod:`parity.training.loop`), whose optimizers are watched from outside.
"""
