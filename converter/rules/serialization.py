"""torch.save and torch.load."""

from __future__ import annotations

from converter.rules.base import Case, rule, snippet

_FOLDER = "import os\nimport tempfile\npath = os.path.join(tempfile.mkdtemp(), 'file.pt')\n"


def _case(text: str) -> Case:
    return snippet(_FOLDER + text, grad=False, tolerance="dtype")


_NESTED = (
    "{'epoch': 3, 'best': 0.5, 'state': {'w': A, 'n': N, 'd': D}, 'names': ['a', 'b'], 'pair': (A, 'x'), 'none': None}"
)
_cases = [
    _case("torch.save(A, path)\nreturn torch.load(path)"),
    _case(f"torch.save({_NESTED}, path)\nreturn torch.load(path, weights_only=False)"),
    _case("torch.save(f=path, obj=[A, M])\nreturn torch.load(map_location='cpu', f=path)"),
    _case(
        "import io\nbuffer = io.BytesIO()\ntorch.save({'a': A}, buffer)\nbuffer.seek(0)\nreturn torch.load(buffer)['a']"
    ),
    _case(
        "with open(path, 'wb') as f:\n    torch.save({'a': A}, f)\n"
        "with open(path, 'rb') as f:\n    return torch.load(f)"
    ),
    _case(
        "w = torch.nn.Parameter(A.clone())\noptimizer = torch.optim.Adam([w], lr=0.1)\n(w * w).sum().backward()\n"
        "optimizer.step()\ntorch.save({'optimizer': optimizer.state_dict(), 'step': 1}, path)\n"
        "saved = torch.load(path)\nother = torch.optim.Adam([w], lr=0.2)\nother.load_state_dict(saved['optimizer'])\n"
        "other.step()\n(w * w).sum().backward()\nother.step()\nreturn w.detach(), saved['step']"
    ),
]
rule(
    "torch.save",
    "(obj, f, pickle_module=None, pickle_protocol=2, _use_new_zipfile_serialization=True)",
    to="helpers.save",
    returns="none",
    restriction="the file is a plain pickle that Torch does not read",
    cases=_cases,
)
rule(
    "torch.load",
    "(f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, **pickle_load_args)",
    to="helpers.load",
    returns="unknown",
    restriction="reads what the converted save wrote and Torch's own files by path; weights_only is not enforced",
    cases=_cases,
)
