"""Torch's learning-rate schedulers, in their recursive form (they start from the rate that the groups have)."""

from __future__ import annotations

import bisect
import math
import types
from collections import Counter
from typing import Any

import jittor as jt


class LRScheduler:
    """``torch.optim.lr_scheduler.LRScheduler``: construction already performs the first step.

    Jittor's own are one step late, lack ``get_last_lr`` and ``state_dict``, and keep the rate beside the groups.
    A subclass gives ``get_lr() -> list`` of one rate per group, from ``last_epoch`` and ``base_lrs``.
    """

    def __init__(self, optimizer: Any, last_epoch: Any = -1) -> None:
        if not isinstance(optimizer, jt.optim.Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(f"param 'initial_lr' is not specified in param_groups[{i}] when resuming an optimizer")
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self.step()

    def rates(self) -> Any:
        """The rates that the groups have now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def get_lr(self) -> Any:
        raise NotImplementedError

    def get_last_lr(self) -> Any:
        return self._last_lr

    def step(self, epoch: Any = None) -> Any:
        """One step of the schedule, or a jump to an epoch."""
        self._step_count += 1
        if epoch is None:
            self.last_epoch += 1
            values = self.get_lr()
        else:
            self.last_epoch = epoch
            values = self._get_closed_form_lr() if hasattr(self, "_get_closed_form_lr") else self.get_lr()
        for group, lr in zip(self.optimizer.param_groups, values):
            group["lr"] = lr
        self._last_lr = self.rates()

    def state_dict(self) -> Any:
        return {k: v for k, v in self.__dict__.items() if k != "optimizer"}

    def load_state_dict(self, state_dict: Any) -> Any:
        self.__dict__.update(state_dict)


def plain_functions_left_out(values: Any) -> Any:
    """What Torch saves of user functions: the attributes of callable objects, None for functions."""
    return [None if isinstance(f, types.FunctionType) else f.__dict__.copy() for f in values]


class LambdaLR(LRScheduler):
    """``torch.optim.lr_scheduler.LambdaLR``."""

    def __init__(self, optimizer: Any, lr_lambda: Any, last_epoch: Any = -1) -> None:
        given = isinstance(lr_lambda, list | tuple)
        self.lr_lambdas = list(lr_lambda) if given else [lr_lambda] * len(optimizer.param_groups)
        if len(self.lr_lambdas) != len(optimizer.param_groups):
            raise ValueError(f"Expected {len(optimizer.param_groups)} lr_lambdas, but got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> Any:
        state = {k: v for k, v in self.__dict__.items() if k not in ("optimizer", "lr_lambdas")}
        return {**state, "lr_lambdas": plain_functions_left_out(self.lr_lambdas)}

    def load_state_dict(self, state_dict: Any) -> Any:
        saved = dict(state_dict)
        for function, values in zip(self.lr_lambdas, saved.pop("lr_lambdas")):
            if values is not None:
                function.__dict__.update(values)
        self.__dict__.update(saved)

    def get_lr(self) -> Any:
        return [base * f(self.last_epoch) for f, base in zip(self.lr_lambdas, self.base_lrs)]


class MultiplicativeLR(LambdaLR):
    """``torch.optim.lr_scheduler.MultiplicativeLR``."""

    def get_lr(self) -> Any:
        if self.last_epoch > 0:
            return [lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, self.rates())]
        return self.rates()


class StepLR(LRScheduler):
    """``torch.optim.lr_scheduler.StepLR``; Jittor's is off by one for a step size of 1."""

    def __init__(self, optimizer: Any, step_size: Any, gamma: Any = 0.1, last_epoch: Any = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Any:
        if self.last_epoch == 0 or self.last_epoch % self.step_size != 0:
            return self.rates()
        return [lr * self.gamma for lr in self.rates()]

    def _get_closed_form_lr(self) -> Any:
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """``torch.optim.lr_scheduler.MultiStepLR``; Jittor's is one step late."""

    def __init__(self, optimizer: Any, milestones: Any, gamma: Any = 0.1, last_epoch: Any = -1) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Any:
        times = self.milestones.get(self.last_epoch, 0)
        return [lr * self.gamma**times for lr in self.rates()]

    def _get_closed_form_lr(self) -> Any:
        passed = bisect.bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**passed for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """``torch.optim.lr_scheduler.ExponentialLR``; Jittor's is one step late."""

    def __init__(self, optimizer: Any, gamma: Any, last_epoch: Any = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Any:
        return self.rates() if self.last_epoch == 0 else [lr * self.gamma for lr in self.rates()]

    def _get_closed_form_lr(self) -> Any:
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class ConstantLR(LRScheduler):
    """``torch.optim.lr_scheduler.ConstantLR``: a smaller rate for the first steps."""

    def __init__(self, optimizer: Any, factor: Any = 1.0 / 3, total_iters: Any = 5, last_epoch: Any = -1) -> None:
        if factor > 1.0 or factor < 0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Any:
        if self.last_epoch == 0:
            return [lr * self.factor for lr in self.rates()]
        if self.last_epoch != self.total_iters:
            return self.rates()
        return [lr * (1.0 / self.factor) for lr in self.rates()]

    def _get_closed_form_lr(self) -> Any:
        short = self.last_epoch < self.total_iters
        return [base * (self.factor if short else 1.0) for base in self.base_lrs]


class LinearLR(LRScheduler):
    """``torch.optim.lr_scheduler.LinearLR``: a straight line between two factors."""

    def __init__(
        self,
        optimizer: Any,
        start_factor: Any = 1.0 / 3,
        end_factor: Any = 1.0,
        total_iters: Any = 5,
        last_epoch: Any = -1,
    ) -> None:
        if start_factor > 1.0 or start_factor <= 0:
            raise ValueError("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.")
        if end_factor > 1.0 or end_factor < 0:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Any:
        if self.last_epoch == 0:
            return [lr * self.start_factor for lr in self.rates()]
        if self.last_epoch > self.total_iters:
            return self.rates()
        rise = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * rise
        return [lr * (1.0 + rise / before) for lr in self.rates()]

    def _get_closed_form_lr(self) -> Any:
        part = min(self.total_iters, self.last_epoch) / self.total_iters
        factor = self.start_factor + (self.end_factor - self.start_factor) * part
        return [base * factor for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    """``torch.optim.lr_scheduler.PolynomialLR``."""

    def __init__(self, optimizer: Any, total_iters: Any = 5, power: Any = 1.0, last_epoch: Any = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Any:
        if self.last_epoch == 0 or self.last_epoch > self.total_iters:
            return self.rates()
        left, before = 1.0 - self.last_epoch / self.total_iters, 1.0 - (self.last_epoch - 1) / self.total_iters
        return [lr * (left / before) ** self.power for lr in self.rates()]

    def _get_closed_form_lr(self) -> Any:
        part = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * part**self.power for base in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """``torch.optim.lr_scheduler.CosineAnnealingLR``; Jittor's is one step late."""

    def __init__(self, optimizer: Any, T_max: Any, eta_min: Any = 0.0, last_epoch: Any = -1) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Any:
        t, low, rates = self.last_epoch, self.eta_min, self.rates()
        if t == 0:
            return rates
        if self._step_count == 1 and t > 0:
            factor = (1 + math.cos(t * math.pi / self.T_max)) / 2
            return [low + (base - low) * factor for base in self.base_lrs]
        if (t - 1 - self.T_max) % (2 * self.T_max) == 0:
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [lr + (base - low) * rise for base, lr in zip(self.base_lrs, rates)]
        ratio = (1 + math.cos(math.pi * t / self.T_max)) / (1 + math.cos(math.pi * (t - 1) / self.T_max))
        return [ratio * (lr - low) + low for lr in rates]

    def _get_closed_form_lr(self) -> Any:
        factor = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * factor for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """``torch.optim.lr_scheduler.CosineAnnealingWarmRestarts``."""

    def __init__(self, optimizer: Any, T_0: Any, T_mult: Any = 1, eta_min: Any = 0.0, last_epoch: Any = -1) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        self.T_0 = self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Any:
        factor = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * factor for base in self.base_lrs]

    def step(self, epoch: Any = None) -> Any:
        """One step, or a jump to a (fractional) epoch."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        elif epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        elif epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_i, self.T_cur = self.T_0, epoch % self.T_0
        else:
            n = int(math.log((epoch / self.T_0 * (self.T_mult - 1) + 1), self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**n
        self.last_epoch = math.floor(epoch)
        for group, lr in zip(self.optimizer.param_groups, self.get_lr()):
            group["lr"] = lr
        self._last_lr = self.rates()


def per_group(value: Any, optimizer: Any) -> Any:
    """One value for each group of the optimizer."""
    many = isinstance(value, list | tuple)
    if many and len(value) != len(optimizer.param_groups):
        raise ValueError(f"expected {len(optimizer.param_groups)} values, one per group, but got {len(value)}")
    return list(value) if many else [value] * len(optimizer.param_groups)


def set_momentum(group: Any, value: Any) -> Any:
    """The option that Torch's cyclical schedulers call momentum: ``momentum``, or the first of ``betas``."""
    if "betas" in group:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


class OneCycleLR(LRScheduler):
    """``torch.optim.lr_scheduler.OneCycleLR``."""

    def __init__(
        self,
        optimizer: Any,
        max_lr: Any,
        total_steps: Any = None,
        epochs: Any = None,
        steps_per_epoch: Any = None,
        pct_start: Any = 0.3,
        anneal_strategy: Any = "cos",
        cycle_momentum: Any = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: Any = 25.0,
        final_div_factor: Any = 1e4,
        three_phase: Any = False,
        last_epoch: Any = -1,
    ) -> None:
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        total = self.total_steps = epochs * steps_per_epoch if total_steps is None else total_steps
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum
        up = float(pct_start * total) - 1
        names = ["initial_lr", "max_lr", "min_lr"]
        momenta = ["max_momentum", "base_momentum", "max_momentum"]
        phases = [(up, 0, 1), (total - 1, 1, 2)]
        if three_phase:
            phases = [(up, 0, 1), (2 * up, 1, 0), (total - 1, 0, 2)]
        self.phases = [(end, names[a], names[b], momenta[a], momenta[b]) for end, a, b in phases]
        if last_epoch == -1:
            for group, peak in zip(optimizer.param_groups, per_group(max_lr, optimizer)):
                group["initial_lr"] = peak / div_factor
                group["max_lr"] = peak
                group["min_lr"] = group["initial_lr"] / final_div_factor
            if cycle_momentum:
                if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
                    raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
                low, high = per_group(base_momentum, optimizer), per_group(max_momentum, optimizer)
                for group, a, b in zip(optimizer.param_groups, low, high):
                    set_momentum(group, b)
                    group["base_momentum"], group["max_momentum"] = a, b
        super().__init__(optimizer, last_epoch)

    def _between(self, start: Any, end: Any, part: Any) -> Any:
        if self.anneal_strategy == "cos":
            return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)
        return (end - start) * part + start

    def get_lr(self) -> Any:
        step, rates = self.last_epoch, []
        if step > self.total_steps:
            raise ValueError(f"Tried to step {step} times. The total number of steps is {self.total_steps}")
        for group in self.optimizer.param_groups:
            start = 0.0
            for i, (end, lr_a, lr_b, m_a, m_b) in enumerate(self.phases):
                if step <= end or i == len(self.phases) - 1:
                    part = (step - start) / (end - start)
                    rates.append(self._between(group[lr_a], group[lr_b], part))
                    if self.cycle_momentum:
                        set_momentum(group, self._between(group[m_a], group[m_b], part))
                    break
                start = end
        return rates


class CyclicLR(LRScheduler):
    """``torch.optim.lr_scheduler.CyclicLR``."""

    def __init__(
        self,
        optimizer: Any,
        base_lr: Any,
        max_lr: Any,
        step_size_up: Any = 2000,
        step_size_down: Any = None,
        mode: Any = "triangular",
        gamma: Any = 1.0,
        scale_fn: Any = None,
        scale_mode: Any = "cycle",
        cycle_momentum: Any = True,
        base_momentum: Any = 0.8,
        max_momentum: Any = 0.9,
        last_epoch: Any = -1,
    ) -> None:
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        if last_epoch == -1:
            for lr, group in zip(per_group(base_lr, optimizer), optimizer.param_groups):
                group["lr"] = lr
        self.max_lrs = per_group(max_lr, optimizer)
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up) + float(down)
        self.step_ratio = float(step_size_up) / self.total_size
        self.mode = mode
        self.gamma = gamma
        self.scale_fn = scale_fn
        self.scale_mode = scale_mode if scale_fn else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
                raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
            self.base_momentums = per_group(base_momentum, optimizer)
            self.max_momentums = per_group(max_momentum, optimizer)
            for value, group in zip(self.max_momentums, optimizer.param_groups):
                set_momentum(group, value)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = per_group(base_lr, optimizer)

    def _scale(self, x: Any) -> Any:
        if self.scale_fn is not None:
            return self.scale_fn(x)
        if self.mode == "exp_range":
            return self.gamma**x
        return 1.0 if self.mode == "triangular" else 1 / (2.0 ** (x - 1))

    def get_lr(self) -> Any:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self._scale(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for low, high, group in zip(self.base_momentums, self.max_momentums, self.optimizer.param_groups):
                set_momentum(group, high - (high - low) * height * scale)
        return [low + (high - low) * height * scale for low, high in zip(self.base_lrs, self.max_lrs)]


class SequentialLR(LRScheduler):
    """``torch.optim.lr_scheduler.SequentialLR``: one scheduler after another."""

    def __init__(self, optimizer: Any, schedulers: Any, milestones: Any, last_epoch: Any = -1) -> None:
        if len(milestones) != len(schedulers) - 1:
            raise ValueError("Sequential Schedulers expects number of milestones to be one less than schedulers")
        self._schedulers = list(schedulers)
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for scheduler in self._schedulers:  # undo the steps of their constructions
            scheduler.last_epoch -= 1
        self._schedulers[0].step()
        self._last_lr = schedulers[0].get_last_lr()

    def step(self, epoch: Any = None) -> Any:
        self.last_epoch += 1
        i = bisect.bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler.step(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    def state_dict(self) -> Any:
        state = {k: v for k, v in self.__dict__.items() if k not in ("optimizer", "_schedulers")}
        return {**state, "_schedulers": [s.state_dict() for s in self._schedulers]}

    def load_state_dict(self, state_dict: Any) -> Any:
        saved = dict(state_dict)
        for scheduler, state in zip(self._schedulers, saved.pop("_schedulers")):
            scheduler.load_state_dict(state)
        self.__dict__.update(saved)


class ChainedScheduler(SequentialLR):
    """``torch.optim.lr_scheduler.ChainedScheduler``: several schedulers step together."""

    def __init__(self, schedulers: Any, optimizer: Any = None) -> None:
        self._schedulers = list(schedulers)
        self.optimizer = optimizer or self._schedulers[0].optimizer
        self._last_lr = self.rates()

    def step(self, epoch: Any = None) -> Any:
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self.rates()


class ReduceLROnPlateau(LRScheduler):
    """``torch.optim.lr_scheduler.ReduceLROnPlateau``: the rate falls when a measure stops improving."""

    def __init__(
        self,
        optimizer: Any,
        mode: Any = "min",
        factor: Any = 0.1,
        patience: Any = 10,
        threshold: Any = 1e-4,
        threshold_mode: Any = "rel",
        cooldown: Any = 0,
        min_lr: Any = 0,
        eps: Any = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(f"mode {mode} or threshold mode {threshold_mode} is unknown!")
        self.optimizer = optimizer
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.min_lrs = per_group(min_lr, optimizer)
        self.eps = eps
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        self.last_epoch = 0
        self._last_lr = self.rates()

    def is_better(self, a: Any, best: Any) -> Any:
        if self.mode == "min":
            return a < (best * (1.0 - self.threshold) if self.threshold_mode == "rel" else best - self.threshold)
        return a > (best * (self.threshold + 1.0) if self.threshold_mode == "rel" else best + self.threshold)

    @property
    def in_cooldown(self) -> Any:
        return self.cooldown_counter > 0

    def step(self, metrics: Any, epoch: Any = None) -> Any:  # type: ignore[override]
        """Take one measure (a number or a tensor with one element)."""
        current = float(metrics.item() if isinstance(metrics, jt.Var) else metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self.is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, low in zip(self.optimizer.param_groups, self.min_lrs):
                lr = max(group["lr"] * self.factor, low)
                if group["lr"] - lr > self.eps:
                    group["lr"] = lr
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self.rates()
