"""One framework's side of the program corpus: ``python -m tests.converter.program_side SIDE FOLDER OUT NAME...``.

SIDE is ``torch`` or ``jittor``.

Every program's ``main()`` runs in the same process, each isolated; what it returns, or the error, goes to ``OUT``
as plain Python values and arrays.  A program's result is written at once, so that a crash costs only its own.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import pickle
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from tests.torchvision_here import prepare as prepare_torchvision


def encode(value: Any, framework: Any) -> Any:
    """Tensors as ``("tensor", dtype, array)``; containers keep their structure, other objects their text."""
    tensor = framework.Tensor if framework.__name__ == "torch" else framework.Var
    if isinstance(value, tensor):
        plain = value.detach() if framework.__name__ == "torch" else value
        return ("tensor", str(plain.dtype).replace("torch.", ""), np.array(plain.numpy()))
    if isinstance(value, np.ndarray):
        return ("array", str(value.dtype), value)
    if isinstance(value, dict):
        return {str(k): encode(v, framework) for k, v in value.items()}
    if isinstance(value, str | bool | type(None)):
        return value
    if isinstance(value, int | float | np.integer | np.floating):
        return float(value) if isinstance(value, float | np.floating) else int(value)
    if type(value).__name__ == "NanoVector":
        return [int(value[i]) for i in range(len(value))]
    if isinstance(value, list | tuple) or hasattr(value, "__iter__"):
        return [encode(v, framework) for v in value]
    return str(value)


def run(name: str, framework: Any) -> dict[str, Any]:
    """The encoded result of one program with what it printed, or its error."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            result = encode(importlib.import_module(name).main(), framework)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    return {"result": result, "printed": printed.getvalue()}


def main() -> None:
    side, folder, out, *names = sys.argv[1:]
    if side == "jittor":
        from jack.runtime import prepare

        prepare()
    else:
        prepare_torchvision()
    framework = importlib.import_module(side)
    sys.path.insert(0, folder)
    goal = Path(out)
    goal.mkdir(parents=True, exist_ok=True)
    for name in names:
        goal.joinpath(f"{name}.begun").touch()
        goal.joinpath(f"{name}.pkl").write_bytes(pickle.dumps(run(name, framework)))
        print(name, flush=True)


if __name__ == "__main__":
    main()
