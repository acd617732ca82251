"""Mixed precision and data parallelism, which change no result here."""

from __future__ import annotations

import contextlib
from typing import Any

from converter.helpers.library.modules import Module


class autocast(contextlib.ContextDecorator):
    """``torch.autocast``: a context that changes nothing; everything is computed in the tensors' own dtype."""

    def __init__(self, device_type: Any, dtype: Any = None, enabled: Any = True, cache_enabled: Any = None) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> Any:
        return False


def cuda_autocast(enabled: Any = True, dtype: Any = None, cache_enabled: Any = True) -> Any:
    """``torch.cuda.amp.autocast``: a context that changes nothing."""
    return autocast("cuda")


class GradScaler:
    """``torch.amp.GradScaler`` as it is when disabled: float32 gradients need no scaling."""

    def __init__(
        self,
        device: Any = "cuda",
        init_scale: Any = 65536.0,
        growth_factor: Any = 2.0,
        backoff_factor: Any = 0.5,
        growth_interval: Any = 2000,
        enabled: Any = True,
    ) -> None:
        pass

    def scale(self, outputs: Any) -> Any:
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        pass

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        pass

    def get_scale(self) -> float:
        return 1.0

    def is_enabled(self) -> bool:
        return False

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state_dict: Any) -> None:
        pass


def cuda_grad_scaler(
    init_scale: Any = 65536.0,
    growth_factor: Any = 2.0,
    backoff_factor: Any = 0.5,
    growth_interval: Any = 2000,
    enabled: Any = True,
) -> GradScaler:
    """``torch.cuda.amp.GradScaler``."""
    return GradScaler()


class DataParallel(Module):
    """``torch.nn.DataParallel`` on one device; names in its state begin with ``module.`` as in Torch."""

    def __init__(self, module: Any, device_ids: Any = None, output_device: Any = None, dim: Any = 0) -> None:
        super().__init__()
        self.module = module

    def execute(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)
