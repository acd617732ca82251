"""`jack test`: evaluate a file of weights on the test set."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jack import __version__
from jack.errors import DatasetError
from jack.files import replacing
from jack.frameworks import get_framework
from jack.options import OptionError
from jack.options.common import Options
from jack.runs.places import test_folder
from jack.runs.progress import steps_shown
from jack.testing.evaluations import make_model, test_evaluation
from jack.testing.outcome import Outcome
from jack.testing.table import outcome_table
from jack.testing.weights import load_weights


def run_test(options: Options, output: str | None = None) -> int:
    """Evaluate ``options.checkpoint``, print a table, and write test.json, predictions and a picture.

    Args:
        options: of the method.
        output: folder of the results, in place of the one that the options say.

    Returns:
        the exit code.

    Raises:
        OptionError, CheckpointError, DatasetError: one line for the user.
    """
    if not options.checkpoint:
        raise OptionError("--checkpoint FILE is missing: which weights are to be tested?")
    framework = get_framework(options.framework, options.device, options.threads)
    left_out: list[str] = []

    def on_bad(error: DatasetError) -> None:
        left_out.append(str(error))

    model = make_model(framework, options)
    notes = load_weights(model, options, framework, Path(options.checkpoint))
    evaluation, skipped = test_evaluation(framework, options, on_bad if options.skip_bad else None)
    try:
        with steps_shown("test", len(evaluation)) as progress:
            outcome = evaluation.run(model, progress)
    finally:
        evaluation.close()
    left_out = skipped + left_out
    folder = Path(output) if output else test_folder(options)
    made_with = {"method": options.method, "framework": framework.name, "version": framework.version()}
    report = {**made_with, "jack": __version__, "checkpoint": options.checkpoint, **outcome.report}
    report.update(skipped=left_out, options=options.as_dict())
    write_outcome(folder, outcome, report)
    for note in notes:
        print(note)
    print(outcome_table(outcome))
    print(f"{outcome.samples} samples evaluated, {len(left_out)} left out; results in {folder}")
    for line in left_out:
        print(f"left out: {line}", file=sys.stderr)
    return 0


def write_outcome(folder: Path, outcome: Outcome, report: Mapping[str, Any]) -> None:
    """Write test.json, and what the method has besides: predictions.json and confusion.png, or temp_result.json.

    Raises:
        DatasetError: if a file cannot be written.
    """
    write_json(folder / "test.json", report)
    if outcome.confusion is not None:
        # Late: only here is matplotlib needed, which takes a second to import.
        from jack.testing.picture import draw_confusion

        write_json(folder / "predictions.json", list(outcome.predictions))
        title = f"{report['method']}: accuracy {outcome.score:.3f} of {outcome.samples}"
        draw_confusion(folder / "confusion.png", outcome.confusion, outcome.classes, title)
    if "result" in outcome.extra:
        write_json(folder / "temp_result.json", outcome.extra["result"])  # the authors' name


def write_json(path: Path, content: Any) -> None:
    """Write JSON; the file appears when it is complete.

    Raises:
        DatasetError: if it cannot be written.
    """
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
