"""``jack-parity golden``: compare methods with what their authors' own code computed.

Who has such a comparison offers a :class:`parity.golden.suite.Suite` as an entry point of the group
``jack_parity.golden``; this package knows nobody's models.
"""
