"""What stands between the numerics: checks, checkpointing of activations, logging of API use."""

from __future__ import annotations

from converter.rules.base import rule, snippet

rule(
    "torch._assert",
    "(condition, message)",
    to="helpers.check",
    returns="none",
    cases=[
        snippet("torch._assert(A.shape[0] == 3, 'three rows')\nreturn A * 2"),
        snippet(
            "try:\n    torch._assert(message='no', condition=A.shape[0] == 4)\nexcept AssertionError as error:\n"
            "    return str(error)"
        ),
    ],
)
rule(
    "torch.utils.checkpoint.checkpoint",
    "(function, *args, use_reentrant=None, **kwargs)",
    to="helpers.checkpoint",
    restriction="the function is called as it is: activations are kept instead of computed again",
    cases=[
        snippet(
            "from torch.utils.checkpoint import checkpoint\n"
            "return checkpoint(lambda x, y: torch.relu(x) * y, A, B, use_reentrant=False)"
        ),
        snippet(
            "import torch.utils.checkpoint as cp\nreturn cp.checkpoint(torch.tanh, A, use_reentrant=True)", grad=False
        ),
    ],
)
rule(
    "torch.utils.checkpoint.checkpoint_sequential",
    "(functions, segments, input, use_reentrant=None, **kwargs)",
    to="helpers.checkpoint_sequential",
    restriction="the functions are called as they are: activations are kept instead of computed again",
    cases=[
        snippet(
            "from torch.utils.checkpoint import checkpoint_sequential\n"
            "return checkpoint_sequential([torch.tanh, torch.exp], 2, A, use_reentrant=False)"
        )
    ],
)
rule(
    "torch.jit._overload_method",
    "(func)",
    to="remove:decorator",
    cases=[
        snippet(
            "class Net(nn.Module):\n    @torch.jit._overload_method\n    def helper(self, x: int):\n        pass\n"
            "    def helper(self, x):\n        return x * 2\n    def forward(self, x):\n        return self.helper(x)\n"
            "return Net()(A)"
        )
    ],
)
rule(
    "torch._C._log_api_usage_once",
    "(event)",
    to="remove:statement",
    cases=[snippet("torch._C._log_api_usage_once('here')\nreturn A * 2")],
)
