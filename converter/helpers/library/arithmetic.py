"""How the CPU's operators are compiled: so that NaN and infinity mean what they mean in Torch."""

import os

import jittor as jt


def ieee_arithmetic() -> bool:
    """Let operators that are compiled from now on reckon with NaN and infinity; whether they do.

    Jittor compiles with ``-Ofast``, which promises the compiler that neither occurs: ``nan > 0`` is then true,
    ``1 / inf`` nan, and ``clamp`` or ``where`` make a number out of NaN.  The rest of ``-Ofast`` stays; the macro keeps
    the vector functions for exp and its like, which its headers offer only where nothing of it was taken back.
    """
    options = " -fno-finite-math-only -fno-reciprocal-math -D__FAST_MATH__=1 "
    if os.name == "nt" or "-Ofast" not in jt.flags.cc_flags:
        return False
    if "-fno-finite-math-only" not in jt.flags.cc_flags:
        jt.flags.cc_flags += options
    return True


# Every helper module has this line: it must have been read before the first operator is compiled.
IEEE_ARITHMETIC = ieee_arithmetic()
