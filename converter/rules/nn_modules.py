"""Modules, parameters and containers; the methods of modules."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from converter.rules.base import needs_you, rule, snippet

_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.scale = nn.Parameter(torch.ones(3))
        self.register_buffer("shift", torch.zeros(3))
        self.register_buffer("scratch", torch.zeros(3), persistent=False)
        self.plain = torch.ones(3)
        self.bn = nn.BatchNorm1d(3)
        self.none = None
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return self.drop(self.bn(self.fc(x))) * self.scale + self.shift + self.plain

net = Net()
"""

rule(
    "torch.nn.Module",
    "()",
    to="helpers.Module",
    returns="module",
    cases=[
        snippet(
            _NET
            + "net.eval()\n"
            + "names = [n for n, _ in net.named_parameters()]\n"
            + "buffers = [n for n, _ in net.named_buffers()]\n"
            + "keys = list(net.state_dict())\n"
            + "modules = [n for n, _ in net.named_modules()]\n"
            + "flags = [m.training for m in net.modules()]\n"
            + "net.train()\n"
            + "return names, buffers, keys, modules, flags, [m.training for m in net.modules()], isinstance(net.fc, nn.Module)"
        ),
        snippet(
            _NET
            + "net.load_state_dict({k: torch.ones_like(v) for k, v in net.state_dict().items()})\n"
            + "net.eval()\n"
            + "total = sum(p.numel() for p in net.parameters() if p.requires_grad)\n"
            + "return net(A), net.forward(A), total, next(net.parameters()).shape, len(list(net.children()))"
        ),
        snippet(
            _NET
            + "state = net.state_dict()\n"
            + "del state['fc.weight']\n"
            + "state['extra'] = torch.ones(2)\n"
            + "found = net.load_state_dict(state, strict=False)\n"
            + "raised = []\n"
            + "try:\n    net.load_state_dict(state)\nexcept RuntimeError:\n    raised.append('names')\n"
            + "try:\n    net.load_state_dict({'scale': torch.ones(4)}, strict=False)\nexcept RuntimeError:\n    raised.append('shape')\n"
            + "return found.missing_keys, found.unexpected_keys, raised"
        ),
        snippet(
            "class Base(nn.Module):\n"
            "    def __init__(self):\n        super().__init__()\n        self.w = nn.Parameter(torch.ones(4))\n"
            "    def forward(self, x):\n        return x * self.w\n"
            "class Child(Base):\n"
            "    def forward(self, x):\n        return super().forward(x) + 1\n"
            "child = Child()\n"
            "seen = []\n"
            "handle = child.register_forward_hook(lambda m, args, out: seen.append(out.shape[0]))\n"
            "first = child(A)\n"
            "handle.remove()\n"
            "doubled = child.register_forward_pre_hook(lambda m, args: (args[0] * 2,))\n"
            "return first, child(A), len(seen), child.get_parameter('w').shape, child._parameters['w'].shape"
        ),
        snippet(
            "import copy\n"
            "first = nn.Linear(4, 2)\n"
            "for p in first.parameters():\n    p.requires_grad = p.ndim == 1\n"
            "other = copy.deepcopy(first)\n"
            "nn.init.constant_(other.weight, 2.0)\n"
            "nn.init.constant_(other.bias, 1.0)\n"
            "return other(A), other.weight.requires_grad, other.bias.requires_grad, [n for n, _ in other.named_parameters()]"
        ),
    ],
)
rule(
    "torch.nn.Parameter",
    "(data=None, requires_grad=True)",
    to="helpers.Parameter",
    returns="tensor",
    also=["torch.nn.parameter.Parameter"],
    cases=[
        snippet("p = nn.Parameter(A.detach())\nreturn p * 2, isinstance(p, nn.Parameter), isinstance(A, nn.Parameter)"),
        snippet(
            "p = nn.Parameter(A.detach(), requires_grad=False)\nreturn p, p.requires_grad, nn.Parameter(A.detach()).requires_grad"
        ),
    ],
)
needs_you("torch.nn.UninitializedParameter", "Jittor has no lazily shaped parameters.", workaround="give the sizes")

