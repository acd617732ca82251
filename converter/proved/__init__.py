"""What the proofs of the rules found: known exceptions, measured differences.

The harness that runs both frameworks is part of the tests (``python -m tests.converter.proof``); what it found is
kept here, where the pages are made from it.  What the proofs allow is the table in ``parity/tolerances.py``, whose rows
the cases name.
"""
