"""What a rule is: one object per Torch API, from which conversion, test, page and coverage are derived.

A rule file is a list of :func:`rule` calls (plain data) and functions decorated with :func:`action`
(rules that need code).  Importing :mod:`converter.rules` imports every file of the package; the registry
refuses a second rule for the same API and a rule that brings no case to prove it.

The vocabulary:

``api``
    Canonical Torch name: ``torch.cat``, ``torch.Tensor.view``, ``torch.nn.Conv2d``.
``signature``
    Torch's parameters as Python text, without ``self``: ``"(input, dim=0, *, out=None)"``; ``""`` for what is
    not called (constants, dtypes, attributes).
``to``
    What stands in the output.  ``jittor.NAME`` and ``jittor.nn.NAME`` are Jittor's own, ``helpers.NAME`` is a
    definition of :mod:`converter.helpers.library`, ``Var.NAME`` (method rules) a method of Jittor's tensor,
    ``python:EXPR`` an expression (``python:False``).  ``keep=True`` says: the same spelling is proved equal.
``rename`` / ``drop`` / ``refuse`` / ``write``
    What becomes of single parameters: given another name; left out because they change no value (``inplace``);
    not convertible when given (mapped to the reason, shown to the user); always written out, because Jittor's
    default differs (mapped to the source text of Torch's default).
``only``
    For parameters that a helper takes in part: the values it supports, or a test of a value.  Another value written
    as a literal is refused; one that is only known when the program runs is refused by the helper then.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import libcst as cst

    from converter.rules.use import Use


class Answer(Enum):
    """The answers a rule can give (the fourth, *unknown*, is the absence of a rule or of evidence)."""

    REWRITTEN = "rewritten"
    KEPT = "kept"
    NEEDS_YOU = "needs you"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Returned by an action that knows there is no equal for this use; ``reason`` is shown to the user."""

    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """One proof of a rule.  Build it with :func:`call`, :func:`snippet`, :func:`module` or :func:`alone`.

    Attributes:
        form: ``call`` | ``snippet`` | ``module`` | ``alone``.
        args: parameter -> Python source (``call`` and ``module``).  Upper-case names are inputs (``inputs.py``).
        text: the source of a ``snippet`` or ``alone`` case.
        feed: inputs handed to the module's call, as source, comma separated (``module``).
        train: whether the module is in training mode (``module``).
        inputs: extra inputs, name -> recipe (see ``converter.rules.inputs``).
        grad: compare gradients of floating outputs with respect to floating inputs.
        tolerance: name of a row of the tolerance table.
    """

    form: str
    args: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    feed: str = ""
    train: bool = True
    inputs: Mapping[str, str] = field(default_factory=dict)
    grad: bool = True
    tolerance: str = "default"


def call(
    *,
    grad: bool = True,
    tolerance: str = "default",
    inputs: Mapping[str, str] | None = None,
    **args: str,
) -> Case:
    """A call of the API; run positional, by keyword, by shuffled keywords and with defaults only.

    For method rules the receiver is given as ``self``.  A variadic parameter is given under its own
    name as a comma separated text: ``call(self="A", shape="2, -1")``.
    """
    return Case("call", args=args, grad=grad, tolerance=tolerance, inputs=inputs or {})


def snippet(
    text: str, *, grad: bool = True, tolerance: str = "default", inputs: Mapping[str, str] | None = None
) -> Case:
    """The body of a function whose parameters are the inputs it names; it must ``return`` what is compared."""
    return Case("snippet", text=text, grad=grad, tolerance=tolerance, inputs=inputs or {})


def module(
    feed: str,
    *,
    train: bool = True,
    grad: bool = True,
    tolerance: str = "default",
    inputs: Mapping[str, str] | None = None,
    **args: str,
) -> Case:
    """A module built with ``args`` in the four styles, given Torch's weights, called with ``feed``.

    Compared: outputs, gradients of inputs and parameters, names and values of the state afterwards.
    """
    return Case("module", args=args, feed=feed, train=train, grad=grad, tolerance=tolerance, inputs=inputs or {})


