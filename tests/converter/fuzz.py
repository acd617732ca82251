"""``python -m tests.converter.fuzz [SECONDS] [SEED]``: convert damaged Torch programs and look for broken promises.

A program is the text of some proof cases, put together and then changed by a few small accidents: a token is taken
out, doubled or exchanged, a line is moved, a comment or a line break is put where the grammar allows one, arguments
become starred.  What is still valid Python must convert without a crash, keep its comments, and convert only once.
"""

from __future__ import annotations

import ast
import io
import random
import sys
import time
import tokenize
import warnings
from functools import cache

from converter.pipeline import Options, comments_of, convert
from converter.rules import load
from tests.converter.proof.expand import expand

_HEADS = (
    "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n",
    "import torch as th\nfrom torch import *\nfrom torch import nn, Tensor\nimport torch.nn.functional as F\n",
    "try:\n    import torch\nexcept ImportError:\n    torch = None\nnn = torch.nn\nF = nn.functional\n",
    "from torch import (\n    nn,  # layers\n    optim\n)\nimport torch, os; import torch.nn.functional as F\n",
)
_LINES = (
    "for x in range(3): x = torch.relu(x)  # loop\n",
    "if True: import torch.optim\n",
    "y = [*map(torch.sigmoid, [A, B])]\n",
    "z = lambda x, *a, **k: torch.cat([x, *a], **k)\n",
    "with torch.no_grad(), open('f') as f: x = f.read().view(2)\n",
    "async def g(x: torch.Tensor): return await x.sum(), {k: v.max(1)[0] for k, v in x}\n",
    "class Net(nn.Module):\n    def forward(self, x, *a): return (x := x + 1).view(-1) if a else f'{x.size(0)}'\n",
    "del x.data, x[0]\n",
    "x[..., None, 1:] += torch.zeros(2)  # part\n",
    "a = b = c = torch.max(x, dim=1); a.b, (c[0], *d) = torch.split(x, 2)\n",
    "match x:\n    case torch.Tensor(): pass\n    case [torch.float32, *_]: x = ~x\n",
    "@torch.no_grad()\ndef h(x, /, y=torch.pi, *, z: torch.Tensor = None) -> torch.Tensor: yield from x // y\n",
    'assert isinstance(x, torch.Tensor), f"{torch.ones(1)} {x.shape[0]:>{y}}"\n',
    "x = (torch  # a comment inside\n    .zeros(  # another\n        2,  # third\n    ).mul_(  # last\n        3)\n)\n",
)
_SWAPS = {
    "torch": ("nn", "F", "x"), "dim": ("axis", "keepdim"), "(": ("(*", "(**"), "+": ("//", "@", "%"), ",": (", *x,",),
    "=": ("+=", ":="), "nn": ("torch.nn", "F"), "True": ("None", "x"), "return": ("yield", "await"), ".": (".x.", " ."),
    "A": ("(A)", "A[0]", "A.data", "[A, B]", "-A", "(A if B else None)"),
}  # fmt: skip


@cache
def _cases() -> tuple[str, ...]:
    return tuple(trial.text for trial in expand(load()))


def program(chance: random.Random) -> str:
    """One program; the same for the same state of the generator."""
    parts = [chance.choice(_HEADS)]
    parts += [chance.choice(_LINES) if chance.random() < 0.3 else chance.choice(_cases()) for _ in range(12)]
    text = "\n".join(parts)
    for _ in range(chance.randrange(1, 8)):
        changed = _accident(text, chance)
        if _valid(changed):
            text = changed
    return text if chance.random() < 0.8 else text.replace("\n", "\r\n")


def _valid(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<fuzz>", "exec", ast.PyCF_ONLY_AST)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _accident(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    if chance.random() < 0.2:
        lines.insert(chance.randrange(len(lines)), lines.pop(chance.randrange(len(lines))))
        return "".join(lines)
    tokens = [
        t
        for t in tokenize.generate_tokens(io.StringIO(text).readline)
        if t.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER)
    ]
    token = chance.choice(tokens)
    row, start, end = token.start[0] - 1, token.start[1], token.end[1]
    line = lines[row]
    kind = chance.randrange(5)
    if kind == 0:
        new = ""
    elif kind == 1:
        new = f"{token.string} {token.string}"
    elif kind == 2:
        new = chance.choice(tokens).string
    elif kind == 3:
        new = f"{token.string}  # c{chance.randrange(99)}\n      "
    else:
        new = chance.choice(_SWAPS.get(token.string, (f"({token.string})", f"{token.string}.T", "x", "*x")))
    lines[row] = line[:start] + new + line[end:]
    return "".join(lines)


def broken(text: str) -> str:
    """The promise that the conversion of a valid text breaks; empty where it keeps them."""
    options = Options(prefilter=False)
    try:
        result = convert(text, options)
    except Exception as error:  # what is being looked for
        return f"{type(error).__name__}: {error}"
    for diagnostic in result.diagnostics:
        if diagnostic.code in ("JC901", "JC905", "JC906"):
            return f"{diagnostic.code} {diagnostic.message}"
    if not _valid(result.code):
        return "the output is not valid Python"
    lost = [c for c in comments_of(text) if c not in comments_of(result.code)]
    if lost:
        return f"lost: {lost}"
    return "" if convert(result.code, options).code == result.code else "converting again changes the output"


def main() -> int:
    """Exit 0 when nothing was found in the time, else 1 with the program."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    end, count, found = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        text = program(random.Random(seed + count))
        problem = broken(text)
        if problem:
            found += 1
            print(f"--- seed {seed + count}: {problem}", flush=True)
        count += 1
    print(f"{count} programs, {found} with broken promises")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
