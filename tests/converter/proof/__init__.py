"""Proves conversion rules: runs their cases in Torch, converts the same source, runs it in Jittor, and compares."""