def alone(text: str) -> Case:
    """Source that conversion must return byte for byte."""
    return Case("alone", text=text)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a Torch signature; ``default`` is source text, ``None`` where it is required."""

    name: str
    kind: str  # "positional" | "keyword" | "*" | "**"
    default: str | None


def parse_signature(text: str) -> tuple[Parameter, ...]:
    """Read ``"(input, dim=0, *, out=None)"``.

    Raises:
        SyntaxError: when the text is no parameter list.
    """
    if not text:
        return ()
    function = ast.parse(f"def f{text}: pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    spec = function.args
    plain = [*spec.posonlyargs, *spec.args]
    gap = len(plain) - len(spec.defaults)
    found = [
        Parameter(a.arg, "positional", ast.unparse(spec.defaults[i - gap]) if i >= gap else None)
        for i, a in enumerate(plain)
    ]
    if spec.vararg:
        found.append(Parameter(spec.vararg.arg, "*", None))
    for a, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
        found.append(Parameter(a.arg, "keyword", ast.unparse(default) if default else None))
    if spec.kwarg:
        found.append(Parameter(spec.kwarg.arg, "**", None))
    return tuple(found)


Supported = tuple[Any, ...] | Callable[[Any], bool]
Action = Callable[["Use"], "cst.BaseExpression | Refusal | None"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Everything known about one Torch API.  See the module's docstring for the fields."""

    api: str
    signature: str
    answer: Answer
    to: str = ""
    keep: bool = False
    rename: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    refuse: Mapping[str, str] = field(default_factory=dict)
    write: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, Supported] = field(default_factory=dict)
    value_to: str = ""
    assign: str = ""
    returns: str = "unknown"
    restriction: str = ""
    workaround: str = ""
    cases: tuple[Case, ...] = ()
    action: Action | None = None
    parameters: tuple[Parameter, ...] = ()
    origin: str = ""  # the file of a rule of the user's own

    @property
    def is_method(self) -> bool:
        return self.api.startswith("torch.Tensor.")

    @property
    def name(self) -> str:
        return self.api.rpartition(".")[2]


class Registry:
    """All rules by API name."""

    def __init__(self) -> None:
        self._rules: dict[str, Rule] = {}
        self.origin = ""  # while a file of the user's own rules is read: its path

    def add(self, rule: Rule) -> Rule:
        """Register one rule.

        Raises:
            ValueError: for a second rule on one API, a rule without cases, or one without a target.
        """
        if rule.api in self._rules and not self.origin:
            raise ValueError(f"{rule.api}: a rule is registered already")
        if rule.answer is Answer.NEEDS_YOU:
            if not rule.restriction:
                raise ValueError(f"{rule.api}: 'needs you' must say why (restriction)")
        elif not (rule.cases or self.origin):
            raise ValueError(f"{rule.api}: a rule without cases proves nothing")
        elif not (rule.keep or rule.to or rule.action):
            raise ValueError(f"{rule.api}: a rule needs a target, keep=True or an action")
        rule = replace(rule, parameters=parse_signature(rule.signature), origin=self.origin)
        self._rules[rule.api] = rule
        return rule

    def put(self, rule: Rule) -> None:
        """Put a rule in the place of the one for the same API."""
        self._rules[rule.api] = rule

    def get(self, api: str) -> Rule | None:
        return self._rules.get(api)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules.values())

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, api: object) -> bool:
        return api in self._rules


REGISTRY = Registry()


