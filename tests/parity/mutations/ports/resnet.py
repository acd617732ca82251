"""The residual network in stock Jittor: layers in a Sequential, short names, lines merged."""

import jittor as jt
from jittor import nn


class SE(nn.Module):
    def __init__(self, c, r=4):
        super().__init__()
        self.squeeze = nn.Linear(c, c // r)
        self.excite = nn.Linear(c // r, c)

    def execute(self, x):
        n, c = x.shape[0], x.shape[1]
        s = x.mean(dims=[2, 3])
        s = self.excite(nn.relu(self.squeeze(s))).sigmoid()
        return x * s.reshape((n, c, 1, 1))


class BasicBlock(nn.Module):
    def __init__(self, c_in, c_out, stride=1, groups=1):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv(c_in, c_out, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm(c_out),
            nn.ReLU(),
            nn.Conv(c_out, c_out, 3, padding=1, groups=groups, bias=False),
            nn.BatchNorm(c_out, eps=1e-3, momentum=0.01),
        )
        self.se = SE(c_out)
        self.down = None
        if stride != 1 or c_in != c_out:
            self.down = nn.Sequential(nn.Conv(c_in, c_out, 1, stride=stride, bias=False), nn.BatchNorm(c_out))

    def execute(self, x):
        identity = x if self.down is None else self.down(x)
        y = self.se(self.body(x))
        return nn.relu(y + identity)


class Net(nn.Module):
    def __init__(self, num_classes=5, c=8):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv(3, c, 3, padding=1, bias=False), nn.BatchNorm(c), nn.LeakyReLU(0.1))
        self.stage1 = BasicBlock(c, c)
        self.stage2 = BasicBlock(c, 2 * c, 2, 2)
        self.drop = nn.Dropout(0.25)
        self.fc = nn.Linear(4 * c, num_classes)

    def pooled(self, x):
        x = nn.avg_pool2d(x, 3, 1, 1) / nn.avg_pool2d(jt.ones_like(x), 3, 1, 1)
        x = x.reshape((x.shape[0], x.shape[1], -1))
        std = jt.sqrt(jt.maximum(x.var(-1, unbiased=True), 1e-12))
        return jt.concat([x.mean(-1), std], 1)

    def execute(self, x):
        x = (x - 0.45) / 0.225
        x = nn.max_pool2d(self.stem(x), 3, 2, 1)
        x = self.stage2(self.stage1(x))
        feat = self.pooled(x)
        return self.fc(self.drop(feat))
