"""The command form of JACK's first public release, ``jack METHOD PROGRAM --argument VALUE``, through today's commands.

Arguments keep their names. Most are options of today under the same name; :data:`RELEASE` lists every argument of the
release and says what became of the others. The page ``docs/first-release.md`` is made from it:
``python -m jack.legacy > docs/first-release.md``.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import yaml

from jack.methods.registry import METHODS
from jack.options import INFER, OPTIONS, TEST, TRAIN, OptionError
from jack.options.field import Option, options_of


@dataclass(frozen=True)
class Program:
    """A program of the release.

    Attributes:
        arguments: all of its arguments, in its spelling.
        programs: its subcommands and today's command for each.
        names: what the method was called.
        ignored: arguments without effect, with the reason.
        refused: arguments whose effect has no equal, with what to do.
        video: the argument that names the video, where one is looked at.
        own: what ``jack infer`` has besides the method's options.
    """

    arguments: tuple[str, ...]
    programs: Mapping[str, str]
    names: tuple[str, ...]
    ignored: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    video: str = ""
    own: tuple[str, ...] = ("output",)


_VIDEO = (
    *("lambda_0", "resnet101_pretrained", "root_path", "video_path", "annotation_path", "audio_path", "result_path"),
    *("expr_name", "checkpoint_path", "output_frame_dir", "output_audio_dir", "log_path", "batch_size"),
    *("snippet_duration", "sample_size", "n_classes", "seq_len", "loss_func", "learning_rate", "weight_decay", "fps"),
    *("audio_embed_size", "audio_n_segments", "audio_time", "dataset", "use_cuda", "debug", "dl", "n_threads"),
    "n_epochs",
)
_THREE = {"main": TRAIN, "test": TEST, "test_singlevideo": INFER}
_NO_FILES = "frames and sound of one video are decoded in memory"
_VIDEO_IGNORED = {
    "use_cuda": "the release always used CUDA; today --device cuda does",
    "output_frame_dir": _NO_FILES,
    "output_audio_dir": _NO_FILES,
    "log_path": "the release overwrote it; logs lie in the folder of the run",
    "audio_time": "the release did not use it",
}
_NOT_PARSED = "the release did not use it"

RELEASE: dict[str, Program] = {
    "vaanet": Program(_VIDEO, _THREE, ("VAANet",), _VIDEO_IGNORED, {}, "video_path", ("labels", "output")),
    "cten": Program(_VIDEO, _THREE, ("CTEN",), _VIDEO_IGNORED, {}, "video_path", ("labels", "output")),
    "tslnet": Program(
        (
            *("data_path", "model_path", "output_path", "log_path", "modal", "lambdas", "r_act", "class_th", "lr"),
            *("batch_size", "num_workers", "seed", "model_file", "debug", "rgb_path", "mfcc_path"),
        ),
        {**_THREE, "main_eval": TEST, "main_inference": INFER},
        ("TSL",),
        {"debug": "it started a debugger"},
        own=("i3d", "rgb_path", "mfcc_path", "fps", "output"),
    ),
    "bpmgcn": Program(
        (
            *("work_dir", "model_saved_name", "config", "phase", "save_score", "seed", "log_interval"),
            *("save_interval", "eval_interval", "print_log", "show_topk", "feeder", "num_worker"),
            *("train_feeder_args", "test_feeder_args", "train_ratio", "val_ratio", "test_ratio", "model"),
            *("model_args", "weights", "ignore_weights", "base_lr", "step", "device", "optimizer", "nesterov"),
            *("batch_size", "test_batch_size", "start_epoch", "num_epoch", "weight_decay", "save_model"),
            *("only_train_part", "only_train_epoch", "warm_up_epoch"),
        ),
        _THREE,
        ("Gait",),
        {
            **dict.fromkeys(("save_score", "log_interval", "save_interval", "eval_interval", "show_topk"), _NOT_PARSED),
            **dict.fromkeys(("train_ratio", "val_ratio", "test_ratio"), _NOT_PARSED),
            "print_log": "the log is always written",
            "save_model": "weights are always saved",
            "feeder": "there is one data set, that of the released configuration",
            "model": "there is one model, that of the released configuration",
            "device": "the release always used CUDA; today --device cuda does",
        },
        {
            "ignore_weights": "make a file without them first: jack convert-checkpoint",
            "start_epoch": "an interrupted training goes on with: jack train bpmgcn --resume",
        },
        own=("index", "output"),
    ),
}
SPECIAL = {
    "phase": "main --phase test is `jack test`",
    "config": "a YAML file of the release is read as well",
    "train_feeder_args": "its keys are options: random_choose, random_shift, random_move, window_size, normalization; "
    "the folder of its files is --data-path",
    "test_feeder_args": "the folder of its files is --data-path",
    "model_args": "num_class is --num-class; the others are those of the one model",
}
FEEDER = ("random_choose", "random_shift", "random_move", "window_size", "normalization")
FEEDER_FILES = ("data_p_path", "data_m_path", "label_path", "feature_path")
MODEL_FIXED = {"num_point": 16, "num_constraints": 31, "in_channels_p": 3, "in_channels_m": 8}

Given = list[tuple[str, list[str]]]
"""Arguments by name, with their values; ``""`` are those without a name."""


def find_method(name: str) -> str | None:
    """The method that a first word names, as today or as in the release; None if it is none."""
    for method, program in RELEASE.items():
        if name in (method, *program.names):
            return method
    return None


def command(name: str) -> click.Command:
    """``jack METHOD``: takes a program of the release and its arguments."""
    method = find_method(name)
    assert method is not None
    programs = ", ".join(RELEASE[method].programs)

    @click.command(
        name,
        short_help=f"{METHODS[method].title} in the form of JACK's first release.",
        context_settings={
            "ignore_unknown_options": True,
            "allow_extra_args": True,
            "help_option_names": ["--help"],
        },
        epilog="Every argument and what became of it: docs/first-release.md",
    )
    @click.argument(
        "program", metavar=f"[{programs.replace(', ', '|')}]", type=click.Choice(list(RELEASE[method].programs))
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def run(program: str, arguments: tuple[str, ...]) -> None:
        """The command form of JACK's first public release; runs `jack train`, `jack test` or `jack infer`."""
        try:
            today, words, notes = translate(method, program, arguments)
        except OptionError as error:
            click.echo(f"jack {name}: {error}", err=True)
            sys.exit(2)
        for note in notes:
            click.echo(f"jack {name}: {note}", err=True)
        group: click.Group = getattr(import_module(f"jack.commands.{today}"), today)
        group.main([method, *words], prog_name=f"jack {today}")

    return run


