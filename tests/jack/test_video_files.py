"""Frames of encoded videos."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from jack.datasets.clips import ClipShape
from jack.datasets.video_emotion import CENTER, LogMel, VideoEmotion
from jack.errors import DatasetError
from jack.media.audio import read_sound
from jack.media.frames import read_count, read_frames
from jack.media.video import iterate_frames, read_video_frames, timeline

WIDTH, HEIGHT = 64, 48


def grey(number):
    return 20 + 10 * number % 200


def write(path, times=range(20), rate=10, size=(WIDTH, HEIGHT), turn=0, sound=False):
    """A video of one grey for each time (in units of 1 / rate); the left third is black."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.bit_rate = 2_000_000
        stream.codec_context.time_base = Fraction(1, rate)
        voice = container.add_stream("aac", rate=44100, layout="mono") if sound else None
        for number, time in enumerate(times, start=1):
            pixels = np.full((size[1], size[0], 3), grey(number), np.uint8)
            pixels[:, : size[0] // 3] = 0
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if voice:
            tone = np.sin(np.arange(88200) * 0.05).astype(np.float32)[None]
            block = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            block.sample_rate, block.pts = 44100, 0
            resampler = av.AudioResampler(format="fltp", layout="mono", rate=44100, frame_size=1024)
            for part in [*resampler.resample(block), *resampler.resample(None)]:
                container.mux(voice.encode(part))
            container.mux(voice.encode())
    if turn:
        content = path.read_bytes()
        place = content.index(b"tkhd") + 44  # the matrix in the header of the first track
        cosine, sine = {90: (0, -1), -90: (0, 1), 180: (-1, 0)}[turn]
        matrix = struct.pack(">9i", cosine << 16, sine << 16, 0, -sine << 16, cosine << 16, 0, 0, 0, 1 << 30)
        path.write_bytes(content[:place] + matrix + content[place + 36 :])
    return path


def shade(picture):
    """Mean grey of the right part."""
    return float(np.asarray(picture)[:, picture.width // 2 :].mean())


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.mkv"])
def test_every_picture_has_a_number(tmp_path, name):
    path = write(tmp_path / name)
    assert read_count(path) == 20 and timeline(path).seconds == pytest.approx(2)
    frames = dict(iterate_frames(path))
    assert list(frames) == list(range(1, 21))
    assert {picture.size for picture in frames.values()} == {(320, 240)}
    for number, picture in frames.items():
        assert shade(picture) == pytest.approx(grey(number), abs=4)


def test_chosen_frames_come_in_the_order_asked_for(tmp_path):
    path = write(tmp_path / "a.mp4")
    every = dict(iterate_frames(path, None))
    found = read_video_frames(path, [7, 3, 7, 20, 1], None)
    assert [picture.tobytes() for picture in found] == [every[n].tobytes() for n in (7, 3, 7, 20, 1)]
    assert found[0].size == (WIDTH, HEIGHT)
    assert [p.size for p in read_frames(path, [2, 1])] == [(320, 240)] * 2
    for numbers in ([0, 3], [20, 21]):
        with pytest.raises(DatasetError, match="it has 20"):
            read_video_frames(path, numbers)


def test_a_varying_rate_becomes_the_average_one(tmp_path):
    # In milliseconds: pictures 3 and 4 within a frame's time, none for a while after picture 6.
    times = [0, 100, 200, 240, 300, 400, 700, 800, 900, 1000]
    path = write(tmp_path / "a.mkv", times, rate=1000)
    line = timeline(path)
    assert line.rate == 9 and line.count == 10 and line.pictures == 10
    frames = dict(iterate_frames(path))
    assert list(frames) == list(range(1, 11))
    shown = [round((shade(picture) - 20) / 10) for picture in frames.values()]
    for place, picture in enumerate(shown):
        due = 1000 * place / 9
        assert times[picture - 1] <= due + 56 and (picture == 10 or times[picture] >= due - 56)
    assert len(set(shown)) < 10  # one is shown twice, another not at all
    assert [round((shade(p) - 20) / 10) for p in read_video_frames(path, [10, 6, 7])] == [10, shown[5], shown[6]]


@pytest.mark.parametrize("turn", [90, -90, 180])
def test_a_turned_video_is_upright(tmp_path, turn):
    path = write(tmp_path / "a.mp4", range(3), turn=turn)
    picture = next(iterate_frames(path))[1]
    assert picture.size == ((320, 240) if turn == 180 else (180, 240))
    pixels = np.asarray(picture)[..., 0].astype(int)
    dark = {"left": pixels[:, :20], "right": pixels[:, -20:], "top": pixels[:20], "bottom": pixels[-20:]}
    darkest = min(dark, key=lambda side: dark[side].mean())
    # The black third on the left turns counter-clockwise: down by 90 degrees.
    assert darkest == {90: "bottom", -90: "top", 180: "right"}[turn]


def test_odd_sizes_keep_their_aspect(tmp_path):
    path = write(tmp_path / "a.mkv", range(3), size=(62, 34))
    assert next(iterate_frames(path))[1].size == (round(62 * 240 / 34), 240)
    assert next(iterate_frames(path, 33))[1].size == (60, 33)


def test_damaged_videos_are_named(tmp_path):
    whole = write(tmp_path / "whole.mp4").read_bytes()
    cut_avi = write(tmp_path / "whole.avi").read_bytes()
    files = {
        "cut.mp4": whole[: len(whole) // 2],  # its index is at the end
        "empty.mp4": b"",
        "text.mp4": b"no video " * 400,
        "cut.avi": cut_avi[: len(cut_avi) // 3],
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DatasetError, match=name) as caught:
            list(iterate_frames(tmp_path / name))
        assert "\n" not in str(caught.value)
    with pytest.raises(DatasetError, match="missing.mp4"):
        timeline(tmp_path / "missing.mp4")


def index_in_front(path, target):
    with av.open(str(path)) as old, av.open(str(target), "w", options={"movflags": "faststart"}) as new:
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    return target


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_a_cut_file_that_can_be_opened_is_told(tmp_path, name):
    path = write(tmp_path / name, range(60), sound=name != "a.avi")
    if name == "a.mp4":
        path = index_in_front(path, tmp_path / "b.mp4")
    assert timeline(path).count == 60
    whole = path.read_bytes()
    for share in (0.4, 0.85):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DatasetError, match="is the file cut off"):
            timeline(path)
    if name == "a.mp4":
        path.write_bytes(whole[: int(0.1 * len(whole))])
        with pytest.raises(DatasetError, match="cut off|cannot decode"):
            read_sound(path)


def test_damage_in_the_middle_is_told(tmp_path):
    path = write(tmp_path / "a.mp4", range(60), size=(160, 120))
    content = bytearray(path.read_bytes())
    start, end = content.index(b"mdat") + 2000, content.index(b"moov") - 100
    content[start:end] = bytes(end - start)
    path.write_bytes(bytes(content))
    with pytest.raises(DatasetError, match=r"a\.mp4"):
        list(iterate_frames(path))


def test_a_file_that_changed_is_read_again(tmp_path):
    path = write(tmp_path / "a.mp4")
    assert timeline(path).count == 20
    write(path, range(5))
    assert timeline(path).count == 5


def test_a_data_set_of_video_files(video_folders, tmp_path):
    annotation, folders, sounds = video_folders(["joy/a", "fear/b"])
    for frames in folders.glob("*/*/*"):
        frames.unlink()
    for folder in folders.glob("*/*"):
        folder.rmdir()
        write(folder.with_suffix(".mp4"), sound=folder.name == "b")
    shape = ClipShape(2, 4, 16)
    with pytest.raises(DatasetError, match=r"joy/a\.mp4: no sound track"):
        VideoEmotion(annotation, folders, None, "training", shape, LogMel(2), CENTER).read(0)
    videos = VideoEmotion(annotation, folders, None, "training", shape, LogMel(2), CENTER)
    item = videos.read(1)
    assert item.folder == folders / "fear" / "b.mp4" and item.n_frames == 20
    assert item.visual.shape == (2, 3, 4, 16, 16) and item.audio.shape == (200, 128)
    # 2 segments of 10 frames: the middle 4 begin with the fourth.
    shades = item.visual[:, 0, :, 8, 12].astype(float)
    assert np.abs(shades - [[grey(n) for n in (4, 5, 6, 7)], [grey(n) for n in (14, 15, 16, 17)]]).max() < 6
    beside = VideoEmotion(annotation, folders, sounds, "training", shape, LogMel(2), CENTER)
    assert [source.sound.suffix for source in beside.sources] == [".mp3", ".mp3"]
