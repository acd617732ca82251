"""Diagnostics: stable codes, one message each, with place, reason and what to do.

Numbering: 1xx a Torch API that was not converted; 2xx a value of which too little is known; 3xx the structure of
the file; 4xx notes on what was converted; 9xx files that could not be processed.  A code is never reused.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Severity(Enum):
    """``ERROR``: Torch is left, a person must act.  ``WARNING``: could not tell.  ``NOTE``: for information."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Code:
    """One code: its severity, a title, and the text of ``--explain``."""

    severity: Severity
    title: str
    explanation: str
    answer: str  # what the report counts it as: "needs you", "unknown" or "" (a note)


CODES: dict[str, Code] = {
    "JC101": Code(
        Severity.ERROR,
        "a Torch API that is not in the table",
        "The name comes from Torch, but no verified rule covers it yet, so the line was left as it stands and still "
        "needs Torch. Look the API up in docs/coverage; write the line for Jittor by hand, or add a rule of your own.",
        "unknown",
    ),
    "JC102": Code(
        Severity.ERROR,
        "no equal in Jittor",
        "This API is known to have no equal in Jittor that a helper of reasonable size could supply. The message says "
        "why and, where there is one, what to do instead.",
        "needs you",
    ),
    "JC103": Code(
        Severity.ERROR,
        "these arguments cannot be converted",
        "The API is covered, but not with the arguments given here: one of them changes the result in a way that the "
        "Jittor side cannot follow, or the call cannot be read (unknown keyword, `*args` onto a different signature).",
        "needs you",
    ),
    "JC104": Code(
        Severity.ERROR,
        "a Torch name used as a value",
        "The name is not called but passed on, stored, or searched with getattr, and its Jittor counterpart "
        "has another "
        "signature, or which name is meant is only known at run time. Replace it by a small function of your own.",
        "needs you",
    ),
    "JC105": Code(
        Severity.ERROR,
        "an assignment to a Torch name",
        "The statement changes an attribute of Torch or of a tensor that has no counterpart to assign to in Jittor.",
        "needs you",
    ),
    "JC201": Code(
        Severity.WARNING,
        "a method of an unknown value",
        "Tensors have a method of this name that differs in Jittor, but nothing in the file says what the receiver is. "
        "If it is a tensor, say so: annotate the parameter (`x: torch.Tensor`) and convert again, or use --guess to "
        "apply rules by the method's name alone.",
        "unknown",
    ),
    "JC202": Code(
        Severity.ERROR,
        "a tensor method that is not in the table",
        "The receiver is a tensor, but no verified rule covers this method or attribute yet. It was left as it stands; "
        "Jittor may lack it or mean something else by it.",
        "unknown",
    ),
    "JC203": Code(
        Severity.ERROR,
        "an in-place change of a view",
        "In Torch this also changes the tensor that the view was taken from; Jittor's operations are "
        "functional, and the "
        "original would stay as it was. Assign through the original instead: `x[i] = x[i] + y`.",
        "needs you",
    ),
    "JC204": Code(
        Severity.WARNING,
        "converted by a guess",
        "With --guess the rule was applied because of the method's name alone. Check that the receiver is a tensor.",
        "",
    ),
    "JC205": Code(
        Severity.NOTE,
        "converted on likely evidence",
        "The receiver is most probably a tensor (an argument of forward, the result of a module, a conventional name), "
        "but the file does not prove it. An annotation makes it certain.",
        "",
    ),
    "JC206": Code(
        Severity.NOTE,
        "an in-place change of what may be a view",
        "The name was rebound to a view of itself and then changed in place. The value here is right; a caller that "
        "still holds the original tensor would see the change in Torch but not in Jittor.",
        "",
    ),
    "JC301": Code(
        Severity.ERROR,
        "a star import from Torch",
        "`from torch... import *` binds names that are only known to Torch. Names that rules know were converted; "
        "replace the star by the names that you use.",
        "needs you",
    ),
    "JC302": Code(
        Severity.ERROR,
        "a custom autograd function",
        "torch.autograd.Function is converted, but not functions that change their inputs in place (`mark_dirty`) or "
        "define `jvp` or `vmap`. Return a new tensor instead, and leave the other methods out.",
        "needs you",
    ),
    "JC401": Code(
        Severity.NOTE,
        "converted with a restriction",
        "The conversion is right within the restriction that the message names.",
        "",
    ),
    "JC402": Code(
        Severity.NOTE,
        "a statement without meaning in Jittor was removed",
        "The statement configures something that Jittor does not have (cuDNN benchmarking, TorchScript, FX).",
        "",
    ),
    "JC901": Code(
        Severity.ERROR, "not valid Python", "The file could not be parsed; nothing was written for it.", "file"
    ),
    "JC902": Code(
        Severity.ERROR,
        "not readable as text",
        "The file is binary, or its bytes do not fit its declared encoding.",
        "file",
    ),
    "JC903": Code(Severity.ERROR, "cannot be read", "The file is missing or may not be read.", "file"),
    "JC904": Code(
        Severity.ERROR, "cannot be written", "The output exists already or its folder may not be written.", "file"
    ),
    "JC905": Code(
        Severity.ERROR,
        "an invariant does not hold",
        "After conversion the program checks that the output parses, that no comment is lost, that nothing outside the "
        "edits changed, and that converting again changes nothing. One failed, so the file was left alone. "
        "Please report it.",
        "file",
    ),
    "JC906": Code(
        Severity.ERROR,
        "an internal error",
        "The converter failed on this file and left it alone. Please report it.",
        "file",
    ),
    "JC907": Code(
        Severity.ERROR,
        "Python that cannot be read here",
        "The file is nested more deeply than Python's own parser accepts, or it has one of the rare forms that LibCST "
        "cannot parse, such as an annotation of a name in parentheses. It was left alone.",
        "file",
    ),
    "JC908": Code(
        Severity.ERROR,
        "a rule of your own failed",
        "The function behind a rule in one of the files named by `rules` in [tool.jack-convert] raised an error or "
        "returned something that is no expression. The file was left alone.",
        "file",
    ),
}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.  ``line`` and ``column`` count from 1 and refer to the input; 0 means the whole file."""

    code: str
    message: str
    line: int = 0
    column: int = 0
    api: str = ""
    evidence: str = ""

    @property
    def severity(self) -> Severity:
        return CODES[self.code].severity

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "severity": self.severity.value}


def explain(code: str) -> str | None:
    """The page of one code, or None for a code that does not exist."""
    entry = CODES.get(code.upper())
    if entry is None:
        return None
    return f"{code.upper()} ({entry.severity.value}): {entry.title}\n\n{entry.explanation}"
