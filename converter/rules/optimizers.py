"""torch.optim: the optimizers are helper classes with Torch's update rules; their methods keep their names."""

from __future__ import annotations

import libcst as cst

from converter.rules.base import Refusal, action, needs_you, rule, snippet
from converter.rules.use import Use

_MAKE = "w = torch.nn.Parameter(A.clone())\nv = torch.nn.Parameter(B.clone())\n"
_STEPS = """
for step in range(4):
    optimizer.zero_grad()
    loss = ((w * v) ** 2).sum() + w.mean()
    loss.backward()
    optimizer.step()
return w, v
"""


def _case(made: str, steps: str = _STEPS):  # type: ignore[no-untyped-def]
    return snippet(f"{_MAKE}optimizer = {made}{steps}", grad=False, tolerance="optimizer")


_TAIL = "foreach=None, *, maximize=False, differentiable=False"
_ONLY = {"differentiable": (False,)}
rule(
    "torch.optim.SGD",
    "(params, lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False, foreach=None, "
    "differentiable=False, fused=None)",
    to="helpers.SGD",
    returns="optimizer",
    only=_ONLY,
    cases=[
        _case("torch.optim.SGD([w, v], 0.05)"),
        _case("torch.optim.SGD([w, v])"),
        _case("torch.optim.SGD([w, v], 0.05, 0.9, 0.3, 0.01)"),
        _case("torch.optim.SGD(momentum=0.9, nesterov=True, params=(p for p in [w, v]), lr=0.05, weight_decay=0.1)"),
        _case("torch.optim.SGD([w, v], lr=0.05, momentum=0.5, maximize=True)"),
        _case("torch.optim.SGD([{'params': [w], 'lr': 0.1}, {'params': v, 'weight_decay': 0.1}], lr=0.01)"),
    ],
)
_ADAM = "betas=(0.9, 0.999), eps=1e-08, weight_decay="
rule(
    "torch.optim.Adam",
    f"(params, lr=0.001, {_ADAM}0, amsgrad=False, *, foreach=None, maximize=False, capturable=False, "
    "differentiable=False, fused=None, decoupled_weight_decay=False)",
    to="helpers.Adam",
    returns="optimizer",
    only=_ONLY,
    cases=[
        _case("torch.optim.Adam([w, v])"),
        _case("torch.optim.Adam([w, v], 0.1, (0.8, 0.95), 0.01, 0.1, True)"),
        _case("torch.optim.Adam(weight_decay=0.1, params=[w, v], eps=1e-3, betas=(0.5, 0.9), lr=0.1)"),
        _case("torch.optim.Adam([w, v], lr=0.1, maximize=True)"),
    ],
)
rule(
    "torch.optim.AdamW",
    f"(params, lr=0.001, {_ADAM}0.01, amsgrad=False, *, maximize=False, foreach=None, capturable=False, "
    "differentiable=False, fused=None)",
    to="helpers.AdamW",
    returns="optimizer",
    only=_ONLY,
    cases=[
        _case("torch.optim.AdamW([w, v])"),
        _case("torch.optim.AdamW([w, v], 0.1, (0.8, 0.95), 0.01, 0.1, True)"),
        _case("torch.optim.AdamW(weight_decay=0.2, lr=0.1, params=[w, v])"),
    ],
)
rule(
    "torch.optim.RMSprop",
    "(params, lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0, momentum=0, centered=False, capturable=False, "
    "foreach=None, maximize=False, differentiable=False)",
    to="helpers.RMSprop",
    returns="optimizer",
    only=_ONLY,
    cases=[
        _case("torch.optim.RMSprop([w, v])"),
        _case("torch.optim.RMSprop([w, v], 0.02, 0.9, 1e-6, 0.1, 0.9, True)"),
        _case("torch.optim.RMSprop(momentum=0.9, lr=0.02, params=[w, v])"),
    ],
)
rule(
    "torch.optim.Adagrad",
    "(params, lr=0.01, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, foreach=None, *, "
    "maximize=False, differentiable=False, fused=None)",
    to="helpers.Adagrad",
    returns="optimizer",
    only=_ONLY,
    cases=[
        _case("torch.optim.Adagrad([w, v])"),
        _case("torch.optim.Adagrad([w, v], 0.1, 0.1, 0.1, 0.5, 1e-6)"),
        _case("torch.optim.Adagrad(lr_decay=0.2, lr=0.1, params=[w, v])"),
    ],
)
rule(
    "torch.optim.Adadelta",
    "(params, lr=1.0, rho=0.9, eps=1e-06, weight_decay=0, foreach=None, *, capturable=False, maximize=False, "
    "differentiable=False)",
    to="helpers.Adadelta",
    returns="optimizer",
    only=_ONLY,
    cases=[
        _case("torch.optim.Adadelta([w, v])"),
        _case("torch.optim.Adadelta([w, v], 0.5, 0.8, 1e-5, 0.1)"),
        _case("torch.optim.Adadelta(rho=0.7, params=[w, v])"),
    ],
)
rule(
    "torch.optim.Adamax",
    f"(params, lr=0.002, {_ADAM}0, {_TAIL}, capturable=False)",
    to="helpers.Adamax",
    returns="optimizer",
    only=_ONLY,
    cases=[
        _case("torch.optim.Adamax([w, v])"),
        _case("torch.optim.Adamax([w, v], 0.1, (0.8, 0.95), 1e-6, 0.1)"),
        _case("torch.optim.Adamax(lr=0.05, params=[w, v], betas=(0.5, 0.9))"),
    ],
)
rule(
    "torch.optim.NAdam",
    f"(params, lr=0.002, {_ADAM}0, momentum_decay=0.004, decoupled_weight_decay=False, *, foreach=None, "
    "maximize=False, capturable=False, differentiable=False)",
    to="helpers.NAdam",
    returns="optimizer",
    only=_ONLY,
    cases=[
        _case("torch.optim.NAdam([w, v])"),
        _case("torch.optim.NAdam([w, v], 0.1, (0.8, 0.95), 1e-6, 0.1, 0.01, True)"),
        _case("torch.optim.NAdam(lr=0.05, params=[w, v], weight_decay=0.1)"),
    ],
)
rule(
    "torch.optim.RAdam",
    f"(params, lr=0.001, {_ADAM}0, decoupled_weight_decay=False, *, foreach=None, maximize=False, capturable=False, "
    "differentiable=False)",
    to="helpers.RAdam",
    returns="optimizer",
    only=_ONLY,
    cases=[
        _case("torch.optim.RAdam([w, v])"),
        _case("torch.optim.RAdam([w, v], 0.1, (0.8, 0.9), 1e-6, 0.1)"),
        _case("torch.optim.RAdam(lr=0.05, params=[w, v], decoupled_weight_decay=True, weight_decay=0.1)"),
    ],
)
for _name in ("LBFGS", "SparseAdam", "ASGD", "Rprop", "Adafactor", "Muon"):
    needs_you(
        f"torch.optim.{_name}",
        f"there is no helper for {_name}",
        workaround="derive a class from jittor_helpers.Optimizer that gives update(parameter, gradient, state, group)",
    )
