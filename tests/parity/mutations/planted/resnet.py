"""Planted in the residual network: convolution, batch norm, pooling, dropout, statistics."""

from tests.parity.mutations.catalogue import CONVERTED, PORT, Mutation, Planted

CONVERTED_ERRORS = Planted(
    "resnet",
    CONVERTED,
    [
        Mutation(
            "missing ReLU",
            "out = jh.relu(self.bn1(self.conv1(x)))",
            "out = self.bn1(self.conv1(x))",
            "layer1",
            default=True,
        ),
        Mutation("activation too many", "out = self.se(out)", "out = jh.relu(self.se(out))", "layer1"),
        Mutation("residual dropped", "out = out + self.shortcut(x)", "out = out + 0.0", "layer1"),
        Mutation(
            "residual taken from the wrong place",
            "out = out + self.shortcut(x)",
            "out = out + self.shortcut(out)",
            "layer1",
        ),
        Mutation("eps of batch norm", "eps=1e-3, ", "", "layer1.bn2"),
        Mutation("momentum of batch norm", ", momentum=0.01", "", "layer1.bn2", "buffer", train=True),
        Mutation(
            "biased running variance",
            "self.bn1 = jh.BatchNorm2d(outputs)",
            "self.bn1 = jh.nn.BatchNorm2d(outputs)",
            "layer1.bn1",
            "buffer",
            train=True,
            default=True,
        ),
        Mutation(
            "running statistics used in training",
            "        out = jh.relu(self.bn1(",
            "        self.bn1.eval()\n        out = jh.relu(self.bn1(",
            "layer1.bn1",
            at="self.bn1 = jh.BatchNorm2d(outputs)",
            train=True,
        ),
        Mutation("biased deviation", "jh.deviation(x, -1)", "jh.deviation(x, -1, False)", "head"),
        Mutation("stride forgotten", "outputs, 1, stride=stride, bias", "outputs, 1, bias", "layer2.shortcut.0"),
        Mutation("padding", "3, padding=1, groups", "3, padding=0, groups", "layer1.conv2"),
        Mutation("groups forgotten", "groups=groups, ", "", "layer2.conv2.weight", "weights"),
        Mutation("pooling counts the padding", "count_include_pad=False", "count_include_pad=True", "head"),
        Mutation("order of a concatenation", "[mean, spread]", "[spread, mean]", "head"),
        Mutation("slope of LeakyReLU", "jh.LeakyReLU(0.1)", "jh.LeakyReLU(0.01)", "act"),
        Mutation("kernel of max pooling", "jh.MaxPool2d(3, stride=2, padding=1)", "jh.MaxPool2d(2, stride=2)", "pool"),
        Mutation("share of dropout", "jh.Dropout(0.25)", "jh.Dropout(0.5)", "head.dropout", train=True),
        Mutation("normalisation of the input", "/ 0.225", "/ 0.25", ""),
    ],
)

PORT_ERRORS = Planted(
    "resnet",
    PORT,
    [
        Mutation("mean in place of max pooling", "nn.max_pool2d(self.stem(x)", "nn.avg_pool2d(self.stem(x)", ""),
        Mutation(
            "variance for deviation",
            "jt.sqrt(jt.maximum(x.var(-1, unbiased=True), 1e-12))",
            "x.var(-1, unbiased=True)",
            "",
            default=True,
        ),
        Mutation("dropout forgotten", "self.fc(self.drop(feat))", "self.fc(feat)", "", train=True),
        Mutation("momentum of batch norm", ", momentum=0.01", "", "layer1.bn2", "buffer", train=True),
        Mutation("eps of batch norm", "eps=1e-3, ", "", "layer1.bn2"),
        Mutation("wrong activation", ".sigmoid()", ".tanh()", "layer1.se"),
        Mutation("ReLU after the sum forgotten", "return nn.relu(y + identity)", "return y + identity", "layer1"),
        Mutation("stride", "BasicBlock(c, 2 * c, 2, 2)", "BasicBlock(c, 2 * c, 1, 2)", "layer2.conv1", at=None),
        Mutation("order of a concatenation", "[x.mean(-1), std]", "[std, x.mean(-1)]", ""),
    ],
)
