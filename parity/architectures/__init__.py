"""``jack-parity models``: every public model of a folder of files, converted once, compared one by one.

The parent (:mod:`parity.architectures.run`) imports neither framework.  A Torch process and a Jittor process take one
architecture after the other (:mod:`parity.architectures.worker`); one that crashes or hangs is replaced.
"""
