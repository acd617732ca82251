"""``make demo``: a Torch program, then a whole method, in both frameworks; see ``__main__``."""
