"""Options: command lines, configuration files, and the page that is made of them."""

import dataclasses

import pytest
from click.testing import CliRunner

from jack.cli import main
from jack.options import OPTIONS, TRAIN, BPMGCNOptions, CTENOptions, OptionError, TSLNetOptions, VAANetOptions
from jack.options import page as pages
from jack.options.command_line import MethodGroup, options_from
from jack.options.config import read_config, write_config
from jack.options.field import options_of


def parsed(method, *arguments):
    """What a command line makes of a method's options; the exit code and the output if it makes none."""
    made = []
    group = MethodGroup(TRAIN, "help", lambda options: made.append(options) or 0)
    result = CliRunner().invoke(group, [method, *arguments])
    return made[0] if made else (result.exit_code, result.output)


@pytest.mark.parametrize("method", OPTIONS)
def test_every_option_is_a_field_with_a_help_and_both_spellings(method):
    kind = OPTIONS[method]
    options = options_of(kind)
    assert {one.name for one in options} == {field.name for field in dataclasses.fields(kind)}
    assert parsed(method) == kind()
    for one in options_of(kind, TRAIN):
        text = one.default_text() if one.shown == "" else str(one.default)
        value = "" if text == "none" and one.default == "" else text
        spelled = f"--{one.name}", one.flag, *(f"--{alias}" for alias in one.aliases)
        for flag in spelled:
            assert parsed(method, f"{flag}={value}") == kind(), flag
    shown = CliRunner().invoke(main, ["train", method, "--help"]).output
    flat = " ".join(shown.split())
    assert all(one.flag in flat and f"default: {one.default_text()}]" in flat for one in options_of(kind, TRAIN))


def test_defaults_are_the_authors():
    vaanet, cten, tslnet, bpmgcn = VAANetOptions(), CTENOptions(), TSLNetOptions(), BPMGCNOptions()
    assert (vaanet.seq_len, vaanet.loss_func, vaanet.learning_rate, vaanet.weight_decay) == (12, "pcce_ve8", 2e-4, 0.0)
    assert (cten.seq_len, cten.loss_func, cten.weight_decay, cten.dl) == (16, "ce", 5e-4, True)
    assert tslnet.rates() == [1e-5] * 2000 and tslnet.weights() == [2, 1, 0.5, 1] and tslnet.seed == -1
    assert bpmgcn.training().steps == (25, 50, 75, 100) and bpmgcn.base_lr == 0.075 and bpmgcn.nesterov


def test_lists_and_answers_need_no_quotes():
    made = parsed("bpmgcn", "--step", "25", "50", "75", "--nesterov", "false", "--only-train-part", "--num_worker", "3")
    assert made == BPMGCNOptions(step=(25, 50, 75), nesterov=False, only_train_part=True, num_workers=3)
    assert parsed("bpmgcn", "--step=[10, 20]").step == (10, 20)
    assert parsed("vaanet", "--dl").dl and not parsed("cten", "--dl", "no").dl


@pytest.mark.parametrize(
    "arguments, line",
    [
        (["bpmgcn", "--base-lr", "fast"], "--base-lr is a number, not 'fast'"),
        (["bpmgcn", "--step", "ten"], "--step is whole numbers, such as 25 50 75, not 'ten'"),
        (["bpmgcn", "--optimizer", "LBFGS"], "--optimizer is one of SGD, Adam, not 'LBFGS'"),
        (["vaanet", "--batch-size", "0"], "--batch-size is at least 1, not 0"),
        (["vaanet", "--validation-share", "1"], "--validation-share is from 0 to below 1, not 1.0"),
        (["tslnet", "--lambdas", "[1,2]"], "--lambdas is a list of four numbers, not '[1,2]'"),
        (["tslnet", "--lr", "__import__('os')"], "--lr: not a list of numbers"),
        (["tslnet", "--modal", "rgb"], "--modal is one of all, rgb, logmfcc"),
        (["vaanet", "--config", "missing.yaml"], "missing.yaml: cannot be read"),
    ],
)
def test_what_does_not_fit_is_one_line_and_exit_code_2(arguments, line):
    if line.startswith("--modal"):
        line = "--modal rgb: the model takes both modalities"
    code, output = parsed(*arguments)
    assert code == 2 and line in output and len(output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "name, text",
    [
        ("c.yaml", "batch_size: 8\nstep: [1, 2]\nnesterov: no\nnum-worker: 2\nbase_lr: 1e-2\n"),
        ("c.toml", 'batch_size = 8\nstep = [1, 2]\nnesterov = false\nnum_worker = 2\nbase_lr = "1e-2"\n'),
    ],
)
def test_a_configuration_file_and_the_command_line_before_it(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    wanted = BPMGCNOptions(batch_size=8, step=(1, 2), nesterov=False, num_workers=2, base_lr=0.01)
    assert parsed("bpmgcn", "--config", str(path)) == wanted
    assert parsed("bpmgcn", "--config", str(path), "--batch_size", "4") == dataclasses.replace(wanted, batch_size=4)
    assert options_from("bpmgcn", {"batch-size": "4"}, path) == dataclasses.replace(wanted, batch_size=4)


@pytest.mark.parametrize(
    "text, line",
    [
        ("base_l: 1", "no option 'base_l'; did you mean base_lr?"),
        ("batchsize: 1", "did you mean batch_size?"),
        ("num_workers: 1\nnum_worker: 2", "gives num_workers a second time"),
        ("batch_size: many", "--batch-size is a whole number, not 'many'"),
        ("batch_size: 1.5", "--batch-size is a whole number, not 1.5"),
        ("- 1", "expected keys and values, found list"),
        ("a: [", "while parsing"),
    ],
)
def test_what_a_configuration_file_cannot_say(tmp_path, text, line):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(OptionError, match="c.yaml: ") as raised:
        read_config(path, BPMGCNOptions)
    assert line in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("method", OPTIONS)
def test_a_written_configuration_is_read_back(tmp_path, method):
    kind = OPTIONS[method]
    write_config(tmp_path / "c.yaml", kind(seed=3).as_dict())
    assert kind(**read_config(tmp_path / "c.yaml", kind)) == kind(seed=3)


def test_the_page_is_current(monkeypatch):
    assert pages.PAGE.read_text(encoding="utf-8") == pages.page(), f"run: {pages.WRITE}"
    monkeypatch.setattr("sys.argv", ["page", "--check"])
    assert pages.main() == 0
