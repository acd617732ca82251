"""torch.optim.lr_scheduler: helper classes whose rates are Torch's over any number of steps."""

from __future__ import annotations

from converter.rules.base import Case, needs_you, rule, snippet

_S = "torch.optim.lr_scheduler."
_SETUP = """
w = torch.nn.Parameter(A.clone())
v = torch.nn.Parameter(V.clone())
optimizer = torch.optim.SGD([{'params': [w]}, {'params': [v], 'lr': 0.5}], lr=0.1, momentum=0.9)
"""
_WALK = """
rates = []
for epoch in range(30):
    optimizer.step()
    rates.append([group['lr'] for group in optimizer.param_groups])
    scheduler.step()
return rates, scheduler.get_last_lr()
"""


def _rates(made: str, walk: str = _WALK) -> Case:
    return snippet(f"{_SETUP}scheduler = torch.optim.lr_scheduler.{made}\n{walk}", grad=False, tolerance="host")


def _scheduler(name: str, signature: str, *made: str) -> None:
    rule(
        _S + name,
        signature,
        to=f"helpers.{name}",
        returns="scheduler",
        cases=[_rates(f"{name}({arguments})") for arguments in made],
    )


_scheduler(
    "StepLR",
    "(optimizer, step_size, gamma=0.1, last_epoch=-1)",
    "optimizer, 1",
    "optimizer, 7, 0.5",
    "gamma=0.3, step_size=4, optimizer=optimizer",
)
_scheduler(
    "MultiStepLR",
    "(optimizer, milestones, gamma=0.1, last_epoch=-1)",
    "optimizer, [3, 11, 11, 20]",
    "gamma=0.5, milestones=[1, 2], optimizer=optimizer",
)
_scheduler("ExponentialLR", "(optimizer, gamma, last_epoch=-1)", "optimizer, 0.9", "gamma=0.5, optimizer=optimizer")
_scheduler(
    "CosineAnnealingLR",
    "(optimizer, T_max, eta_min=0.0, last_epoch=-1)",
    "optimizer, 10",
    "eta_min=0.01, T_max=30, optimizer=optimizer",
)
_scheduler(
    "CosineAnnealingWarmRestarts",
    "(optimizer, T_0, T_mult=1, eta_min=0.0, last_epoch=-1)",
    "optimizer, 5",
    "T_mult=2, T_0=3, eta_min=0.001, optimizer=optimizer",
)
_scheduler(
    "LambdaLR",
    "(optimizer, lr_lambda, last_epoch=-1)",
    "optimizer, lambda epoch: 0.95 ** epoch",
    "lr_lambda=[lambda e: min(1.0, (e + 1) / 5), lambda e: 1 / (e + 1)], optimizer=optimizer",
)
_scheduler("MultiplicativeLR", "(optimizer, lr_lambda, last_epoch=-1)", "optimizer, lambda epoch: 0.95")
_scheduler(
    "LinearLR",
    "(optimizer, start_factor=0.3333333333333333, end_factor=1.0, total_iters=5, last_epoch=-1)",
    "optimizer",
    "optimizer, 1.0, 0.1, 20",
    "total_iters=8, start_factor=0.5, optimizer=optimizer",
)
_scheduler(
    "ConstantLR",
    "(optimizer, factor=0.3333333333333333, total_iters=5, last_epoch=-1)",
    "optimizer",
    "optimizer, 0.5, 9",
    "total_iters=3, optimizer=optimizer",
)
_scheduler(
    "PolynomialLR",
    "(optimizer, total_iters=5, power=1.0, last_epoch=-1)",
    "optimizer",
    "optimizer, 20, 0.9",
    "power=2.0, optimizer=optimizer, total_iters=12",
)
_scheduler(
    "OneCycleLR",
    "(optimizer, max_lr, total_steps=None, epochs=None, steps_per_epoch=None, pct_start=0.3, anneal_strategy='cos', "
    "cycle_momentum=True, base_momentum=0.85, max_momentum=0.95, div_factor=25.0, final_div_factor=10000.0, "
    "three_phase=False, last_epoch=-1)",
    "optimizer, 1.0, 31",
    "optimizer, [1.0, 2.0], epochs=4, steps_per_epoch=10, anneal_strategy='linear', pct_start=0.2",
    "three_phase=True, total_steps=40, cycle_momentum=False, max_lr=0.3, optimizer=optimizer, div_factor=10.0",
)
_scheduler(
    "CyclicLR",
    "(optimizer, base_lr, max_lr, step_size_up=2000, step_size_down=None, mode='triangular', gamma=1.0, scale_fn=None, "
    "scale_mode='cycle', cycle_momentum=True, base_momentum=0.8, max_momentum=0.9, last_epoch=-1)",
    "optimizer, 0.01, 0.1, 4",
    "optimizer, 0.01, 0.1, step_size_up=3, step_size_down=5, mode='triangular2', cycle_momentum=False",
    "gamma=0.9, mode='exp_range', max_lr=0.2, base_lr=0.1, optimizer=optimizer, step_size_up=4",
)
_CHAIN = """
one = torch.optim.lr_scheduler.{}
two = torch.optim.lr_scheduler.{}
scheduler = torch.optim.lr_scheduler.{}
"""
rule(
    _S + "SequentialLR",
    "(optimizer, schedulers, milestones, last_epoch=-1)",
    to="helpers.SequentialLR",
    returns="scheduler",
    cases=[
        snippet(
            _SETUP
            + _CHAIN.format(
                "LinearLR(optimizer, 0.1, total_iters=5)",
                "CosineAnnealingLR(optimizer, 20)",
                "SequentialLR(optimizer, [one, two], milestones=[5])",
            )
            + _WALK,
            grad=False,
            tolerance="host",
        ),
        snippet(
            _SETUP
            + _CHAIN.format(
                "ConstantLR(optimizer, 0.1, 4)",
                "ExponentialLR(optimizer, 0.9)",
                "SequentialLR(milestones=[4], schedulers=[one, two], optimizer=optimizer)",
            )
            + _WALK,
            grad=False,
            tolerance="host",
        ),
    ],
)
rule(
    _S + "ChainedScheduler",
    "(schedulers, optimizer=None)",
    to="helpers.ChainedScheduler",
    returns="scheduler",
    cases=[
        snippet(
            _SETUP
            + _CHAIN.format(
                "ConstantLR(optimizer, 0.1, 4)", "ExponentialLR(optimizer, 0.9)", "ChainedScheduler([one, two])"
            )
            + _WALK,
            grad=False,
            tolerance="host",
        )
    ],
)
_PLATEAU = """
rates = []
for epoch in range(30):
    optimizer.step()
    scheduler.step({})
    rates.append([group['lr'] for group in optimizer.param_groups])
return rates, scheduler.get_last_lr()
"""
rule(
    _S + "ReduceLROnPlateau",
    "(optimizer, mode='min', factor=0.1, patience=10, threshold=0.0001, threshold_mode='rel', cooldown=0, min_lr=0, "
    "eps=1e-08)",
    to="helpers.ReduceLROnPlateau",
    returns="scheduler",
    cases=[
        _rates("ReduceLROnPlateau(optimizer)", _PLATEAU.format("1.0")),
        _rates("ReduceLROnPlateau(optimizer, 'max', 0.5, 2, 0.1, 'abs', 1, 0.01)", _PLATEAU.format("epoch % 7")),
        _rates("ReduceLROnPlateau(patience=1, optimizer=optimizer)", _PLATEAU.format("w.detach().sum() + epoch")),
    ],
)
rule(
    _S + "LRScheduler",
    "(optimizer, last_epoch=-1)",
    to="helpers.LRScheduler",
    also=[_S + "_LRScheduler"],
    returns="scheduler",
    cases=[
        snippet(
            """
class Halving(torch.optim.lr_scheduler.LRScheduler):
    def get_lr(self):
        return [base / 2 ** self.last_epoch for base in self.base_lrs]
"""
            + _SETUP
            + "scheduler = Halving(optimizer)\n"
            + _WALK,
            grad=False,
            tolerance="host",
        )
    ],
)
rule(
    _S + "LRScheduler.step",
    "(epoch=None)",
    to="Var.step",
    keep=True,
    returns="none",
    cases=[
        _rates(
            "CosineAnnealingWarmRestarts(optimizer, 4)",
            """
rates = []
for step in range(20):
    scheduler.step(step / 3)
    rates.append(optimizer.param_groups[0]['lr'])
return rates
""",
        )
    ],
)
rule(
    _S + "LRScheduler.get_last_lr",
    "()",
    to="Var.get_last_lr",
    keep=True,
    returns="list",
    cases=[_rates("StepLR(optimizer, 2)", "optimizer.step()\nscheduler.step()\nreturn scheduler.get_last_lr()")],
)
rule(
    _S + "LRScheduler.last_epoch",
    to="Var.last_epoch",
    keep=True,
    returns="int",
    cases=[_rates("StepLR(optimizer, 2)", "optimizer.step()\nscheduler.step()\nreturn scheduler.last_epoch")],
)
_AGAIN = """
for epoch in range(5):
    optimizer.step()
    scheduler.step()
saved = scheduler.state_dict()
other = torch.optim.SGD([{'params': [w]}, {'params': [v]}], lr=0.1)
again = torch.optim.lr_scheduler.StepLR(other, 3, 0.5)
again.load_state_dict(saved)
return again.last_epoch, again.get_last_lr(), saved['step_size']
"""
for _name, _signature, _returns in (("state_dict", "()", "dict"), ("load_state_dict", "(state_dict)", "none")):
    rule(
        _S + "LRScheduler." + _name,
        _signature,
        to=f"Var.{_name}",
        keep=True,
        returns=_returns,
        cases=[_rates("StepLR(optimizer, 2)", _AGAIN)],
    )
needs_you(
    "torch.optim.swa_utils.AveragedModel", "averaged models have no helper", workaround="average the parameters by hand"
)
needs_you("torch.optim.swa_utils.SWALR", "no helper for this schedule", workaround="jittor_helpers.LambdaLR")
