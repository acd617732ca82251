"""Class names of the public data sets of the video emotion layout, in the order that numbers them."""

from __future__ import annotations

VIDEO_EMOTION_8 = ("Anger", "Anticipation", "Disgust", "Fear", "Joy", "Sadness", "Surprise", "Trust")
EKMAN_6 = ("anger", "disgust", "fear", "joy", "sadness", "surprise")

KNOWN = {"ve8": VIDEO_EMOTION_8, "ekman6": EKMAN_6}


def default_labels(count: int) -> tuple[str, ...]:
    """Names for so many classes, if nothing says which they are: those of a known data set, or numbers."""
    return next(
        (labels for labels in KNOWN.values() if len(labels) == count), tuple(f"class {i}" for i in range(count))
    )
