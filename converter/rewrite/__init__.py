"""The one transformer: asks names and kinds, looks the rule up, applies it, and notes what it could not do.

Statements are walked, never rebuilt; expressions are rebuilt only where something inside changed.  The result is a
list of edits (old node, new node) whose outermost spans are spliced into the text, so that everything else is the
input byte for byte.
"""

from converter.rewrite.changes import Changes, Finding, TorchImport
from converter.rewrite.statements import Rewriter

__all__ = ["Changes", "Finding", "Rewriter", "TorchImport"]