def _without_first_parameter(signature: str) -> str:
    function = ast.parse(f"def f{signature}: pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    spec = function.args
    plain = spec.posonlyargs or spec.args
    if not plain:
        raise ValueError(f"{signature}: no first parameter to make the receiver of a method")
    if len(spec.defaults) == len(spec.posonlyargs) + len(spec.args):
        spec.defaults.pop(0)
    plain.pop(0)
    return f"({ast.unparse(spec)})"


def _as_method_case(case: Case, first: str) -> Case | None:
    if case.form != "call" or first not in case.args:
        return None
    rest = {k: v for k, v in case.args.items() if k != first}
    return replace(case, args={"self": case.args[first], **rest})


def rule(
    api: str,
    signature: str = "",
    *,
    to: str = "",
    keep: bool = False,
    method: bool | str = False,
    also: Iterable[str] = (),
    rename: Mapping[str, str] | None = None,
    drop: Iterable[str] = (),
    refuse: Mapping[str, str] | None = None,
    write: Mapping[str, str] | None = None,
    only: Mapping[str, Supported] | None = None,
    value_to: str = "",
    assign: str = "",
    returns: str = "tensor",
    restriction: str = "",
    cases: Iterable[Case] = (),
    _action: Action | None = None,
) -> None:
    """Register a verified answer.

    Args:
        method: also register ``torch.Tensor.NAME`` whose receiver is the first parameter.  ``True``: a helper is
            called with the receiver first, a Jittor function becomes the method of the same name of ``Var``.
            A text names another ``Var`` method.
        also: further canonical names of the same object (``torch.relu`` for ``torch.nn.functional.relu``).
        value_to: target where the API is used as a value instead of being called (``act=nn.ReLU``); needed where
            the call form drops or renames parameters, so that later calls by the user's code still fit.
        assign: function that takes an assignment to the attribute: ``helpers.set_grad`` makes ``p.grad = g`` the call
            ``jh.set_grad(p, g)``.
        returns: kind of the result: ``tensor``, ``(tensor, tensor)``, ``list[tensor]``, ``size``, ``int``, ``float``,
            ``bool``, ``str``, ``none``, ``module``, ``optimizer``, ``scheduler``, ``loader``, ``dataset``, ``device``,
            ``dtype``, ``array`` (NumPy), ``same`` (the kind of the first argument), ``unknown``.
    """
    cases = tuple(cases)
    made = Rule(
        api,
        signature,
        Answer.KEPT if keep else Answer.REWRITTEN,
        to=to,
        keep=keep,
        rename=dict(rename or {}),
        drop=frozenset(drop),
        refuse=dict(refuse or {}),
        write=dict(write or {}),
        only=dict(only or {}),
        value_to=value_to,
        assign=assign,
        returns=returns,
        restriction=restriction,
        cases=cases,
        action=_action,
    )
    for name in (api, *also):
        REGISTRY.add(replace(made, api=name))
    if method:
        first = parse_signature(signature)[0].name
        as_method = tuple(c for case in cases if (c := _as_method_case(case, first)))
        name = api.rpartition(".")[2]
        target = to
        if to.startswith("jittor."):
            target = "Var." + (method if isinstance(method, str) else to.rpartition(".")[2])
        REGISTRY.add(
            replace(
                made,
                api=f"torch.Tensor.{name}",
                signature=_without_first_parameter(signature),
                to=target,
                keep=keep or target == f"Var.{name}" and not (made.rename or made.drop or made.write),
                cases=as_method,
            )
        )


def action(api: str, signature: str = "", **fields: Any) -> Callable[[Action], Action]:
    """Register the decorated function as the rule's action; ``fields`` as for :func:`rule`."""

    def register(function: Action) -> Action:
        rule(api, signature, _action=function, **fields)
        return function

    return register


def needs_you(api: str, reason: str, *, workaround: str = "", also: Iterable[str] = ()) -> None:
    """Register an API that has no equal; ``reason`` and ``workaround`` are shown to the user."""
    for name in (api, *also):
        REGISTRY.add(Rule(name, "", Answer.NEEDS_YOU, restriction=reason, workaround=workaround))
