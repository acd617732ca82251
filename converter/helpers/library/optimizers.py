"""Torch's optimizers: the same update rules, groups, states and gradient accumulation."""

from __future__ import annotations

import math
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.autograd import LIVE_OPTIMIZERS, GradientMode, backward
from converter.helpers.library.optimizers_native import native_update


class Optimizer(jt.optim.Optimizer):
    """Base of the optimizers: Torch's ``param_groups``, gradient accumulation and ``state_dict``.

    Jittor's own zeroes the gradients in ``step``, updates parameters that got no gradient, keeps options beside
    the groups and counts its steps in ``backward``.  Here a group holds every option, ``state`` is a
    dictionary by ``id`` of the parameter, ``step`` keeps the gradients and ``zero_grad`` forgets them.
    A subclass gives ``update(parameter, gradient, state, group) -> new value``.
    """

    def __init__(self, params: Any, defaults: Any) -> None:
        self._defaults = dict(defaults)
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[int, dict[str, Any]] = {}
        if isinstance(params, jt.Var):
            raise TypeError("params argument given to the optimizer should be an iterable of Tensors or dicts")
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group))
        LIVE_OPTIMIZERS.add(self)

    @property
    def defaults(self) -> Any:
        return self._defaults

    def add_param_group(self, param_group: Any) -> Any:
        """Add a group; options it lacks are the optimizer's defaults."""
        params = param_group["params"]
        params = [params] if isinstance(params, jt.Var) else list(params)
        if params and isinstance(params[0], tuple):
            param_group["param_names"] = [name for name, _ in params]
            params = [p for _, p in params]
        if not all(isinstance(p, jt.Var) for p in params):
            raise TypeError("optimizer can only optimize Tensors")
        known = {id(p) for group in self.param_groups for p in group["params"]}
        if any(id(p) in known for p in params):
            raise ValueError("some parameters appear in more than one parameter group")
        param_group["params"] = params
        for name, value in self._defaults.items():
            param_group.setdefault(name, value)
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: Any = True) -> Any:
        """Forget the gradients, or set those that exist to zero."""
        for group in self.param_groups:
            for p in group["params"]:
                known = getattr(p, "held_gradient", None)
                if set_to_none:
                    p.held_gradient = None
                elif known is not None:
                    known.update(jt.zeros_like(known).stop_grad())

    def backward(
        self, loss: Any, gradient: Any = None, retain_graph: Any = None, create_graph: Any = False, inputs: Any = None
    ) -> Any:
        """``loss.backward()``: gradients are added to those of earlier calls."""
        backward(loss, gradient, retain_graph, create_graph, inputs)

    def step(self, closure: Any = None) -> Any:
        """Update every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with GradientMode(True):
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                g = getattr(p, "held_gradient", None)
                if g is None:
                    continue
                state = self.state.setdefault(id(p), {"step": 0})
                state["step"] += 1
                frozen = p.is_stop_grad()
                with jt.flag_scope(no_grad=1, node_order=1):
                    new = self.update(p, -g if group.get("maximize") else g, state, group)
                    p.update(new)
                if not frozen:
                    p.start_grad()
        return loss

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        raise NotImplementedError

    def state_dict(self) -> Any:
        """Torch's form: ``state`` by position of the parameter, ``param_groups`` with positions for parameters."""
        position: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                position.setdefault(id(p), len(position))
            packed = {k: v for k, v in group.items() if k != "params"}
            packed["params"] = [position[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {position[i]: dict(s) for i, s in self.state.items() if i in position}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Any) -> Any:
        """Take over a state of this form (also one that Torch saved); values are copied.

        Raises ValueError when the groups do not fit.
        """
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(groups, self.param_groups)):
            raise ValueError("loaded state dict contains a parameter group of another size")
        self.state = {}
        for saved, group in zip(groups, self.param_groups):
            for index, p in zip(saved["params"], group["params"]):
                found = state_dict["state"].get(index)
                if found is not None:
                    self.state[id(p)] = {k: self._loaded(k, v, p) for k, v in found.items()}
            group.update({k: v for k, v in saved.items() if k not in ("params", "param_names")})

    def _loaded(self, name: Any, value: Any, p: Any) -> Any:
        if name == "step":
            return int(np.asarray(value.numpy() if hasattr(value, "numpy") else value).reshape(()))
        if isinstance(value, jt.Var):
            return value.clone().stop_grad()
        if isinstance(value, np.ndarray) or hasattr(value, "numpy"):
            value = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
            return jt.array(value, dtype=str(p.dtype)).stop_grad()
        return value

    def __repr__(self) -> Any:
        text = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            text.append(f"Parameter Group {i}")
            text += [f"    {k}: {group[k]}" for k in sorted(group) if k != "params"]
        return "\n".join([*text, ")"])


