"""The inputs under every golden output, made from seeds (numpy only)."""

import numpy as np


def bpmgcn(seed=0, n=4, frames=48, joints=16, outputs=1488, classes=4, zero_tail=True):
    """-> joint (n,3,T,V,1), movement (n,8,T,V,1), affective feature (n,outputs), label (n,)."""
    rng = np.random.default_rng(seed)
    rest = rng.standard_normal((n, 3, 1, joints, 1)) * 0.5
    amp = rng.uniform(0.02, 0.15, (n, 3, 1, joints, 1))
    freq = rng.uniform(0.5, 2.5, (n, 1, 1, 1, 1))
    phase = rng.uniform(0.0, 2 * np.pi, (n, 3, 1, joints, 1))
    t = np.arange(frames, dtype=np.float64).reshape(1, 1, frames, 1, 1)
    joint = rest + amp * np.sin(2 * np.pi * freq * t / 12.0 + phase)
    joint = joint + 0.01 * rng.standard_normal(joint.shape)
    if zero_tail:  # the last sample is a short clip, zero-padded at its end
        joint[-1, :, frames * 5 // 8 :] = 0.0
    vel = np.zeros_like(joint)
    vel[:, :, 1:] = joint[:, :, 1:] - joint[:, :, :-1]
    acc = np.zeros_like(joint)
    acc[:, :, 1:] = vel[:, :, 1:] - vel[:, :, :-1]

    def magnitude(d):
        return np.sqrt((d * d).sum(1, keepdims=True))

    movement = np.concatenate([vel, magnitude(vel), acc, magnitude(acc)], axis=1)
    feature = rng.standard_normal((n, outputs)) * 0.5
    label = (np.arange(n) * 3 + seed) % classes
    return (joint.astype(np.float32), movement.astype(np.float32), feature.astype(np.float32), label.astype(np.int64))


def tslnet(seed, T):
    """-> rgb features (1,T,1024), log-mel segments (1,T,32,60)."""
    rng = np.random.default_rng(seed)
    rgb = np.abs(rng.standard_normal((1, T, 1024))).astype(np.float32)
    mel = rng.random((1, T, 32, 60)).astype(np.float32)
    return rgb, mel


def _video(rng, B, S, T, H):
    base = rng.uniform(0, 255, size=(B, S, 3, 1, 4, 4))
    up = base.repeat(T, 3).repeat(H // 4, 4).repeat(H // 4, 5)
    noise = rng.uniform(-20, 20, size=up.shape)
    return np.clip(np.floor(up + noise), 0, 255).astype(np.float32)


def video_audio(method, seed, B, S, T, H, alen, abins):
    """method 'vaanet' | 'cten' -> dict: videos (1 or 3 of [B,S,3,T,H,H], raw 0..255), audio (B,alen,abins),
    target (B,), head_features (as many, what the visual backbone returns; row s*B+b in vaanet, b*S+s in cten),
    clips (3,3,16,32,32) for the backbone alone, sums (to check the recipe against `input_sums`)."""
    rng = np.random.default_rng(seed)
    passes = 1 if method == "vaanet" else 3
    videos = [_video(rng, B, S, T, H) for _ in range(passes)]
    audio = rng.standard_normal((B, alen, abins))
    if method == "vaanet":
        audio = audio * 20.0
        audio[..., 0] -= 200.0
    else:
        audio = audio * 0.5
    audio = audio.astype(np.float32)
    target = rng.integers(0, 8, size=B).astype(np.int64)
    shape = (B * S, 2048, 1, 4, 4) if method == "vaanet" else (B * S, 2048, 1, 1, 1)
    features = [np.abs(rng.standard_normal(shape)).astype(np.float32) for _ in range(passes)]
    clips = _video(rng, 1, 3, 16, 32)[0]
    sums = [float(np.float64(x).sum()) for x in (*videos, audio, *features, clips)]
    return {"videos": videos, "audio": audio, "target": target, "head_features": features, "clips": clips, "sums": sums}
