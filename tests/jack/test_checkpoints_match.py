"""Names of files are matched to those of the methods, and every one is accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from jack.checkpoints import CheckpointError, load_checkpoint, load_into, save_checkpoint
from jack.checkpoints.dtypes import BFLOAT16, same_bits
from jack.checkpoints.keys import Expected, Spec, method_state, torch_state
from jack.checkpoints.match import match
from jack.cli import main
from jack.methods.bpmgcn_graph import adjacency
from jack.methods.registry import METHODS, UnknownMethodError, get_method
from jack.methods.torch import audio_resnet, resnet3d

GOLDEN = Path(__file__).parents[1] / "golden"
OPTIONS = {
    "vaanet": {"seq_len": 4},
    "cten": {"seq_len": 4, "audio_n_segments": 4},
    "tslnet": {},
    "bpmgcn": {},
}
# bpmgcn with few numbers: its names and its graph are those of the real one.
SMALL = ["--set", "width=4", "--set", "frames=8", "--set", "num_constraints=2"]
SMALL_OPTIONS = {"width": 4, "frames": 8, "num_constraints": 2}


def published(name):
    """Names, shapes and types of a method's published checkpoints."""
    content = json.loads((GOLDEN / f"{name}_keys.json").read_text())
    keys = content["keys"] if isinstance(content, dict) else content
    if isinstance(keys, dict):
        keys = [
            [key, shape, "int64" if key.endswith("num_batches_tracked") else "float32"] for key, shape in keys.items()
        ]
    return {row[0]: Spec(tuple(row[1]), row[2]) for row in keys}


def stand_ins(specs):
    """Arrays of these shapes that take no memory."""
    return {name: np.broadcast_to(np.zeros((), spec.dtype), spec.shape) for name, spec in specs.items()}


@pytest.mark.parametrize("name", METHODS)
def test_the_names_of_a_method_are_the_published_ones(name):
    expected = method_state(get_method(name), OPTIONS[name])
    assert list(expected.state.items()) == list(published(name).items())
    assert not expected.tables.keys() & expected.state.keys()


@pytest.mark.parametrize("prefix", ["", "module.", "module.module.", "model.", "_orig_mod.module."])
@pytest.mark.parametrize("name", METHODS)
def test_published_names_fit_whatever_wrapped_the_model(name, prefix):
    state = published(name)
    made = match(
        stand_ins({f"{prefix}{key}": spec for key, spec in state.items()}),
        method_state(get_method(name), OPTIONS[name]),
        backbones=get_method(name).backbones,
    )
    assert made.complete and not made.left_over and not made.scope
    assert list(made.weights) == list(state)
    assert len(made.renamed) == (len(state) if prefix else 0) and len(made.matched) == (0 if prefix else len(state))
    assert all(how == f"prefix {prefix} removed" for _, _, how in made.renamed)


@pytest.mark.parametrize("name", METHODS)
def test_what_jittor_saves_lacks_only_the_counters(name):
    state = published(name)
    counters = [key for key in state if key.endswith("num_batches_tracked")]
    given_state = {key: spec for key, spec in state.items() if key not in counters}
    made = match(stand_ins(given_state), method_state(get_method(name), OPTIONS[name]))
    assert made.complete and list(made.added) == counters and list(made.weights) == list(state)
    for key in counters:
        assert made.weights[key].shape == () and made.weights[key].dtype == np.int64 and made.weights[key] == 0


def test_a_method_of_no_name_is_told():
    with pytest.raises(UnknownMethodError, match="no method 'x'; there are: vaanet, cten"):
        get_method("x")


EXPECTED = Expected({"a.weight": Spec((2, 3), "float32"), "a.scale": Spec((), "float32")}, {})


def test_missing_mismatched_and_left_over_names():
    made = match({"a.weight": np.zeros((3, 2), np.float32), "b": np.ones(4)}, EXPECTED)
    assert made.mismatched == [("a.weight", (3, 2), (2, 3))]
    assert made.missing == {"a.scale": ()} and made.left_over == {"b": ((4,), "")} and not made.complete
    assert made.problems() == "1 missing (a.scale), 1 of another shape (a.weight: [3, 2] for [2, 3])"


