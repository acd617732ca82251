"""The golden suite of VAANet."""

from jack.golden.video_emotion import VideoEmotionSuite

SUITE = VideoEmotionSuite("vaanet")
