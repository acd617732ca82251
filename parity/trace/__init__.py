"""``jack-parity trace``: every module of both programs side by side, and the line at which they part.

A model runs once in each framework while every call of every module is recorded.  Then each call of the Jittor side is
repeated by itself on Torch's inputs, with Torch's results in place of what its inner modules return: only its own code
is judged, so that an error shows where it is made and nowhere else.  Where one shows, the lines of that code are
compared too.

The parent (:mod:`parity.trace.run`) imports neither framework.
"""
