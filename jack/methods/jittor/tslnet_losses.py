"""The losses of TSL-Net.  Shapes: B videos (1 in practice), T segments; channels negative, positive, background."""

from __future__ import annotations

from collections.abc import Sequence

import jittor as jt
from . import jittor_helpers as jh

from jack.methods.tslnet_seeds import select_seeds


def nonzero(x: jt.Var) -> jt.Var:
    """x with ones for its zeros: a divisor for sums that are zero whenever x is."""
    return jh.where(x > 0, x, jh.ones_like(x))


def focal_bce(p: jt.Var, target: jt.Var, towards: jt.Var, away: jt.Var) -> jt.Var:
    """Cross entropy per entry, weighted by the squared distance from the side that the entry should be on.

    Args:
        p: activations in 0..1, B x T x 3.
        target: targets of the cross entropy, B x T x 3.
        towards: weight of 1 - p, B x T x 3.
        away: weight of p, B x T x 3.
    """
    focal = jh.power_of((1 - p) * towards + p * away, 2)
    return focal * jh.binary_cross_entropy(p, target, reduction="none")


def video_loss(vid_ldl: jt.Var, label_distribution: jt.Var) -> jt.Var:
    """Kullback-Leibler divergence of the video's label distribution, B x 2 each, averaged over entries."""
    return jt.mean(jh.kl_div(jt.log(vid_ldl), label_distribution, reduction="none"))


def frame_loss(p: jt.Var, y: jt.Var) -> jt.Var:
    """Loss of the annotated segments: activations and smoothed labels, B x T x 3 each."""
    weight = jh.max_of(y, dim=2, keepdim=True)[0]  # B x T x 1: 0.9 where annotated
    count = jh.sum_of(weight, dim=(1, 2))  # B
    return jt.mean(jh.sum_of(focal_bce(p, y, y, 1 - y) * weight, dim=(1, 2)) / nonzero(count))


def pseudo_action_loss(p: jt.Var, act_seed: jt.Var) -> jt.Var:
    """Loss of the segments taken for sentiment; the seeds, B x T x 3, are target and weight at once."""
    count = jh.sum_of(jh.max_of(act_seed, dim=2)[0], dim=1)  # B
    towards = (act_seed > 0.5).float32()  # exactly 0.5 is on neither side
    away = (act_seed < 0.5).float32()
    loss = jh.sum_of(focal_bce(p, act_seed, towards, away) * act_seed, dim=(1, 2))  # B
    return 0.5 * jt.mean(loss / nonzero(count))


def background_loss(p: jt.Var, bkg_seed: jt.Var) -> jt.Var:
    """Loss of the segments taken for background (seeds B x T).

    0 for a video whose segments are all annotated; the authors' code makes NaN of it.
    """
    target = jh.concat([jh.zeros_like(p[:, :, :2]), jh.ones_like(p[:, :, 2:])], dim=2)  # B x T x 3
    loss = jh.sum_of(focal_bce(p, target, target, 1 - target) * bkg_seed.unsqueeze(2), dim=(1, 2))  # B
    return jt.mean(loss / nonzero(jh.sum_of(bkg_seed, dim=1)))


class TotalLoss(jh.Module):
    """The weighted sum of all losses.

    Args:
        lambdas: weights of the video loss, of the segment losses, of pseudo labels among these, of the prediction.
        cpc_sign: "authors" minimises the cross-modal prediction's mean log probability, as the released code and
            checkpoints do; "paper" has Eq. 1's minus sign, which maximises it.
    """

    def __init__(self, lambdas: Sequence[float] = (2, 1, 0.5, 1), cpc_sign: str = "authors") -> None:
        super().__init__()
        if len(lambdas) != 4:
            raise ValueError(f"four lambdas are needed, got {len(lambdas)}")
        if cpc_sign not in ("authors", "paper"):
            raise ValueError(f"cpc_sign is 'authors' or 'paper', not {cpc_sign!r}")
        self.lambdas = [float(weight) for weight in lambdas]
        self.cpc_sign = cpc_sign

    def execute(
        self,
        vid_ldl: jt.Var,
        cas_sigmoid_fuse: jt.Var,
        prediction: jt.Var,
        label_distribution: jt.Var,
        point_anno: jt.Var,
    ) -> tuple[jt.Var, dict[str, jt.Var], jt.Var, jt.Var]:
        """The total loss and its terms.

        Args:
            vid_ldl: predicted label distribution of the video, B x 2.
            cas_sigmoid_fuse: activations, B x T x 3.
            prediction: cross-modal prediction, scalar.
            label_distribution: annotated label distribution, B x 2.
            point_anno: smoothed labels of the annotated segments, B x T x 2.

        Returns:
            total, the terms by the names under which the authors log them, act_seed (B x T x 3), bkg_seed (B x T).
        """
        p = cas_sigmoid_fuse
        y = jh.concat([point_anno, jh.zeros_like(point_anno[:, :, :1])], dim=2)  # B x T x 3: no background
        host = jh.concat([p, y], dim=2).detach().numpy()  # one transfer per video
        act_array, bkg_array = select_seeds(host[:, :, :3], host[:, :, 3:])
        act_seed = jh.cast_to(jh.from_numpy(act_array), jh.device_of(p))
        bkg_seed = jh.cast_to(jh.from_numpy(bkg_array), jh.device_of(p))

        vid = video_loss(vid_ldl, label_distribution)
        frame = frame_loss(p, y)
        action = pseudo_action_loss(p, act_seed)
        background = background_loss(p, bkg_seed)
        if self.cpc_sign == "paper":
            prediction = -prediction

        of_video, of_frames, of_pseudo, of_prediction = self.lambdas
        total = (
            of_video * vid
            + of_frames * ((1 - of_pseudo) * frame + of_pseudo * (background + action))
            + of_prediction * prediction
        )
        terms = {
            "loss_recover_cpc": prediction,
            "loss_vid_ldl": vid,
            "loss_frame": frame,
            "loss_frame_bkg": background,
            "loss_frame_pact": action,
            "loss_total": total,
        }
        return total, terms, act_seed, bkg_seed
