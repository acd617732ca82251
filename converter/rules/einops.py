"""einops, a package of its own that does not know Jittor."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from converter.rules.base import needs_you, rule, snippet

_IMPORT = "import einops\nfrom einops import rearrange, reduce, repeat\n"
rule(
    "einops.rearrange",
    "(tensor, pattern, **axes_lengths)",
    to="helpers.rearrange",
    cases=[
        snippet(
            _IMPORT + "return rearrange(A, 'a (b c) -> b a c', c=2), rearrange([A, B], 'n a b -> a (n b)'), "
            "einops.rearrange(IMG, 'b c ... -> b (...) c'), rearrange(A, 'a b -> a 1 b')"
        )
    ],
)
rule(
    "einops.reduce",
    "(tensor, pattern, reduction, **axes_lengths)",
    to="helpers.reduce_axes",
    cases=[
        snippet(
            _IMPORT + "return [reduce(IMG, 'b c h w -> b c', how) for how in ('mean', 'sum', 'max', 'min')], "
            "reduce(A, 'a b -> ', 'sum')"
        )
    ],
)
rule(
    "einops.repeat",
    "(tensor, pattern, **axes_lengths)",
    to="helpers.repeat_axes",
    cases=[snippet(_IMPORT + "return repeat(A, 'a b -> a (b k)', k=2), repeat(A, 'a b -> n a b', n=3)")],
)
rule(
    "einops.parse_shape",
    "(x, pattern)",
    to="helpers.parse_shape",
    returns="dict",
    cases=[snippet(_IMPORT + "return einops.parse_shape(IMG, 'b _ h w')")],
)
rule(
    "einops.einsum",
    "(*tensors_and_pattern)",
    to="helpers.named_einsum",
    cases=[snippet(_IMPORT + "return einops.einsum(A, B, 'row col, other col -> row other')")],
)
rule(
    "einops.layers.torch.Rearrange",
    "(pattern, **axes_lengths)",
    to="helpers.Rearrange",
    returns="module",
    cases=[
        snippet(
            "from einops.layers.torch import Rearrange\n"
            "layer = nn.Sequential(Rearrange('b c h w -> b (h w) c'), nn.Flatten())\n"
            "return layer(IMG), len(list(layer.parameters()))"
        )
    ],
)
rule(
    "einops.layers.torch.Reduce",
    "(pattern, reduction, **axes_lengths)",
    to="helpers.Reduce",
    returns="module",
    cases=[
        snippet("from einops.layers.torch import Reduce\nreturn Reduce('b c h w -> b c', reduction='mean')(IMG)"),
    ],
)
rule(
    "einops.pack",
    "(tensors, pattern)",
    to="helpers.pack",
    returns="(tensor, unknown)",
    cases=[
        snippet(
            "from einops import pack\nx, shapes = pack([IMG, IMG[:, :, 0]], 'b c *')\nreturn x, [list(s) for s in shapes]"
        )
    ],
)
rule(
    "einops.unpack",
    "(tensor, packed_shapes, pattern)",
    to="helpers.unpack",
    returns="list[tensor]",
    cases=[
        snippet(
            "from einops import pack, unpack\nx, shapes = pack([A, A[:, :1]], 'a *')\nfirst, second = unpack(x, shapes, 'a *')\n"
            "return first, second, unpack(A, [[1], [-1]], 'a *'), unpack(A.sum(1), [[]] * A.shape[0], '*')"
        )
    ],
)
for _name in ("asnumpy", "layers.torch.EinMix"):
    needs_you(
        f"einops.{_name}",
        "einops does not know Jittor, and there is no helper",
        workaround="rearrange and einsum",
    )
