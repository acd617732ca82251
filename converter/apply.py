"""Apply one rule to one use: bind the arguments to Torch's signature and build the node that replaces the call."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import libcst as cst

from converter.rules.base import Parameter, Refusal, Rule
from converter.rules.use import Use, parenthesized, source, without_parentheses
from converter.tree import code, dotted

# Stand-ins for the modules of the output; their local names are only known when the whole file has been read.
JITTOR, JITTOR_NN, HELPERS = "__jack_jt__", "__jack_nn__", "__jack_jh__"


@dataclass(slots=True)
class Bound:
    """Arguments by parameter; ``problem`` says why they could not be bound."""

    given: dict[str, cst.Arg] = field(default_factory=dict)
    extra: list[cst.Arg] = field(default_factory=list)
    starred: bool = False
    problem: str = ""


def bind(parameters: Sequence[Parameter], args: Sequence[cst.Arg]) -> Bound:
    """Bind call arguments to a signature as Python would."""
    result = Bound()
    names = {p.name for p in parameters}
    positional = [p.name for p in parameters if p.kind == "positional"]
    variadic = next((p.name for p in parameters if p.kind == "*"), None)
    keywords_open = any(p.kind == "**" for p in parameters)
    index = 0
    for arg in args:
        if arg.star:
            result.starred = True
        elif arg.keyword is not None:
            name = arg.keyword.value
            if name not in names and not keywords_open:
                result.problem = f"unknown keyword argument {name!r}"
            result.given[name] = arg
        elif result.starred:
            continue
        elif index < len(positional):
            result.given[positional[index]] = arg
            index += 1
        elif variadic is not None:
            result.extra.append(arg)
        else:
            result.problem = "more arguments than Torch's signature has"
    return result


# Torch takes NumPy's names for these parameters of every function.
_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}


def _without_variadic_name(rule: Rule, node: cst.Call) -> cst.Call:
    """Methods of tensors take sizes one by one or as a sequence, which may be named: ``x.permute(dims=(1, 0))``."""
    variadic = next((p.name for p in rule.parameters if p.kind == "*"), "")
    named = [a for a in node.args if a.keyword is not None and a.keyword.value == variadic]
    if not rule.is_method or len(named) != 1 or any(a.star or a.keyword is None for a in node.args):
        return node
    first = named[0].with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
    rest = [a for a in node.args if a is not named[0]]
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")) if rest else cst.MaybeSentinel.DEFAULT
    return node.with_changes(args=[first.with_changes(comma=comma), *rest])


def with_torch_names(rule: Rule, node: cst.Call) -> cst.Call:
    """``torch.cumprod(x, axis=0)`` with the names of the rule's signature; ``x.reshape(shape=(2, 3))`` without."""
    names = {p.name for p in rule.parameters}
    node = _without_variadic_name(rule, node)
    if any(p.kind == "**" for p in rule.parameters):
        return node

    def renamed(arg: cst.Arg) -> cst.Arg:
        given = arg.keyword.value if arg.keyword is not None else ""
        name = _NUMPY_NAMES.get(given, given)
        return arg if given in names or name not in names else arg.with_changes(keyword=cst.Name(name))

    args = [renamed(arg) for arg in node.args]
    return node if all(a is b for a, b in zip(args, node.args, strict=True)) else node.with_changes(args=args)


def path(target: str) -> cst.BaseExpression:
    """The expression for ``jittor.concat``, ``jittor.nn.relu``, ``helpers.max``."""
    root, _, rest = target.partition(".")
    if root == "helpers":
        parts = [HELPERS, *rest.split(".")]
    elif target == "jittor.nn" or target.startswith("jittor.nn."):
        parts = [JITTOR_NN, *target.split(".")[2:]]
    elif root == "jittor":
        parts = [JITTOR, *rest.split(".")] if rest else [JITTOR]
    else:
        return source(target)
    node: cst.BaseExpression = cst.Name(parts[0])
    for part in parts[1:]:
        node = cst.Attribute(value=node, attr=cst.Name(part))
    return node


def target_of(rule: Rule) -> str:
    """Where a declarative rule points; a kept function has its own name in Jittor."""
    if rule.to or not rule.keep:
        return rule.to
    if rule.is_method:
        return f"Var.{rule.name}"
    return "jittor" + rule.api.removeprefix("torch")


