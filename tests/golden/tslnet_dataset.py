"""The invented TSL-300 data set behind the `dataset/*` arrays of tslnet.npz (numpy only)."""

import json
from pathlib import Path

import numpy as np


def write(root, seed):
    """Write features, splits, gt.json, fps_dict.json and one annotator's points below root; seed is meta['seed']."""
    rng, root = np.random.default_rng(seed + 7), Path(root)
    names = {"train": ["1_a_1", "10_b_2", "2_c_3"], "test": ["3_d_4"]}
    rows, database, fps = ["class,class_index,start_frame,stop_frame,video_id,point"], {}, {}
    for split, videos in names.items():
        for modality in ("rgb", "logmfcc"):
            (root / "features" / split / modality).mkdir(parents=True)
        for video in videos:
            n_rgb, n_mel = int(rng.integers(20, 30)), int(rng.integers(20 * 32, 30 * 32))
            np.save(
                root / "features" / split / "rgb" / f"{video}.npy",
                rng.standard_normal((n_rgb, 1024)).astype(np.float32),
            )
            np.save(
                root / "features" / split / "logmfcc" / f"{video}.npy",
                rng.uniform(-50, 30, (n_mel, 60)).astype(np.float32),
            )
            fps[video] = 25.0
            database[video] = {
                "subset": split,
                "annotations": [] if split == "train" else [{"segment": ["1.0", "3.0"], "label": "p"}],
            }
            if split == "train":
                for point in np.sort(rng.integers(0, 19 * 16, 5)):
                    c = int(rng.integers(0, 2))
                    rows.append(f"{'np'[c]},{c},{point - 2},{point + 2},{video},{point}")
        (root / f"split_{split}.txt").write_text("\n".join(videos) + "\n")
    (root / "point_gaussian" / "train").mkdir(parents=True)
    (root / "point_gaussian" / "train" / "point_anno_0.txt").write_text("\n".join(rows) + "\n")
    (root / "gt.json").write_text(json.dumps({"database": database}))
    (root / "fps_dict.json").write_text(json.dumps(fps))
