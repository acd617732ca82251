"""No false positives: code that has nothing to do with Torch comes back as it was."""

from __future__ import annotations

import pytest

from tests.converter import corpus

SAMPLE = 40  # every 40th file: some 80 files, 15 seconds


def _judge(summary: corpus.Summary) -> None:
    print(summary.lines())
    assert sum(o.unreadable for o in summary.outcomes) <= len(summary.outcomes) / 1000
    assert not summary.failures, [(str(o.path), o.failure) for o in summary.failures]
    assert not summary.changed, [(str(o.path), o.edits, o.reports) for o in summary.changed]


def test_sample_of_torch_free_code() -> None:
    chosen = corpus.files(corpus.folders())[::SAMPLE]
    assert len(chosen) > 40
    _judge(corpus.run(chosen))


@pytest.mark.slow
def test_all_torch_free_code() -> None:
    summary = corpus.run(corpus.files(corpus.folders()))
    assert sum(o.lines for o in summary.free) > 500_000
    _judge(summary)
