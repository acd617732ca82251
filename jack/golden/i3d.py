"""I3D against the public Torch port: what is recorded, and how near ours must come."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from jack.golden.i3d_network import SECTIONS, Golden
from parity.arrays import Array
from parity.golden.suite import Entry, FrameworkSection, GoldenError, HostSection, Recorded
from parity.tolerances import EXACT, Tolerance

OUTPUT = Tolerance(2e-6)
INPUT_SUM = Tolerance(1e-6)  # of some 260 000: the recipe gives the recorded clips
CONFIGURATION = "the configuration"


def input_sum(data: Path) -> dict[str, Array]:
    """Entry ``input_sum``."""
    return {"input_sum": np.array(Golden.read(data).clips().sum(dtype=np.float64))}


class I3DSuite:
    """See :class:`parity.golden.suite.Suite`."""

    name = "i3d"
    files: tuple[str, ...] = ("i3d.npz", "i3d_keys.json")
    framework_sections: Mapping[str, FrameworkSection] = SECTIONS
    host_sections: Mapping[str, HostSection] = {"input_sum": input_sum}

    def recorded(self, data: Path) -> Recorded:
        """Every array of the folder, either to be compared or with the reason why not."""
        try:
            golden = Golden.read(data)
            shapes = {key: tuple(shape) for key, shape in golden.shapes.items()}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GoldenError(f"{data} is no golden folder of i3d: {error!r}") from error
        states = [f"{key} {shape}" for key, shape in shapes.items() if not key.endswith("num_batches_tracked")]
        recorded = Recorded({"state_dict": Entry(np.array(states), EXACT)}, {"meta": CONFIGURATION})
        for name, value in golden.arrays.items():
            if name == "meta":
                continue
            gain, _, rest = name.partition("/mid/")
            group = f"{gain}/mid/*/{rest.partition('/')[2]}" if rest else ""
            tolerance = OUTPUT
            if name == "input_sum":
                tolerance = INPUT_SUM
            elif name.endswith("/shape"):
                tolerance = EXACT
            recorded.entries[name] = Entry(value, tolerance, name != "input_sum", group)
        return recorded


SUITE = I3DSuite()
