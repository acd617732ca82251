"""Rules whose proof is known to fail, and why: API name -> reason.

The table may only shrink: ``test_rules.py`` asserts that every rule listed here really fails.
"""

from __future__ import annotations

KNOWN_EXCEPTIONS: dict[str, str] = {}

# How many there are.  It is lowered with every one that is repaired, and never raised: `test_rules.py` holds it.
AT_MOST = 0
