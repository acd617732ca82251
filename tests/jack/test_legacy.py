"""The command form of JACK's first release."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from jack import legacy
from jack.cli import main
from jack.options import INFER, OPTIONS, TEST, TRAIN, OptionError
from jack.options.field import options_of

EVERY = [(method, name) for method, release in legacy.RELEASE.items() for name in release.arguments]

YAML = """
work_dir: ./work
train_feeder_args:
  data_m_path: data/train_movement.npy
  data_p_path: data/train_joint.npy
  label_path: data/train_label.pkl
  feature_path: data/train_affective.npy
  random_move: True
  window_size: 48
  debug: False
test_feeder_args:
  data_p_path: data/test_joint.npy
model: model.agcn_diff_combine_score_fagg.Model
model_args: {num_class: 4, graph: graph.EGait.Graph, graph_args: {labeling_mode: spatial}}
step: [25, 50]
batch_size: 32
"""


@pytest.mark.parametrize("method, name", EVERY)
def test_every_argument_of_the_release_has_a_fate(method, name):
    release = legacy.RELEASE[method]
    fate = legacy.fate(method, name)
    assert fate
    if fate.startswith("`--"):
        flags = {one.flag for one in options_of(OPTIONS[method])} | {
            f"--{own.replace('_', '-')}" for own in release.own
        }
        assert fate.split("`")[1] in flags


@pytest.mark.parametrize("method, name", EVERY)
@pytest.mark.parametrize("program", ["main", "test", "test_singlevideo"])
def test_an_argument_arrives_where_the_page_says(method, name, program):
    if name in legacy.SPECIAL or name in legacy.RELEASE[method].refused:
        return
    today, words, notes = legacy.translate(method, program, [f"--{name}", "7"])
    assert today == {"main": TRAIN, "test": TEST, "test_singlevideo": INFER}[program]
    if words:
        assert words[-1] == "7" and not notes
        if words[0].startswith("--"):
            group = __import__(f"jack.commands.{today}", fromlist=[today])
            command = getattr(group, today).get_command(None, method)
            assert any(words[0] in parameter.opts for parameter in command.params)
    else:
        assert notes == [notes[0]] and f"--{name} has no effect" in notes[0]


def test_the_page_is_made_of_the_table():
    page = Path(__file__).parents[2] / "docs" / "first-release.md"
    assert page.read_text(encoding="utf-8") == legacy.page(), "run: python -m jack.legacy > docs/first-release.md"


def test_a_configuration_file_of_the_release_goes_before_nothing_but_the_defaults(tmp_path):
    config = tmp_path / "train.yaml"
    config.write_text(YAML)
    arguments = ["--config", str(config), "--batch-size", "8", "-model_saved_name", "best", "--seed", "-1"]
    today, words, notes = legacy.translate("bpmgcn", "main", arguments)
    assert today == TRAIN
    assert words[words.index("--step") : words.index("--step") + 3] == ["--step", "25", "50"]
    assert words.index("--batch-size") < len(words) - 1 - words[::-1].index("--batch-size")  # the later one counts
    assert words[-6:] == ["--batch-size", "8", "--model-saved-name", "best", "--seed", "-1"]
    assert words[words.index("--data-path") + 1] == "data"
    assert len(notes) == 1 and "--model has no effect" in notes[0]
    assert legacy.translate("bpmgcn", "main", [*arguments, "--phase", "test"])[0] == TEST


@pytest.mark.parametrize(
    "change, words",
    [
        ("window_size: 48", "window_size: 48\n  random_scale: True"),
        ("data/test_joint.npy", "elsewhere/test_joint.npy"),
        ("data/train_joint.npy", "data/posture.npy"),
        ("num_class: 4", "num_class: 4, num_point: 18"),
    ],
)
def test_a_configuration_that_has_no_equal_is_refused(tmp_path, change, words):
    config = tmp_path / "train.yaml"
    config.write_text(YAML.replace(change, words))
    with pytest.raises(OptionError, match=str(config)):
        legacy.translate("bpmgcn", "main", ["--config", str(config)])


def test_a_misspelt_or_refused_argument_is_named():
    with pytest.raises(OptionError, match="--vido_path; did you mean --video_path"):
        legacy.translate("cten", "main", ["--vido_path", "x"])
    with pytest.raises(OptionError, match="ignore_weights has no equal; .*convert-checkpoint"):
        legacy.translate("bpmgcn", "main", ["--ignore_weights", "fc"])
    with pytest.raises(OptionError, match="--train_feeder_args is read from the file that --config names"):
        legacy.translate("bpmgcn", "main", ["--train_feeder_args", "x"])


def test_the_command_runs_todays(tmp_path):
    arguments = ["CTEN", "test_singlevideo", "--video_path", str(tmp_path / "a.mp4"), "--checkpoint_path", "c.pth"]
    done = CliRunner().invoke(main, [*arguments, "--output_frame_dir", "x"])
    assert done.exit_code == 2
    assert "--output_frame_dir has no effect" in done.output and "a.mp4: No such file" in done.output
    done = CliRunner().invoke(main, ["tslnet", "main", "--data_path", str(tmp_path / "none"), "--framework", "torch"])
    assert done.exit_code == 2 and str(tmp_path / "none") in done.output
    assert "No such command" in CliRunner().invoke(main, ["nothing", "main"]).output
