"""Errors that are the user's to mend: commands print the one line and end with exit code 2."""

from __future__ import annotations


class DatasetError(Exception):
    """A file of a data set is missing, damaged or does not fit; the message names it."""
