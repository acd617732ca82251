"""The four methods as subjects of measurement: a model, inputs and a training step of any size, in either framework."""

from __future__ import annotations

from benchmarks.methods.subject import Batch, Subject


def names() -> tuple[str, ...]:
    """The methods, in the order of the reports."""
    return ("tslnet", "bpmgcn", "vaanet", "cten")


def get_subject(name: str) -> Subject:
    """The subject of a method; needs neither framework.

    Raises:
        KeyError: for another name.
    """
    if name == "tslnet":
        from benchmarks.methods.tslnet import TSLNetSubject

        return TSLNetSubject()
    if name == "bpmgcn":
        from benchmarks.methods.bpmgcn import BPMGCNSubject

        return BPMGCNSubject()
    from benchmarks.methods.video_emotion import SUBJECTS

    return SUBJECTS[name]


__all__ = ["Batch", "Subject", "get_subject", "names"]