# Methods of modules: the helper Module has them under Torch's names.
_FILL = "net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.BatchNorm1d(3), nn.Linear(3, 2))\n"
_METHODS = {
    "eval": ("()", "same", _FILL + "net.eval()\nreturn [m.training for m in net.modules()]"),
    "train": ("(mode=True)", "same", _FILL + "net.train(False)\nreturn net.training, net.train().training, net[0].training"),
    "parameters": ("(recurse=True)", "unknown", _FILL + "return [p.shape for p in net.parameters()], next(net.parameters()).shape"),
    "named_parameters": ("(prefix='', recurse=True, remove_duplicate=True)", "unknown", _FILL + "return [n for n, p in net.named_parameters(prefix='x')]"),
    "buffers": ("(recurse=True)", "unknown", _FILL + "return [b.ndim for b in net.buffers() if b.is_floating_point()]"),
    "named_buffers": ("(prefix='', recurse=True, remove_duplicate=True)", "unknown", _FILL + "return [n for n, b in net.named_buffers()]"),
    "modules": ("(remove_duplicate=True)", "unknown", _FILL + "return [type(m).__name__ for m in net.modules()]"),
    "named_modules": ("(memo=None, prefix='', remove_duplicate=True)", "unknown", _FILL + "return [n for n, m in net.named_modules(prefix='p')]"),
    "children": ("()", "unknown", _FILL + "return [type(m).__name__ for m in net.children()]"),
    "named_children": ("()", "unknown", _FILL + "return [n for n, m in net.named_children()]"),
    "state_dict": ("(*args, destination=None, prefix='', keep_vars=False)", "unknown", _FILL + "return {k: v.numel() for k, v in net.state_dict(prefix='m.').items()}"),
    "load_state_dict": ("(state_dict, strict=True, assign=False)", "unknown", _FILL + "other = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.BatchNorm1d(3), nn.Linear(3, 2))\nother.load_state_dict(net.state_dict(), strict=True)\nreturn torch.max(torch.abs(other(A) - net(A))) < 1e-6"),
    "register_buffer": ("(name, tensor, persistent=True)", "none", _FILL + "net.register_buffer('kept', torch.ones(2))\nnet.register_buffer('nothing', None)\nreturn net.kept, [k for k in net.state_dict() if 'k' in k and 'batches' not in k], net.nothing is None"),
    "register_parameter": ("(name, param)", "none", _FILL + "net.register_parameter('scale', nn.Parameter(torch.ones(2)))\nnet.register_parameter('bias', None)\nreturn [n for n, p in net.named_parameters()], net.bias is None"),
    "add_module": ("(name, module)", "none", _FILL + "net.add_module('last', nn.Tanh())\nreturn [n for n, m in net.named_children()]"),
    "register_module": ("(name, module)", "none", _FILL + "net.register_module('last', nn.Tanh())\nreturn [n for n, m in net.named_children()]"),
    "apply": ("(fn)", "same", _FILL + "seen = []\nsame = net.apply(lambda m: seen.append(type(m).__name__))\nreturn seen, same is net"),
    "requires_grad_": ("(requires_grad=True)", "same", _FILL + "net.requires_grad_(False)\nnet[3].requires_grad_(True)\nreturn [p.requires_grad for p in net.parameters()]"),
    "get_submodule": ("(target)", "module", "net = nn.Sequential(nn.Sequential(nn.ReLU(), nn.Tanh()))\nreturn type(net.get_submodule('0.1')).__name__"),
    "get_parameter": ("(target)", "tensor", _FILL + "return net.get_parameter('0.weight').shape"),
    "get_buffer": ("(target)", "tensor", _FILL + "return net.get_buffer('2.running_var')"),
    "register_forward_hook": ("(hook, *, prepend=False, with_kwargs=False, always_call=False)", "unknown", "net = nn.ReLU()\nnet.register_forward_hook(lambda m, args, out: out + 1)\nreturn net(A)"),
    "register_forward_pre_hook": ("(hook, *, prepend=False, with_kwargs=False)", "unknown", "net = nn.ReLU()\nnet.register_forward_pre_hook(lambda m, args: args[0] - 1)\nreturn net(A)"),
    "double": ("()", "same", "net = nn.Linear(4, 2).double()\nreturn net(D).shape, net.weight.dtype"),
    "float": ("()", "same", "net = nn.Linear(4, 2).double().float()\nreturn net(A).shape, net.weight.dtype"),
    "half": ("()", "same", "return nn.Linear(4, 2).half().weight.dtype"),
    "cpu": ("()", "same", "net = nn.ReLU()\nreturn net.cpu()(A)"),
    "to": ("(*args, **kwargs)", "same", "net = nn.Linear(4, 2).to(torch.float64)\nreturn net(D).shape, net.weight.dtype, nn.ReLU().to('cpu')(A)"),
    "zero_grad": ("(set_to_none=True)", "none", "net = nn.Linear(4, 1, bias=False)\nnn.init.constant_(net.weight, 1.0)\noptimizer = torch.optim.SGD(net.parameters(), lr=0.1)\nnet(torch.ones(2, 4)).sum().backward()\nnet.zero_grad()\nnet(torch.ones(1, 4)).sum().backward()\noptimizer.step()\nreturn net(torch.eye(4))"),
    "extra_repr": ("()", "str", "return nn.Linear(4, 2).extra_repr(), str(nn.Sequential(nn.Linear(4, 2), nn.ReLU()))"),
}  # fmt: skip
for _name, (_signature, _returns, _text) in _METHODS.items():
    rule(
        f"torch.nn.Module.{_name}",
        _signature,
        to=f"Var.{_name}",
        keep=True,
        returns=_returns,
        cases=[snippet(_text, grad=False)],
    )
