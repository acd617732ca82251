"""``convert(source) -> Result``: the corridor for one file, a pure function of its text and options."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import libcst as cst

from converter import apply, helpers, rules
from converter.diagnostics import CODES, Diagnostic, Severity
from converter.flow import Facts, Flow
from converter.imports import AS_IT_STANDS, Plan, plan
from converter.kinds import Evidence
from converter.names import IMPORTS_TORCH, MENTIONS_TORCH, is_torch
from converter.parsing import comments_of, parse, syntax_problem, with_deep_stack
from converter.rewrite import Changes, Finding, Rewriter
from converter.splice import Edit, Text, outermost, splice, unchanged_outside
from converter.tree import walk

_STAND_IN = re.compile(r"__jack_(?:jt|nn|jh)__")
_HELPER_USE = re.compile(rf"{apply.HELPERS}\.(\w+)")
_IMPORTS_JITTOR = re.compile(r"^[ \t]*(?:from|import)\b[^\n#]*\bjittor(?:_helpers)?\b", re.MULTILINE)
_IGNORE = re.compile(r"#\s*jack:\s*ignore(?:\[([\w, ]+)\])?")


@dataclass(frozen=True, slots=True)
class Options:
    """How to convert.

    Attributes:
        guess: apply method rules without evidence that the receiver is a tensor; each is marked.
        annotate: write a ``# jack: JCnnn ...`` comment above what needs a person.
        helper_import: the statement (without alias) that imports the helper module from this file.
        exported: names that other files of the run import from this one (``*`` for all); Torch's among them stay bound.
        own_package: name of the package that the file belongs to; what it imports from there is the user's own.
        check_idempotence: convert the output again and require that nothing changes.
        prefilter: leave files alone, without parsing them, that nowhere name Torch.
        among_torch: other files of the run import Torch, and this one uses their modules or tensors without an import.
        returns: kinds that functions of other files of the run return, by the names that this one imports.
        starred: names of Torch that star imports of other files of the run bind: local name and full name.
    """

    guess: bool = False
    annotate: bool = True
    helper_import: str = f"import {helpers.MODULE_NAME}"
    exported: frozenset[str] = frozenset()
    own_package: str = ""
    check_idempotence: bool = True
    prefilter: bool = True
    among_torch: bool = False
    returns: tuple[tuple[str, str], ...] = ()
    starred: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one file.

    Attributes:
        code: the output; the input itself when nothing was to do or an invariant failed.
        diagnostics: in order of their place.
        edits: the replaced spans of the input.
        helpers: names of the helpers that the output uses.
        answers: how many uses of Torch were ``rewritten``, ``kept``, ``needs you``, ``unknown``.
        found: Torch names in the input, counted from its tree.
        left: Torch names that are still in the output, counted from the output's tree.
        failed: the file could not be converted (syntax, invariant).
    """

    code: str
    diagnostics: list[Diagnostic] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    helpers: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    found: int = 0
    left: int = 0
    failed: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.edits)

    @property
    def complete(self) -> bool:
        """Nothing is left for a person."""
        return not self.failed and not any(d.severity is not Severity.NOTE for d in self.diagnostics)

    def as_dict(self) -> dict[str, Any]:
        return {
            "changed": self.changed,
            "complete": self.complete,
            "failed": self.failed,
            "answers": self.answers,
            "torch_names_found": self.found,
            "torch_names_left": self.left,
            "helpers": self.helpers,
            "diagnostics": [d.as_dict() for d in self.diagnostics],
        }


def convert(source: str, options: Options | None = None) -> Result:
    """Convert Torch source text to Jittor.

    Never raises for bad input: a file that cannot be parsed comes back unchanged with a diagnostic.
    """
    options = options or Options()
    if options.prefilter and not options.among_torch and not MENTIONS_TORCH.search(source):
        problem = syntax_problem(source)
        failed = problem is not None and problem.code == "JC901"
        return Result(source, [problem] if problem and failed else [], failed=failed)
    try:
        return _convert(source, options)
    except RecursionError:
        pass
    try:
        return with_deep_stack(lambda: _convert(source, options))
    except RecursionError:
        return Result(source, [Diagnostic("JC907", "the code is nested too deeply")], failed=True)


def _convert(source: str, options: Options) -> Result:
    tree = parse(source)
    if isinstance(tree, Diagnostic):
        return Result(source, [tree], failed=True)
    registry = rules.load()
    about_torch = options.among_torch or bool(IMPORTS_TORCH.search(source))
    facts = Flow(
        tree, registry, options.own_package, about_torch, _returns_of_others(source, options), dict(options.starred)
    ).run()
    facts.among_torch = options.among_torch
    changes = Rewriter(tree, facts, registry, options.guess, options.exported, options.own_package).run()
    result = _assemble(source, tree, changes, facts.bound_names, options)
    found = _torch_names(facts)
    if not result.changed:
        return replace(result, found=found, left=found)
    broken, left = _broken_invariant(source, result, options)
    if broken is None:
        return replace(result, found=found, left=left)
    problem = Diagnostic("JC905", broken)
    return Result(source, [*result.diagnostics, problem], found=found, left=found, failed=True)