def translate(method: str, program: str, arguments: Sequence[str]) -> tuple[str, list[str], list[str]]:
    """Today's command, its words, and notes about what has no effect.

    Raises:
        OptionError: for an argument that there never was, or whose effect has no equal.
    """
    release = RELEASE[method]
    today = release.programs[program]
    given = split(arguments)
    configured: Given = []
    for name, values in given:
        if name == "config" and method == "bpmgcn":
            if len(values) != 1:
                raise OptionError("--config is followed by one file")
            configured += read_yaml(Path(values[0]))
        if name == "phase":
            if values not in (["train"], ["test"]):
                raise OptionError(f"--phase is train or test, not {' '.join(values)!r}")
            today = TEST if values == ["test"] else today
    words: list[str] = []
    notes: list[str] = []
    for name, values in [*configured, *given]:  # the later one counts: the command line goes before the file
        if name == "phase" or (name == "config" and method == "bpmgcn"):
            continue
        found, note = _translated(method, today, name, values)
        words += found
        notes += [note] if note and note not in notes else []
    return today, words, notes


def split(arguments: Sequence[str]) -> Given:
    """Names and values out of the words of a command line; ``-model_saved_name`` is one, ``-1`` is a value."""
    given: Given = []
    for word in arguments:
        if word.startswith("--") or (word.startswith("-") and word[1:2].isalpha()):
            name, equals, value = word.lstrip("-").partition("=")
            given.append((name.replace("-", "_"), [value] if equals else []))
        elif given:
            given[-1][1].append(word)
        else:
            given.append(("", [word]))
    return given


def _translated(method: str, today: str, name: str, values: list[str]) -> tuple[list[str], str]:
    release = RELEASE[method]
    if name == "":
        return values, ""
    if name in release.refused:
        raise OptionError(f"--{name} has no equal; {release.refused[name]}")
    if today == INFER and name == release.video:
        return values, ""
    if name == "device" and values in (["cpu"], ["cuda"]):
        return ["--device", *values], ""
    if name in release.ignored:
        return [], f"--{name} has no effect: {release.ignored[name]}"
    one = _option(method, name)
    if one is None and name in release.own:
        if today != INFER:
            return [], f"--{name} has no effect: jack {today} does not use it"
        return [f"--{name.replace('_', '-')}", *values], ""
    if one is None and name in SPECIAL:
        raise OptionError(f"--{name} is read from the file that --config names")
    if one is None:
        known = [*release.arguments, *(other.name for other in options_of(OPTIONS[method]))]
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        raise OptionError(f"no argument --{name}" + (f"; did you mean --{near[0]}?" if near else ""))
    if today not in one.commands:
        return [], f"--{name} has no effect: jack {today} does not use it"
    return [one.flag, *values], ""


