"""What the proofs of the rules promise and found: tolerances, known exceptions, measured differences.

The harness that runs both frameworks is part of the tests (``python -m tests.converter.proof``); what it goes by and
what it found is kept here, where the pages are made from it.
"""
