"""Sound and its features, beyond the golden figures."""

import random

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from jack.errors import DatasetError
from jack.media.audio import Sound, read_sound
from jack.media.audio_features import (
    log_mel,
    log_mel_input,
    mel_bank,
    mel_frames,
    mfcc,
    mfcc_input,
    segment_starts,
    tile_rows,
)

RATE = 8000


def noise(seconds, channels=1, rate=RATE):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (channels, int(rate * seconds)))
    return Sound(samples.astype(np.float32), rate)


def write_container(path, codec, seconds=0.5, channels=2, rate=44100, layout="stereo", with_sound=True):
    """An encoded file with a picture track, and a sound track of a tone of 441 Hz."""
    import av

    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        sound = container.add_stream(codec, rate=rate, layout=layout) if with_sound else None
        for _ in range(5):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(video.encode())
        if sound:
            tone = 0.5 * np.sin(2 * np.pi * 441 * np.arange(int(rate * seconds)) / rate)
            samples = np.repeat(tone[None].astype(np.float32), channels, axis=0)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, 0
            resampler = av.AudioResampler(
                format=sound.codec_context.format.name, layout=layout, rate=rate, frame_size=1024
            )
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                container.mux(sound.encode(part))
            container.mux(sound.encode())


def test_sound_keeps_its_rate_and_channels(tmp_path):
    samples = np.stack([np.linspace(-1, 0.9, 500), np.linspace(0.5, -0.5, 500)], axis=1)
    soundfile.write(str(tmp_path / "a.mp3"), samples, 11025, format="WAV", subtype="PCM_16")
    sound = read_sound(tmp_path / "a.mp3")
    assert sound.rate == 11025 and sound.samples.shape == (2, 500) and sound.samples.dtype == np.float32
    assert np.abs(sound.samples - samples.T).max() < 1e-4
    assert sound.seconds == pytest.approx(500 / 11025)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "pcm_s16le"), ("a.avi", "mp3")])
def test_the_sound_of_a_video(tmp_path, name, codec):
    write_container(tmp_path / name, codec)
    sound = read_sound(tmp_path / name)
    assert sound.rate == 44100 and sound.samples.shape[0] == 2
    assert sound.seconds == pytest.approx(0.5, abs=0.08)
    middle = sound.samples[0, 4410:17640]
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert np.argmax(np.abs(np.fft.rfft(middle))) * 44100 / len(middle) == pytest.approx(441, abs=5)


def test_files_without_usable_sound_are_named(tmp_path):
    def refused(name, content=None):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(DatasetError) as caught:
            read_sound(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)
        return str(caught.value)

    assert "no such file" in refused("missing.mp3")
    assert "cannot decode" in refused("text.mp3", b"this is no sound at all" * 50)
    assert "cannot decode" in refused("empty.mp3", b"")
    write_container(tmp_path / "mute.mp4", "aac", with_sound=False)
    assert "no sound track" in refused("mute.mp4")
    write_container(tmp_path / "whole.mp4", "aac")
    assert "cannot decode" in refused("cut.mp4", (tmp_path / "whole.mp4").read_bytes()[:2000])
    soundfile.write(str(tmp_path / "none.wav"), np.zeros(0), RATE)
    assert "empty" in refused("none.wav")
    soundfile.write(str(tmp_path / "nan.wav"), np.array([0.0, np.nan]), RATE, subtype="FLOAT")
    assert "no numbers" in refused("nan.wav")


@given(st.integers(1, 60), st.integers(1, 200))
def test_rows_are_repeated_in_order(have, want):
    rows = np.arange(have * 2, dtype=np.float32).reshape(have, 2)
    assert np.array_equal(tile_rows(rows, want), rows[np.arange(want) % have])


@given(st.integers(0, 200_000), st.sampled_from([8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000]))
def test_only_whole_windows_count(samples, rate):
    window, shift = int(rate * 0.025), int(rate * 0.01)
    count = mel_frames(samples, rate)
    assert count == len(range(0, samples - window + 1, shift))


@settings(max_examples=25)
@given(st.integers(200, 4000), st.sampled_from([8000, 16000, 44100]), st.integers(0, 99))
def test_a_window_s_energies_are_its_own(samples, rate, seed):
    wave = np.random.default_rng(seed).standard_normal(samples).astype(np.float32)
    whole = log_mel(wave, rate)
    assert whole.shape == (mel_frames(samples, rate), 128) and np.isfinite(whole).all()
    for index in range(len(whole))[::3]:
        start = index * int(rate * 0.01)
        alone = log_mel(wave[start : start + int(rate * 0.025)], rate)
        assert np.abs(alone - whole[index : index + 1]).max() < 1e-5
    picked = np.arange(len(whole), dtype=np.int64)[::-2]
    assert np.array_equal(log_mel(wave, rate, picked), whole[picked])


