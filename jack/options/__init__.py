"""The options of each method: one typed object a method, from which command lines, configuration files and pages come.

Needs neither framework.
"""

from jack.options.bpmgcn import BPMGCNOptions
from jack.options.common import Options
from jack.options.field import INFER, TEST, TRAIN, OptionError
from jack.options.tslnet import TSLNetOptions
from jack.options.video_emotion import CTENOptions, VAANetOptions, VideoEmotionOptions

OPTIONS: dict[str, type[Options]] = {
    made.method: made for made in (VAANetOptions, CTENOptions, TSLNetOptions, BPMGCNOptions)
}

__all__ = [
    "INFER",
    "OPTIONS",
    "TEST",
    "TRAIN",
    "BPMGCNOptions",
    "CTENOptions",
    "OptionError",
    "Options",
    "TSLNetOptions",
    "VAANetOptions",
    "VideoEmotionOptions",
]
