"""``jack-parity optimizers``: every optimizer and learning-rate schedule of Torch alone, beside its Jittor twin.

Both sides get the same small parameters and the same gradients, so that nothing but the update can differ.  The twin is
the conversion of a generated Torch file, or Jittor's own class (``--stock``).
"""
