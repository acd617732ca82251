"""The logs of a run: lines of JSON, and TensorBoard's files."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jack.errors import DatasetError


class JsonLog:
    """A file with a line of JSON for each record; a resumed run cuts off what came after it was saved.

    Args:
        path: the file.
        length: bytes to keep of what is there.

    Raises:
        DatasetError: if it cannot be written.
    """

    def __init__(self, path: Path, length: int) -> None:
        self.path = path
        try:
            self.file = open(path, "ab")
            if self.file.tell() > length:
                self.file.truncate(length)
        except OSError as error:
            raise self._failed(error) from error
        self.length = min(length, path.stat().st_size)

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record; what JSON has no number for becomes null."""
        line = json.dumps(plain(record), allow_nan=False) + "\n"
        data = line.encode()
        try:
            self.file.write(data)
            self.file.flush()
        except OSError as error:
            raise self._failed(error) from error
        self.length += len(data)

    def close(self) -> None:
        """Close the file."""
        try:
            self.file.close()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> DatasetError:
        return DatasetError(f"{self.path}: the log cannot be written: {error.strerror or error}")


def whole_lines(path: Path) -> int:
    """Bytes of a file up to the end of its last line; 0 if there is none."""
    return path.read_bytes().rfind(b"\n") + 1 if path.exists() else 0


def plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with None for what JSON has no number for."""
    return {n: None if isinstance(v, float) and not math.isfinite(v) else v for n, v in record.items()}


class TensorBoardLog:
    """Curves for TensorBoard, written by its own library and no framework.

    Args:
        folder: where its files go.
        step: steps done; curves of an interrupted run are cut off there.

    Raises:
        ImportError: if tensorboard is not installed.
    """

    def __init__(self, folder: Path, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self.event, self.summary, self.folder = Event, Summary, folder
        self.writer = EventFileWriter(str(folder))
        if step:
            start = SessionLog(status=SessionLog.START)
            self._add(Event(wall_time=time.time(), step=step + 1, session_log=start))

    def write(self, group: str, figures: Mapping[str, Any], step: int) -> None:
        """Add a point to the curve ``group/name`` of each figure that is a number.

        Raises:
            DatasetError: if the file cannot be written.
        """
        values = [
            self.summary.Value(tag=f"{group}/{name}", simple_value=float(value))
            for name, value in figures.items()
            if isinstance(value, int | float)
        ]
        self._add(self.event(wall_time=time.time(), step=step, summary=self.summary(value=values)))

    def _add(self, event: Any) -> None:
        try:
            self.writer.add_event(event)  # raises what happened to earlier events, too
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> DatasetError:
        return DatasetError(f"{self.folder}: TensorBoard's file cannot be written: {error.strerror or error}")

    def close(self) -> None:
        """Write what is left."""
        try:
            self.writer.close()
        except OSError as error:
            raise self._failed(error) from error