def test_jittors_vector_of_one_is_a_scalar():
    made = match({"a.weight": np.zeros((2, 3), np.float16), "a.scale": np.full(1, 5.0, np.float32)}, EXPECTED)
    assert made.complete and made.weights["a.scale"].shape == () and made.weights["a.scale"] == 5
    assert made.renamed == [("a.scale", "a.scale", "scalar as []")]
    assert made.weights["a.weight"].dtype == np.float16 and "float16" in made.notes[0]


def test_a_model_wrapped_in_part():
    weights = {"head": np.zeros(1), "trunk.module.w": np.ones(2), "module.v": np.ones(3)}
    expected = Expected({"head": Spec((1,), "float64"), "v": Spec((3,), "float64")}, {})
    made = match(weights, expected)
    assert made.complete and made.renamed == [("module.v", "v", "prefix module. removed")]
    assert list(made.left_over) == ["trunk.module.w"]


def test_a_module_that_is_called_module_stays():
    expected = Expected({"module.a": Spec((1,), "float64"), "module.b": Spec((1,), "float64")}, {})
    made = match({"module.a": np.zeros(1), "module.b": np.zeros(1)}, expected)
    assert made.complete and not made.renamed


def test_names_that_have_nothing_in_common():
    with pytest.raises(CheckpointError, match=r"no name fits: the file has x; the model has a.weight"):
        match({"x": np.zeros(3)}, EXPECTED)


NAMES = st.sets(st.sampled_from([*EXPECTED.state, "b", "c.d", "module", "module.a.weight"]), min_size=1)


@settings(deadline=None)
@given(NAMES, st.sampled_from(["", "module.", "net."]))
def test_no_name_is_ever_lost(names, prefix):
    shapes = {"a.weight": (2, 3), "a.scale": ()}
    weights = {f"{prefix}{name}": np.zeros(shapes.get(name, (1,)), np.float32) for name in names}
    try:
        made = match(weights, EXPECTED)
    except CheckpointError as error:
        assert "no name fits" in str(error) or "would be" in str(error)
        return
    sources = [*made.matched, *(source for source, _, _ in made.renamed), *made.left_over]
    assert len(sources) + len(made.mismatched) == len(weights) and len(set(sources)) == len(sources)
    assert set(made.weights) | set(made.missing) | {n for n, _, _ in made.mismatched} == set(EXPECTED.state)


def network(method, part, stages):
    """Names and shapes of the published network behind a part of a method."""
    back = {index: name for name, index in stages.items()}
    found = {}
    for name, spec in published(method).items():
        if name.startswith(part):
            index, _, rest = name.removeprefix(part).partition(".")
            if index in back:
                found[f"{back[index]}.{rest}"] = spec
    return found


KINETICS = {"fc.weight": Spec((400, 2048), "float32"), "fc.bias": Spec((400,), "float32")}
MOMENTS = {"fc.weight": Spec((1039, 2048), "float32"), "fc.bias": Spec((1039,), "float32")}
IMAGENET = {
    "conv1.weight": Spec((64, 3, 7, 7), "float32"),
    "fc.weight": Spec((1000, 512), "float32"),
    "fc.bias": Spec((1000,), "float32"),
}


@pytest.mark.parametrize("name", ["vaanet", "cten"])
@pytest.mark.parametrize(("prefix", "head"), [("module.", KINETICS), ("", MOMENTS)], ids=["kinetics", "r3d101"])
def test_a_3d_resnet_is_the_visual_backbone(name, prefix, head):
    whole = {**network(name, "resnet.", resnet3d.STAGES), **head}
    method = get_method(name)
    weights = stand_ins({f"{prefix}{key}": spec for key, spec in whole.items()})
    made = match(weights, method_state(method), backbones=method.backbones)
    wanted = [key for key in published(name) if key.startswith("resnet.")]
    assert made.complete and made.scope == "resnet." and list(made.weights) == wanted
    assert set(made.left_over) == {f"{prefix}fc.weight", f"{prefix}fc.bias"}
    assert made.left_over[f"{prefix}fc.weight"] == (head["fc.weight"].shape, "fc of the published network is not used")
    assert made.outside == len(published(name)) - len(wanted)
    hows = {source: how for source, _, how in made.renamed}
    wrapped = "prefix module. removed, " if prefix else ""
    assert hows[f"{prefix}layer3.5.bn2.bias"] == f"{wrapped}layer3 is resnet.6"
    # A block that is not there is missing: another depth does not pass.
    del weights[f"{prefix}layer3.22.conv1.weight"]
    assert match(weights, method_state(method), backbones=method.backbones).missing == {
        "resnet.6.22.conv1.weight": (256, 1024, 1, 1, 1)
    }


