"""Planted in the encoder: attention, masks, positions, layer norm, embedding, the loss inside the model."""

from tests.parity.mutations.catalogue import CONVERTED, PORT, Mutation, Planted

ATTENTION = "layers.0.attention"

CONVERTED_ERRORS = Planted(
    "transformer",
    CONVERTED,
    [
        Mutation(
            "query and key swapped",
            "jh.matmul(q, k.transpose(-2, -1))",
            "jh.matmul(k, q.transpose(-2, -1))",
            ATTENTION,
            default=True,
        ),
        Mutation("scale forgotten", " / math.sqrt(self.width)", "", ATTENTION),
        Mutation("scale of the whole width", "math.sqrt(self.width)", "math.sqrt(dim)", ATTENTION),
        Mutation("mask inverted", "mask[:, None, None, :] == 0", "mask[:, None, None, :] != 0", ATTENTION),
        Mutation(
            "mask not applied",
            "        scores = jh.masked_fill(scores, mask[:, None, None, :] == 0, -1e4)\n",
            "",
            ATTENTION,
            default=True,
        ),
        Mutation("softmax over queries", "nn.softmax(scores, dim=-1)", "nn.softmax(scores, dim=-2)", ATTENTION),
        Mutation(
            "heads joined without a permutation",
            ").permute(0, 2, 1, 3).reshape(n, t, dim)",
            ").reshape(n, t, dim)",
            ATTENTION,
        ),
        Mutation(
            "heads split by reshape alone",
            "x.reshape(n, t, self.heads, self.width).permute(0, 2, 1, 3)",
            "x.reshape(n, self.heads, t, self.width)",
            ATTENTION,
        ),
        Mutation(
            "integer division truncates",
            "jh.floor_divide(steps[None, :] - steps[:, None], 2)",
            "(steps[None, :] - steps[:, None]) // 2",
            ATTENTION,
            default=True,
        ),
        Mutation("limits of clamp", "-self.reach, self.reach)", "-self.reach + 1, self.reach)", ATTENTION),
        Mutation("first positions", "self.position[1 : x.shape[1] + 1]", "self.position[: x.shape[1]]", ""),
        Mutation(
            "base of the table of positions",
            "-math.log(100.0)",
            "-math.log(1000.0)",
            "position",
            "weights",
            'self.register_buffer("position", self.table(longest + 1, dim))',
            default=True,
        ),
        Mutation("padding index of an embedding", ", padding_idx=0", "", "embed", "attribute"),
        Mutation(
            "eps of layer norm", "jh.LayerNorm(dim, eps=1e-6)", "jh.LayerNorm(dim)", "layers.0.norm2", "attribute"
        ),
        Mutation("norms swapped", "hidden = self.norm2(x)", "hidden = self.norm1(x)", "layers.0"),
        Mutation(
            "approximation of GELU",
            "jh.gelu(self.up(hidden))",
            'jh.gelu(self.up(hidden), approximate="tanh")',
            "layers.0",
        ),
        Mutation("dropout forgotten", "        hidden = self.dropout(hidden)\n", "", "layers.0", train=True),
        Mutation(
            "dropout at another place",
            "        hidden = self.dropout(hidden)\n        return x + self.down(hidden)",
            "        return x + self.dropout(self.down(hidden))",
            "layers.0",
            train=True,
        ),
        Mutation("reduction of the loss", 'reduction="sum"', 'reduction="mean"', ""),
        Mutation(
            "buffer that is trained",
            'self.register_buffer("position", self.table(longest + 1, dim))',
            "self.position = jh.Parameter(self.table(longest + 1, dim))",
            "position",
            "training",
            default=True,
        ),
        Mutation(
            "parameter that is frozen",
            "self.cls = jh.Parameter(jh.randn(1, 1, dim) * 0.02)",
            "self.cls = jh.Parameter(jh.randn(1, 1, dim) * 0.02).stop_grad()",
            "cls",
            "training",
        ),
        Mutation(
            "number of classes",
            "classes=3",
            "classes=4",
            "head.weight",
            "weights",
            at="self.head = jh.Linear(dim, classes)",
        ),
        Mutation("child never called", "        x = self.norm(x)\n", "", "", at="mean = jh.sum_of"),
        Mutation("mean over padding too", "jh.sum_of(kept, 1)", "x.shape[1]", ""),
    ],
)

PORT_ERRORS = Planted(
    "transformer",
    PORT,
    [
        Mutation("mask inverted", "(1.0 - pad.float32())", "pad.float32()", ATTENTION, default=True),
        Mutation("scale of the scores", "** -0.5)", "** 0.5)", ATTENTION),
        Mutation(
            "query and value swapped",
            "attend(q, k, v, bias, pad)\n        return",
            "attend(v, k, q, bias, pad)\n        return",
            ATTENTION,
            at="att = jt.matmul(q",
        ),
        Mutation(
            "integer division truncates",
            "jt.floor((i.reshape((1, L)) - i.reshape((L, 1))).float32() / 2).int32()",
            "(i.reshape((1, L)) - i.reshape((L, 1))) // 2",
            ATTENTION,
        ),
        Mutation("buffer that is trained", ").stop_grad()", ")", "position", "training"),
        Mutation("first positions", "self.pos[1 : L + 2]", "self.pos[: L + 1]", ""),
        Mutation("scale of the embedding", " * self.d**0.5", "", ""),
        Mutation(
            "residual taken after the norm",
            "y = y + self.ffn(self.ln2(y))",
            "y = self.ln2(y)\n        y = y + self.ffn(y)",
            "layers.0",
            at="y = y + self.ffn(y)",
        ),
        Mutation("token of the class forgotten", "self.fc(y[:, 0] + avg)", "self.fc(y[:, 1] + avg)", ""),
        Mutation("reduction of the loss", 'reduction="sum"', 'reduction="mean"', ""),
        Mutation("eps of layer norm", "nn.LayerNorm(d, eps=1e-6)", "nn.LayerNorm(d, eps=1e-3)", "layers.0.norm2"),
    ],
)
