"""VAANet's network and training in Torch, beyond what the golden figures show."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from jack.methods.torch.audio_resnet import load_audio_trunk
from jack.methods.torch.resnet3d import load_backbone
from jack.methods.torch.vaanet import VAANet
from jack.methods.torch.vaanet_training import make_optimizer, training_step, validation_step
from jack.methods.torch.video_losses import make_criterion
from tests.jack.video_models import pixels, small_batch, small_model

KEYS = Path(__file__).parents[1] / "golden" / "vaanet_keys.json"


@pytest.fixture(scope="module")
def shared():
    torch.manual_seed(0)
    return small_model("vaanet")


@pytest.fixture
def model(shared):
    """A small network in training mode, as it was made."""
    kept = {name: value.clone() for name, value in shared.state_dict().items()}
    yield shared.train()
    shared.load_state_dict(kept)
    shared.zero_grad()


def snapshot(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def moved(model, before):
    return {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}


def test_the_state_has_the_published_keys_in_order():
    listed = json.loads(KEYS.read_text())
    model = VAANet(seq_len=4)
    assert [(key, list(value.shape)) for key, value in model.state_dict().items()] == list(listed["keys"].items())
    assert [name for name, value in model.named_parameters() if value.requires_grad] == listed["trainable"]
    assert sum(p.numel() for p in model.parameters()) == 97_868_876
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == 12_623_756


@torch.no_grad()
@pytest.mark.parametrize(("size", "frames", "snippets"), [(100, 8, 2), (112, 16, 1), (128, 1, 3)])
def test_other_sizes_with_as_many_positions(size, frames, snippets):
    model = small_model("vaanet", sample_size=112, seq_len=snippets, snippet_duration=16).eval()
    visual = torch.rand(2, snippets, 3, frames, size, size) * 255
    logits, alpha, beta, gamma = model(visual, torch.rand(2, 128, 32))
    assert logits.shape == (2, 8) and gamma.shape == (2, snippets)
    assert alpha.shape == (snippets, 2, 16) and beta.shape == (snippets, 2, 512)
    torch.testing.assert_close(alpha.mean(dim=2), torch.ones(snippets, 2))
    torch.testing.assert_close(beta.mean(dim=2), torch.ones(snippets, 2))


def test_what_does_not_fit_is_refused(shared):
    with pytest.raises(ValueError, match="4 positions after the backbone; the network was built for 16"):
        small_model("vaanet", sample_size=112)(torch.zeros(1, 2, 3, 8, 64, 64), torch.zeros(1, 128, 32))
    with pytest.raises(ValueError, match="snippet_duration is 17"):
        small_model("vaanet", snippet_duration=17)
    with pytest.raises(ValueError, match="128 frames of audio cannot be cut into 3"):
        small_model("vaanet", audio_n_segments=3)
    with pytest.raises(ValueError, match="127 frames of audio cannot be cut into 2"):
        shared.audio_features(torch.zeros(1, 127, 32))


@torch.no_grad()
def test_the_callers_pixels_stay_as_they_are(model):
    visual = torch.from_numpy(pixels(np.random.default_rng(0), batch=1))
    before = visual.clone()
    model.eval()(visual, torch.rand(1, 128, 32))
    assert torch.equal(visual, before)


@torch.no_grad()
def test_snippets_and_videos_are_not_mixed_up(model):
    model.eval()
    visual, audio = torch.from_numpy(pixels(np.random.default_rng(1))), torch.rand(2, 128, 32)
    together = model(visual, audio)
    for index in range(2):
        alone = model(visual[index : index + 1], audio[index : index + 1])
        torch.testing.assert_close(together[0][index], alone[0][0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(together[1][:, index], alone[1][:, 0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(together[3][index], alone[3][0], rtol=1e-4, atol=1e-5)


def test_a_step_trains_all_but_the_backbone_and_the_unused_head(model):
    before = snapshot(model)
    criterion = make_criterion("pcce_ve8")
    logs = training_step(model, criterion, make_optimizer(model), small_batch("vaanet"))
    changed = moved(model, before)
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    # Biases before a batch norm have a gradient of nothing but rounding.
    assert trained - changed - {"conv0.0.bias", "a_fc.0.bias"} == {"fc.weight", "fc.bias"}
    parameters = {name for name, _ in model.named_parameters()}
    assert not any(name.startswith("resnet.") for name in changed & parameters)
    assert logs["loss"] > 0 and logs["acc"] in (0, 0.5, 1)
    assert all(type(value) is float for value in logs.values())


def test_weight_decay_does_not_reach_the_unused_head(model):
    before = snapshot(model)
    training_step(model, make_criterion("ce"), make_optimizer(model, weight_decay=0.1), small_batch("vaanet"))
    assert not {"fc.weight", "fc.bias"} & moved(model, before)


@pytest.mark.parametrize("frozen", [False, True])
def test_the_backbones_statistics_move_unless_they_are_frozen(frozen):
    model = small_model("vaanet", freeze_backbone_bn=frozen)
    before = snapshot(model.eval().train())
    with torch.no_grad():
        batch = small_batch("vaanet")
        model(torch.from_numpy(batch["visual"]), torch.from_numpy(batch["audio"]))
    statistics = {name for name in before if name.startswith("resnet.") and "running" in name}
    assert len(statistics) == 34
    assert statistics & moved(model, before) == (set() if frozen else statistics)
    assert "a_resnet.1.running_mean" in moved(model, before)


def test_validation_learns_nothing(model):
    before = snapshot(model.eval())
    batch = small_batch("vaanet")
    logs, logits = validation_step(model, make_criterion("ce"), batch)
    assert not moved(model, before)
    wanted = nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(batch["label"]))
    assert logs["loss"] == pytest.approx(wanted.item(), rel=1e-5)
    assert logs["acc"] == float((logits.argmax(axis=1) == batch["label"]).mean())


def published(model, prefix=""):
    """A whole 3-D ResNet with the weights of a backbone, as a file of its authors would hold it."""
    names = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}
    state = {}
    for key, value in model.resnet.state_dict().items():
        first, _, rest = key.partition(".")
        state[f"{prefix}{names[first]}.{rest}"] = torch.rand(value.shape) if value.ndim else value
    state.update({f"{prefix}fc.weight": torch.zeros(400, 2048), f"{prefix}fc.bias": torch.zeros(400)})
    return state


@pytest.mark.parametrize("prefix", ["", "module."])
def test_kinetics_weights_are_taken_over_without_the_classifier(model, prefix):
    state = published(model, prefix)
    load_backbone(model.resnet, state)
    assert torch.equal(model.resnet[4][0].conv2.weight, state[f"{prefix}layer1.0.conv2.weight"])
    assert torch.equal(model.resnet[1].running_var, state[f"{prefix}bn1.running_var"])
    assert not any(parameter.requires_grad for parameter in model.resnet.parameters())


def test_other_files_are_no_backbone(model):
    state = published(model)
    del state["layer3.0.bn2.bias"]
    with pytest.raises(RuntimeError, match=r"6\.0\.bn2\.bias"):
        load_backbone(model.resnet, state)
    with pytest.raises(ValueError, match="'stem.weight' is no entry of a 3-D ResNet"):
        load_backbone(model.resnet, {**published(model), "stem.weight": torch.zeros(1)})


def test_imagenet_weights_leave_the_first_convolution(model):
    names = {"1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}
    state = {
        "conv1.weight": torch.zeros(64, 3, 7, 7),
        "fc.weight": torch.zeros(1000, 512),
        "fc.bias": torch.zeros(1000),
    }
    for key, value in model.a_resnet.state_dict().items():
        first, _, rest = key.partition(".")
        if first != "0":
            state[f"{names[first]}.{rest}"] = torch.rand(value.shape) if value.ndim else value
    first = model.a_resnet[0].weight.clone()
    load_audio_trunk(model.a_resnet, state)
    assert torch.equal(model.a_resnet[0].weight, first)
    assert torch.equal(model.a_resnet[7][0].downsample[0].weight, state["layer4.0.downsample.0.weight"])
    with pytest.raises(ValueError, match="'features.0.weight' is no entry of a ResNet"):
        load_audio_trunk(model.a_resnet, {"features.0.weight": torch.zeros(1)})
