"""The answers as a Markdown page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from parity.check.jumps import OUTPUT_CAP

_HEAD = """# {title}

Written by a command, not by hand:

```
{command}
```

All files of the folder are converted once; each public model is built in both frameworks, with the same weights, and
run forward and backward, each framework in a process of its own. *Output* and *gradient* are the worst differences of
any output and of any weight's or input's gradient, relative to the largest value of the same tensor: up to
{tolerance:g} and {gradient_tolerance:g} count as equal. Dropout and stochastic depth are off. Weights that the
constructor sets to one value, and the statistics of batch norm, are drawn at random, so that nothing hides behind a
scale of zero. Inputs are small (most 2 x 3 x 64 x 64); the file of results holds them for each model.

A *jump* is a gradient that differs by more, but by no more than {margin:g} times what a change of inputs and weights
by 1e-7 of their values does to it in Torch alone: a ReLU whose argument is nearly zero, or two nearly equal members
of a pooling window. A gradient counts as *zero* when it differs by less than a millionth of the model's largest:
what rounding leaves of a true zero, such as that of a bias before a normalisation.

*Rounding* is the answer where outputs or running statistics differ too, by more than {tolerance:g} and less than
{cap:g}, and by no more than {margin:g} times what the same change does to them in Torch alone: a hundred layers with
batch norm in training mode, at their random first weights. Such a row says that nothing coarse is wrong, not that all
is equal; see the same model in evaluation.

*Older* is a figure that was measured before the converter or a helper changed something in the text of this model:
the command measures it again.

"""

_LISTED = 60  # more names than these are counted by file


def as_page(told: dict[str, Any]) -> str:
    """The whole page; ``told`` is what :func:`parity.architectures.run.read_results` gives."""
    models: dict[str, dict[str, Any]] = told["models"]
    source = {"title": told["source"]["folder"], "command": "jack-parity models ...", **told["source"]}
    compared = _compared(models, told.get("digests", {}))
    parts = [_HEAD.format(**source, cap=OUTPUT_CAP), _summary(told), compared, _reasons(models), _diagnostics(told)]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def _summary(told: dict[str, Any]) -> str:
    note = told["source"].get("note", "")
    lines = [f"{note}\n"] if note else []
    lines += [f"- Chosen: {told['source']['sample']}."] if "sample" in told["source"] else []
    for mode, word in (("eval", "Evaluation"), ("train", "Training")):
        count = Counter(a[mode]["answer"] if mode in a else "not run yet" for a in told["models"].values())
        digests = told.get("digests", {})
        older = sum(older_than(a[mode], digests.get(key)) for key, a in told["models"].items() if mode in a)
        behind = f"; {older} of them older" if older else ""
        lines.append(f"- {word} mode: {', '.join(f'{n} {answer}' for answer, n in count.most_common())}{behind}.")
    clean = [file for file in told["files"] if file not in told["diagnostics"]]
    lines.append(f"- {len(told['files'])} files hold models; {len(clean)} of them were converted without a diagnostic.")
    lines.append(f"- {', '.join(f'{name} {version}' for name, version in sorted(told['versions'].items()))}.")
    return "\n".join(lines) + "\n"


def older_than(answer: dict[str, Any], digest: str | None) -> bool:
    """Whether an answer was measured on another conversion than the one that the results tell of."""
    return "output" in answer and digest is not None and answer["converted"] != digest


def _cells(answer: dict[str, Any] | None, digest: str | None) -> list[str]:
    """Answer, worst output, worst gradient, equal gradients."""
    if answer is None:
        return ["not run yet", "", "", ""]
    word = answer["answer"] + " (older)" * older_than(answer, digest)
    if "output" not in answer:
        return [word, "", "", ""]
    jumps = (
        f", {answer['jumps']} jump{'s' * (answer['jumps'] > 1)} to {answer['jump']:.0e}" if "jumps" in answer else ""
    )
    zeros = f", {answer['gradients zero']} zero" if "gradients zero" in answer else ""
    count = f"{answer.get('gradients equal', 0)} of {answer.get('gradients', 0)}{zeros}{jumps}"
    gradient = f"{answer['gradient']:.0e}" if "gradient" in answer else ""
    return [word, f"{answer['output']:.0e}", gradient, count]


def _count(weights: int) -> str:
    """Of weights, in words."""
    return f"{weights / 1e6:.1f} M" if weights >= 100_000 else str(weights)


def _compared(models: dict[str, dict[str, Any]], digests: dict[str, str]) -> str:
    head = ["model", "file", "weights", "evaluation", "output", "gradient", "gradients equal"]
    head += ["training", "output", "gradient", "gradients equal", "s"]
    lines = ["## Compared\n", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for key, answers in models.items():
        if not any("output" in answer for answer in answers.values()):
            continue
        file, _, name = key.partition(":")
        weights = max(answer.get("parameters", 0) for answer in answers.values())
        seconds = sum(answer.get("seconds", 0) for answer in answers.values())
        cells = [
            f"`{name}`",
            file,
            _count(weights),
            *_cells(answers.get("eval"), digests.get(key)),
            *_cells(answers.get("train"), digests.get(key)),
        ]
        lines.append(f"| {' | '.join([*cells, f'{seconds:.0f}'])} |")
    return "\n".join(lines) + "\n\nSeconds: both sides, compilation of Jittor's operators included.\n"


def _reasons(models: dict[str, dict[str, Any]]) -> str:
    """Why models differ, fail, or were not run; equal reasons share a line."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    waiting = [key for key, answers in models.items() if not answers]
    for key, answers in models.items():
        for mode, answer in answers.items():
            if answer["answer"] != "equal":
                where = "evaluation" if mode == "eval" else "training"
                groups.setdefault((answer["answer"], answer.get("reason", ""), where), []).append(key)
    if not groups and not waiting:
        return ""
    lines = ["## Not equal, or not run\n", "| answer | mode | models | reason |", "|---|---|---|---|"]
    both: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (answer, reason, mode), keys in sorted(groups.items()):
        both.setdefault((answer, reason, tuple(keys)), []).append(mode)
    for (answer, reason, names), modes in both.items():
        lines.append(f"| {answer} | {' and '.join(modes)} | {_listed(names)} | {reason.replace('|', '/')} |")
    if waiting:
        lines.append(f"| not run yet | both | {_listed(waiting)} | the command above continues |")
    return "\n".join(lines) + "\n"


def _listed(keys: Sequence[str]) -> str:
    """Names of models; of very many, how many in each file."""
    if len(keys) <= _LISTED:
        return ", ".join(f"`{key.partition(':')[2]}`" for key in keys)
    files = Counter(key.partition(":")[0] for key in keys)
    return f"{len(keys)} in {len(files)} files: " + ", ".join(f"{file} {n}" for file, n in files.items())


def _diagnostics(told: dict[str, Any]) -> str:
    """What the converter left for the user, file by file; most of it is never reached by a model."""
    lines = ["## Diagnostics\n", "What the converter reports, by file; repeated ones once with their number.\n"]
    lines += ["| file | diagnostics |", "|---|---|"]
    for file, found in told["diagnostics"].items():
        texts = [f"{text}{f' ({n} times)' if n > 1 else ''}" for text, n in Counter(found).items()]
        lines.append(f"| {file} | {'; '.join(texts).replace('|', '/')} |")
    return "\n".join(lines) + "\n"
