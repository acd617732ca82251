"""What is not the same in both programs, in sentences, the first divergence first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from parity.tolerances import GRADIENT_FLOOR
from parity.trace import job as names
from parity.trace import result
from parity.trace.attributes import differences
from parity.trace.judge import OWN, WHOLE, Evidence, called_by, comparison, failure_of, own, timeline, unfed
from parity.trace.result import Comparison, Finding, Node, Place, StateRow

REBUILT = 100  # times the tolerance: so much is no rounding


def find(evidence: Evidence, nodes: Sequence[Node], state: Sequence[StateRow]) -> list[Finding]:
    """All findings; notes and verdicts of the nodes are adapted to them."""
    tensors = weights(evidence, state)
    found = [finding for finding in tensors if finding.kind == "weights"]
    # An attribute may say what the axes mean: it differs with them.
    turned = {node.torch.path for node in nodes if unfed(node) and node.verdict != result.WRONG}
    attributes = {p: f for p, f in attribute_differences(evidence, nodes).items() if p not in turned}
    wrong = own_code(evidence, nodes)
    for finding in wrong:  # an attribute that differs explains what is wrong in its module
        said = attributes.pop(finding.path, None)
        if said is not None:
            finding.message += "; " + said.message.partition(": ")[2]
    found += [finding for finding in wrong if finding.kind in ("forward", "crash")]
    found += crash(evidence, nodes)  # what is wrong before it may have led to it
    found += list(attributes.values())
    found += [finding for finding in tensors if finding.kind == "training"]
    found += [Finding("random", -1, "", text) for text in evidence.jittor["draws"]]
    found += [finding for finding in wrong if finding.kind not in ("forward", "crash")]
    return found or remainder(evidence, nodes)


def crash(evidence: Evidence, nodes: Sequence[Node]) -> list[Finding]:
    """The error with which the Jittor program ended."""
    error = evidence.jittor["error"]
    if not error:
        return []
    at = None if error["at"] is None else Place(**error["at"])
    path = error["path"]
    node = next((n for n in nodes if n.torch.path == path), None)
    if node is not None:
        node.verdict = result.FAILED
    where = f"in {path}" if path else "in the model's own code"
    return [
        Finding(
            "crash",
            node.number if node else -1,
            path or "",
            f"the Jittor program raises {where}: {error['message']}",
            node.torch.code or node.torch.made if node else None,
            at,
        )
    ]


def weights(evidence: Evidence, state: Sequence[StateRow]) -> list[Finding]:
    """Parameters that do not match, and what an optimizer would train on one side only."""
    theirs, ours = ({told["path"]: told for told in side["tree"]} for side in (evidence.torch, evidence.jittor))
    twins = {told["torch"]: told for told in evidence.jittor["tree"] if told["torch"] is not None}
    found = untied(evidence, state)
    matched = {row.torch for row in state if row.how in ("name", "renamed")}
    elsewhere = {n for group in evidence.torch["shared"] if matched & set(group) for n in group}
    for row in state:
        torch, jittor = _owner(theirs, row.torch), _owner(ours, row.jittor)
        name = row.torch or row.jittor
        if row.how == "only torch" and name in elsewhere:
            continue
        if row.how == "shape":
            text = f"weight {name} has the shape {row.shape} in Torch, another in Jittor"
            found.append(Finding("weights", -1, name, text, torch, jittor))
        elif row.how == "only torch" and row.trained[0]:
            place = _owner(twins, row.torch)
            found.append(Finding("weights", -1, name, f"parameter {name} is only in Torch", torch, place))
        elif row.how == "only jittor" and row.trained[1]:
            text = f"{name} is only in Jittor, where an optimizer would train it"
            found.append(Finding("training", -1, name, text, None, jittor))
        elif row.how in ("name", "renamed") and row.trained[0] != row.trained[1]:
            text = (
                f"{name} is not trained in Torch, but an optimizer would train it in Jittor"
                if row.trained[1]
                else f"{name} is trained in Torch, but its gradient is stopped in Jittor"
            )
            found.append(Finding("training", -1, name, text, torch, jittor))
        made = evidence.ours.get(names.key(names.MADE, 0, row.torch))
        if made is not None:
            figures = comparison(row.torch, made, evidence.theirs[names.key(names.WEIGHT, 0, row.torch)], OWN.value)
            if not figures.ok:
                apart = figures.problem or f"{figures.max_rel:.1e} of the largest value apart"
                text = f"{row.torch}, which no training changes, is made with other values: {apart}"
                found.append(Finding("weights", -1, row.torch, text, torch, jittor, figures))
    return found


def untied(evidence: Evidence, state: Sequence[StateRow]) -> list[Finding]:
    """One parameter under several names in Torch that Jittor keeps as several."""
    tree = {told["path"]: told for told in evidence.torch["tree"]}
    other = {told["path"]: told for told in evidence.jittor["tree"]}
    ours = {row.torch: row.jittor for row in state if row.how in ("name", "renamed")}
    found = []
    for group in evidence.torch["shared"]:
        known = [name for name in group if name in ours]
        together = [{ours[name] for name in known} <= set(one) for one in evidence.jittor["shared"]]
        if len(known) > 1 and not any(together):
            text = f"{' and '.join(known)} are one tensor in Torch, several in Jittor"
            at = _owner(tree, known[-1]), _owner(other, ours[known[-1]])
            found.append(Finding("weights", -1, known[-1], text, *at))
    return found


def _owner(tree: Mapping[str, dict[str, Any]], tensor: str) -> Place | None:
    """Where a tensor is given to its module, or where the module is made."""
    path, _, name = tensor.rpartition(".")
    told = tree.get(path) if tensor else None
    at = None if told is None else told["tensors"].get(name) or told["made"] or told["code"]
    return None if at is None else Place(**at)


def attribute_differences(evidence: Evidence, nodes: Sequence[Node]) -> dict[str, Finding]:
    """Numbers and texts of modules that differ, by Torch's path."""
    theirs = {told["path"]: told for told in evidence.torch["tree"]}
    found: dict[str, Finding] = {}
    numbers = {node.torch.path: node for node in reversed(nodes)}
    for told in evidence.jittor["tree"]:
        path = told["torch"]
        if path is None:
            continue
        said = differences(theirs[path]["attributes"], told["attributes"])
        if said:
            one, other = (None if side["made"] is None else Place(**side["made"]) for side in (theirs[path], told))
            text = f"{path or 'the model'} ({theirs[path]['type']}): {'; '.join(said)}"
            node = numbers.get(path)
            found[path] = Finding("attribute", node.number if node else -1, path, text, one, other)
            if node is not None:
                node.notes += said
    return found


