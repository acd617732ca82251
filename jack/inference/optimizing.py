"""A model that is optimized when it is first called: only then is it known what it is called with."""

from __future__ import annotations

from typing import Any

from jack.options import OptionError, Options


class OptimizedLater:
    """Stands for a Jittor model; the first call optimizes it, this and later ones run the result.

    The model's weights are released, so that they are held once; it must not be used otherwise afterwards.

    Args:
        model: the model.
        method: that is called, if it is not the model itself.
    """

    def __init__(self, model: Any, method: str = "") -> None:
        self._model = model
        self._method = method
        self._fast: Any = None

    def __call__(self, *inputs: Any) -> Any:
        """What the model returns.

        Raises:
            OptionError: if it cannot be optimized.
        """
        from jack.optimize import CannotOptimize, optimize

        try:
            if self._fast is None:
                called = getattr(self._model, self._method) if self._method else self._model
                self._fast = optimize(called, *inputs, release=True)
            return self._fast(*inputs)
        except CannotOptimize as error:
            raise OptionError(f"{error}; leave --optimize out") from error

    def __getattr__(self, name: str) -> Any:
        return self if name == self._method else getattr(self._model, name)


def optimized_later(model: Any, options: Options, method: str = "") -> OptimizedLater:
    """The model behind ``--optimize``, of which a method may be what is called.

    Raises:
        OptionError: if the options ask for another framework or device.
    """
    if options.framework != "jittor" or options.device != "cpu":
        raise OptionError("--optimize is for --framework jittor --device cpu")
    return OptimizedLater(model, method)
