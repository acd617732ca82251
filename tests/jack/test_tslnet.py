"""TSL-Net's network, losses and training in Torch, beyond what the golden figures show."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from jack.methods.torch.tslnet import AUDIO_CHUNK, CrossModalPrediction, TSLNet
from jack.methods.torch.tslnet_losses import TotalLoss, background_loss
from jack.methods.torch.tslnet_training import make_optimizer, set_learning_rate, training_step, video_loss_terms
from jack.methods.tslnet_options import parse_floats
from jack.methods.tslnet_positions import positional_table

KEYS = Path(__file__).parents[1] / "golden" / "tslnet_keys.json"


@pytest.fixture(scope="module")
def full_model():
    return TSLNet(dropout=0.0).eval()


@pytest.fixture
def model(full_model):
    """The network with small stand-ins for the two prediction nets, which hold nine tenths of the parameters."""
    torch.manual_seed(0)
    small = TSLNet.__new__(TSLNet)
    nn.Module.__init__(small)
    small.num_classes, small.r_act, small.cls_module = 2, 8, full_model.cls_module
    kept = full_model.cls_module.rev_fa.net, full_model.cls_module.rev_fv.net
    for prediction in (small.cls_module.rev_fa, small.cls_module.rev_fv):
        prediction.net = nn.Sequential(nn.Conv1d(2048, 512, kernel_size=1), nn.ReLU())
    yield small
    full_model.cls_module.rev_fa.net, full_model.cls_module.rev_fv.net = kept
    full_model.zero_grad()


def video(seed, segments=9):
    draw = np.random.default_rng(seed)
    anno = np.zeros((segments, 2), dtype=np.float32)
    anno[[2, 5]] = [[0.9, 0.1], [0.1, 0.9]]
    return {
        "rgb": np.abs(draw.standard_normal((segments, 1024))).astype(np.float32),
        "mel": draw.random((segments, 32, 60)).astype(np.float32),
        "label": np.ones(2, dtype=np.float32),
        "label_distribution": np.full(2, 0.5, dtype=np.float32),
        "point_anno": anno,
    }


def test_the_state_has_the_published_keys_in_order(full_model):
    state = [[k, list(v.shape), str(v.dtype).removeprefix("torch.")] for k, v in full_model.state_dict().items()]
    assert state == json.loads(KEYS.read_text())
    assert sum(p.numel() for p in full_model.parameters()) == 91_342_592


def test_the_positional_table_is_neither_trained_nor_saved(full_model):
    assert not any("tpe" in name for name, _ in full_model.named_parameters())
    assert not any("tpe" in name for name in full_model.state_dict())
    assert full_model.cls_module.tpe.shape == (4000, 60)
    table = positional_table(7, 4)
    assert table.dtype == np.float32
    assert table[3] == pytest.approx([np.sin(3), np.cos(3), np.sin(0.03), np.cos(0.03)], abs=1e-6)


@torch.no_grad()
def test_a_very_short_video_has_figures(full_model):
    rgb, mel = torch.rand(1, 3, 1024), torch.rand(1, 3, 32, 60)
    scores, activation, features = full_model(rgb, mel)
    assert scores.shape == (1, 2) and activation.shape == (1, 3, 3) and features.shape == (1, 3, 2048)
    assert torch.isfinite(scores).all() and torch.isfinite(activation).all()


def test_a_video_beyond_the_table_is_refused(full_model):
    with pytest.raises(ValueError, match="4001 segments"):
        full_model.cls_module.audio_features(torch.zeros(1, 4001, 1, 60))


@torch.no_grad()
def test_neighbours_are_found_inside_a_chunk_in_a_circle(full_model):
    segments = AUDIO_CHUNK + 2
    mel = torch.rand(1, segments, 32, 60)
    base = full_model.cls_module.audio_features(mel)[0]
    mel[0, AUDIO_CHUNK] += 1.0  # the first of the last chunk, which has two: each is the other's both neighbours
    changed = (full_model.cls_module.audio_features(mel)[0] - base).abs().amax(dim=1) > 1e-6
    assert changed.nonzero().flatten().tolist() == [AUDIO_CHUNK, AUDIO_CHUNK + 1]
    assert base.shape == (segments, 512)


def test_labels_choose_the_training_outputs_and_the_mode_does_not(model):
    item = video(0)
    rgb, mel, label = (torch.from_numpy(item[name])[None] for name in ("rgb", "mel", "label"))
    with torch.no_grad():
        assert len(model(rgb, mel)) == 3
        outputs = model(rgb, mel, label)
    assert [tuple(o.shape) for o in outputs] == [(1, 2), (1, 9, 3), (1, 9, 3), (1, 9, 2048), (1, 2), ()]
    assert outputs[5].item() <= 0


def test_a_row_of_zeros_makes_no_nan_in_the_prediction():
    net = CrossModalPrediction(fused_channels=4, channels=3)
    net.net = nn.Sequential(nn.Conv1d(4, 3, kernel_size=1), nn.ReLU())
    x = torch.rand(1, 5, 3)
    x[0, 2] = 0
    x.requires_grad_()
    value = net(x, torch.rand(1, 4, 5))
    value.backward()
    assert torch.isfinite(value) and torch.isfinite(x.grad).all()


def test_the_loss_of_a_video_without_background_is_finite():
    p = torch.full((1, 4, 3), 0.4, requires_grad=True)
    value = background_loss(p, torch.zeros(1, 4))
    value.backward()
    assert value.item() == 0 and torch.equal(p.grad, torch.zeros(1, 4, 3))


def test_the_sign_of_the_prediction_is_an_option():
    p, ldl = torch.full((1, 6, 3), 0.4), torch.tensor([[0.3, 0.7]])
    anno = torch.zeros(1, 6, 2)
    anno[0, 2] = torch.tensor([0.9, 0.1])
    arguments = (ldl, p, torch.tensor(-3.0), torch.tensor([[1.0, 0.0]]), anno)
    authors, terms, _, _ = TotalLoss()(*arguments)
    paper, _, _, _ = TotalLoss(cpc_sign="paper")(*arguments)
    assert paper.item() - authors.item() == pytest.approx(6.0, abs=1e-5)
    assert terms["loss_vid_ldl"].item() == pytest.approx(-np.log(0.3) / 2, abs=1e-6)  # 0 ln 0 counts as 0
    with pytest.raises(ValueError, match="cpc_sign"):
        TotalLoss(cpc_sign="mine")
    with pytest.raises(ValueError, match="four lambdas"):
        TotalLoss([1, 2])


def test_the_losses_of_two_videos_are_the_mean_of_each():
    draw = np.random.default_rng(3)
    p = torch.from_numpy(draw.random((2, 12, 3)).astype(np.float32))
    anno = torch.zeros(2, 12, 2)
    anno[0, 3], anno[1, 7], anno[1, 9] = torch.tensor([0.9, 0.1]), torch.tensor([0.1, 0.9]), torch.tensor([0.9, 0.1])
    ldl, distribution = torch.tensor([[0.3, 0.7], [0.6, 0.4]]), torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    both, _, _, _ = TotalLoss()(ldl, p, torch.tensor(-1.0), distribution, anno)
    each = [
        TotalLoss()(ldl[i : i + 1], p[i : i + 1], torch.tensor(-1.0), distribution[i : i + 1], anno[i : i + 1])[0]
        for i in range(2)
    ]
    assert both.item() == pytest.approx((each[0].item() + each[1].item()) / 2, rel=1e-5)


def test_the_optimizer_has_two_groups_that_keep_their_ratio(model):
    optimizer = make_optimizer(model, 1e-5)
    rest, audio = optimizer.param_groups
    assert (rest["lr"], audio["lr"]) == (1e-5, pytest.approx(1e-4))
    assert rest["weight_decay"] == audio["weight_decay"] == 5e-4
    names = {id(p): name for name, p in model.named_parameters()}
    assert all("a_extractor" in names[id(p)] for p in audio["params"])
    assert not any("a_extractor" in names[id(p)] for p in rest["params"])
    assert len(rest["params"]) + len(audio["params"]) == len(names)
    set_learning_rate(optimizer, 2e-6)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([2e-6, 2e-5])


def test_a_step_on_several_videos_has_the_gradient_of_the_mean(model):
    videos = [video(1), video(2, segments=12)]
    criterion = TotalLoss()
    optimizer = make_optimizer(model, 0.0)  # the step must not move anything
    logs = training_step(model, criterion, optimizer, videos)
    found = {name: p.grad.clone() for name, p in model.named_parameters()}
    totals = [video_loss_terms(model, criterion, item)[0] for item in videos]
    wanted = torch.autograd.grad(sum(totals) / 2, list(model.parameters()))
    for name, gradient in zip(found, wanted):
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6, msg=name)
    assert logs["loss_total"] == pytest.approx(sum(t.item() for t in totals) / 2, rel=1e-5)
    assert {"pos_num", "neg_num", "pos_neg_rage", "loss_frame_pact", "loss_frame_bkg"} < set(logs)
    assert all(type(value) is float for value in logs.values())


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[2, 1, 0.5, 1]", [2, 1, 0.5, 1]),
        ("[0.00001]*3", [1e-5] * 3),
        ("3 * [1e-5]", [1e-5] * 3),
        ("[1e-4]*2 + [1e-5]", [1e-4, 1e-4, 1e-5]),
        ("[-1, +2]", [-1, 2]),
        ("[]", []),
    ],
)
def test_lists_of_numbers_are_read(text, values):
    assert parse_floats(text) == values


@pytest.mark.parametrize(
    "text", ["__import__('os')", "[x]", "[1]*2.5", "[1]*10**9", "[True]", "['1']", "1", "", "[1", "[1]*-1", "[[1]]"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="not a list of numbers"):
        parse_floats(text)
