"""The commands that give every number of the page again."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from parity.trace.result import Trace

_TARGET = re.compile(r"(?P<file>.*\.py):(?P<name>[\w.]+)\((?P<arguments>.*)\)", re.DOTALL)


def trace_command(trace: Trace) -> tuple[str, str]:
    """The command of a stored trace, as far as the trace tells, and what it does not tell ("" if nothing)."""
    found = _TARGET.fullmatch(trace.torch_target)
    if found is None:
        return "jack-parity trace ...", f"the target {trace.torch_target} is not written as PATH.py:NAME(...)"
    words = ["jack-parity", "trace", f"{Path(found['file']).name}:{found['name']}"]
    words += ["--args", found["arguments"]] if found["arguments"] else []
    unknown = []
    if not trace.converted:
        port = _TARGET.fullmatch(trace.jittor_target)
        words += ["--jittor", f"{Path(port['file']).name}:{port['name']}" if port else trace.jittor_target]
        if port and port["arguments"] != found["arguments"]:
            words += ["--jittor-args", port["arguments"]]
    for name, shape, kind in trace.inputs:
        text = "x".join(map(str, shape)) + ("" if kind == "float32" else f":{kind}")
        words += ["--input", text if name.isdigit() else f"{name}={text}"]
        if kind.startswith(("int", "uint")):
            unknown.append("the range of the whole numbers")
    words += ["--train"] if trace.train else []
    words += ["--seed", str(trace.seed)] if trace.seed else []
    lost = sorted(set(unknown)) + ["whether inputs came from a file"]
    return shlex.join(words), "the trace does not tell " + " nor ".join(lost)


def training_command(told: dict[str, Any], file: str) -> str:
    """The command of a stored training."""
    words = ["jack-parity", "train", "--method", str(told.get("method")), "--steps", str(told.get("wanted"))]
    words += ["--noise"] if told.get("noise") else []
    return f"{shlex.join([*words, '--output-format', 'json'])} > {shlex.quote(file)}"