def apply_call(rule: Rule, use: Use, bound: Bound) -> cst.BaseExpression | Refusal | None:
    """The node that replaces a call, a refusal with its reason, or None where the rule is unsure."""
    made = _unsupported(rule, bound) or _written_to(rule, use, bound) or _apply_call(rule, use, bound)
    args = use.node.args if isinstance(use.node, cst.Call) else ()
    asked = [a for a in args if a.keyword is not None and a.keyword.value == "requires_grad"]
    if not asked or not _makes_tensor(rule) or made is None or isinstance(made, Refusal):
        return made
    # Jittor's functions know no requires_grad, and ``backward`` must be told which tensors are its leaves.
    if isinstance(made, cst.Call) and made.args and made.args[-1].keyword is not None:
        left = [a for a in made.args if a.keyword is None or a.keyword.value != "requires_grad"]
        if left and left[-1] is not made.args[-1]:
            left[-1] = left[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        made = made.with_changes(args=left)
    if dotted(asked[0].value) == "False":
        return made
    wanted = [] if dotted(asked[0].value) == "True" else [cst.Arg(asked[0].value)]
    return cst.Call(func=path("helpers.requires_grad_"), args=[cst.Arg(made), *wanted])


def _written_to(rule: Rule, use: Use, bound: Bound) -> cst.BaseExpression | Refusal | None:
    """``torch.add(a, b, out=c)``: the value is put into ``c``, which Jittor's operators cannot."""
    out = bound.given.get("out")
    if out is None or bound.starred or dotted(out.value) == "None" or not isinstance(use.node, cst.Call):
        return None
    if out.keyword is None or not all(p.kind == "keyword" for p in rule.parameters if p.name == "out"):
        return Refusal("out=: Jittor's operators write to no tensor that is given; use the result")
    left = [a for a in use.node.args if a.keyword is None or a.keyword.value != "out"]
    if left:
        left[-1] = left[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    without = replace(use, node=use.node.with_changes(args=left))
    without.bound = {name: value for name, value in use.bound.items() if name != "out"}
    given = {name: arg for name, arg in bound.given.items() if name != "out"}
    made = _apply_call(rule, without, Bound(given, bound.extra))
    if made is None or isinstance(made, Refusal):
        return made
    return cst.Call(func=path("helpers.put"), args=[cst.Arg(out.value), cst.Arg(made)])


def _unsupported(rule: Rule, bound: Bound) -> Refusal | None:
    """A refusal when a literal argument is none of the values that the helper supports."""
    for name, supported in rule.only.items():
        arg = bound.given.get(name)
        if arg is None:
            continue
        text = code(arg.value)
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError):
            continue
        if not (supported(value) if callable(supported) else value in supported):
            return Refusal(f"{name}={text} is not supported")
    return None


def _makes_tensor(rule: Rule) -> bool:
    """Whether this is one of the functions that make a tensor from nothing or from data."""
    plain = rule.api.count(".") == 1 or rule.is_method
    return plain and any(p.name == "requires_grad" and p.kind == "keyword" for p in rule.parameters)


def _apply_call(rule: Rule, use: Use, bound: Bound) -> cst.BaseExpression | Refusal | None:
    if rule.action is not None:
        try:
            return rule.action(use)
        except KeyError:
            needed = [p.name for p in rule.parameters if p.default is None and p.kind in ("positional", "keyword")]
            missing = [name for name in needed if name not in bound.given]
            if not missing:
                raise
            return Refusal(f"called without {', '.join(missing)}")  # as `x.expand()`: an error in Torch too
    assert isinstance(use.node, cst.Call)
    if bound.problem:
        return Refusal(bound.problem)
    target = target_of(rule)
    if target.startswith("python:"):
        return source(target.removeprefix("python:"))
    special = rule.rename or rule.drop or rule.refuse or rule.write
    if bound.starred:
        if special and not target.startswith("helpers."):
            return Refusal("called with * or ** arguments that cannot be matched to Jittor's parameters")
        args: list[cst.Arg] = list(use.node.args)
    elif not special:
        args = list(use.node.args)
    else:
        mapped = _map_arguments(rule, use.node.args)
        if isinstance(mapped, Refusal):
            return mapped
        args = mapped
    if use.receiver is not None and not target.startswith("Var."):
        first = cst.Arg(without_parentheses(use.receiver))
        args = [first, *args]
        if len(args) > 1:
            args[0] = first.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        return use.node.with_changes(func=path(target), args=args)
    if target.startswith("Var."):
        if use.receiver is None:
            return None
        if rule.keep and not special and isinstance(use.node.func, cst.Attribute):
            return use.node
        attribute = cst.Attribute(value=parenthesized(use.receiver), attr=cst.Name(target.removeprefix("Var.")))
        return use.node.with_changes(func=attribute, args=args)
    return use.node.with_changes(func=path(target), args=args)


def _map_arguments(rule: Rule, args: Sequence[cst.Arg]) -> list[cst.Arg] | Refusal:
    by_name = {p.name: p for p in rule.parameters}
    positional = [p.name for p in rule.parameters if p.kind == "positional"]
    out: list[cst.Arg] = []
    seen: set[str] = set()
    index = 0
    gap = False
    for arg in args:
        if arg.keyword is not None:
            name = arg.keyword.value
        elif index < len(positional):
            name = positional[index]
            index += 1
        else:
            out.append(arg)
            continue
        seen.add(name)
        if name in rule.refuse:
            if not _is_default(arg.value, by_name.get(name)):
                return Refusal(f"{name}=: {rule.refuse[name]}")
            gap = gap or arg.keyword is None
            continue
        if name in rule.drop:
            gap = gap or arg.keyword is None
            continue
        new_name = rule.rename.get(name, name)
        if arg.keyword is not None:
            out.append(arg.with_changes(keyword=arg.keyword.with_changes(value=new_name)))
        elif gap:
            out.append(_keyword(new_name, arg.value))
        else:
            out.append(arg)
    for name, default in rule.write.items():
        if name not in seen:
            out.append(_keyword(rule.rename.get(name, name), source(default)))
    if out and out[-1].comma is not cst.MaybeSentinel.DEFAULT and (len(out) < len(args) or out[-1] is not args[-1]):
        out[-1] = out[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return [
        a.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        if i < len(out) - 1 and a.comma is cst.MaybeSentinel.DEFAULT
        else a
        for i, a in enumerate(out)
    ]


def _keyword(name: str, value: cst.BaseExpression) -> cst.Arg:
    tight = cst.AssignEqual(whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace(""))
    return cst.Arg(value, keyword=cst.Name(name), equal=tight)


def _is_default(node: cst.BaseExpression, parameter: Parameter | None) -> bool:
    if parameter is None or parameter.default is None:
        return False
    try:
        return bool(ast.literal_eval(code(node)) == ast.literal_eval(parameter.default))
    except (ValueError, SyntaxError):
        return code(node).strip() == parameter.default or dotted(node) == parameter.default
