"""Comparisons of our methods with what their authors' own code computed, for ``jack-parity golden``.

The only part of `jack` that knows another of our packages: it implements the interface of `parity.golden.suite`.
"""
