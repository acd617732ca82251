"""The golden suite of CTEN."""

from jack.golden.video_emotion import VideoEmotionSuite

SUITE = VideoEmotionSuite("cten")
