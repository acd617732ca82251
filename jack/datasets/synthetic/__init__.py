"""Small invented data sets of the published layouts, for trying the methods out and for tests.

Everything in them follows from a seed.  What tells the classes apart is plain (a colour and a pitch, a way to walk), so
that a training learns it within minutes on a CPU; accuracies on them say nothing about the methods.
"""

from jack.datasets.synthetic.write import METHODS, Sizes, write_synthetic

__all__ = ["METHODS", "Sizes", "write_synthetic"]