def test_a_tone_lies_in_its_band():
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000).astype(np.float32)
    edges = np.linspace(1127 * np.log1p(20 / 700), 1127 * np.log1p(4000 / 700), 130)
    nearest = int(np.abs(edges[1:-1] - 1127 * np.log1p(1000 / 700)).argmin())
    assert abs(int(log_mel(tone, 8000).mean(axis=0).argmax()) - nearest) <= 1


def test_triangles_reach_from_neighbour_to_neighbour():
    bank = mel_bank(16000, 512)
    assert bank.shape == (128, 256) and bank.min() == 0 and bank.max() <= 1
    low, high = 1127 * np.log1p(20 / 700), 1127 * np.log1p(8000 / 700)
    mel = 1127 * np.log1p(np.arange(256) * 16000 / 512 / 700)
    step = (high - low) / 129
    inner = (mel >= low + step) & (mel <= high - step)
    assert np.allclose(bank[:, inner].sum(axis=0), 1)  # triangles of neighbours add up to 1
    assert not bank[:, mel < low].any()


def test_silence_is_the_floor():
    found = log_mel(np.zeros(4000, np.float32), RATE)
    assert np.allclose(found, np.log(1.1920929e-07))
    heard = log_mel_input(Sound(np.zeros((2, 4000), np.float32), RATE), 2)
    assert heard.shape == (200, 128) and np.allclose(heard, (np.log(1.1920929e-07) + 6.6268077) / (2 * 5.358466))
    assert np.isfinite(mfcc(Sound(np.zeros((1, 4000), np.float32), RATE))).all()


def test_sound_shorter_than_a_window(recwarn):
    with pytest.raises(ValueError, match="shorter than a window of 25 ms"):
        log_mel_input(noise(0.02), 2)
    assert log_mel_input(noise(0.025), 2).shape == (200, 128)
    short = mfcc_input(noise(0.01))
    assert short.shape == (4096, 32) and np.array_equal(short[0], short[1]) and np.isfinite(short).all()
    assert not [warning for warning in recwarn if "n_fft" in str(warning.message)]


def test_the_mean_of_all_channels_goes_and_the_first_is_heard():
    sound = noise(0.5, channels=2)
    shifted = Sound(sound.samples + np.float32(0.25), RATE)
    assert np.abs(log_mel_input(sound, 1) - log_mel_input(shifted, 1)).max() < 1e-3
    swapped = Sound(sound.samples[::-1], RATE)
    assert np.abs(log_mel_input(sound, 1) - log_mel_input(swapped, 1)).max() > 0.1


@given(st.integers(1, 20), st.integers(0, 5000), st.one_of(st.none(), st.integers(0, 99)))
def test_rows_of_a_segment_lie_in_its_part(segments, more, seed):
    frames = 100 * segments + more
    starts = segment_starts(frames, segments, None if seed is None else random.Random(seed))
    part = frames // segments
    for index, start in enumerate(starts):
        assert index * part <= start and start + 100 <= (index + 1) * part
        if seed is None:
            assert start == index * part + (part - 100) // 2


def test_long_sound_is_sampled_and_short_sound_repeated():
    long, short = noise(3.5), noise(1.5)
    middle = log_mel_input(long, 2)
    assert middle.shape == (200, 128) and np.array_equal(middle, log_mel_input(long, 2))
    assert not np.array_equal(middle, log_mel_input(long, 2, random.Random(0)))
    draw = random.Random(0)
    repeated = log_mel_input(short, 2, draw)
    assert draw.getstate() == random.Random(0).getstate()  # nothing is drawn
    assert np.array_equal(repeated[148:], repeated[:52])


def test_mfcc_is_taken_at_44100_hz_of_the_mono_mix():
    sound = noise(0.5, channels=2, rate=22050)
    found = mfcc(sound)
    assert found.shape == (1 + 22050 // 512, 32) and found.dtype == np.float32
    mono = Sound(sound.samples.mean(axis=0, keepdims=True), 22050)
    assert np.abs(found - mfcc(mono)).max() < 1e-3