def _returns_of_others(source: str, options: Options) -> dict[str, str]:
    """In a file that is converted already, the user's other functions give Jittor's tensors."""
    return {} if _IMPORTS_JITTOR.search(source) else dict(options.returns)


def _assemble(source: str, tree: cst.Module, changes: Changes, bound: set[str], options: Options) -> Result:
    wanted: set[cst.CSTNode] = {node for old, _, statement in changes.edits for node in (old, statement)}
    wanted |= {part for pair in changes.removed for part in pair}
    wanted |= {entry.node for entry in changes.imports} | {entry.line for entry in changes.imports}
    wanted |= {f.node for f in changes.findings} | {f.statement for f in changes.findings}
    lonely = _lonely_blocks(tree, changes)
    text = Text(tree, wanted)
    edits = []
    rescued: list[tuple[cst.CSTNode, str]] = []
    for old, new, statement in changes.edits:
        edit = text.replacement(old, new)
        edits.append(edit)
        rescued += [(statement, c) for c in _lost_comments(text.source[edit.start : edit.end], edit.text)]
    for small, line in changes.removed:
        edits.append(_with_pass(text, text.removal(small, line), small, lonely))
    new_text = "\n".join(edit.text for edit in outermost(edits))
    reexports: dict[cst.CSTNode, list[str]] = {}
    for statement, local, node in changes.reexports:
        reexports.setdefault(statement, []).append(f"{local} = {Text.print_alone(node)}")
    new_text += "\n".join(["", *(line for lines in reexports.values() for line in lines)])
    stand_ins = _STAND_IN.findall(new_text)
    layout = plan(changes.imports, stand_ins, bound, changes.kept_roots, options.helper_import, reexports)
    edits += _import_edits(text, layout, changes, lonely)
    used_helpers = sorted(set(_HELPER_USE.findall(new_text)))
    edits = [Edit(e.start, e.end, _STAND_IN.sub(lambda m: layout.names[m[0]], e.text)) for e in edits]
    if layout.unplaced:
        at = _after_docstring(tree, text.source)
        edits.append(Edit(at, at, "".join(line + tree.default_newline for line in layout.unplaced)))
    diagnostics, comments = _diagnostics(text, changes.findings, options, rescued)
    edits = [e for e in edits if e.start != e.end or e.text]
    edits += comments
    edits = outermost(edits)
    return Result(splice(source, edits), diagnostics, edits, used_helpers, changes.answers)


def _lonely_blocks(tree: cst.Module, changes: Changes) -> set[cst.CSTNode]:
    """Removed statements whose block would be left empty: one of them becomes ``pass``."""
    gone = {small for small, _ in changes.removed} | {e.node for e in changes.imports}
    if not gone:
        return set()
    lonely: set[cst.CSTNode] = set()
    for node in walk(tree):
        if not isinstance(node, cst.IndentedBlock | cst.SimpleStatementSuite):
            continue
        smalls: list[cst.CSTNode] = []
        for statement in node.body:
            smalls += statement.body if isinstance(statement, cst.SimpleStatementLine) else [statement]
        if smalls and all(s in gone for s in smalls):
            lonely.add(smalls[-1])
    return lonely


def _with_pass(text: Text, edit: Edit, small: cst.CSTNode, lonely: set[cst.CSTNode]) -> Edit:
    if small not in lonely:
        return edit
    span = text.spans[small]
    return Edit(span.start, span.end, "pass" + _semicolon(text.source[span.start : span.end]))


def _import_edits(text: Text, layout: Plan, changes: Changes, lonely: set[cst.CSTNode]) -> list[Edit]:
    edits: list[Edit] = []
    newline = text.module.default_newline
    for entry in changes.imports:
        lines = layout.replacements[entry.node]
        span = text.spans[entry.node]
        if lines == [AS_IT_STANDS]:
            continue
        statement = text.source[span.start : span.end]
        if AS_IT_STANDS in lines:
            own = statement.removesuffix(_semicolon(statement))
            lines = [own if line == AS_IT_STANDS else line for line in lines]
        else:
            lines = [*_comments_inside(statement), *lines]
        if not lines:
            edits.append(_with_pass(text, text.removal(entry.node, entry.line), entry.node, lonely))
        else:
            indent = "".join(span.indent)
            single = isinstance(entry.line, cst.SimpleStatementSuite) or len(getattr(entry.line, "body", ())) > 1
            joined = "; ".join(lines) if single else (newline + indent).join(lines)
            edits.append(Edit(span.start, span.end, joined + _semicolon(statement)))
    return edits


