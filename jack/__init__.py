"""The reference methods, and what makes Jittor usable on any machine.

Importing this package imports neither Torch nor Jittor.
"""

__version__ = "0.1.0"
