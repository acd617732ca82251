"""Gradients: torch.autograd, the gradient switches, Tensor.grad, clipping."""

from __future__ import annotations

from converter.rules.base import needs_you, rule, snippet

rule(
    "torch.autograd.grad",
    "(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=None, "
    "is_grads_batched=False, materialize_grads=False)",
    to="helpers.autograd_grad",
    only={"is_grads_batched": (False,), "only_inputs": (True,)},
    returns="list[tensor]",
    cases=[
        snippet("y = (A * A * B).sum()\nreturn torch.autograd.grad(y, A)"),
        snippet("y = A * A * B\nreturn torch.autograd.grad(y, [A], B, True, True, only_inputs=True)"),
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
_FUNCTION = """
class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor, other):
        ctx.save_for_backward(x, other)
        ctx.factor = factor
        return x * other * factor

    @staticmethod
    def backward(ctx, grad):
        x, other = ctx.saved_tensors
        assert ctx.needs_input_grad == (True, False, True)
        return grad * other * ctx.factor * 2, None, (grad * x).sum(0, keepdim=True).expand_as(other)


x = A.detach().clone().requires_grad_()
y = B.detach().clone().requires_grad_()
"""
_CLASSES = """
class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.alpha = alpha
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.neg() * ctx.alpha, None


class Pair(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x.exp(), x * 2

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output[0])

    @staticmethod
    def backward(ctx, first, second):
        (kept,) = ctx.saved_tensors
        return first * kept + second * 3


x = A.detach().clone().requires_grad_()
w = torch.nn.Parameter(torch.ones(4))
reverse = Reverse.apply
"""
rule(
    "torch.autograd.Function",
    "()",
    to="helpers.Function",
    value_to="helpers.Function",
    also=["torch.autograd.function.Function"],
    restriction="the derivative is computed in reverse mode; changes of inputs in place and vmap are not supported",
    cases=[
        snippet(_FUNCTION + "z = Scaled.apply(x, 3.0, y)\nz.sum().backward()\nreturn z, x.grad, y.grad", grad=False),
        snippet(
            _CLASSES + "z = reverse(x * w, 0.5)\na, b = Pair.apply(z)\n(a.sum() + (b * b).sum()).backward()\n"
            "a, _ = Pair.apply(x)\nreturn z, x.grad, w.grad, torch.autograd.grad(a.sum(), x)[0]",
            grad=False,
        ),
    ],
)
rule(
    "torch.autograd.function.once_differentiable",
    "(fn)",
    to="remove:decorator",
    cases=[
        snippet(
            "from torch.autograd.function import once_differentiable\n"
            + _FUNCTION.replace(
                "    @staticmethod\n    def backward", "    @staticmethod\n    @once_differentiable\n    def backward"
            )
            + "z = Scaled.apply(x, 3.0, y)\nz.sum().backward()\nreturn x.grad",
            grad=False,
        )
    ],
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
