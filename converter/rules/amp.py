"""Automatic mixed precision: the converted program computes in float32."""

from __future__ import annotations

from converter.rules.base import needs_you, rule, snippet

_NOTE = "computes in float32: results are more exact than with mixed precision, memory and time are those of float32"
rule(
    "torch.amp.autocast",
    "(device_type, dtype=None, enabled=True, cache_enabled=None)",
    to="helpers.autocast",
    returns="unknown",
    also=["torch.autocast"],
    restriction=_NOTE,
    cases=[
        snippet("with torch.amp.autocast('cuda'):\n    y = A @ W\nreturn y"),
        snippet("with torch.autocast(device_type='cpu', dtype=torch.float16, enabled=False):\n    y = A @ W\nreturn y"),
        snippet("@torch.amp.autocast('cuda')\ndef f(x):\n    return x * 2\n\nreturn f(A)"),
    ],
)
rule(
    "torch.cuda.amp.autocast",
    "(enabled=True, dtype=None, cache_enabled=True)",
    to="helpers.cuda_autocast",
    returns="unknown",
    restriction=_NOTE,
    cases=[
        snippet("with torch.cuda.amp.autocast():\n    y = A @ W\nreturn y"),
        snippet("with torch.cuda.amp.autocast(enabled=False):\n    y = A @ W\nreturn y"),
    ],
)
_STEP = """
w = torch.nn.Parameter(A.clone())
optimizer = torch.optim.SGD([w], lr=0.1)
scaler = {}
for step in range(2):
    optimizer.zero_grad()
    loss = (w ** 2).sum()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    torch.nn.utils.clip_grad_norm_([w], 1.0)
    scaler.step(optimizer)
    scaler.update()
return w, scaler.get_scale(), scaler.is_enabled()
"""
_SCALER = "init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000, enabled=True)"
rule(
    "torch.amp.GradScaler",
    f"(device='cuda', {_SCALER}",
    to="helpers.GradScaler",
    returns="unknown",
    restriction=_NOTE,
    cases=[
        snippet(_STEP.format(made), grad=False) for made in ("torch.amp.GradScaler()", "torch.amp.GradScaler('cuda')")
    ],
)
rule(
    "torch.cuda.amp.GradScaler",
    f"({_SCALER}",
    to="helpers.cuda_grad_scaler",
    returns="unknown",
    restriction=_NOTE,
    cases=[
        snippet(_STEP.format(made), grad=False)
        for made in ("torch.cuda.amp.GradScaler()", "torch.cuda.amp.GradScaler(enabled=False)")
    ],
)
needs_you("torch.cuda.amp.custom_fwd", "casts the inputs of autograd functions", workaround="leave the decorator out")
needs_you("torch.cuda.amp.custom_bwd", "casts the inputs of autograd functions", workaround="leave the decorator out")