rule(
    "torch.nn.Module.cuda",
    "(device=None)",
    to="Var.cuda",
    keep=True,
    returns="same",
    cases=[snippet("net = nn.ReLU()\nif torch.cuda.is_available():\n    net = net.cuda()\nreturn net(A)")],
)
for _name in (
    "register_full_backward_hook",
    "register_full_backward_pre_hook",
    "register_backward_hook",
    "register_state_dict_pre_hook",
    "register_load_state_dict_post_hook",
    "register_load_state_dict_pre_hook",
):
    needs_you(f"torch.nn.Module.{_name}", "The helper Module has forward hooks only.")
needs_you("torch.nn.Module.compile", "Jittor compiles every program by itself.", workaround="leave the call out")
needs_you("torch.nn.Module.to_empty", "Jittor has no meta device.", workaround="build the module as usual")
needs_you("torch.nn.Module.share_memory", "Jittor's tensors cannot be shared between processes.")

# Containers
_TWO = "a, b, c = nn.ReLU(), nn.Tanh(), nn.Sigmoid()\n"
rule(
    "torch.nn.Sequential",
    "(*args)",
    to="helpers.Sequential",
    returns="module",
    cases=[
        snippet(_TWO + "return nn.Sequential(a, b)(A), nn.Sequential()(A)"),
        snippet(
            _TWO
            + "net = nn.Sequential(OrderedDict([('first', a), ('second', b)]))\n"
            + "net.append(c)\n"
            + "part = net[1:]\n"
            + "return net(A), part(A), [n for n, _ in part.named_children()], net.first(A), len(net), net[-1] is c"
        ),
        snippet(
            _TWO
            + "net = nn.Sequential(a, b)\n"
            + "net[0] = c\n"
            + "net.insert(1, nn.ReLU())\n"
            + "del net[2]\n"
            + "net.extend([b])\n"
            + "layers = [type(m).__name__ for m in net]\n"
            + "return net(A), layers, [n for n, _ in net.named_children()], nn.Sequential(*list(net.children())[:-1])(A)"
        ),
        snippet(
            "net = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.BatchNorm1d(3)))\n"
            "return [k for k in net.state_dict() if 'batches' not in k], isinstance(net[1], nn.Sequential)"
        ),
    ],
)
rule(
    "torch.nn.ModuleList",
    "(modules=None)",
    to="helpers.ModuleList",
    returns="module",
    cases=[
        snippet(
            _TWO
            + "held = nn.ModuleList(m for m in (a, b))\n"
            + "held += [c]\n"
            + "held.extend([nn.ReLU()])\n"
            + "held.insert(0, nn.Identity())\n"
            + "held.append(nn.Tanh())\n"
            + "x = A\n"
            + "for i, m in enumerate(held):\n    x = m(x) + i\n"
            + "return x, len(held), [type(m).__name__ for m in held[1:3]], a in held"
        ),
        snippet(
            "held = nn.ModuleList([nn.ModuleList([nn.Linear(4, 2), None]), nn.ModuleList([nn.Tanh(), nn.ReLU()])])\n"
            "kinds = [(type(a).__name__, b is None) for a, b in held]\nreturn kinds, list(held.state_dict()), len(held[0])"
        ),
        snippet(
            "held = nn.ModuleList()\n"
            "for i in range(3):\n    held.append(nn.Linear(4, i + 1))\n"
            "held[1] = nn.Linear(4, 7)\n"
            "last = held.pop(-1)\n"
            "return list(held.state_dict()), held[-1].out_features, last.out_features, bool(nn.ModuleList())"
        ),
    ],
)
rule(
    "torch.nn.ModuleDict",
    "(modules=None)",
    to="helpers.ModuleDict",
    returns="module",
    cases=[
        snippet(
            _TWO
            + "held = nn.ModuleDict({'a': a, 'b': b})\n"
            + "held['c'] = c\n"
            + "held.update({'a': nn.Linear(4, 2)})\n"
            + "removed = held.pop('b')\n"
            + "return list(held.keys()), held['c'](A), list(held.state_dict()), 'b' in held, len(held), removed is b, "
            + "[type(m).__name__ for m in held.values()], [k for k, m in held.items()], [k for k in held]"
        ),
    ],
)
rule(
    "torch.nn.ParameterList",
    "(values=None)",
    to="helpers.ParameterList",
    returns="module",
    cases=[
        snippet(
            "held = nn.ParameterList([nn.Parameter(torch.ones(4) * i) for i in range(3)])\n"
            "held.append(nn.Parameter(torch.ones(2)))\n"
            "return A * held[1] + sum(p.sum() for p in held), len(held), list(held.state_dict()), held[-1].shape"
        ),
    ],
)
rule(
    "torch.nn.ParameterDict",
    "(parameters=None)",
    to="helpers.ParameterDict",
    returns="module",
    cases=[
        snippet(
            "held = nn.ParameterDict({'w': nn.Parameter(torch.ones(4))})\n"
            "held['b'] = nn.Parameter(torch.ones(4) * 2)\n"
            "return A * held['w'] + held['b'], sorted(held.keys()), sorted(held.state_dict()), 'w' in held, len(held)"
        ),
    ],
)
