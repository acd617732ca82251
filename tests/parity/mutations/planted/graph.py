"""Planted in the graph network: slices, adjacency, neighbours, shared weights."""

from tests.parity.mutations.catalogue import CONVERTED, PORT, Mutation, Planted

CONVERTED_ERRORS = Planted(
    "graph",
    CONVERTED,
    [
        Mutation("off by one", "x[:, 1:2]", "x[:, 0:1]", ""),
        Mutation("sign of a difference", "x[:, 1:] - x[:, :-1]", "x[:, :-1] - x[:, 1:]", ""),
        Mutation("order of a concatenation", "[x[:, :1] * 0, speed]", "[speed, x[:, :1] * 0]", ""),
        Mutation("factor forgotten", "self.adjacency * self.importance", "self.adjacency", ""),
        Mutation("mask lets everything through", "adjacency > 0", "adjacency >= 0", "attention"),
        Mutation("softmax over the wrong axis", "jh.softmax(edges, dim=2)", "jh.softmax(edges, dim=1)", "attention"),
        Mutation("adjacency transposed", "ij,njc->nic", "ji,njc->nic", "conv1", default=True),
        Mutation(
            "weights transposed",
            "rebuilt = self.decode(code)",
            "rebuilt = jh.matmul(code, self.encode.weight)",
            "",
        ),
        Mutation(
            "shared weights untied",
            "        self.decode.weight = self.encode.weight\n",
            "",
            "decode.weight",
            "weights",
            at="self.decode = jh.Linear",
        ),
        Mutation(
            "residual taken from the wrong place",
            "        x = self.norm(x)\n        residual = x",
            "        residual = x\n        x = self.norm(x)",
            "",
            at="x = jh.relu(self.conv2(x, adjacency)) + residual",
        ),
        Mutation("detach forgotten", "x.detach()", "x", "", "backward", at=None),
        Mutation("index in place of the maximum", "jh.max_of(code, dim=1)[0]", "jh.max_of(code, dim=1)[1]", ""),
        Mutation("bias forgotten", ", support) + self.bias", ", support)", "conv1"),
        Mutation("square forgotten", "jh.power_of(rebuilt - x.detach(), 2)", "(rebuilt - x.detach()).abs()", ""),
    ],
)

PORT_ERRORS = Planted(
    "graph",
    PORT,
    [
        Mutation("mask lets everything through", "(A <= 0)", "(A < 0)", "attention"),
        Mutation(
            "weights transposed",
            "jt.matmul(z, self.enc.weight.transpose(0, 1))",
            "jt.matmul(z, self.enc.weight)",
            "",
            default=True,
        ),
        Mutation(
            "norm before the activation", "self.bn(nn.relu(self.gc1(h, A)))", "nn.relu(self.bn(self.gc1(h, A)))", ""
        ),
        Mutation("order of a concatenation", "[jt.zeros_like(p[:, :1]), v]", "[v, jt.zeros_like(p[:, :1])]", ""),
        Mutation(
            "buffer that is trained",
            "self.A = jt.array(normalised_adjacency(n)).stop_grad()",
            "self.A = jt.array(normalised_adjacency(n))",
            "adjacency",
            "training",
        ),
        Mutation("slope of LeakyReLU", ", 0.2)", ", 0.01)", "attention"),
        Mutation("sum in place of a mean", "z.mean(dim=1)]", "z.sum(dim=1)]", ""),
        Mutation("detach forgotten", "h.detach()", "h", "", "whole", at=None),
    ],
)