@pytest.mark.parametrize("name", ["vaanet", "cten"])
def test_an_imagenet_resnet_is_the_audio_trunk(name):
    whole = {**IMAGENET, **network(name, "a_resnet.", audio_resnet.STAGES)}
    method = get_method(name)
    made = match(stand_ins(whole), method_state(method), backbones=method.backbones)
    assert made.complete and made.scope == "a_resnet."
    assert set(made.left_over) == {"conv1.weight", "fc.weight", "fc.bias"}
    assert "a_resnet.0.weight" not in made.weights and "a_resnet.1.running_mean" in made.weights
    assert any("a_resnet.0.weight is the model's own" in note for note in made.notes)


def test_a_file_that_is_no_backbone():
    method = get_method("vaanet")
    with pytest.raises(CheckpointError, match=r"no published network .*resnet, a_resnet"):
        match(stand_ins(published("vaanet")), method_state(method), backbones=method.backbones, as_backbone=True)


def test_a_trained_graph_is_reported_and_kept_if_asked():
    method = get_method("bpmgcn")
    expected = method_state(method)
    tables = [key for key in expected.tables if key.endswith("gcn1.A")]
    assert len(tables) == 20
    graph = adjacency().astype(np.float32)
    ported = stand_ins({k: s for k, s in published("bpmgcn").items() if not k.endswith("num_batches_tracked")})
    ported |= dict.fromkeys(tables, graph)
    ported["l3_p.gcn1.A"] = graph + np.float32(0.25)
    made = match(ported, expected)
    assert made.complete and set(made.left_over) == set(tables)
    assert "up to 0.25 from the model's; --keep-tables" in made.left_over["l3_p.gcn1.A"][1]
    assert "the same as the model's" in made.left_over["l4_p.gcn1.A"][1]
    kept = match(ported, expected, keep_tables=True)
    assert set(list(kept.weights)[-20:]) == set(tables)
    assert sum(note.startswith("warning: ") for note in kept.notes) == 20


