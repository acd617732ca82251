"""All planted errors, by program."""

from tests.parity.mutations.catalogue import Planted
from tests.parity.mutations.planted import clips, graph, lstm, resnet, transformer, unet

PLANTED: list[Planted] = [
    planted
    for area in (resnet, transformer, lstm, clips, graph, unet)
    for planted in (getattr(area, "CONVERTED_ERRORS", None), getattr(area, "PORT_ERRORS", None))
    if planted is not None
]
