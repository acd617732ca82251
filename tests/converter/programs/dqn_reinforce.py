"""Q-learning target, soft update, policy gradient with returns."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def fill(model, seed=0):
    rng = np.random.RandomState(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.from_numpy(rng.randn(*p.shape).astype(np.float32) * 0.2))
    return model


def data(*shape, seed=1):
    return torch.from_numpy(np.random.RandomState(seed).randn(*shape).astype(np.float32))


class QNet(nn.Module):
    def __init__(self, s=4, a=2):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(s, 8), nn.ReLU(), nn.Linear(8, a))

    def forward(self, x):
        return self.fc(x)


def main():
    policy, target = fill(QNet(), 1), QNet()
    target.load_state_dict(policy.state_dict())
    opt = torch.optim.AdamW(policy.parameters(), lr=1e-2, amsgrad=True)
    s, s2 = data(5, 4, seed=1), data(5, 4, seed=2)
    a = torch.tensor([[0], [1], [1], [0], [1]])
    r, done = torch.tensor([1.0, 0.0, -1.0, 0.5, 0.0]), torch.tensor([0, 0, 1, 0, 1], dtype=torch.bool)
    q = policy(s).gather(1, a)
    next_v = torch.zeros(5)
    with torch.no_grad():
        next_v[~done] = target(s2[~done]).max(1).values
    expected = (next_v * 0.99) + r
    loss = nn.SmoothL1Loss()(q, expected.unsqueeze(1))
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy.parameters(), 0.05)
    opt.step()
    tsd, psd = target.state_dict(), policy.state_dict()
    for key in psd:
        tsd[key] = psd[key] * 0.5 + tsd[key] * (1 - 0.5)
    target.load_state_dict(tsd)
    R, returns = 0, []
    for x in [1.0, 0.0, 2.0]:
        R = x + 0.9 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + 1e-8)
    logp = F.log_softmax(policy(s[:3]), dim=-1).gather(1, a[:3]).squeeze()
    pl = torch.stack([-lp * R for lp, R in zip(logp, returns)]).sum()
    return {"loss": loss, "target": target.fc[0].weight, "returns": returns, "pl": pl, "action": policy(s[:1]).max(1)[1].view(1, 1)}
