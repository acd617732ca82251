"""BPM-GCN's network, losses and training in Torch, beyond what the golden figures show."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from jack.methods.bpmgcn_graph import INWARD_EDGES, NUM_JOINTS, adjacency
from jack.methods.bpmgcn_options import AUTHORS, PAPER, PARSER, TrainingOptions
from jack.methods.torch.bpmgcn import BPMGCN, prediction
from jack.methods.torch.bpmgcn_layers import Fusion, GraphConvolution
from jack.methods.torch.bpmgcn_losses import BPMGCNLoss
from jack.methods.torch.bpmgcn_training import make_optimizer, scores, start_epoch, training_step

RECORDED = json.loads((Path(__file__).parents[1] / "golden" / "bpmgcn_keys.json").read_text())


def small_model(seed=0):
    torch.manual_seed(seed)
    return BPMGCN(frames=8, width=8)


def small_batch(seed=0, clips=3, frames=8):
    draw = np.random.default_rng(seed)
    shapes = {
        "joint": (clips, 3, frames, 16, 1),
        "movement": (clips, 8, frames, 16, 1),
        "feature": (clips, frames * 31),
    }
    batch = {name: draw.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    return {**batch, "label": np.arange(clips) % 4}


def test_the_state_has_the_published_keys_in_order():
    model = BPMGCN()
    trained = {name for name, _ in model.named_parameters()}
    state = [[k, list(v.shape), str(v.dtype)[6:], k in trained] for k, v in model.state_dict().items()]
    assert state == RECORDED["keys"]
    assert sum(p.numel() for p in model.parameters()) == 7_287_192


def test_the_skeleton_is_a_tree_towards_the_root():
    parents = dict(INWARD_EDGES)
    assert sorted(parents) == list(range(1, NUM_JOINTS))  # every joint but the root has one parent
    for joint in parents:
        seen = [joint]
        while seen[-1]:
            seen.append(parents[seen[-1]])
        assert len(seen) <= 6


def test_the_adjacency_collects_from_joint_parent_and_children():
    graph = adjacency()
    assert graph.shape == (3, 16, 16) and np.array_equal(graph[0], np.eye(16))
    parents = dict(INWARD_EDGES)
    position = np.arange(16.0)
    gathered = position @ graph  # 3 x 16, as the layers multiply: from the right
    for joint in range(16):
        children = [child for child, parent in INWARD_EDGES if parent == joint]
        assert gathered[1, joint] == parents.get(joint, 0)
        assert gathered[2, joint] == pytest.approx(np.mean(children) if children else 0)


def test_the_skeleton_is_neither_trained_nor_saved_but_moves_with_the_model():
    model = small_model()
    assert not [name for name in (*dict(model.named_parameters()), *model.state_dict()) if name.endswith(".A")]
    buffers = dict(model.named_buffers())
    assert sum(name.endswith("gcn1.A") for name in buffers) == 20
    assert model.double().l1_p.gcn1.A.dtype == torch.float64


def test_the_graph_convolution_is_the_sum_over_the_subsets():
    torch.manual_seed(1)
    layer = GraphConvolution(5, 8, torch.rand(3, 16, 16)).eval()
    torch.nn.init.uniform_(layer.bn.weight)
    torch.nn.init.uniform_(layer.PA)
    x = torch.rand(2, 5, 6, 16)
    wanted = torch.zeros(2, 8, 6, 16)
    for k in range(3):
        first, second = layer.conv_a[k](x), layer.conv_b[k](x)
        similarity = torch.einsum("nctv,nctw->nvw", first, second) / (2 * 6)  # 8 // 4 channels, 6 frames
        graph = layer.A[k] + layer.PA[k] + torch.softmax(similarity, dim=1)
        wanted = wanted + layer.conv_d[k](torch.einsum("nctv,nvw->nctw", x, graph))
    torch.testing.assert_close(layer(x), torch.relu(layer.bn(wanted) + layer.down(x)))
    columns = layer.similarity(x, 0).sum(dim=1)
    torch.testing.assert_close(columns, torch.ones_like(columns))


def test_a_new_graph_convolution_passes_its_input_on():
    layer = GraphConvolution(8, 8, torch.rand(3, 16, 16)).eval()
    x = torch.rand(2, 8, 6, 16)
    assert (layer(x) - x).abs().max() < 1e-4


def test_the_movement_is_fused_with_the_posture_that_already_was():
    torch.manual_seed(2)
    fusion = Fusion(6, 16).eval()
    x_p, x_m = torch.randn(2, 5, 6, 16), torch.randn(2, 5, 6, 16)

    def over_frames(x, of_joints, of_frames):
        joints = of_joints(x.mean(dim=(1, 2)))[:, None, None, :]
        return of_frames((x * joints).mean(dim=(1, 3)))[:, None, :, None]

    weight_p = over_frames(x_p, fusion.att_N_p, fusion.att_T_p)
    weight_m = over_frames(x_m, fusion.att_N_m, fusion.att_T_m)
    fused_p, fused_m = fusion(x_p, x_m)
    torch.testing.assert_close(fused_p, x_p + x_m * weight_m)
    torch.testing.assert_close(fused_m, x_m + fused_p * weight_p)
    assert (fused_m - (x_m + x_p * weight_p)).abs().max() > 0.1  # what a symmetric fusion would give


def test_more_than_one_person_or_another_skeleton_is_refused():
    with pytest.raises(ValueError, match="one person a clip, got 2"):
        small_model()(torch.rand(1, 3, 8, 16, 2), torch.rand(1, 8, 8, 16, 2))
    with pytest.raises(ValueError, match="the skeleton has 16 joints, not 25"):
        BPMGCN(num_point=25)


def test_the_score_is_the_mean_of_the_logits():
    model, batch = small_model().eval(), small_batch()
    score_p, affective, score_m = model(torch.from_numpy(batch["joint"]), torch.from_numpy(batch["movement"]))
    assert affective.shape == (3, 8 * 31)
    found = scores(model, batch["joint"], batch["movement"])
    np.testing.assert_allclose(found, (score_p + score_m).detach().numpy() / 2, rtol=1e-5, atol=1e-6)
    assert torch.equal(prediction(torch.ones(1, 4), torch.zeros(1, 4)), torch.full((1, 4), 0.5))


def test_the_loss_is_the_sum_of_three():
    score_p, score_m = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 0.0], [3.0, 0.0]])
    affective, feature, label = torch.zeros(2, 6), torch.full((2, 6), 2.0), torch.tensor([0, 1])
    total, terms = BPMGCNLoss()(score_p, affective, score_m, label, feature)
    assert terms["loss_2"].item() == 4
    assert terms["loss_1m"].item() == pytest.approx((np.log(2) + np.log(1 + np.e**3)) / 2)
    assert terms["loss_1p"].item() == pytest.approx((np.log(1 + np.e**-2) + np.log(1 + np.e**-1)) / 2)
    assert total.item() == pytest.approx(sum(terms[name].item() for name in ("loss_1m", "loss_1p", "loss_2")))


def test_several_emotions_at_once_are_told_from_one_another():
    marks = torch.tensor([[1, 1, 0, 0]])
    right, wrong = torch.tensor([[9.0, 9.0, -9.0, -9.0]]), torch.tensor([[9.0, -9.0, 9.0, -9.0]])
    nothing = torch.zeros(1, 3)
    good, _ = BPMGCNLoss()(right, nothing, right, marks, nothing)
    bad, _ = BPMGCNLoss()(wrong, nothing, wrong, marks, nothing)
    assert good.item() < 1e-3 and bad.item() == pytest.approx(9, abs=1e-2)  # two of four wrong, in both streams


@pytest.mark.parametrize(
    ("options", "epoch", "rate"),
    [
        (AUTHORS, 0, 0.075),
        (AUTHORS, 24, 0.075),
        (AUTHORS, 25, 0.0075),
        (AUTHORS, 100, 7.5e-6),
        (PAPER, 29, 0.01),
        (PAPER, 60, 1e-4),
        (PARSER, 40, 1e-4),
        (TrainingOptions(base_lr=1.0, steps=(1, 5), warm_up_epochs=4), 1, 0.5),
        (TrainingOptions(base_lr=1.0, steps=(1, 5), warm_up_epochs=4), 3, 1.0),
        (TrainingOptions(base_lr=1.0, steps=(1, 5), warm_up_epochs=4), 4, 0.1),  # the step lies inside the warm-up
    ],
)
def test_the_learning_rate_of_an_epoch(options, epoch, rate):
    assert options.learning_rate(epoch) == pytest.approx(rate)


def test_a_run_ends_with_its_epochs_or_when_the_rate_is_too_small():
    assert AUTHORS.goes_on(124) and not AUTHORS.goes_on(125)
    short = replace(AUTHORS, base_lr=1e-5, steps=(3, 6))
    assert short.goes_on(5) and not short.goes_on(6)
    with pytest.raises(ValueError, match="'SGD' or 'Adam'"):
        TrainingOptions(optimizer="RMSprop")


def test_the_optimizer_decays_every_parameter():
    model = small_model()
    optimizer = make_optimizer(model, AUTHORS)
    (group,) = optimizer.param_groups
    assert len(group["params"]) == len(list(model.parameters())) > 500 and group["weight_decay"] == 1e-3
    assert group["momentum"] == 0.9 and group["nesterov"] and group["dampening"] == 0
    assert isinstance(make_optimizer(model, replace(AUTHORS, optimizer="Adam")), torch.optim.Adam)
    assert start_epoch(model, optimizer, AUTHORS, 30) == group["lr"] == pytest.approx(0.0075)


def test_the_learned_graph_rests_while_only_the_rest_is_trained():
    options = replace(AUTHORS, base_lr=0.01, only_train_part=True, only_train_epochs=1)
    model = small_model()
    optimizer = make_optimizer(model, options)
    criterion = BPMGCNLoss()
    start = {name: p.detach().clone() for name, p in model.named_parameters()}
    for epoch, moves in ((0, False), (1, False), (2, True)):
        start_epoch(model, optimizer, options, epoch)
        logs = training_step(model, criterion, optimizer, small_batch(epoch))
        assert all(type(value) is float for value in logs.values())
        moved = {name for name, p in model.named_parameters() if not torch.equal(p, start[name])}
        assert {name for name in start if "PA" in name} <= moved if moves else not any("PA" in n for n in moved)
        assert "l1_p.tcn1.conv.weight" in moved