def own_code(evidence: Evidence, nodes: Sequence[Node]) -> list[Finding]:
    """A finding for each module whose own code gives something else, in the order in which it shows."""
    begin, end = timeline(nodes)
    agrees = whole(evidence, nodes)
    forward: list[tuple[int, Finding]] = []
    backward: list[tuple[int, Finding]] = []
    left: list[tuple[int, Finding]] = []
    seen: set[tuple[str, str]] = set()
    for node in nodes:
        if node.verdict == result.FAILED and failure_of(evidence, node.number):
            text = f"{title(node)} fails in Jittor: {failure_of(evidence, node.number)}"
            forward.append((begin[node.number], Finding("crash", node.number, node.torch.path, text, *places(node))))
            continue
        if node.verdict != result.WRONG:
            continue
        bad = [row for row in own(node) if not row.ok]
        values = [row for row in bad if not row.name.startswith(("gradient of", "buffer"))]
        if values and healed(nodes, node, values, agrees):
            node.verdict = result.CARRIED
            node.notes.append("built differently: what comes after it is the same again")
            continue
        kind = "forward" if values else "buffer" if bad[0].name.startswith("buffer") else "backward"
        of_input = node.parent < 0 and any(row.name.startswith("gradient of argument") for row in bad)
        if kind == "backward" and agrees and not of_input:
            node.verdict = result.BACKWARD
            node.notes.append("the gradients of the whole model agree all the same")
            continue
        if (kind, node.torch.path) in seen:
            continue
        seen.add((kind, node.torch.path))
        first, when = earliest(nodes, node, values or bad, begin, end)
        finding = Finding(kind, node.number, node.torch.path, sentence(node, kind, first), *places(node), first)
        lists = {"forward": forward, "buffer": left, "backward": backward}
        lists[kind].append((-when if kind == "backward" else when, finding))
    for found in (forward, left, backward):
        found.sort(key=lambda pair: pair[0])
    ordered = [finding for _, finding in [*forward, *left, *backward]]
    # A module that could not be given Torch's tensors is not to blame where something before it went wrong.
    return [finding for index, finding in enumerate(ordered) if not index or not unfed(nodes[finding.node])]


