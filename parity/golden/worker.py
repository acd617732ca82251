"""One side of a golden comparison: ``python -m parity.golden.worker SUITE SIDE DATA OUT``.

Writes OUT/<section>.npz after each section, so that a crash in one leaves the others, and OUT/failures.json with the
traceback of each section that raised.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from parity.arrays import Array, save_arrays
from parity.backends import get_backend
from parity.golden.suite import HOST, Suite, available


def sections_of(suite: Suite, side: str, data: Path) -> dict[str, Callable[[], Mapping[str, Array]]]:
    """The sections of one side (a framework, or the host), ready to be called."""
    if side == HOST:
        return {name: partial(section, data) for name, section in suite.host_sections.items()}
    backend = get_backend(side)
    return {name: partial(section, data, backend) for name, section in suite.framework_sections.items()}


def main(suite_name: str, side: str, data: Path, out: Path) -> None:
    """Compute all sections; what raises is recorded and does not stop the next."""
    failures: dict[str, str] = {}
    for name, section in sections_of(available()[suite_name], side, data).items():
        started = time.monotonic()
        try:
            save_arrays(out / f"{name}.npz", section())
        except Exception:
            failures[name] = traceback.format_exc()
            print(failures[name], flush=True)
        print(f"section {name}: {time.monotonic() - started:.1f} s", flush=True)
        (out / "failures.json").write_text(json.dumps(failures), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