rule(
    "torch.optim.Optimizer",
    "(params, defaults)",
    to="helpers.Optimizer",
    returns="optimizer",
    only=_ONLY,
    restriction="a subclass of your own must give update(parameter, gradient, state, group) instead of step()",
    cases=[
        snippet(
            _MAKE + "optimizer = torch.optim.SGD([w, v], lr=0.1)\nreturn isinstance(optimizer, torch.optim.Optimizer)",
            grad=False,
        )
    ],
)

_O = "torch.optim.Optimizer."
rule(
    _O + "step",
    "(closure=None)",
    to="Var.step",
    keep=True,
    returns="none",
    cases=[
        # v gets no gradient at first, so weight decay and momentum must leave it alone
        _case(
            "torch.optim.SGD([w, v], lr=0.1, momentum=0.9, weight_decay=0.5)",
            """
for step in range(4):
    optimizer.zero_grad()
    loss = (w * w).sum()
    if step > 1:
        loss = loss + (w * v).sum()
    loss.backward()
    optimizer.step()
return w, v
""",
        ),
        # without zero_grad the gradients of all steps are added up
        _case(
            "torch.optim.Adam([w, v], lr=0.1)",
            """
for step in range(3):
    loss = ((w * v) ** 2).sum()
    loss.backward()
    optimizer.step()
return w, v
""",
        ),
        _case(
            "torch.optim.SGD([w, v], lr=0.1)",
            """
def closure():
    optimizer.zero_grad()
    loss = ((w * v) ** 2).sum()
    loss.backward()
    return loss
value = optimizer.step(closure)
return w, v, value.detach()
""",
        ),
    ],
)
rule(
    _O + "zero_grad",
    "(set_to_none=True)",
    to="Var.zero_grad",
    keep=True,
    returns="none",
    cases=[
        _case(
            "torch.optim.SGD([w, v], lr=0.1, weight_decay=0.5)",
            """
((w * v) ** 2).sum().backward()
optimizer.zero_grad(set_to_none=False)
(w * w).sum().backward()
optimizer.step()
optimizer.zero_grad()
optimizer.step()
return w, v
""",
        ),
        _case(
            "torch.optim.SGD([w, v], lr=0.1)",
            "\n((w * v) ** 2).sum().backward()\noptimizer.zero_grad(True)\nreturn w.grad is None, v.grad is None",
        ),
    ],
)
rule(
    _O + "add_param_group",
    "(param_group)",
    to="Var.add_param_group",
    keep=True,
    returns="none",
    cases=[
        _case(
            "torch.optim.Adam([w], lr=0.1)",
            "\noptimizer.add_param_group({'params': v, 'lr': 0.01})\n" + _STEPS.strip("\n"),
        )
    ],
)
rule(
    _O + "param_groups",
    to="Var.param_groups",
    keep=True,
    returns="list",
    cases=[
        _case(
            "torch.optim.SGD([w, v], lr=0.1, momentum=0.9)",
            """
for step in range(3):
    for group in optimizer.param_groups:
        group['lr'] = 0.1 / (step + 1)
        group['weight_decay'] = 0.01
    optimizer.zero_grad()
    loss = ((w * v) ** 2).sum()
    loss.backward()
    optimizer.step()
return w, v, optimizer.param_groups[0]['lr'], len(optimizer.param_groups), len(optimizer.param_groups[0]['params'])
""",
        )
    ],
)
rule(
    _O + "defaults",
    to="Var.defaults",
    keep=True,
    returns="dict",
    cases=[
        _case("torch.optim.SGD([w, v], lr=0.1)", "\nreturn optimizer.defaults['lr'], optimizer.defaults['momentum']")
    ],
)
_RESUME = """
for step in range(2):
    optimizer.zero_grad()
    ((w * v) ** 2).sum().backward()
    optimizer.step()
w2 = torch.nn.Parameter(w.detach().clone())
v2 = torch.nn.Parameter(v.detach().clone())
resumed = {again}
resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
for step in range(2):
    resumed.zero_grad()
    ((w2 * v2) ** 2).sum().backward()
    resumed.step()
return w, v, w2, v2
"""
_resume_cases = [
    snippet(
        "import copy\n"
        + _MAKE
        + f"optimizer = torch.optim.{made.format('w, v')}"
        + _RESUME.replace("{again}", f"torch.optim.{made.format('w2, v2')}"),
        grad=False,
        tolerance="optimizer",
    )
    for made in ("Adam([{}], lr=0.1)", "SGD([{}], lr=0.1, momentum=0.9)", "NAdam([{}], lr=0.1)")
]
rule(_O + "load_state_dict", "(state_dict)", to="Var.load_state_dict", keep=True, returns="none", cases=_resume_cases)
rule(
    _O + "state_dict",
    "()",
    to="Var.state_dict",
    keep=True,
    returns="dict",
    cases=[
        _case(
            "torch.optim.Adam([w, v], lr=0.1)",
            """
((w * v) ** 2).sum().backward()
optimizer.step()
saved = optimizer.state_dict()
return list(saved), saved['param_groups'][0]['lr'], saved['param_groups'][0]['params'], saved['state'][1]['exp_avg']
""",
        )
    ],
)
needs_you(
    _O + "state",
    "Torch's state is a dictionary by tensor, and Jittor's tensors cannot be keys",
    workaround="optimizer.state[id(parameter)]",
)