def running(state: Any, name: Any, p: Any, start: Any = 0.0) -> Any:
    """A running value of a parameter's state, made from ``start`` when there is none."""
    if state.get(name) is None:
        # Computed at once: else the first step would be fused with it, and every optimizer would compile its
        # kernels twice, for the first step and for all others.
        state[name] = jt.full(p.shape, start, dtype=p.dtype).stop_grad().sync()
    return state[name]


def moving(state: Any, name: Any, p: Any, new: Any, start: Any = 0.0) -> Any:
    """Change a running value in place: ``new`` is a function of the earlier value (or of ``start``)."""
    value = running(state, name, p, start)
    value.update(new(value).stop_grad())
    return value


def adam_moments(state: Any, p: Any, g: Any, group: Any) -> Any:
    """First and second moment of Adam's family after one step."""
    b1, b2 = group["betas"]
    m = moving(state, "exp_avg", p, lambda m: m + (g - m) * (1 - b1))
    v = moving(state, "exp_avg_sq", p, lambda v: v * b2 + g * g * (1 - b2))
    return m, v


def checked(
    lr: Any, eps: Any = 0.0, weight_decay: Any = 0, betas: Any = (0.0, 0.0), differentiable: Any = False
) -> Any:
    """Torch's checks of hyperparameters; raises ValueError."""
    if not 0.0 <= lr:
        raise ValueError(f"Invalid learning rate: {lr}")
    if not 0.0 <= eps:
        raise ValueError(f"Invalid epsilon value: {eps}")
    if not 0.0 <= weight_decay:
        raise ValueError(f"Invalid weight_decay value: {weight_decay}")
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
    if differentiable:
        raise NotImplementedError("differentiable optimizers")


