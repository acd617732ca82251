"""Planted in the U-Net: interpolation, pooling, padding, cropping, skip connections."""

from tests.parity.mutations.catalogue import CONVERTED, PORT, Mutation, Planted

CONVERTED_ERRORS = Planted(
    "unet",
    CONVERTED,
    [
        Mutation("corners not aligned", "align_corners=True", "align_corners=False", "up1", default=True),
        Mutation("mode of interpolation", 'mode="bilinear", align_corners=True', 'mode="nearest"', "up1"),
        Mutation("order of a concatenation", "[skip, x]", "[x, skip]", "up1"),
        Mutation("ceil_mode forgotten", ", ceil_mode=True", "", ""),
        Mutation(
            "pooling does not count the padding",
            "stride=2, padding=1)",
            "stride=2, padding=1, count_include_pad=False)",
            "",
        ),
        Mutation("mode of padding", 'mode="reflect"', 'mode="replicate"', ""),
        Mutation("crop off by one", "2:-4, 2:-4", "3:-3, 3:-3", ""),
        Mutation("affine forgotten", ", affine=True", "", "first.body.4.weight", "weights"),
        Mutation(
            "two layers swapped",
            "            jh.GroupNorm(2, outputs),\n            jh.ReLU(),\n",
            "            jh.ReLU(),\n            jh.GroupNorm(2, outputs),\n",
            "first.body",
            at=None,
        ),
        Mutation("skip connection from the wrong scale", "self.up2(x, one)", "self.up2(x, one[:, :, 1:, 1:])", ""),
        Mutation("softmax forgotten", "jh.softmax(logits, dim=1), coarse", "logits, coarse", ""),
        Mutation(
            "gate not applied", "skip = skip * jh.sigmoid(self.gate(skip))", "skip = skip + 0 * self.gate(skip)", "up1"
        ),
        Mutation(
            "stride of a transposed convolution",
            "width, 2, stride=2",
            "width, 2, stride=2, dilation=1, padding=1",
            "finer",
        ),
    ],
)

PORT_ERRORS = Planted(
    "unet",
    PORT,
    [
        Mutation("corners not aligned", "align_corners=True", "align_corners=False", "up1", default=True),
        Mutation("ceil_mode forgotten", ", ceil_mode=True", "", ""),
        Mutation("order of a concatenation", "[high, low]", "[low, high]", "up1"),
        Mutation("mode of interpolation", 'mode="nearest"', 'mode="bilinear"', ""),
        Mutation("mode of padding", 'mode="reflect"', 'mode="replicate"', ""),
        Mutation("crop off by one", "2:-4, 2:-4", "3:-3, 3:-3", ""),
        Mutation("groups of a norm", "nn.GroupNorm(2, o)", "nn.GroupNorm(1, o)", "first.body.1"),
        Mutation(
            "gate forgotten",
            "high = high * jt.sigmoid(self.attn(high))",
            "high = high * 1.0",
            "up1",
            at="return self.conv(jt.concat",
        ),
    ],
)
