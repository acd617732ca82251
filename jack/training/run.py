"""`jack train`: a run from its options to its report."""

from __future__ import annotations

import secrets
import sys
from dataclasses import asdict

from jack import __version__
from jack.checkpoints import load_into
from jack.errors import DatasetError
from jack.frameworks import Framework, get_framework
from jack.options.common import Options
from jack.options.config import write_config
from jack.runs.places import Places, training_places
from jack.testing.run import write_json
from jack.training.logs import JsonLog, TensorBoardLog, whole_lines
from jack.training.loop import DivergedError, Loop
from jack.training.state import RunState, Saved, check_same_run, load_state, step_seed
from jack.training.stop import EXIT_CODE, Stop
from jack.training.tasks import Task, make_task

SEEDS = 2**31  # -1 draws one below


def run_train(options: Options, resume: bool = False, again: str = "") -> int:
    """Train a method.

    Args:
        options: of the method.
        resume: go on with the run that lies where the options say.
        again: the command that would resume this run, for the line that says so.

    Returns:
        the exit code: 0, 2 if the loss is no number any more, 130 if the run was stopped by a signal.

    Raises:
        OptionError, DatasetError, CheckpointError, FrameworkError: one line for the user.
    """
    places = training_places(options, resume)
    saved = _saved(places, options, resume)
    seed = saved.state.seed if saved else options.seed
    state = saved.state if saved else RunState(secrets.randbelow(SEEDS) if seed < 0 else seed)
    running = options.replaced({"seed": state.seed})
    framework = get_framework(options.framework, options.device, options.threads)
    with Stop() as stop:

        def on_bad(error: DatasetError) -> None:
            if str(error) not in state.skipped:
                state.skipped.append(str(error))
                print(f"left out: {error}", file=sys.stderr)

        task = make_task(framework, running, on_bad if options.skip_bad else None)
        try:
            _check_samples(task, state, saved)
            _build(task, framework, state, saved)
            if framework.rank:  # the first process writes for all
                return _train(Loop(task, framework, places, state, stop, None, None, None, _silent), task, stop, again)
            places.make()
            _say_start(task, places, state, saved, framework)
            write_config(places.config, options.as_dict() | {"seed": state.seed})
            log, curves = JsonLog(places.log, state.log_bytes), _curves(places, state)
            timing = JsonLog(places.timing, whole_lines(places.timing) if saved else 0)
            try:
                loop = Loop(task, framework, places, state, stop, log, curves, timing, print)
                return _train(loop, task, stop, again)
            finally:
                log.close()
                timing.close()
                if curves:
                    curves.close()
        finally:
            task.close()


def _saved(places: Places, options: Options, resume: bool) -> Saved | None:
    """The state to go on with; None for a new run, which must not overwrite one."""
    there = places.state.exists()
    if not resume:
        if there:
            raise DatasetError(
                f"{places.state}: a run is there already; --resume goes on with it, or name another folder"
            )
        return None
    if not there:
        raise DatasetError(f"{places.state}: no such file, so there is no run to resume")
    saved = load_state(places.state)
    check_same_run(saved, options)
    return saved


def _check_samples(task: Task, state: RunState, saved: Saved | None) -> None:
    """Refuse to go on with other samples than those that the run began with."""
    found = task.checksum()
    if saved and found != state.samples_of:
        count = len(task.batches.chosen)
        raise DatasetError(
            f"{saved.path}: the run began with other training samples than the {count} that are there now"
        )
    state.samples_of = found


def _build(task: Task, framework: Framework, state: RunState, saved: Saved | None) -> None:
    framework.seed(step_seed(state.seed, 0))
    task.build()
    if saved:
        load_into(task.model, saved.weights)
        framework.load_optimizer_state(task.model, task.optimizer, saved.optimizer)
    else:
        for note in task.load_start():
            print(note)
    if framework.ranks > 1:
        framework.share(task.model, task.optimizer, task.shared_norms)


def _silent(line: str) -> None:
    pass


def _curves(places: Places, state: RunState) -> TensorBoardLog | None:
    try:
        return TensorBoardLog(places.tensorboard, state.step)
    except ImportError:
        print("no TensorBoard log: pip install 'jack-toolkit[tensorboard]' adds it")
        return None


def _say_start(task: Task, places: Places, state: RunState, saved: Saved | None, framework: Framework) -> None:
    count = len(task.batches.chosen)
    what = f"goes on after step {state.step}" if saved else "begins"
    print(
        f"{task.options.method} in {framework.name} {framework.version()}: {what}; {count} {task.unit},"
        f" {len(task.batches)} batches of {task.batches.batch_size}, seed {state.seed}; files in {places.outputs}"
    )
    if saved and saved.framework != framework.name:
        print(f"the run was begun in {saved.framework}: from here on its losses are those of {framework.name}")
    for line in task.skipped:
        if line not in state.skipped:
            state.skipped.append(line)
            print(f"left out: {line}", file=sys.stderr)


def _train(loop: Loop, task: Task, stop: Stop, again: str) -> int:
    try:
        finished = loop.run()
    except DivergedError as error:
        print(f"jack: {error}", file=sys.stderr)
        return 2
    except RuntimeError:
        # Ctrl-C in a terminal also reaches the compilers that Jittor has started, and fails the step under way.
        if not stop.requested:
            raise
        finished = False
    except KeyboardInterrupt:
        finished = False
    state, places = loop.state, loop.places
    if loop.framework.rank:
        return 0 if finished else EXIT_CODE
    if not finished:
        kept = f"{places.state} holds step {loop.saved_step}" if places.state.exists() else "nothing was saved yet"
        print(f"stopped after step {state.step}; {kept}" + (f"; go on with: {again}" if again else ""))
        return EXIT_CODE
    loop.save_weights(best=False)
    _report(loop, task)
    return 0


def _report(loop: Loop, task: Task) -> None:
    """Write report.json and say how the run ended."""
    state, places, options = loop.state, loop.places, task.options
    report = {
        "method": options.method,
        "framework": loop.framework.name,
        "version": loop.framework.version(),
        "jack": __version__,
        "selected_on": options.select_on,
        "selection": task.selected_on,
        **{
            name: value
            for name, value in asdict(state).items()
            if name not in ("sums", "samples", "log_bytes", "samples_of")
        },
        "checkpoints": {"best": str(places.best) if state.best is not None else None, "last": str(places.last)},
        "options": options.as_dict(),
    }
    write_json(places.report, report)
    if state.best is not None:
        print(f"best: {state.best:.4f} at step {state.best_step}, in {places.best}; chosen on {task.selected_on}")
    if state.skipped:
        print(f"{len(state.skipped)} samples were left out; {places.report} names them")
    print(f"weights after step {state.step}: {places.last}")
