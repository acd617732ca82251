"""Batch norms that processes share, with one process: they must be the plain ones, gradients and statistics too.

What two processes compute is compared in test_training_methods (Torch); mpirun is not everywhere.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

PROJECT = Path(__file__).resolve().parents[2]

JITTOR = """
from jack.runtime import prepare
prepare()
import jittor as jt
import numpy as np
from jack.frameworks import jittor_processes
from jack.methods.jittor import jittor_helpers as jh

jt.Var.mpi_all_reduce = lambda value, op: value * 1  # one process: its sum is the sum
jt.world_size = 1
x = np.random.default_rng(0).standard_normal((4, 3, 5, 2)).astype(np.float32) * 3 + 2
found = []
for shared in (False, True):
    model = jh.Sequential(jh.BatchNorm2d(3), jh.ReLU())
    optimizer = jh.SGD(model.parameters(), lr=0.5)
    if shared:
        jittor_processes.share_norms(model)
    for _ in range(2):
        loss = (model(jt.array(x)) * jt.array(x)).mean()
        optimizer.zero_grad()
        optimizer.backward(loss)
        optimizer.step()
    model.eval()
    found.append([model(jt.array(x)).numpy(), *(value.numpy() for value in model.state_dict().values())])
for plain, shared in zip(*found):
    np.testing.assert_allclose(shared, plain, rtol=2e-5, atol=1e-6)
assert not np.allclose(found[0][1], 1), "nothing was trained"
"""


@pytest.mark.slow
def test_a_shared_norm_of_jittor():
    done = subprocess.run([sys.executable, "-c", JITTOR], cwd=PROJECT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_shared_norm_of_torch(monkeypatch):
    from jack.frameworks import torch_processes

    monkeypatch.setattr(torch_processes.dist, "all_reduce", lambda value: None)
    x = torch.randn(4, 3, 5, 2, generator=torch.Generator().manual_seed(0)) * 3 + 2
    found = []
    for shared in (False, True):
        model = torch.nn.Sequential(torch.nn.BatchNorm2d(3), torch.nn.ReLU())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        if shared:
            torch_processes.share_norms(model)
        for _ in range(2):
            loss = (model(x) * x).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        found.append([model(x), *model.state_dict().values()])
    for plain, shared in zip(*found):
        np.testing.assert_allclose(shared.detach(), plain.detach(), rtol=2e-5, atol=1e-6)
    assert not np.allclose(found[0][1].detach(), 1)
