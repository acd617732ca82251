"""The JSON report; its fields are stable within a major version."""

from __future__ import annotations

import json
from collections.abc import Iterable

from converter.project import Converted


def render(items: Iterable[Converted], outputs: dict[str, str]) -> str:
    """All files with answers and diagnostics.

    Args:
        outputs: input path -> path of the written output.
    """
    files = []
    for item in items:
        path = str(item.source.path)
        files.append({"path": path, "output": outputs.get(path), **item.result.as_dict()})
    return json.dumps({"version": 1, "files": files}, indent=2, ensure_ascii=False)