def run(*arguments):
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Initial weights of a small bpmgcn."""
    path = tmp_path_factory.mktemp("start") / "start.safetensors"
    done = run("make-weights", "bpmgcn", "--seed", 7, *SMALL, "-o", path)
    assert done.exit_code == 0, done.output
    return path


def test_weights_are_made_by_the_seed(start, tmp_path):
    state = torch.get_rng_state()
    again, other = tmp_path / "again.pkl", tmp_path / "other.npz"
    assert run("make-weights", "bpmgcn", "--seed", 7, *SMALL, "-o", again).exit_code == 0
    assert run("make-weights", "bpmgcn", "--seed", 8, *SMALL, "-o", other).exit_code == 0
    assert torch.equal(torch.get_rng_state(), state)
    first, second, third = (load_checkpoint(path) for path in (start, again, other))
    assert first.metadata["method"] == "bpmgcn" and first.metadata["seed"] == "7"
    assert all(same_bits(first.weights[name], array) for name, array in second.weights.items())
    assert any(not same_bits(second.weights[name], array) for name, array in third.weights.items())
    torch.manual_seed(7)
    model = get_method("bpmgcn").build("torch", **SMALL_OPTIONS)
    assert list(second.weights) == list(model.state_dict())
    assert all(same_bits(second.weights[name], value.numpy()) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["x", "--seed", 1, "-o", "a.npz"], "no method 'x'"),
        (["bpmgcn", "--seed", 1, "-o", "a.npz", "--set", "depth=3"], "no option 'depth=3'"),
        (["bpmgcn", "--seed", 1, "-o", "a.npz", "--set", "width=many"], "expected a value like 64"),
        (["cten", "--seed", 1, "-o", "a.npz", "--set", "seq_len=4"], "audio_n_segments (16) must be seq_len (4)"),
        (["bpmgcn", "--seed", 1, "-o", "a.txt"], "the suffix says no format"),
    ],
)
def test_weights_that_cannot_be_made(tmp_path, monkeypatch, arguments, word):
    monkeypatch.chdir(tmp_path)
    done = run("make-weights", *arguments)
    assert done.exit_code == 2 and word in done.output and done.output.count("\n") == 1


def test_loading_into_a_torch_model(start):
    model = get_method("bpmgcn").build("torch", **SMALL_OPTIONS)
    made = load_into(model, start)
    assert made.complete and not made.left_over
    weights = load_checkpoint(start).weights
    assert all(same_bits(weights[name], value.numpy()) for name, value in model.state_dict().items())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    del weights["fc2_aff.bias"]
    weights["fc2_aff.weight"] = weights["fc2_aff.weight"] + 1
    with pytest.raises(CheckpointError, match=r"does not fit BPMGCN: 1 missing \(fc2_aff.bias\)"):
        load_into(model, weights)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert load_into(model, weights, partial=True).missing.keys() == {"fc2_aff.bias"}
    assert torch.equal(model.fc2_aff.weight, before["fc2_aff.weight"] + 1) and model.fc2_aff.weight.requires_grad
    table = model.l1_p.gcn1.A + 0.5
    load_into(model, {**weights, "l1_p.gcn1.A": table.numpy()}, partial=True)
    assert not torch.equal(model.l1_p.gcn1.A, table)
    load_into(model, {**weights, "l1_p.gcn1.A": table.numpy()}, partial=True, keep_tables=True)
    assert torch.equal(model.l1_p.gcn1.A, table)
    with pytest.raises(TypeError, match="no module"):
        load_into(object(), start)


def test_bfloat16_weights_into_a_model_of_float32():
    layer = torch.nn.Linear(2, 1)
    wanted = {name: value.detach().bfloat16() for name, value in layer.state_dict().items()}
    load_into(layer, {name: value.view(torch.int16).numpy().view(BFLOAT16) for name, value in wanted.items()})
    assert all(torch.equal(value, wanted[name].float()) for name, value in layer.state_dict().items())
    assert torch_state(layer).state["bias"] == Spec((1,), "float32")


def test_the_command_matches_and_reports(start, tmp_path):
    weights = load_checkpoint(start).weights
    jittor = {f"module.{name}": a for name, a in weights.items() if not name.endswith("num_batches_tracked")}
    content = {"epoch": 3, "state_dict": {name: torch.from_numpy(array) for name, array in jittor.items()}}
    torch.save(content, tmp_path / "best.pth")
    done = run(
        *("convert-checkpoint", tmp_path / "best.pth", "--method", "bpmgcn", *SMALL),
        *("-o", tmp_path / "clean.pth", "--report", tmp_path / "report.json"),
    )
    assert done.exit_code == 0, done.output
    assert "under 'state_dict'" in done.output and "not read: epoch (3)" in done.output
    assert "730 of 730 names" in done.output and "read back and compared" in done.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["match"]["complete"] and report["ignored"] == {"epoch": "3"}
    assert report["options"] == SMALL_OPTIONS and report["output"]["format"] == "torch"
    assert len(report["match"]["added"]) == 52 and len(report["match"]["renamed"]) == len(jittor)
    first = report["match"]["renamed"][0]
    assert first["from"] == f"module.{first['to']}" and first["how"] == "prefix module. removed"
    found = torch.load(tmp_path / "clean.pth", weights_only=True)
    model = get_method("bpmgcn").build("torch", **SMALL_OPTIONS)
    model.load_state_dict(found)  # strict
    assert list(found) == list(model.state_dict())


def test_the_command_says_what_does_not_fit(start, tmp_path):
    weights = load_checkpoint(start).weights
    for name in ("fc1_classifier_p", "fc1_classifier_m"):
        weights[f"{name}.weight"] = np.zeros((7, 16), np.float32)
        weights[f"{name}.bias"] = np.zeros(7, np.float32)
    save_checkpoint(weights, tmp_path / "seven.npz")
    common = ["convert-checkpoint", tmp_path / "seven.npz", "--method", "bpmgcn", *SMALL]
    done = run(*common, "-o", tmp_path / "out.pkl")
    assert done.exit_code == 1
    assert "INCOMPLETE: 4 of another shape" in done.output and "add --set num_class=7" in done.output
    assert len(load_checkpoint(tmp_path / "out.pkl").weights) == 726
    assert run(*common, "--set", "num_class=7").exit_code == 0
    weights["extra"] = np.ones(3)
    save_checkpoint(weights, tmp_path / "more.npz")
    done = run("convert-checkpoint", tmp_path / "more.npz", "--method", "bpmgcn", *SMALL, "--set", "num_class=7")
    assert done.exit_code == 0 and "extra" in done.output


def test_the_command_writes_a_backbone(tmp_path):
    options = ["--set", "audio_layers=(1, 1, 1, 1)"]
    state = method_state(get_method("vaanet"), {"audio_layers": (1, 1, 1, 1)}).state
    back = {index: name for name, index in audio_resnet.STAGES.items()}
    rows = [(n, n.removeprefix("a_resnet.").partition("."), s) for n, s in state.items() if n.startswith("a_resnet.")]
    draw = np.random.default_rng(0)
    wanted = {n: draw.standard_normal(s.shape).astype(s.dtype) for n, (index, _, _), s in rows if index in back}
    whole = {f"{back[index]}.{rest}": wanted[n] for n, (index, _, rest), _ in rows if n in wanted}
    whole |= {name: np.zeros(spec.shape, np.float32) for name, spec in IMAGENET.items()}
    torch.save({name: torch.tensor(array) for name, array in whole.items()}, tmp_path / "resnet18.pth")
    source, goal = tmp_path / "resnet18.pth", tmp_path / "a.pkl"
    done = run("convert-checkpoint", source, "--method", "vaanet", *options, "-o", goal)
    assert done.exit_code == 0, done.output
    assert "a_resnet.* only" in done.output and "fc of the published network is not used" in done.output
    found = load_checkpoint(goal).weights
    assert list(found) == list(wanted) and all(same_bits(found[name], array) for name, array in wanted.items())


def test_without_a_method_only_the_prefix_of_data_parallel_goes(tmp_path):
    weights = {"module.bn.running_mean": np.zeros(2), "module.bn.running_var": np.ones(2)}
    save_checkpoint(weights, tmp_path / "x.pkl")
    done = run("convert-checkpoint", tmp_path / "x.pkl", "-o", tmp_path / "y.pth")
    assert done.exit_code == 0 and "2 renamed: prefix module. removed" in done.output
    assert "1 batch norms without num_batches_tracked" in done.output
    norm = torch.nn.BatchNorm1d(2, affine=False)
    wrapped = torch.nn.ModuleDict({"bn": norm})
    wrapped.load_state_dict(torch.load(tmp_path / "y.pth", weights_only=True))  # strict: Torch makes the counter
    done = run("convert-checkpoint", tmp_path / "x.pkl", "--keep-names", "-o", tmp_path / "z.npz")
    assert list(load_checkpoint(tmp_path / "z.npz").weights) == list(weights)
    done = run("convert-checkpoint", tmp_path / "x.pkl")
    assert done.exit_code == 0 and "module.bn.running_var" in done.output and len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["none.pth"], "no such file"),
        (["photo.pth"], "a JPEG image"),
        (["good.npz", "-o", "good.npz"], "is there already; --force"),
        (["good.npz", "-o", "x.weights"], "the suffix says no format"),
        (["good.npz", "--method", "resnet"], "no method 'resnet'"),
        (["good.npz", "--method", "tslnet"], "good.npz: not of tslnet: no name fits"),
        (["good.npz", "--as-backbone"], "need --method"),
        (["good.npz", "--report", "good.npz"], "is there already"),
        (["none.pth", "-o", "x.weights"], "the suffix says no format"),
    ],
)
def test_what_the_command_refuses(tmp_path, monkeypatch, arguments, word):
    monkeypatch.chdir(tmp_path)
    save_checkpoint({"w": np.ones(2)}, "good.npz")
    Path("photo.pth").write_bytes(b"\xff\xd8\xff\xe0" + bytes(99))
    done = run("convert-checkpoint", *arguments)
    assert done.exit_code == 2 and word in done.output and done.output.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.npz", "photo.pth"]
    assert load_checkpoint("good.npz").weights["w"].tolist() == [1, 1]
