"""Follow values through a file and find the kind of every expression.

The file is read in two rounds over the same tree.  The first collects what functions are called with, what
they return and what classes keep in ``self``; the second decides, with that knowledge, and records.  Branches
are followed apart and joined; bodies of functions are read after the code around them, with its names.
"""

from converter.flow.facts import MODULE_PATHS, ClassInfo, Facts, FunctionInfo, owner_of
from converter.flow.statements import Flow

__all__ = ["MODULE_PATHS", "ClassInfo", "Facts", "Flow", "FunctionInfo", "owner_of"]
