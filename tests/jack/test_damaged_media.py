"""Files that are damaged anywhere give pictures and sound, or one error of one line that names them."""

import json

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from jack.datasets.annotation import read_annotation
from jack.errors import DatasetError
from jack.media.audio import read_sound
from jack.media.frames import read_count, read_frame
from jack.media.video import iterate_frames

DAMAGES = st.tuples(
    st.floats(0, 1),  # where, as a share of the file
    st.binary(min_size=0, max_size=12),  # what is written there
    st.sampled_from(["replaced", "inserted", "cut"]),
)


def damage(content, where, written, how):
    place = int(where * len(content))
    rest = {"replaced": content[place + len(written) :], "inserted": content[place:], "cut": b""}[how]
    return content[:place] + written + rest


def read_video(path):
    for _, picture in iterate_frames(path, None):
        assert picture.mode == "RGB"


def write_video(path, kind):
    import av

    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        voice = container.add_stream("aac", rate=8000, layout="mono")
        draw = np.random.default_rng(0)
        for _ in range(12):
            pixels = draw.integers(0, 256, (32, 32, 3)).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
        block = av.AudioFrame.from_ndarray(draw.uniform(-1, 1, (1, 1024)).astype(np.float32), "fltp", "mono")
        block.sample_rate, block.pts = 8000, 0
        container.mux([*voice.encode(block), *voice.encode()])


def write_annotation(path):
    entry = {"subset": "training", "annotations": {"label": "joy"}}
    path.write_text(json.dumps({"labels": ["joy", "fear"], "database": {"a": entry, "joy/b": entry}}))


def write_picture(path):
    values = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    Image.fromarray(values).save(path, format="JPEG")


def write_sound(path, kind):
    soundfile.write(str(path), np.random.default_rng(0).uniform(-0.5, 0.5, (3000, 2)), 8000, format=kind)


CASES = {
    "picture": (write_picture, lambda path: read_frame(path.parent, 1)),
    "wav": (lambda path: write_sound(path, "WAV"), read_sound),
    "mp3": (lambda path: write_sound(path, "MP3"), read_sound),
    "mp4 pictures": (lambda path: write_video(path, "mp4"), read_video),
    "mp4 sound": (lambda path: write_video(path, "mp4"), read_sound),
    "mkv pictures": (lambda path: write_video(path, "matroska"), read_video),
    "avi pictures": (lambda path: write_video(path, "avi"), read_video),
    "annotation": (write_annotation, read_annotation),
    "n_frames": (lambda path: path.write_text("12.0\n"), lambda path: read_count(path.parent)),
}


@pytest.mark.parametrize("kind", CASES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(damages=st.lists(DAMAGES, min_size=1, max_size=3))
def test_a_damaged_file_is_read_or_named(tmp_path_factory, kind, damages):
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / {"n_frames": "n_frames"}.get(kind, "000001.jpg")
    write, read = CASES[kind]
    write(path)
    read(path)
    content = path.read_bytes()
    for one in damages:
        content = damage(content, *one)
    path.write_bytes(content)
    try:
        read(path)
    except DatasetError as error:
        assert str(path) in str(error) and "\n" not in str(error)
