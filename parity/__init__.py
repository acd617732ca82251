"""Proves that a Torch program and a Jittor program agree.

Each framework runs in a process of its own; they exchange plain arrays.
"""
