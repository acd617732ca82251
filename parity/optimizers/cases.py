"""With which arguments each optimizer and schedule is run; which of them there are, Torch says itself.

An optimizer without a row is run with its defaults; a schedule without a row as well, if Torch accepts that.
"""

from __future__ import annotations

ALL = "[w, v, u]"
GROUPS = "[{'params': [w], 'lr': 0.5}, {'params': [v, u], 'weight_decay': 0.1}]"

# Arguments after the parameters; "GROUPS, ..." gives the parameters in two groups.
OPTIMIZERS: dict[str, tuple[str, ...]] = {
    "SGD": (
        "lr=0.1",
        "lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.1",
        "lr=0.1, momentum=0.9, nesterov=True",
        "lr=0.1, momentum=0.5, maximize=True",
        "GROUPS, lr=0.1, momentum=0.9",
    ),
    "Adam": ("", "lr=0.1, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1", "lr=0.1, amsgrad=True", "GROUPS, lr=0.1"),
    "AdamW": ("", "lr=0.1, betas=(0.8, 0.95), weight_decay=0.2", "lr=0.1, amsgrad=True"),
    "RMSprop": ("", "lr=0.02, alpha=0.9, eps=1e-6, weight_decay=0.1, momentum=0.9, centered=True"),
    "Adagrad": ("", "lr=0.1, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5"),
    "Adadelta": ("", "lr=0.5, rho=0.8, eps=1e-5, weight_decay=0.1"),
    "Adamax": ("", "lr=0.1, betas=(0.8, 0.95), weight_decay=0.1"),
    "NAdam": ("", "lr=0.1, momentum_decay=0.01, weight_decay=0.1, decoupled_weight_decay=True"),
    "RAdam": ("", "lr=0.1, betas=(0.8, 0.9), weight_decay=0.1"),
}

# Arguments after the optimizer; STEPS becomes a number that is large enough.
SCHEDULERS: dict[str, tuple[str, ...]] = {
    "StepLR": ("step_size=1, gamma=0.9", "step_size=3, gamma=0.5"),
    "MultiStepLR": ("milestones=[2, 5, 5], gamma=0.5",),
    "ExponentialLR": ("gamma=0.9",),
    "CosineAnnealingLR": ("T_max=4", "T_max=10, eta_min=0.01"),
    "CosineAnnealingWarmRestarts": ("T_0=3, T_mult=2",),
    "LambdaLR": ("lr_lambda=lambda epoch: 0.9 ** epoch",),
    "MultiplicativeLR": ("lr_lambda=lambda epoch: 0.9",),
    "LinearLR": ("", "start_factor=0.2, total_iters=4"),
    "ConstantLR": ("factor=0.5, total_iters=3",),
    "PolynomialLR": ("total_iters=6, power=2.0",),
    "OneCycleLR": ("max_lr=1.0, total_steps=STEPS", "max_lr=1.0, total_steps=STEPS, anneal_strategy='linear'"),
    "CyclicLR": ("base_lr=0.01, max_lr=0.1, step_size_up=3", "base_lr=0.01, max_lr=0.1, mode='exp_range', gamma=0.9"),
    "ReduceLROnPlateau": ("factor=0.5, patience=1", "mode='max', factor=0.5, patience=0, cooldown=1"),
    "SequentialLR": (
        "schedulers=[lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=3), "
        "lr_scheduler.ExponentialLR(optimizer, gamma=0.9)], milestones=[3]",
    ),
    "ChainedScheduler": (
        "[lr_scheduler.ConstantLR(optimizer, factor=0.1, total_iters=3), "
        "lr_scheduler.ExponentialLR(optimizer, gamma=0.9)]",
    ),
}
WITHOUT_OPTIMIZER = ("ChainedScheduler",)  # whose first argument is the list of schedules
BASE_CLASSES = ("Optimizer", "LRScheduler")


def optimizer_call(name: str, arguments: str) -> str:
    """The text that makes an optimizer of the parameters ``w``, ``v`` and ``u``; ``optim`` is the module."""
    if arguments.startswith("GROUPS"):
        return f"optim.{name}({arguments.replace('GROUPS', GROUPS, 1)})"
    return f"optim.{name}({ALL}{', ' if arguments else ''}{arguments})"


def schedule_call(name: str, arguments: str) -> str:
    """The text that makes a schedule of ``optimizer``; ``lr_scheduler`` is the module."""
    if name in WITHOUT_OPTIMIZER:
        return f"lr_scheduler.{name}({arguments})"
    return f"lr_scheduler.{name}(optimizer{', ' if arguments else ''}{arguments})"
