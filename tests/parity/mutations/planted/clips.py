"""Planted in the model of clips: 3-D and 1-D convolution, views, norms, rounding."""

from tests.parity.mutations.catalogue import CONVERTED, Mutation, Planted

CONVERTED_ERRORS = Planted(
    "clips",
    CONVERTED,
    [
        Mutation(
            "view that does not write through",
            "x[:, :, 0] *= 0.5",
            "first = x[:, :, 0].clone()\n        first *= 0.5",
            "frames",
            at=None,
        ),
        Mutation("dilation forgotten", "padding=2, dilation=2, ", "padding=1, ", "sound.depth"),
        Mutation("groups forgotten", ", groups=width", "", "sound.depth.weight", "weights"),
        Mutation("kernel of pooling", "jh.max_pool3d(x, (2, 2, 2))", "jh.max_pool3d(x, (2, 3, 3), 2)", "frames"),
        Mutation("momentum of batch norm", ", momentum=0.2", "", "sound.bn", "buffer", train=True),
        Mutation("groups of a norm", "jh.GroupNorm(2, width)", "jh.GroupNorm(1, width)", "frames.norm"),
        Mutation(
            "biased variance",
            "heard, dim=1, keepdim=True",
            "heard, dim=1, unbiased=False, keepdim=True",
            "",
            default=True,
        ),
        Mutation("norm of each row", "jh.norm_of(seen)", "jh.norm_of(seen, dim=-1, keepdim=True)", ""),
        Mutation("wrong activation", "jh.elu(self.depth(x))", "jh.relu(self.depth(x))", "sound"),
        Mutation("slope of LeakyReLU", "self.first(x)), 0.2)", "self.first(x)))", "sound"),
        Mutation(
            "half is rounded away from zero",
            "jh.rounded(jh.div(jh.arange(4), 2))",
            "jh.div(jh.arange(4), 2).round()",
            "",
        ),
        Mutation("integer division of positions", "jh.div(jh.arange(4), 2)", "jh.arange(4) // 2", ""),
        Mutation("off by one", "jh.remainder(slots, 2)", "jh.remainder(slots + 1, 2)", ""),
        Mutation("mean not taken off", "sound - sound.mean(dim=-1, keepdim=True)", "sound", ""),
        Mutation(
            "layer norm over the last axis only", "jh.LayerNorm([6, 2])", "jh.LayerNorm(2)", "norm.weight", "weights"
        ),
        Mutation("axes of a mean", "jh.mean_of(x, dim=(3, 4))", "jh.mean_of(x, dim=(2, 4))", "frames"),
    ],
)
