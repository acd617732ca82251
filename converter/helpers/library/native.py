"""Operators in C++ for what Jittor computes on one thread: compiled on first use, kept in Jittor's cache."""

import hashlib
import os
import sys
import warnings
from typing import Any

import jittor as jt

NATIVE_OPERATORS: dict[str, Any] = {}
SAID_ONCE: set[str] = set()
AS_FLOAT32 = r"""
// A gradient that comes back: in Jittor it is float64 behind a division by an integer tensor.
static VarPtr as_float32(Var* v) {
    static auto cast = get_op_info("unary").get_constructor<VarPtr, Var*, NanoString>();
    return v->dtype() == ns_float32 ? VarPtr(v) : cast(v, ns_float32);
}
"""


def say_once(message: str) -> None:
    """A warning that appears once in the life of the program."""
    if message not in SAID_ONCE:
        SAID_ONCE.add(message)
        warnings.warn(message, RuntimeWarning, stacklevel=3)


def written(path: str, text: str) -> str:
    """The path, with this text in the file; another process never sees half of it."""
    if not os.path.exists(path):
        unfinished = f"{path}.{os.getpid()}"
        with open(unfinished, "w", encoding="utf8") as stream:
            stream.write(text)
        os.replace(unfinished, path)
    return path


def native_operator(name: str, header: str, source: str, flags: str = "") -> Any:
    """The operator ``name`` made of this C++ text, or None (and a warning, once) where it cannot be compiled.

    In the text ``@OP@`` stands for the operator's name, ``@CLASS@`` for its class.  Both end in a digest of the text,
    so that programs with other versions of it can share a cache, or even a process.  ``@AS_FLOAT32@`` is the function
    through which every gradient has to go that the operator reads.
    """
    source = source.replace("@AS_FLOAT32@", AS_FLOAT32)
    if name not in NATIVE_OPERATORS:
        digest = hashlib.sha256(f"{header}\0{source}\0{flags}".encode()).hexdigest()[:12]
        unique = f"{name}_v{digest}"
        try:
            module = sys.modules.get(f"gen_{unique}") or compiled_module(unique, header, source, flags)
            NATIVE_OPERATORS[name] = getattr(module.ops, unique)
        except Exception as error:  # whatever a compiler can go wrong with: the program runs on without it
            NATIVE_OPERATORS[name] = None
            reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
            say_once(f"{name} cannot be compiled, so Jittor's own slower operators are used: {reason}")
    return NATIVE_OPERATORS[name]


def compiled_module(unique: str, header: str, source: str, flags: str) -> Any:
    """Compile one operator (Jittor locks its cache meanwhile) and import it."""
    folder = os.path.join(jt.compiler.cache_path, "custom_ops", unique)
    os.makedirs(folder, exist_ok=True)
    class_name = "".join(part[:1].upper() + part[1:] for part in f"{unique}_op".split("_"))
    paths = []
    for suffix, text in ((".h", header), (".cc", source)):
        text = text.replace("@OP@", unique).replace("@CLASS@", class_name)
        paths.append(written(os.path.join(folder, f"{unique}_op{suffix}"), text))
    return jt.compiler.compile_custom_ops(paths, f" {flags} ", return_module=True, gen_name_=f"gen_{unique}")


def computes_natively(*values: Any) -> bool:
    """Whether these tensors are what the operators are made for: float32 on the CPU, no mixed precision."""
    if jt.flags.use_cuda or jt.flags.auto_mixed_precision_level or jt.flags.amp_reg:
        return False
    return all(v is None or v.dtype == "float32" for v in values)
