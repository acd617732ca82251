"""One framework's side of the tests of VAANet and CTEN: ``python -m tests.jack.video_side FRAMEWORK OUT SECTION...``.

Writes how every parameter of small models starts, what a frozen backbone's modes are, and what those sections of the
golden suites give.
"""

import sys
from pathlib import Path

import numpy as np

from parity.arrays import save_arrays
from parity.backends import get_backend
from parity.golden.suite import available
from tests.jack.video_models import small_model, summary

DATA = Path(__file__).parents[1] / "golden"


def starts(backend):
    """A summary of every parameter of a small model of each method, and its shape."""
    found = {}
    for method in ("vaanet", "cten"):
        backend.seed(3)
        state = backend.state(small_model(method, backend.name))
        for name, array in state.items():
            if not name.endswith("num_batches_tracked"):
                found[f"{method}/{name}"] = summary(array)
    return found


def modes(backend):
    """The modules of small models with a frozen backbone that are in training mode after ``train()``."""
    found = {}
    for method in ("vaanet", "cten"):
        model = small_model(method, backend.name, freeze_backbone_bn=True)
        model.eval()
        model.train()
        in_training = "training" if backend.name == "torch" else "is_train"
        found[method] = np.array([name for name, module in model.named_modules() if getattr(module, in_training)])
    return found


def main(framework, out, *sections):
    backend = get_backend(framework)
    save_arrays(out / "modes.npz", modes(backend))
    save_arrays(out / "starts.npz", starts(backend))
    for method in ("vaanet", "cten"):
        for name in sections:
            save_arrays(out / f"{method}_{name}.npz", available()[method].framework_sections[name](DATA, backend))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
