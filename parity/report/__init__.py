"""HTML reports: one page each that needs nothing but itself.

The look, the plots and the parts of a page are shared: :func:`parity.report.html.trace_page` makes the page of one
trace, :mod:`parity.dossier` puts the same parts together with everything else that is known of a conversion.
"""
