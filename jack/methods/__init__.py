"""The reference methods: `torch` is written by hand, `jittor` is what `jack-convert` makes of it.

What needs neither framework (tables, searches, options) lies here, beside the two, and is imported by both.
"""