class SGD(Optimizer):
    """``torch.optim.SGD``.  Jittor's own applies ``dampening`` to the first step too."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: Any = 0,
        dampening: Any = 0,
        weight_decay: Any = 0,
        nesterov: Any = False,
        *,
        maximize: Any = False,
        foreach: Any = None,
        differentiable: Any = False,
        fused: Any = None,
    ) -> None:
        checked(lr, weight_decay=weight_decay, differentiable=differentiable)
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, {**options, "nesterov": nesterov, "maximize": maximize})

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        momentum = group["momentum"]
        buffer = state.get("momentum_buffer")
        native = native_update(p, g, buffer) if momentum != 0 and buffer is not None else None
        if native is not None:
            options = (group["lr"], momentum, 1 - group["dampening"], group["weight_decay"])
            new, moved = native(p, g, buffer, *map(float, options), bool(group["nesterov"]))
            buffer.update(moved)
            return new
        if group["weight_decay"] != 0:
            g = g + p * group["weight_decay"]
        if momentum != 0:
            if state.get("momentum_buffer") is None:
                state["momentum_buffer"] = g.clone().stop_grad()
            else:
                moving(state, "momentum_buffer", p, lambda b: b * momentum + g * (1 - group["dampening"]))
            buffer = state["momentum_buffer"]
            g = g + buffer * momentum if group["nesterov"] else buffer
        return p - g * group["lr"]


class Adam(Optimizer):
    """``torch.optim.Adam``.  Jittor's own places eps differently and counts accumulations as steps."""

    decoupled = False

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0,
        amsgrad: Any = False,
        *,
        foreach: Any = None,
        maximize: Any = False,
        capturable: Any = False,
        differentiable: Any = False,
        fused: Any = None,
        decoupled_weight_decay: Any = False,
    ) -> None:
        checked(lr, eps, weight_decay, betas, differentiable)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        super().__init__(
            params,
            {**options, "maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay or self.decoupled},
        )

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        b1, b2 = group["betas"]
        step_size, root = group["lr"] / (1 - b1 ** state["step"]), math.sqrt(1 - b2 ** state["step"])
        m, v = running(state, "exp_avg", p), running(state, "exp_avg_sq", p)
        native = None if group["amsgrad"] else native_update(p, g, m, v)
        if native is not None:
            weight_decay, decoupled = group["weight_decay"], group["decoupled_weight_decay"]
            decay, shrink = (0.0, 1 - group["lr"] * weight_decay) if decoupled else (weight_decay, 1.0)
            # m * step_size / (sqrt(v) / root + eps), with one division less for each value
            options = (step_size * root, 1 - b1, b2, group["eps"] * root, decay, shrink)
            new, mean, square = native(p, g, m, v, *map(float, options))
            m.update(mean)
            v.update(square)
            return new
        if group["weight_decay"] != 0:
            if group["decoupled_weight_decay"]:
                p = p * (1 - group["lr"] * group["weight_decay"])
            else:
                g = g + p * group["weight_decay"]
        m, v = adam_moments(state, p, g, group)
        if group["amsgrad"]:
            v = moving(state, "max_exp_avg_sq", p, lambda largest: jt.maximum(largest, v))
        return p - m * step_size / (v.sqrt() / root + group["eps"])


class AdamW(Adam):
    """``torch.optim.AdamW``: Adam whose weight decay acts on the parameter directly.  Jittor's default decay is 0."""

    decoupled = True

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 1e-2,
        amsgrad: Any = False,
        *,
        maximize: Any = False,
        foreach: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        fused: Any = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, differentiable=differentiable
        )


class RMSprop(Optimizer):
    """``torch.optim.RMSprop``.  Jittor's own has no momentum, weight decay or centring."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: Any = 0.99,
        eps: Any = 1e-8,
        weight_decay: Any = 0,
        momentum: Any = 0,
        centered: Any = False,
        capturable: Any = False,
        foreach: Any = None,
        maximize: Any = False,
        differentiable: Any = False,
    ) -> None:
        checked(lr, eps, weight_decay, differentiable=differentiable)
        options = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered}
        super().__init__(params, {**options, "weight_decay": weight_decay, "maximize": maximize})

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        alpha = group["alpha"]
        if group["weight_decay"] != 0:
            g = g + p * group["weight_decay"]
        square = moving(state, "square_avg", p, lambda s: s * alpha + g * g * (1 - alpha))
        if group["centered"]:
            mean = moving(state, "grad_avg", p, lambda m: m + (g - m) * (1 - alpha))
            square = square - mean * mean
        change = g / (square.sqrt() + group["eps"])
        if group["momentum"] > 0:
            change = moving(state, "momentum_buffer", p, lambda b: b * group["momentum"] + change)
        return p - change * group["lr"]


class Adagrad(Optimizer):
    """``torch.optim.Adagrad``; Jittor has none."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: Any = 0,
        weight_decay: Any = 0,
        initial_accumulator_value: Any = 0,
        eps: Any = 1e-10,
        foreach: Any = None,
        *,
        maximize: Any = False,
        differentiable: Any = False,
        fused: Any = None,
    ) -> None:
        checked(lr, eps, weight_decay, differentiable=differentiable)
        options = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        options["initial_accumulator_value"] = initial_accumulator_value
        super().__init__(params, {**options, "maximize": maximize})

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        if group["weight_decay"] != 0:
            g = g + p * group["weight_decay"]
        total = moving(state, "sum", p, lambda s: s + g * g, start=group["initial_accumulator_value"])
        lr = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
        return p - g * lr / (total.sqrt() + group["eps"])


