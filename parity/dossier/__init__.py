"""``jack-parity dossier``: everything that is known of a conversion on one page that can lie beside a paper.

The converter runs in a process of its own (:mod:`parity.dossier.conversion`); models are traced on demand
(:mod:`parity.dossier.tracing`); what other commands measured comes from their JSON files
(:mod:`parity.dossier.evidence`, :mod:`parity.dossier.checks`, :mod:`parity.dossier.timings`).
:mod:`parity.dossier.verdict` says in words what is shown by all that and what is not.
"""
