"""Errors about checkpoint files; each message is one line that names the file and says what to do."""

from __future__ import annotations


class CheckpointError(Exception):
    """A file is missing, damaged, foreign, refused, or does not fit the model; commands end with exit code 2."""


class ForeignObjectError(CheckpointError):
    """A pickle asks for something that is no part of weights.  Nothing of it was imported or run.

    Args:
        name: the dotted name that the pickle asks for.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)
