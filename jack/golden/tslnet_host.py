"""What TSL-Net computes without a framework, for comparison: table, labels, intervals, evaluation, data set."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.datasets import tsl300
from jack.golden.recipes import write_tsl300
from jack.golden.tslnet_network import read_meta
from jack.methods.tslnet_positions import positional_table
from jack.metrics import localization
from jack.metrics.detection import DetectionScores, evaluate, format_record
from parity.arrays import load_arrays

Array = NDArray[Any]

PROPOSAL_FPS = 29.97  # of the video behind prop/*, unless the configuration says another
TABLE = re.compile(r"tpe_rows((_\d+)+)")


def labels_and_table(data: Path) -> dict[str, Array]:
    """Entries ``tpe_rows_*`` and ``train_in/*``."""
    stored = load_arrays(data / "tslnet.npz")
    found: dict[str, Array] = {}
    for match in filter(None, map(TABLE.fullmatch, stored)):
        rows = [int(row) for row in match[1].strip("_").split("_")]
        found[match[0]] = positional_table(max(4000, max(rows) + 1))[rows]
    marks = zip(stored["train_in/point_class"].tolist(), stored["train_in/point_index"].tolist())
    points = [tsl300.Point("", kind, segment * tsl300.SEGMENT_FRAMES, "") for kind, segment in marks]
    label, distribution, anno = tsl300.split_points(points, stored["train_in/point_anno"].shape[1])
    found.update({"train_in/label": label[None], "train_in/label_distribution": distribution[None]})
    found["train_in/point_anno"] = anno[None]
    return found


def proposals(data: Path) -> dict[str, Array]:
    """Entries ``prop/*``: interpolation, intervals at single thresholds, suppression, contrast."""
    stored = load_arrays(data / "tslnet.npz")
    fps = read_meta(stored).get("prop_fps", PROPOSAL_FPS)
    raw = stored["prop/raw"]
    fuse = np.concatenate([raw[:, :2] * (1 - raw[:, 2:]), raw[:, 2:]], axis=1)
    video_score = np.sort(raw[:, :2], axis=0)[-max(1, len(raw) // 8) :].mean(axis=0)
    options = localization.LocalizationOptions()
    upsampled = localization.upsample(fuse[:, :2], options.scale)
    of_video = stored["prop/vid_score"]  # not ours: its last bit depends on the order of a sum
    seconds = localization.SEGMENT_FRAMES / (options.scale * fps)

    rows = []
    for threshold in np.unique(stored["prop/rows_th_class_score_start_end"][:, 0]).tolist():
        for index in (0, 1):
            score = np.where(upsampled[:, index] < threshold, 0.0, upsampled[:, index])
            intervals = localization.propose(score > 0, score, of_video[index], seconds, options)
            rows += [(threshold, index, *interval) for interval in intervals]
    table = np.array(rows).reshape(-1, 5)
    found: dict[str, Array] = {
        "prop/fuse": fuse,
        "prop/vid_score": video_score,
        "prop/upsampled": upsampled[:, :, None],
        "prop/rows_th_class_score_start_end": table,
    }
    for index in (0, 1):
        of_class = table[table[:, 1] == index][:, 1:]
        found[f"prop/nms_class{index}"] = localization.suppress(of_class, options.nms_threshold)
    ends = stored["prop/oic_score_start_end_value"][:, :2]
    values = [localization.outer_inner_contrast(fuse[:, 0], int(a), int(z), 0.25) for a, z in ends.tolist()]
    found["prop/oic_score_start_end_value"] = np.column_stack([ends, values])
    return found


def result_rows(result: Mapping[str, Any]) -> dict[str, Array]:
    """A result file as arrays: the videos' names, and rows (class, score, start, end) of each."""
    found: dict[str, Array] = {"pipeline/videos": np.array(list(result["results"]))}
    for video, rows in result["results"].items():
        table = [(localization.LABELS.index(row["label"]), row["score"], *row["segment"]) for row in rows]
        found[f"pipeline/{video}/intervals"] = np.array(table, dtype=np.float64).reshape(-1, 4)
    rest = {name: value for name, value in result.items() if name != "results"}
    found["pipeline/header"] = np.array(json.dumps(rest, sort_keys=True))
    return found


def pipeline(data: Path) -> dict[str, Array]:
    """Entries ``pipeline/*``: from stored activations of several videos to the record of a test."""
    stored = load_arrays(data / "tslnet.npz")
    truth = read_json(data, "pipeline_gt.json")
    metrics = read_json(data, "pipeline_metrics.json")
    tested = [video for video, entry in truth["database"].items() if entry["subset"] == "test"]
    videos = {}
    for video in tested:
        score, fuse = stored[f"pipeline/{video}/vid_score"], stored[f"pipeline/{video}/fuse"]
        videos[video] = localization.localize(score, fuse, metrics["fps"][video])
    result = localization.result_json(videos)
    scores = evaluate(truth, result)

    # The authors call the first class that appears the negative one, whatever its name; ours goes by name.
    first, second = (scores.class_ap[label] for label in scores.labels)
    step = int(metrics["test_info"]["step"][-1])
    extent = f"[{scores.tiou[0]:.1f}:{scores.tiou[-1]:.1f}]"
    info = {"step": float(step), f"average_mAP{extent}": scores.average_map}
    info.update({f"average_nAP{extent}": first, f"average_pAP{extent}": second})
    logged = []
    for at, mean_ap, recall, f2 in zip(scores.tiou, scores.mean_ap, scores.recall, scores.f2):
        info.update({f"mAP@{at:.2f}": mean_ap, f"Rc@{at:.2f}": recall, f"F2@{at:.2f}": f2})
        logged += [(f"acc/mAP@{at:.1f}", mean_ap), (f"acc/Rc@{at:.1f}", recall)]
    logged += [(f"acc/Average mAP{extent}", scores.average_map)]
    logged += [(f"acc/Average nAP{extent}", first), (f"acc/Average pAP{extent}", second)]
    found = result_rows(result)
    found.update(named_values("pipeline/test_info", list(info.items())))
    found.update(named_values("pipeline/logged", logged))
    found["pipeline/best_record"] = np.array(format_record(step, scores, first, second))
    return found


def named_values(name: str, pairs: list[tuple[str, Any]]) -> dict[str, Array]:
    """Names and figures as two arrays."""
    return {
        f"{name}_names": np.array([key for key, _ in pairs]),
        f"{name}_values": np.array([float(value) for _, value in pairs]),
    }


def evaluation(data: Path) -> dict[str, Array]:
    """Entries ``evaluation/*``: the evaluator alone."""
    scores = evaluate(read_json(data, "eval_gt.json"), read_json(data, "eval_pred.json"))
    return evaluation_arrays(scores)


def evaluation_arrays(scores: DetectionScores) -> dict[str, Array]:
    """The figures under the recorded names."""
    return {
        "evaluation/activity_index": np.array(scores.labels),
        "evaluation/tiou": np.array(scores.tiou),
        "evaluation/ap": scores.ap,
        "evaluation/mAP": scores.mean_ap,
        "evaluation/average_mAP": np.array(scores.average_map),
        "evaluation/cAP": np.array(list(scores.class_ap.values())),
        "evaluation/precision": scores.precision,
        "evaluation/recall": scores.recall,
        "evaluation/f2": scores.f2,
    }


def dataset(data: Path) -> dict[str, Array]:
    """Entries ``dataset/*``: items, mixed points and samplers on an invented data set."""
    stored = load_arrays(data / "tslnet.npz")
    found: dict[str, Array] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_tsl300(root, read_meta(stored)["seed"])
        written = (root / "point_gaussian" / "train" / "point_anno_0.txt").read_text(encoding="utf-8")
        found["dataset/points_txt"] = np.array(written.rstrip("\n"))
        for split in ("train", "test"):
            videos = tsl300.TSL300(root, split, point_labels="mix")
            if split == "train":
                found["dataset/csv_written"] = np.array(tsl300.points_text(videos.points))
            for item in videos:
                found.update({f"dataset/{split}/{item.name}/{name}": a for name, a in item_arrays(item).items()})
    for name in stored:
        if match := re.fullmatch(r"dataset/random_perturb_(\d+)_of_(\d+)_npseed(\d+)", name):
            count, length, seed = map(int, match.groups())
            found[name] = tsl300.perturbed_indices(length, count, np.random.RandomState(seed))
        elif match := re.fullmatch(r"dataset/uniform_(\d+)_of_(\d+)", name):
            count, length = map(int, match.groups())
            found[name] = tsl300.uniform_indices(length, count)
    return found


def item_arrays(item: tsl300.Item) -> dict[str, Array]:
    """What is recorded of an item."""
    return {
        "label": item.label,
        "point": item.point_anno,
        "label_distribution": item.label_distribution,
        "num_seg": np.array(item.num_segments),
        "rgb_sum": np.array(item.rgb.astype(np.float64).sum()),
        "mel_sum": np.array(item.mel.astype(np.float64).sum()),
        "mel_shape": np.array(item.mel.shape),
        "mel_first": item.mel[0, :2, :4],
    }


def read_json(data: Path, name: str) -> Any:
    """A file of the folder ``tslnet``."""
    return json.loads((data / "tslnet" / name).read_text(encoding="utf-8"))
