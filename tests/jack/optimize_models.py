"""Small models on which ``jack.optimize`` can go wrong.  Imported where Jittor runs."""

import jittor as jt
import numpy as np
from jittor import nn

import jack.methods.jittor.jittor_helpers as jh
from jack.methods.jittor.bpmgcn_layers import GraphConvolution


def randomized(model):
    """The model in evaluation mode, with weights and statistics that are nowhere 0 or 1."""
    rng = np.random.default_rng(3)
    for name, value in sorted(model.state_dict().items()):
        array = rng.standard_normal(tuple(value.shape)).astype(np.float32)
        if "var" in name:
            array = 0.5 + np.abs(array)
        value.assign(jt.array(array * (0.3 if array.ndim > 1 else 1.0)))
    model.eval()
    return model


def tensor(*shape, seed=0):
    return jt.array(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


class Block(jh.Module):
    """A residual block whose shortcut is a convolution."""

    def __init__(self):
        super().__init__()
        self.conv1 = jh.Conv2d(8, 16, kernel_size=3, stride=2, padding=1, bias=False)
        self.bn1 = jh.BatchNorm2d(16)
        self.conv2 = jh.Conv2d(16, 16, kernel_size=3, padding=1)
        self.bn2 = jh.BatchNorm2d(16)
        self.down = jh.Sequential(jh.Conv2d(8, 16, kernel_size=1, stride=2, bias=False), jh.BatchNorm2d(16))

    def execute(self, x):
        y = nn.relu(self.bn1(self.conv1(x)))
        return nn.relu(self.bn2(self.conv2(y)) + self.down(x))


class ReadTwice(Block):
    """The value between convolution and batch norm is needed once more."""

    def execute(self, x):
        y = self.conv1(x)
        return self.conv2(nn.relu(self.bn1(y) + y)), y


class SharedTwice(Block):
    """The same modules on two values, and a residual that is needed afterwards."""

    def execute(self, x):
        y = self.bn1(self.conv1(x))
        z = nn.relu(self.bn2(self.conv2(y)) + y)
        z = nn.relu(self.bn2(self.conv2(z)) + z)
        return z + y, [z, {"first": y}]


class InPlace(jh.Module):
    """A ReLU in place, whose input is read again: it is changed by then."""

    def __init__(self):
        super().__init__()
        self.conv = jh.Conv2d(4, 8, kernel_size=3, padding=1)
        self.relu = jh.ReLU(inplace=True)
        self.last = jh.Conv2d(8, 8, kernel_size=1)

    def execute(self, x):
        y = self.conv(x)
        z = self.last(self.relu(y))
        return z + y


class NormAfterRelu(jh.Module):
    """As in TSL-Net: the norm stands behind the ReLU, and the next convolution pads."""

    def __init__(self):
        super().__init__()
        self.net = jh.Sequential(
            jh.Conv2d(1, 16, kernel_size=(7, 7), stride=(3, 2), padding=(3, 3)),
            jh.ReLU(),
            jh.BatchNorm2d(16),
            jh.MaxPool2d(kernel_size=(2, 2), stride=(2, 2)),
            jh.Conv2d(16, 24, kernel_size=3, padding=1),
            jh.ReLU(),
            jh.BatchNorm2d(24),
            jh.ReLU(),
            jh.AvgPool2d(kernel_size=(2, 3), stride=(2, 3)),
        )

    def execute(self, x):
        return jt.flatten(self.net(x), 1)


class Geometries(jh.Module):
    """Groups, dilation, padding by name, three kinds of pools, one and three dimensions."""

    def __init__(self):
        super().__init__()
        self.grouped = jh.Conv2d(8, 16, kernel_size=3, padding=2, dilation=2, groups=4)
        self.same = jh.Conv2d(16, 8, kernel_size=(2, 3), padding="same")
        self.line = jh.Conv1d(8, 12, kernel_size=3, padding=1)
        self.norm = jh.BatchNorm1d(12)
        self.cube = jh.Conv3d(4, 8, kernel_size=3, stride=(1, 2, 2), padding=1, bias=False)
        self.cube_norm = jh.BatchNorm3d(8)
        self.pool = jh.MaxPool2d(kernel_size=3, stride=2, padding=1, ceil_mode=True)
        self.mean = jh.AvgPool2d(kernel_size=3, stride=2, padding=1, count_include_pad=False)
        self.cube_pool = jh.MaxPool3d(kernel_size=3, stride=2)
        self.head = jh.Linear(12, 5)

    def execute(self, x, clip):
        y = self.same(nn.relu(self.grouped(x)))
        rows = nn.relu(self.norm(self.line(self.pool(y).reshape(y.shape[0], 8, -1))))
        cube = self.cube_pool(nn.relu(self.cube_norm(self.cube(clip))))
        return self.mean(y), self.head(rows.transpose(1, 2)), cube


class Stock(nn.Module):
    """Jittor's own layers."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv(3, 8, 3, stride=1, padding=1, bias=False)
        self.bn = nn.BatchNorm(8)
        self.relu = nn.ReLU()
        self.pool = nn.Pool(2, 2, op="maximum")
        self.conv2 = nn.Conv(8, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 16, 4)

    def execute(self, x):
        y = self.pool(self.relu(self.bn(self.conv(x))))
        y = self.relu(self.conv2(y) + y)
        return self.fc(y.reshape(y.shape[0], -1))


class Graphs(jh.Module):
    """An adaptive graph convolution; with ``spy`` one of its embeddings is changed on its way."""

    def __init__(self, joints, spy=False):
        super().__init__()
        adjacency = tensor(3, joints, joints, seed=5)
        self.unit = GraphConvolution(8, 16, adjacency)
        if spy:
            self.unit.conv_a[1].register_forward_hook(lambda module, args, output: output * 2)

    def execute(self, x):
        return self.unit(x)


class Inception(jh.Module):
    """Branches whose zeros lie outside of the layers; one pool sees values below them."""

    def __init__(self):
        super().__init__()
        self.first = jh.Conv2d(4, 8, kernel_size=3, stride=2, bias=False)
        self.bn = jh.BatchNorm2d(8)
        self.one = jh.Conv2d(8, 6, kernel_size=1)
        self.two = jh.Conv2d(8, 10, kernel_size=3)
        self.pool = jh.MaxPool2d(kernel_size=3, stride=1)
        self.last = jh.Conv2d(24, 8, kernel_size=1)

    def execute(self, x):
        y = nn.relu(self.bn(self.first(jh.pad(x, (0, 1, 1, 0)))))
        padded = jh.pad(y, (1, 1, 1, 1))
        joined = jh.concat([nn.relu(self.one(y)), nn.relu(self.two(padded)), self.pool(padded)], dim=1)
        below = self.last(joined)
        return self.pool(jh.pad(below, (1, 0, 0, 1))), joined


class Depthwise(jh.Module):
    """One channel a group, with all that can follow a convolution."""

    def __init__(self):
        super().__init__()
        self.conv = jh.Conv2d(6, 6, kernel_size=3, padding=1, groups=6, bias=False)
        self.bn = jh.BatchNorm2d(6)
        self.odd = jh.Conv3d(6, 9, kernel_size=2, padding=1, groups=3, dilation=2)
        self.odd_bn = jh.BatchNorm3d(9)

    def execute(self, x):
        y = nn.relu(self.bn(nn.relu(self.conv(x))) + x)
        z = self.odd_bn(nn.relu(self.odd(y.unsqueeze(2).repeat(1, 1, 4, 1, 1))))
        return y, z


class Parent(jh.Module):
    """Looks at values itself; its part does not."""

    def __init__(self):
        super().__init__()
        self.part = Block()

    def execute(self, x):
        y = self.part(x)
        return y * 2 if y.sum().item() > 0 else y


class Looks(Block):
    """Decides by values."""

    def execute(self, x):
        y = self.conv1(x)
        return y if y.sum().item() > 0 else -y


class Branches(Block):
    """Decides by values, without asking for a number."""

    def execute(self, x):
        y = self.conv1(x)
        return y if (y.sum() > 0) else -y


class Draws(Block):
    def execute(self, x):
        y = self.conv1(x)
        return y + jt.rand(y.shape)


class Counts(Block):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def execute(self, x):
        self.calls += 1
        return self.conv1(x) * self.calls


class Writes(Block):
    """Changes a value in place, in a way that is not recorded."""

    def execute(self, x):
        y = self.conv1(x)
        z = y * 2
        y[:, 0] = 0
        return z + y


class Bends(jt.Function):
    def execute(self, x):
        return x * 3

    def grad(self, change):
        return change * 3


class Unseen(Block):
    """An operator of its own between layers."""

    def execute(self, x):
        return self.bn1(Bends()(self.conv1(x)))


class ByShape(Block):
    """Decides by shape and by an argument."""

    def execute(self, x, twice=False):
        y = self.conv1(x)
        y = self.bn1(y) if x.shape[0] > 1 else nn.relu(y)
        return y * 2 if twice else y


class Dropping(Block):
    def __init__(self):
        super().__init__()
        self.drop = jh.Dropout(0.5)

    def execute(self, x):
        return self.drop(self.bn1(self.conv1(x)))


class Plain(jh.Module):
    """Nothing for the engine to do."""

    def execute(self, x):
        return jh.matmul(x, x.transpose(2, 3)).sum(1), x