class Adadelta(Optimizer):
    """``torch.optim.Adadelta``; Jittor has none."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: Any = 0.9,
        eps: Any = 1e-6,
        weight_decay: Any = 0,
        foreach: Any = None,
        *,
        capturable: Any = False,
        maximize: Any = False,
        differentiable: Any = False,
    ) -> None:
        checked(lr, eps, weight_decay, differentiable=differentiable)
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize})

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        rho, eps = group["rho"], group["eps"]
        if group["weight_decay"] != 0:
            g = g + p * group["weight_decay"]
        square = moving(state, "square_avg", p, lambda s: s * rho + g * g * (1 - rho))
        earlier = running(state, "acc_delta", p).clone()
        change = (earlier + eps).sqrt() / (square + eps).sqrt() * g
        moving(state, "acc_delta", p, lambda a: a * rho + change * change * (1 - rho))
        return p - change * group["lr"]


class Adamax(Optimizer):
    """``torch.optim.Adamax``; Jittor has none."""

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0,
        foreach: Any = None,
        *,
        maximize: Any = False,
        differentiable: Any = False,
        capturable: Any = False,
    ) -> None:
        checked(lr, eps, weight_decay, betas, differentiable)
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        )

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        b1, b2 = group["betas"]
        if group["weight_decay"] != 0:
            g = g + p * group["weight_decay"]
        m = moving(state, "exp_avg", p, lambda m: m + (g - m) * (1 - b1))
        largest = moving(state, "exp_inf", p, lambda u: jt.maximum(u * b2, g.abs() + group["eps"]))
        return p - m * (group["lr"] / (1 - b1 ** state["step"])) / largest


class NAdam(Optimizer):
    """``torch.optim.NAdam``; Jittor has none."""

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0,
        momentum_decay: Any = 4e-3,
        decoupled_weight_decay: Any = False,
        *,
        foreach: Any = None,
        maximize: Any = False,
        capturable: Any = False,
        differentiable: Any = False,
    ) -> None:
        checked(lr, eps, weight_decay, betas, differentiable)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        options["momentum_decay"] = momentum_decay
        super().__init__(params, {**options, "decoupled_weight_decay": decoupled_weight_decay})

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        b1, b2 = group["betas"]
        lr, step = group["lr"], state["step"]
        if group["weight_decay"] != 0:
            if group["decoupled_weight_decay"]:
                p = p * (1 - lr * group["weight_decay"])
            else:
                g = g + p * group["weight_decay"]
        mu = b1 * (1.0 - 0.5 * 0.96 ** (step * group["momentum_decay"]))
        mu_next = b1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * group["momentum_decay"]))
        product = state["mu_product"] = float(np.asarray(state.get("mu_product", 1.0)).reshape(-1)[0]) * mu
        m, v = adam_moments(state, p, g, group)
        denominator = (v / (1 - b2**step)).sqrt() + group["eps"]
        change = g * (lr * (1.0 - mu) / (1.0 - product)) + m * (lr * mu_next / (1.0 - product * mu_next))
        return p - change / denominator


class RAdam(Optimizer):
    """``torch.optim.RAdam``; Jittor has none."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0,
        decoupled_weight_decay: Any = False,
        *,
        foreach: Any = None,
        maximize: Any = False,
        capturable: Any = False,
        differentiable: Any = False,
    ) -> None:
        checked(lr, eps, weight_decay, betas, differentiable)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, {**options, "decoupled_weight_decay": decoupled_weight_decay})

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        b1, b2 = group["betas"]
        lr, step = group["lr"], state["step"]
        if group["weight_decay"] != 0:
            if group["decoupled_weight_decay"]:
                p = p * (1 - lr * group["weight_decay"])
            else:
                g = g + p * group["weight_decay"]
        m, v = adam_moments(state, p, g, group)
        mean = m / (1 - b1**step)
        longest = 2 / (1 - b2) - 1
        length = longest - 2 * step * b2**step / (1 - b2**step)
        if length <= 5.0:
            return p - mean * lr
        part = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        scale = math.sqrt(part) * math.sqrt(1 - b2**step)
        return p - mean * (lr * scale) / (v.sqrt() + group["eps"])