def earliest(
    nodes: Sequence[Node], node: Node, rows: Sequence[Comparison], begin: Mapping[int, int], end: Mapping[int, int]
) -> tuple[Comparison, int]:
    """The row that shows first: what is handed to an inner module shows when that is called."""
    called = {given: begin[inner.number] for given, inner in called_by(nodes, node).items()}

    def when(row: Comparison) -> int:
        at = called.get(re.sub(r"argument .*$", "argument ", row.name))
        return end[node.number] if at is None else at

    first = min(rows, key=when)
    return first, when(first)


def healed(nodes: Sequence[Node], node: Node, rows: Sequence[Comparison], agrees: bool) -> bool:
    """Whether the programs are only cut into modules differently: what follows gets the same again in the whole run."""
    far = all((row.max_rel or 0.0) > REBUILT * row.tolerance or row.problem for row in rows)
    if not far or any(row.name.startswith("to ") for row in rows):
        return False
    if agrees:
        return True
    siblings = [n for n in nodes[node.number + 1 :] if n.parent == node.parent][:2]
    received = [row for n in siblings for row in n.inputs]
    if len(siblings) < 2 and node.parent >= 0:
        received += nodes[node.parent].outputs
    return (
        bool(siblings)
        and all(n.inputs for n in siblings)
        and all(row.ok for row in received)
        and not any(row.ok for row in node.outputs)
    )


def title(node: Node) -> str:
    """The module as people speak of it."""
    path = node.torch.path
    return f"{path} ({node.torch.type})" if path else f"the model itself ({node.torch.type})"


def sentence(node: Node, kind: str, row: Comparison) -> str:
    """What is wrong, in one sentence."""
    figures = row.problem or f"{row.max_rel:.1e} of the largest value apart, {row.tolerance:.0e} allowed"
    what = row.name
    if kind == "forward":
        if what.startswith("to "):
            return f"{title(node)} hands something else {what}: {figures}"
        return f"{title(node)} gives something else on the same inputs: {what}, {figures}"
    if kind == "buffer":
        return f"{title(node)} leaves another {what} behind: {figures}"
    return f"{title(node)} gives the same, but another {what} in the backward pass: {figures}"


def places(node: Node) -> tuple[Place | None, Place | None]:
    """The best lines that are known without following them: the module's own code, or where it is made."""
    return tuple(None if half is None else half.code or half.made for half in (node.torch, node.jittor))  # type: ignore[return-value]


def whole(evidence: Evidence, nodes: Sequence[Node]) -> bool:
    """Whether results, gradients and buffers of the whole model agree."""
    if evidence.jittor["error"] or not nodes:
        return False
    return all(row.ok for row in [*nodes[0].outputs, *parameter_gradients(evidence)])


def parameter_gradients(evidence: Evidence) -> list[Comparison]:
    """Gradients of the model's parameters in the whole run."""
    floor = GRADIENT_FLOOR * evidence.largest(names.PARAMETER_GRADIENT, 0)
    return evidence.compare(names.PARAMETER_GRADIENT, 0, WHOLE.gradient, floor, "gradient of ")


def remainder(evidence: Evidence, nodes: Sequence[Node]) -> list[Finding]:
    """The whole differs although no module's own code does."""
    buffers = evidence.compare(names.BUFFER, 0, WHOLE.value, what="buffer ")
    rows = [row for row in [*nodes[0].outputs, *parameter_gradients(evidence), *buffers] if not row.ok] if nodes else []
    for node in nodes:
        if node.verdict == result.CARRIED:
            node.verdict = result.ROUNDING
    if not rows:
        return []
    unpaired = sorted({n.torch.path for n in nodes if n.verdict == result.UNPAIRED})
    text = f"{rows[0].name} of the whole model differs, though the code of each module agrees by itself"
    text += f"; without a counterpart: {', '.join(unpaired[:8])}" if unpaired else ": rounding that grows along the way"
    return [Finding("whole", 0, "", text, *places(nodes[0]), rows[0])]