def _option(method: str, name: str) -> Option | None:
    """Today's option of a name of the release."""
    return next((one for one in options_of(OPTIONS[method]) if name in (one.name, *one.aliases)), None)


def read_yaml(path: Path) -> Given:
    """A configuration file of BPM-GCN, of the release or of today, as arguments.

    Raises:
        OptionError: if it cannot be read, or holds a value that has no equal.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise OptionError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise OptionError(f"{path}: expected keys and values, found {type(content).__name__}")
    given: Given = []
    for key, value in content.items():
        name = str(key).replace("-", "_")
        if name in ("train_feeder_args", "test_feeder_args", "model_args"):
            if not isinstance(value, dict):
                raise OptionError(f"{path}: {name} has keys and values, not {value!r}")
            given += _model(path, value) if name == "model_args" else _feeder(path, name, value)
        elif isinstance(value, dict):
            raise OptionError(f"{path}: {name} is no option with keys and values")
        elif value not in (None, []):
            given.append((name, [str(part) for part in (value if isinstance(value, list) else [value])]))
    folders = sorted({values[0] for name, values in given if name == "data_path"})
    if len(folders) > 1:
        raise OptionError(f"{path}: training and test lie in several folders: {', '.join(folders)}")
    return given


def _feeder(path: Path, name: str, value: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    split_name = name.partition("_")[0]
    folders = set()
    for key, part in value.items():
        if key in FEEDER_FILES:
            file = Path(str(part))
            if not file.name.startswith(f"{split_name}_"):
                raise OptionError(f"{path}: {name}: {key}: the file must be called {split_name}_..., not {file.name}")
            folders.add(str(file.parent))
        elif key in FEEDER and name == "train_feeder_args":
            yield key, [str(part)]
        elif key not in (*FEEDER, "debug", "use_mmap") or (part and key != "use_mmap"):
            raise OptionError(f"{path}: {name}: {key}: {part!r} has no equal")
    if len(folders) > 1:
        raise OptionError(f"{path}: {name}: the files lie in several folders: {', '.join(sorted(folders))}")
    yield from (("data_path", [folder]) for folder in folders)


def _model(path: Path, value: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for key, part in value.items():
        if key == "num_class":
            yield key, [str(part)]
        elif key not in ("graph", "graph_args", *MODEL_FIXED) or (key in MODEL_FIXED and part != MODEL_FIXED[key]):
            raise OptionError(f"{path}: model_args: {key}: {part!r} has no equal")


def fate(method: str, name: str) -> str:
    """What became of an argument of the release, in words."""
    release = RELEASE[method]
    if name in SPECIAL:
        return SPECIAL[name]
    if name in release.refused:
        return f"refused: {release.refused[name]}"
    if name in release.ignored:
        return f"no effect: {release.ignored[name]}"
    parts = []
    one = _option(method, name)
    if one is not None:
        parts.append(f"`{one.flag}`" + ("" if set(one.commands) == {TRAIN, TEST, INFER} else f" ({_listed(one)})"))
    if name in release.own:
        parts.append(f"`--{name.replace('_', '-')}` (infer)")
    if name == release.video:
        parts.append("the video (infer)")
    return ", ".join(parts)


def _listed(one: Option) -> str:
    return ", ".join(one.commands)


def page() -> str:
    """The page ``docs/first-release.md``."""
    lines = [
        "<!-- Made by `python -m jack.legacy > docs/first-release.md`; do not edit. -->",
        "",
        "# Commands of JACK's first release",
        "",
        "`jack METHOD PROGRAM` with the arguments of JACK's first public release runs today's commands. The names of",
        "the methods may be written as they were. What has no effect any more is said in a line; what has no equal is",
        "refused. Defaults are today's, which are those of the methods' authors: see `jack train METHOD --help`.",
        "Today's own options can be added, for instance `--framework torch`.",
        "",
        "```",
        "jack cten main --video_path img --audio_path mp3 --annotation_path ve8_04.json --batch_size 8",
        "jack cten test_singlevideo --video_path clip.mp4 --checkpoint_path save_20.pth",
        "jack tslnet main_inference --rgb_path clip_rgb.npy --mfcc_path clip_mel.npy --fps 25 --model_file model.pkl",
        "jack bpmgcn main --config train.yaml --phase test --weights best.pth",
        "```",
    ]
    for method, release in RELEASE.items():
        lines += ["", f"## {METHODS[method].title}", ""]
        lines += [f"`jack {method}`, or `jack {release.names[0]}`.", "", "| program | today |", "|---|---|"]
        lines += [f"| `{old}` | `jack {new} {method}` |" for old, new in release.programs.items()]
        lines += ["", "| argument | today |", "|---|---|"]
        lines += [f"| `--{name}` | {fate(method, name)} |" for name in release.arguments]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
