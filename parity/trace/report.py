"""What ``jack-parity trace`` prints: the findings, and the tree of module calls."""

from __future__ import annotations

import os

from rich.console import Console, Group
from rich.text import Text
from rich.tree import Tree

from parity.trace import result
from parity.trace.result import Comparison, Finding, Half, Node, Place, Trace

STYLES = {
    result.EQUAL: ("=", "green"),
    result.CARRIED: ("~", "yellow"),
    result.BACKWARD: ("<", "yellow"),
    result.ROUNDING: ("~", "yellow"),
    result.WRONG: ("X", "bold red"),
    result.UNPAIRED: ("-", "dim"),
    result.FAILED: ("!", "bold red"),
}
WORDS = {
    result.EQUAL: "equal",
    result.CARRIED: "its own code is right, what it got was different",
    result.BACKWARD: "right, but what comes back in the backward pass is different",
    result.ROUNDING: "rounding that grew along the way",
    result.WRONG: "its own code gives something else",
    result.UNPAIRED: "not called in Jittor, or without a counterpart",
    result.FAILED: "raised an error",
}
SHOWN = 12  # findings in full
DIVERGENCES = ("crash", "weights", "forward", "whole")  # what makes the results differ


def print_trace(out: Console, trace: Trace, everything: bool = False) -> None:
    """Print the tree (all of it, or what leads to findings), the findings, the verdict."""
    if trace.problem:
        out.print(Text(f"{trace.problem}; the end of its output:", style="bold red"))
        out.print(Text(trace.log), soft_wrap=True)
        return
    if trace.nodes:
        out.print(tree(trace, everything))
        used = [name for name in STYLES if any(node.verdict == name for node in trace.nodes)]
        out.print(Text("   ".join(f"{STYLES[name][0]} {WORDS[name]}" for name in used), style="dim"), soft_wrap=True)
    renamed = sum(row.how == "renamed" for row in trace.state)
    matched = sum(row.how in ("name", "renamed") for row in trace.state)
    out.print(f"{matched} weights carried over" + (f", {renamed} of them by shape and order" if renamed else ""))
    for index, finding in enumerate(trace.findings[:SHOWN]):
        print_finding(out, finding, first=not index and finding.kind in DIVERGENCES)
    if len(trace.findings) > SHOWN:
        out.print(f"... and {len(trace.findings) - SHOWN} more findings (--json FILE has all)")
    if trace.left:
        out.print(f"the converter left {len(trace.left)} places in the files that were imported:")
        for line in trace.left[: len(trace.left) if everything else 5]:
            out.print(Text(f"  {line}", style="yellow"), soft_wrap=True)
    out.print(Text(sentence(trace), style="bold green" if trace.ok else "bold red"), soft_wrap=True)


def sentence(trace: Trace) -> str:
    """The verdict in one sentence."""
    if trace.problem:
        return trace.problem
    if not trace.findings:
        worst = max((row.max_rel or 0.0 for node in trace.nodes for row in node.own_outputs), default=0.0)
        return f"No finding: {len(trace.nodes)} module calls agree, each by itself within {worst:.1e} of its largest."
    first = trace.findings[0]
    places = [f"{place(at)} in {side}" for side, at in (("Jittor", first.jittor), ("Torch", first.torch)) if at]
    where = ", ".join(places) or first.path or "the model itself"
    count = len(trace.findings)
    more = f" ({count} findings)" if count > 1 else ""
    return f"{'First divergence' if first.kind in DIVERGENCES else 'First finding'}{more}: {where}."


def place(at: Place) -> str:
    """``file:line``, the file relative to where the user stands if it lies below."""
    relative = os.path.relpath(at.file) if os.path.isabs(at.file) else at.file
    return f"{at.file if relative.startswith('..') else relative}:{at.line}"


def print_finding(out: Console, finding: Finding, first: bool = False) -> None:
    """One finding: the sentence, both lines, the figures."""
    head = Text("first divergence: " if first else f"{finding.kind}: ", style="bold red")
    out.print(head + Text(finding.message), soft_wrap=True)
    for side, at in (("Torch ", finding.torch), ("Jittor", finding.jittor)):
        if at is not None:
            out.print(Text(f"    {side} {place(at)}  ", style="cyan") + Text(at.text), soft_wrap=True)
    figures = finding.comparison
    if figures is not None and figures.max_abs is not None:
        out.print(Text(f"    {line_of(figures)}", style="dim"), soft_wrap=True)


def line_of(row: Comparison) -> str:
    """All figures of a comparison in a line."""

    def shown(value: float | None, form: str = ".1e") -> str:
        return "-" if value is None else format(value, form)

    shape = "x".join(map(str, row.shape)) or "scalar"
    return (
        f"{row.name} [{shape}]: max abs {shown(row.max_abs)}, of largest {shown(row.max_rel)} (allowed"
        f" {row.tolerance:.0e}), ulp {shown(row.max_ulp, '.3g')}, cosine {shown(row.cosine, '.6f')},"
        f" outside {shown(row.outside, '.1%')}"
    )


def tree(trace: Trace, everything: bool) -> Tree:
    """The calls as a tree; without ``everything``, branches in which all is equal are one line."""
    inside: dict[int, list[Node]] = {}
    for node in trace.nodes:
        inside.setdefault(node.parent, []).append(node)
    marked = {finding.node for finding in trace.findings}
    first = trace.findings[0].node if trace.findings else -1
    interesting: set[int] = set()
    for node in reversed(trace.nodes):
        if node.verdict != result.EQUAL or node.number in marked or node.number in interesting:
            interesting |= {node.number, node.parent}

    def add(branch: Tree, node: Node) -> None:
        label = Group(row(node, node.number == first))
        inner = inside.get(node.number, [])
        if inner and node.number not in interesting and not everything:
            count = sum(1 for n in trace.nodes[node.number + 1 :] if _below(trace.nodes, n, node.number))
            branch.add(Group(row(node, False) + Text(f"  ({count} calls inside, all equal)", style="dim")))
            return
        below = branch.add(label)
        for child in inner:
            add(below, child)

    root = Tree(Text("module calls (own code | whole run, of the largest value)", style="dim"), guide_style="dim")
    for node in inside.get(-1, []):
        add(root, node)
    return root


def _below(nodes: list[Node], node: Node, ancestor: int) -> bool:
    while node.parent > ancestor:
        node = nodes[node.parent]
    return node.parent == ancestor


def row(node: Node, first: bool) -> Text:
    """A call in one line."""
    sign, style = STYLES[node.verdict]
    name = node.torch.path.rpartition(".")[2] or "model"
    text = Text(f"{sign} ", style=style) + Text(name, style=style) + Text(f" {types(node.torch, node.jittor)}", "dim")
    if node.call:
        text += Text(f" call {node.call + 1}", "dim")
    text += Text(f"  {worst(node.own_outputs)} | {worst(node.outputs)}", style=style)
    return text + Text("  <- first divergence", "bold red") if first else text


def types(torch: Half, jittor: Half | None) -> str:
    """The class, or both where they differ."""
    return torch.type if jittor is None or jittor.type == torch.type else f"{torch.type}/{jittor.type}"


def worst(rows: list[Comparison]) -> str:
    """The largest difference of some comparisons."""
    if any(row.problem for row in rows):
        return next(row.problem for row in rows if row.problem)
    return f"{max(row.max_rel or 0.0 for row in rows):.0e}" if rows else "-"