@action(
    "torch.Tensor.backward",
    "(gradient=None, retain_graph=None, create_graph=False, inputs=None)",
    returns="none",
    only={"create_graph": (False,)},
    restriction="tensors get a gradient that are parameters, in an optimizer, or asked to require one",
    cases=[
        _case(
            "torch.optim.SGD([w, v], lr=0.1)",
            """
for step in range(3):
    loss = ((w * v) ** 2).mean() / 2
    loss.backward()
optimizer.step()
return w, v
""",
        ),
        _case(
            "torch.optim.SGD([w, v], lr=0.1)",
            """
out = w * v
out.sum().backward(retain_graph=True)
out.backward(gradient=A)
optimizer.step()
return w, v
""",
        ),
        snippet(
            _MAKE
            + """
first = torch.optim.SGD([w], lr=0.1)
second = torch.optim.Adam([v], lr=0.1)
for step in range(2):
    first.zero_grad()
    second.zero_grad()
    ((w * v) ** 2).sum().backward()
    first.step()
    second.step()
return w, v
""",
            grad=False,
            tolerance="optimizer",
        ),
        snippet(
            _MAKE
            + """
def update(out, opt):
    opt.zero_grad()
    loss = (out ** 2).sum()
    loss.backward()
    opt.step()

update(w * v, torch.optim.SGD([w, v], lr=0.1))
return w, v
""",
            grad=False,
            tolerance="optimizer",
        ),
    ],
)
def _backward(use: Use) -> cst.BaseExpression | Refusal | None:
    if use.literal("create_graph", False) is not False:
        return Refusal("backward(create_graph=True) has no equal: use jt.grad, whose results can be differentiated")
    assert isinstance(use.node, cst.Call) and use.receiver is not None
    if len(use.optimizers) != 1:
        return use.same_arguments("helpers.backward")
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")) if use.node.args else cst.MaybeSentinel.DEFAULT
    args = [cst.Arg(use.receiver, comma=comma), *use.node.args]
    return use.node.with_changes(func=cst.Attribute(value=use.optimizers[0], attr=cst.Name("backward")), args=args)