def _semicolon(statement: str) -> str:
    """What ends a small statement that others follow on its line; a node's text includes it."""
    tail = re.search(r"\s*;\s*$", statement)
    return tail[0] if tail is not None else ""


def _comments_inside(statement: str) -> list[str]:
    """Comments between the parentheses of an import: they stay, as lines of their own."""
    return comments_of(statement) if "#" in statement else []


def _after_docstring(tree: cst.Module, source: str) -> int:
    """Offset of the first statement after docstring and ``__future__`` imports."""
    body = ast.parse(source).body
    line = 0
    for node in body:
        is_doc = (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )
        if is_doc or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            line = node.end_lineno or 0
            continue
        break
    return sum(len(text) for text in source.splitlines(keepends=True)[:line])


def _lost_comments(old: str, new: str) -> list[str]:
    """Comments between the arguments of a call that its replacement has no place for."""
    if "#" not in old:
        return []
    kept = Counter(comments_of(f"({new}\n)"))
    lost = []
    for comment in comments_of(f"({old}\n)"):
        kept[comment] -= 1
        if kept[comment] < 0:
            lost.append(comment)
    return lost


def _diagnostics(
    text: Text, findings: Iterable[Finding], options: Options, rescued: list[tuple[cst.CSTNode, str]]
) -> tuple[list[Diagnostic], list[Edit]]:
    """Findings with their places; comments above the statements that need a person, or that would lose one."""
    found: list[Diagnostic] = []
    comments: dict[int, list[str]] = {}
    for statement, comment in rescued:
        comments.setdefault(text.line_start(text.code_start(statement)), []).append(comment)
    for finding in findings:
        line, column = text.position(finding.node)
        ignored = _IGNORE.search(text.line_text(line))
        if ignored and (ignored[1] is None or finding.code in ignored[1]):
            continue
        diagnostic = Diagnostic(finding.code, finding.message, line, column, finding.api, finding.evidence.name.lower())
        if diagnostic in found:
            continue
        found.append(diagnostic)
        if diagnostic.severity is Severity.NOTE or not options.annotate:
            continue
        start = text.line_start(text.code_start(finding.statement))
        comment = f"# jack: {finding.code} {finding.message}"
        if comment not in comments.setdefault(start, []):
            comments[start].append(comment)
    edits = []
    for start, lines in comments.items():
        indent = re.match(r"[ \t]*", text.source[start:])
        assert indent is not None
        above = _comments_above(text, start)
        fresh = [line for line in lines if line not in above or not line.startswith("# jack:")]
        block = "".join(f"{indent[0]}{line}{text.module.default_newline}" for line in fresh)
        edits.append(Edit(start, start, block))
    return sorted(found, key=lambda d: (d.line, d.column, d.code)), [e for e in edits if e.text]


def _comments_above(text: Text, start: int) -> set[str]:
    found: set[str] = set()
    while start > 0:
        start = text.line_start(start - 1)
        line = text.source[start : text.line_end(start)].strip()
        if not line.startswith("#"):
            break
        found.add(line)
    return found


# ---------------------------------------------------------------------------------------------- invariants


def _torch_names(facts: Facts) -> int:
    """How often code names something of Torch: chains like ``torch.nn.functional`` count once, imports if unused."""
    chains = [node for node, qual in facts.api.items() if is_torch(qual)]
    inner = {node.value for node in chains if isinstance(node, cst.Attribute)}
    roots = {node.value for node in chains if isinstance(node, cst.Name)}
    return sum(node not in inner for node in chains) + len(facts.torch_imports - roots)


def _broken_invariant(source: str, result: Result, options: Options) -> tuple[str | None, int]:
    """The first promise that the output breaks (None if it keeps them), and the Torch names left in it."""
    problem = syntax_problem(result.code)
    if problem is not None:
        return f"the output does not parse: {problem.message} (line {problem.line})", 0
    lost = Counter(comments_of(source)) - Counter(comments_of(result.code))
    if lost:
        return f"a comment would be lost: {next(iter(lost))}", 0
    if not unchanged_outside(source, result.code, result.edits):
        return "text outside the edits changed", 0
    if _STAND_IN.search(result.code):
        return "a stand-in is left in the output", 0
    if not (options.check_idempotence and MENTIONS_TORCH.search(result.code)):
        return None, 0
    again = convert(result.code, replace(options, check_idempotence=False))
    if again.code != result.code:
        return "converting the output again would change it", 0
    return None, again.left


__all__ = ["CODES", "Diagnostic", "Evidence", "Options", "Result", "comments_of", "convert"]
