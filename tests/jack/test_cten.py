"""CTEN's network, erasing and training in Torch, beyond what the golden figures show."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from jack.methods.cten_erasing import keep_masks
from jack.methods.torch.attention import MultiHeadAttention, NonLocalBlock
from jack.methods.torch.cten import CTEN
from jack.methods.torch.cten_training import make_optimizer, training_step, validation_step
from jack.methods.torch.video_losses import make_criterion
from jack.methods.torch.video_training import gradient_norms
from tests.jack.video_models import pixels, small_batch, small_model

KEYS = Path(__file__).parents[1] / "golden" / "cten_keys.json"


@pytest.fixture(scope="module")
def shared():
    torch.manual_seed(0)
    made = small_model("cten")
    torch.nn.init.uniform_(made.ta_net.fc.bias, 0.5, 1.5)  # attention that no ReLU shuts off
    return made


@pytest.fixture
def model(shared):
    """A small network in training mode, as it was made."""
    kept = {name: value.clone() for name, value in shared.state_dict().items()}
    yield shared.train()
    shared.load_state_dict(kept)
    shared.zero_grad()


class Erased:
    """Gives recorded videos and keeps the masks it was asked with."""

    def __init__(self, *videos):
        self.videos = list(videos)
        self.asked = []

    def __call__(self, keep):
        self.asked.append(keep)
        return self.videos[len(self.asked) - 1]


def three_videos():
    draw = np.random.default_rng(5)
    return [pixels(draw) for _ in range(3)]


def test_the_state_has_the_published_keys_in_order():
    listed = json.loads(KEYS.read_text())
    model = CTEN(seq_len=4, audio_n_segments=4)
    assert [(key, list(value.shape)) for key, value in model.state_dict().items()] == list(listed["keys"].items())
    assert [name for name, value in model.named_parameters() if value.requires_grad] == listed["trainable"]
    assert sum(p.numel() for p in model.parameters()) == 135_283_232
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == 50_038_112
    assert model.drop.p == 0.2


@torch.no_grad()
@pytest.mark.parametrize(("size", "frames"), [(100, 8), (96, 32)])
def test_other_sizes(size, frames):
    model = small_model("cten", sample_size=size, snippet_duration=frames).eval()
    logits, gamma = model(torch.rand(2, 2, 3, frames, size, size) * 255, torch.rand(2, 200, 128))
    assert logits.shape == (2, 8) and gamma.shape == (2, 2)
    assert (gamma >= 0).all()


def test_what_does_not_fit_is_refused(shared):
    with pytest.raises(ValueError, match="audio_embed_size must be 2048, .* not 256"):
        small_model("cten", audio_embed_size=256)
    with pytest.raises(ValueError, match=r"audio_n_segments \(16\) must be seq_len \(2\)"):
        small_model("cten", audio_n_segments=16)
    with pytest.raises(ValueError, match="frames or the segments are not those"):
        shared.eval()(torch.zeros(1, 2, 3, 8, 96, 96), torch.zeros(1, 200, 128))


@torch.no_grad()
def test_videos_are_not_mixed_up_and_their_pixels_stay(model):
    model.eval()
    visual, audio = torch.from_numpy(three_videos()[0]), torch.rand(2, 200, 128)
    before = visual.clone()
    together = model(visual, audio)
    assert torch.equal(visual, before)
    for index in range(2):
        alone = model(visual[index : index + 1], audio[index : index + 1])
        torch.testing.assert_close(together[0][index], alone[0][0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(together[1][index], alone[1][0], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_the_non_local_block_scales_its_input_and_not_its_result():
    block = NonLocalBlock(6, 4).eval()
    x = torch.randn(2, 3, 6)
    result = block(x)
    assert block.alpha.shape == (1,) and block.alpha.item() == 0
    for video in range(2):
        scores = block.theta(x[video]) @ block.phi(x[video]).T / 2.0
        wanted = block.bn(block.out(F.softmax(scores, dim=1) @ block.g(x[video])))
        torch.testing.assert_close(result[video], wanted)
    block.alpha.fill_(0.75)
    torch.testing.assert_close(block(x), result + 0.75 * x)


@torch.no_grad()
def test_each_head_attends_by_itself_and_every_projection_has_a_relu():
    attention = MultiHeadAttention(6, 2)
    q, k, v = torch.randn(3, 2, 4, 6).unbind(0)
    projected = [
        F.relu(layer(x)) for layer, x in zip((attention.linear_q, attention.linear_k, attention.linear_v), (q, k, v))
    ]
    heads = []
    for head in (slice(0, 3), slice(3, 6)):
        queries, keys, values = (x[:, :, head] for x in projected)
        heads.append(F.softmax(queries @ keys.transpose(1, 2) / math.sqrt(3), dim=2) @ values)
    wanted = F.relu(attention.linear_o(torch.cat(heads, dim=2)))
    torch.testing.assert_close(attention(q, k, v), wanted)
    with pytest.raises(ValueError, match="7 features cannot be divided between 2 heads"):
        MultiHeadAttention(7, 2)


def test_a_step_has_the_gradient_of_the_mean_of_three_passes(model):
    videos = three_videos()
    batch = {**small_batch("cten"), "visual": videos[0]}
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    erased = Erased(*videos[1:])
    criterion = make_criterion("ce")
    logs = training_step(model, criterion, make_optimizer(model, lr=0.0), batch, erased)
    norms = gradient_norms(model)

    after = {name: value.clone() for name, value in model.state_dict().items() if "running" in name}
    model.load_state_dict(kept)
    audio, label = torch.from_numpy(batch["audio"]), torch.from_numpy(batch["label"])
    outputs = [model(torch.from_numpy(video), audio) for video in videos]
    losses = [criterion(logits, label) for logits, _ in outputs]
    trained = {name: value for name, value in model.named_parameters() if value.requires_grad}
    wanted = torch.autograd.grad(sum(losses) / 3, list(trained.values()))
    assert list(norms) == list(trained)
    for name, gradient in zip(trained, wanted):
        assert norms[name] == pytest.approx(gradient.norm().item(), rel=1e-3, abs=1e-5), name
    assert [logs[f"loss{n}"] for n in (1, 2, 3)] == pytest.approx([loss.item() for loss in losses], rel=1e-5)
    assert logs["loss"] == pytest.approx(sum(loss.item() for loss in losses) / 3, rel=1e-5)
    accuracies = [(logits.argmax(dim=1) == label).float().mean().item() for logits, _ in outputs]
    assert [logs[f"acc{n}"] for n in (1, 2, 3)] == pytest.approx(accuracies)
    # Three passes move the running statistics three times.
    for name, value in after.items():
        torch.testing.assert_close(value, model.state_dict()[name], rtol=1e-4, atol=1e-5, msg=name)
    masks = keep_masks(outputs[0][1].detach().numpy())
    np.testing.assert_array_equal(erased.asked, masks)


def test_a_step_trains_all_but_the_backbone(model):
    before = {name: value.clone() for name, value in model.named_parameters()}
    videos = three_videos()
    training_step(model, make_criterion("ce"), make_optimizer(model), small_batch("cten"), Erased(*videos[1:]))
    for name, value in model.named_parameters():
        assert torch.equal(value, before[name]) == name.startswith("resnet."), name


def test_weight_decay_is_part_of_the_gradient(model):
    optimizer = make_optimizer(model)
    assert type(optimizer) is torch.optim.Adam
    (group,) = optimizer.param_groups
    assert (group["lr"], group["weight_decay"], group["betas"], group["eps"]) == (2e-4, 5e-4, (0.9, 0.999), 1e-8)
    assert {id(p) for p in group["params"]} == {id(p) for p in model.parameters() if p.requires_grad}


@pytest.mark.parametrize("frozen", [False, True])
def test_the_backbones_statistics_move_unless_they_are_frozen(frozen):
    model = small_model("cten", freeze_backbone_bn=frozen).eval().train()
    before = {name: value.clone() for name, value in model.state_dict().items() if "running" in name}
    batch = small_batch("cten")
    with torch.no_grad():
        model(torch.from_numpy(batch["visual"]), torch.from_numpy(batch["audio"]))
    moved = {name for name, value in before.items() if not torch.equal(value, model.state_dict()[name])}
    of_backbone = {name for name in before if name.startswith("resnet.")}
    assert moved & of_backbone == (set() if frozen else of_backbone)
    assert "nl.0.bn.running_mean" in moved


def test_validation_takes_the_mean_of_two_passes_logits_and_learns_nothing(model):
    model.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    videos = three_videos()
    batch = {**small_batch("cten"), "visual": videos[0]}
    erased = Erased(videos[1])
    logs, logits = validation_step(model, make_criterion("ce"), batch, erased)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    audio, label = torch.from_numpy(batch["audio"]), torch.from_numpy(batch["label"])
    with torch.no_grad():
        (first, gamma), (second, _) = (model(torch.from_numpy(video), audio) for video in videos[:2])
    np.testing.assert_allclose(logits, (first + second).numpy() / 2, rtol=1e-5, atol=1e-6)
    losses = [F.cross_entropy(x, label).item() for x in (first, second)]
    assert [logs["loss1"], logs["loss2"]] == pytest.approx(losses, rel=1e-5)
    assert logs["loss"] == pytest.approx(sum(losses) / 2, rel=1e-5)
    assert logs["acc"] == float((logits.argmax(axis=1) == batch["label"]).mean())
    assert len(erased.asked) == 1
    np.testing.assert_array_equal(erased.asked[0], keep_masks(gamma.numpy())[0])
