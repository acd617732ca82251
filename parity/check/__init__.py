"""``jack-parity check``: a user's own model, converted, run in both frameworks and compared.

The parent process (:mod:`parity.check.run`) imports neither framework.  One child runs the original in Torch
(:mod:`parity.check.torch_side`), one the converted copy in Jittor (:mod:`parity.check.jittor_side`); they exchange
``.npz`` files and a ``job.json``.
"""
