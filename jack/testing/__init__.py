"""Evaluation of trained models, in either framework: for `jack test`, and for the choice of the best model."""
