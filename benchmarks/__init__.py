"""Torch against Jittor: speed, memory, time of the first call."""
