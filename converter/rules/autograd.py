"""Gradients: torch.autograd, the gradient switches, Tensor.grad, clipping."""

from __future__ import annotations

from converter.rules.base import needs_you, rule, snippet

rule(
    "torch.autograd.grad",
    "(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, allow_unused=None, "
    "is_grads_batched=False, materialize_grads=False)",
    to="helpers.autograd_grad",
    only={"is_grads_batched": (False,)},
    returns="list[tensor]",
    cases=[
        snippet("y = (A * A * B).sum()\nreturn torch.autograd.grad(y, A)"),
        snippet("y = (A * A * B).sum()\nreturn torch.autograd.grad(y, [A, B])"),
        snippet("y = A * A\nreturn torch.autograd.grad(grad_outputs=B, inputs=[A], outputs=[y])"),
        snippet("y = (A ** 3).sum()\n(g,) = torch.autograd.grad(y, A, create_graph=True)\nreturn (g * g).sum()"),
        snippet("y = (A * A).sum()\nreturn torch.autograd.grad(y, [A, B], allow_unused=True)"),
        snippet("y = (A * A).sum()\nreturn torch.autograd.grad(y, [A, B], materialize_grads=True)"),
        snippet(
            "x = A.detach().clone().requires_grad_(True)\n"
            "y = (x * 2).sin().sum()\ng = torch.autograd.grad(y, x, retain_graph=True)[0]\n"
            "h = torch.autograd.grad(y, x)[0]\nreturn g, h",
            grad=False,
        ),
    ],
)
for _name in ("no_grad", "enable_grad", "inference_mode"):
    _inside = "torch.enable_grad()" if _name != "enable_grad" else "torch.no_grad()"
    rule(
        f"torch.{_name}",
        "(mode=True)" if _name == "inference_mode" else "(orig_func=None)",
        to=f"helpers.{_name}",
        returns="unknown",
        also=() if _name == "inference_mode" else [f"torch.autograd.{_name}", f"torch.autograd.grad_mode.{_name}"],
        restriction="" if _name != "inference_mode" else "the tensors made inside are ordinary ones",
        cases=[
            snippet(f"with torch.{_name}():\n    y = A * 2\nreturn y, A * 3"),
            snippet(f"@torch.{_name}()\ndef double(x):\n    return x * 2\n\nreturn double(A), A * 3, double.__name__"),
            snippet(f"@torch.{_name}\ndef double(x):\n    return x * 2\n\nreturn double(A)"),
            snippet(
                f"@torch.{_name}()\ndef power(x, n):\n    return x if n == 0 else x * power(x, n - 1)\n\n"
                "y = power(A, 2)\nreturn y, A * 3"
            ),
        ]
        + (
            [snippet(f"with torch.{_name}():\n    with {_inside}:\n        y = A * 2\n    z = A * B\nreturn y, z")]
            if _name != "inference_mode"
            else [snippet("with torch.inference_mode(False):\n    y = A * 2\nreturn y")]
        ),
    )
rule(
    "torch.set_grad_enabled",
    "(mode)",
    to="helpers.set_grad_enabled",
    returns="unknown",
    also=["torch.autograd.set_grad_enabled"],
    cases=[
        snippet("with torch.set_grad_enabled(False):\n    y = A * 2\nreturn y, A * 3"),
        snippet("train = True\nwith torch.set_grad_enabled(mode=train):\n    y = A * 2\nreturn y"),
        snippet("torch.set_grad_enabled(False)\ny = A * 2\ntorch.set_grad_enabled(True)\nreturn y, A * 3"),
    ],
)
rule(
    "torch.is_grad_enabled",
    "()",
    to="helpers.is_grad_enabled",
    returns="bool",
    cases=[
        snippet("with torch.no_grad():\n    inside = torch.is_grad_enabled()\nreturn inside, torch.is_grad_enabled()")
    ],
)
_OPT = """
w = torch.nn.Parameter(A.clone())
v = torch.nn.Parameter(V.clone())
optimizer = torch.optim.SGD([w, v], lr=0.1)
"""
rule(
    "torch.Tensor.grad",
    to="helpers.grad_of",
    assign="helpers.set_grad",
    restriction="only parameters, and tensors that were asked to require a gradient, have one",
    cases=[
        snippet(
            _OPT + "before = w.grad is None\n(w * v).sum().backward()\nreturn before, w.grad, v.grad.abs().sum()",
            grad=False,
        ),
        snippet(_OPT + "(w * w).sum().backward()\nreturn v.grad is None, w.grad", grad=False),
    ],
)
_CLIP = _OPT + "for step in range(3):\n    optimizer.zero_grad()\n    ((w * v) ** 2).sum().backward()\n"
rule(
    "torch.nn.utils.clip_grad_norm_",
    "(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None)",
    to="helpers.clip_grad_norm_",
    only={"norm_type": lambda value: value != 0},
    also=["torch.nn.utils.clip_grad.clip_grad_norm_"],
    restriction="the parameters must belong to an optimizer",
    cases=[
        snippet(
            _CLIP
            + f"    total = torch.nn.utils.clip_grad_norm_({arguments})\n    optimizer.step()\nreturn w, v, total",
            grad=False,
            tolerance="optimizer",
        )
        for arguments in (
            "[w, v], 0.5",
            "w, 100.0",
            "max_norm=0.5, parameters=[w, v], norm_type=1",
            "[w, v], 0.5, norm_type=float('inf')",
            "optimizer.param_groups[0]['params'], 0.1, error_if_nonfinite=True",
        )
    ],
)
rule(
    "torch.nn.utils.clip_grad_value_",
    "(parameters, clip_value, foreach=None)",
    to="helpers.clip_grad_value_",
    also=["torch.nn.utils.clip_grad.clip_grad_value_"],
    returns="none",
    restriction="the parameters must belong to an optimizer",
    cases=[
        snippet(
            _CLIP + f"    torch.nn.utils.clip_grad_value_({arguments})\n    optimizer.step()\nreturn w, v",
            grad=False,
            tolerance="optimizer",
        )
        for arguments in ("[w, v], 0.2", "clip_value=0.1, parameters=[w]")
    ],
)
needs_you(
    "torch.autograd.Function",
    "ctx.save_for_backward and ctx.needs_input_grad have no counterpart: Jittor's Function is an object that keeps "
    "what it needs in self",
    workaround="class F(jt.Function): def execute(self, x): self.saved = x; ... / def grad(self, g): ...; call F()(x)",
)
needs_you("torch.autograd.functional.jacobian", "there is no helper", workaround="one jt.grad for each output element")
needs_you("torch.autograd.functional.hessian", "there is no helper", workaround="jt.grad of each element of jt.grad")
needs_you("torch.autograd.gradcheck", "it is a test of Torch itself", workaround="compare jt.grad with differences")
for _api in ("torch.autograd.set_detect_anomaly", "torch.autograd.detect_anomaly"):
    needs_you(_api, "Jittor has no such check", workaround="leave it out; it changes no result")


rule(
    "torch.autograd.Variable",
    "(data, requires_grad=False, volatile=False)",
    to="helpers.variable",
    cases=[
        snippet("x = torch.autograd.Variable(A)\nreturn x * 2"),
        snippet("from torch.autograd import Variable\nreturn Variable(A) * B"),
        snippet(
            "x = torch.autograd.Variable(A.detach(), requires_grad=True)\nreturn torch.autograd.grad((x * x).sum(), x)"
        ),
    ],
)
