"""TSL-Net: temporal sentiment localization in untrimmed videos from one labelled frame per segment.

Zhang et al., "Temporal Sentiment Localization: Listen and Look in Untrimmed Videos", ACM Multimedia 2022.
Attribute names give the state_dict keys of the published checkpoints.  Shapes in the comments: B videos (1 in
practice), T segments of 16 video frames, C = 2 sentiment classes (0 negative, 1 positive); channel C is background.
"""

from __future__ import annotations

import jittor as jt
from . import jittor_helpers as jh
from jittor import nn

from jack.methods.tslnet_positions import positional_table

AUDIO_CHUNK = 600  # segments that go through the audio extractor at once


class CrossModalPrediction(jh.Module):
    """Contrastive predictive coding of one modality from the fused features (Eq. 1 of the paper)."""

    def __init__(self, fused_channels: int = 2048, channels: int = 512) -> None:
        super().__init__()
        self.net = jh.Sequential(
            jh.Conv1d(fused_channels, 2048, kernel_size=3, padding=1),
            jh.ReLU(),
            jh.Conv1d(2048, 2048, kernel_size=3, padding=1),
            jh.ReLU(),
            jh.Conv1d(2048, 2048, kernel_size=3, padding=1),
            jh.ReLU(),
            jh.Conv1d(2048, channels, kernel_size=3, padding=1),
            jh.ReLU(),
        )

    def execute(self, x: jt.Var, y: jt.Var) -> jt.Var:
        """Mean of log softmax(cosine similarity) of the matching rows, a scalar that is never positive.

        Args:
            x: features of the modality, B x T x channels.
            y: fused features, B x fused_channels x T.
        """
        predicted = self.net(y).transpose(1, 2)  # B x T x channels
        predicted = unit_rows(predicted.reshape(-1, predicted.shape[2]))  # BT x channels
        actual = unit_rows(x.reshape(-1, x.shape[2]))  # BT x channels
        similarity = jh.matmul(actual, predicted.transpose(0, 1))  # BT x BT, cosines
        matching = jh.sum_of(actual * predicted, dim=1)  # BT: its diagonal
        return jt.mean(matching - jh.logsumexp(similarity, dim=1))


def unit_rows(x: jt.Var) -> jt.Var:
    """Rows of an N x D matrix divided by their L2 norms.

    A row of zeros, which a ReLU can produce, stays zero; the authors' code makes NaN of it.
    """
    norms = jh.norm_of(x, dim=1, keepdim=True)
    return x / jh.where(norms > 0, norms, jh.ones_like(norms))


class LocalizationModule(jh.Module):
    """Features of both modalities, their fusion, and the two classifiers of every segment."""

    def __init__(self, len_feature: int = 1024, num_classes: int = 2, dropout: float = 0.7) -> None:
        super().__init__()
        # Three spectrogram segments above one another, 96 x 60, become one vector: convolution, ReLU, *then* norm.
        self.a_extractor = jh.Sequential(
            jh.Conv2d(1, 64, kernel_size=(7, 7), stride=(3, 2), padding=(3, 3)),  # 64 x 32 x 30
            jh.ReLU(),
            jh.BatchNorm2d(64),
            jh.MaxPool2d(kernel_size=(4, 4), stride=(4, 4)),  # 64 x 8 x 7
            jh.Conv2d(64, 256, kernel_size=3, stride=1, padding=1),
            jh.ReLU(),
            jh.Conv2d(256, 256, kernel_size=1),
            jh.ReLU(),
            jh.BatchNorm2d(256),
            jh.MaxPool2d(kernel_size=(2, 2), stride=(2, 2)),  # 256 x 4 x 3
            jh.Conv2d(256, 512, kernel_size=3, stride=1, padding=1),
            jh.ReLU(),
            jh.Conv2d(512, 512, kernel_size=1),
            jh.ReLU(),
            jh.BatchNorm2d(512),
            jh.AvgPool2d(kernel_size=(4, 3), stride=(4, 3)),  # 512 x 1 x 1
        )
        self.v_align = jh.Sequential(jh.Conv1d(1024, 512, kernel_size=3, padding=1), jh.ReLU())
        self.neck = jh.Sequential(jh.Conv1d(len_feature, 2048, kernel_size=3, padding=1), jh.ReLU())
        self.rev_fa = CrossModalPrediction()
        self.rev_fv = CrossModalPrediction()
        self.classifier = jh.Sequential(jh.Conv1d(2048, num_classes + 1, kernel_size=1, bias=False))
        self.distribution = jh.Sequential(jh.Conv1d(2048, num_classes + 1, kernel_size=1, bias=False))
        self.drop_out = jh.Dropout(p=dropout)
        # Not saved: published checkpoints lack it.  Not trained: it is a table.
        self.register_buffer("tpe", jh.from_numpy(positional_table()), persistent=False)  # 4000 x 60

    def audio_features(self, a_fea: jt.Var) -> jt.Var:
        """Log-mel segments, B x T x 32 x 60, to B x T x 512.

        The spectrogram is taken in chunks, and a segment's neighbours are found by a circular shift inside its chunk:
        the first segment of a chunk sees the chunk's last one before it.  The published weights were trained so.

        Raises:
            ValueError: for videos longer than the positional table.
        """
        batch, segments, frames, bins = a_fea.shape
        if segments > self.tpe.shape[0]:
            raise ValueError(f"{segments} segments, but at most {self.tpe.shape[0]} have a position")
        chunks = []
        for start in range(0, segments, AUDIO_CHUNK):
            stop = min(start + AUDIO_CHUNK, segments)
            positions = self.tpe[start:stop].reshape(1, stop - start, 1, bins)
            current = jh.add(a_fea[:, start:stop], positions)  # B x n x 32 x 60
            before = jh.roll(current, shifts=1, dims=1)
            after = jh.roll(current, shifts=-1, dims=1)
            images = jh.concat([before, current, after], dim=2)  # B x n x 96 x 60
            features = self.a_extractor(images.reshape(-1, 1, 3 * frames, bins))  # Bn x 512 x 1 x 1
            chunks.append(features.reshape(batch, stop - start, 512))
        return jh.concat(chunks, dim=1)

    def visual_features(self, v_fea: jt.Var) -> jt.Var:
        """I3D features, B x T x 1024, to B x T x 512."""
        return self.v_align(v_fea.transpose(1, 2)).transpose(1, 2)

    def execute(
        self, v_fea: jt.Var, a_fea: jt.Var, with_prediction: bool
    ) -> tuple[jt.Var, jt.Var, jt.Var, jt.Var]:
        """Class logits of every segment.

        Args:
            v_fea: I3D features, B x T x 1024.
            a_fea: normalised log-mel segments, B x T x 32 x 60.
            with_prediction: also compute the cross-modal prediction, 90 % of the parameters and used in training only.

        Returns:
            logits (B x T x 3), sentiment distribution logits (B x T x 3), fused features before dropout (B x T x 2048)
            and the cross-modal prediction (scalar; 0 if not wanted).
        """
        audio = self.audio_features(a_fea)
        visual = self.visual_features(v_fea)
        fused = jh.concat([visual, audio], dim=2).transpose(1, 2)  # B x 1024 x T
        out = self.neck(fused)  # B x 2048 x T
        if with_prediction:
            prediction = self.rev_fa(audio, out) + self.rev_fv(visual, out)
        else:
            prediction = jh.zeros_of(1)
        dropped = self.drop_out(out)  # one mask for both heads
        cas = self.classifier(dropped).transpose(1, 2)
        cas_dis = self.distribution(dropped).transpose(1, 2)
        return cas, cas_dis, out.transpose(1, 2), prediction


class TSLNet(jh.Module):
    """The network with its video-level scores.

    Args:
        len_feature: channels of the two modalities together.
        num_classes: sentiment classes C.
        r_act: a video's score is the mean of its T // r_act highest segments.
        dropout: probability of the dropout before the two classifiers.
    """

    def __init__(self, len_feature: int = 1024, num_classes: int = 2, r_act: int = 8, dropout: float = 0.7) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.r_act = r_act
        self.cls_module = LocalizationModule(len_feature, num_classes, dropout)

    def execute(
        self, v_fea: jt.Var, a_fea: jt.Var, vid_labels: jt.Var | None = None
    ) -> tuple[jt.Var, ...]:
        """Scores of the video and of its segments.

        The outputs for training are chosen by the presence of labels, not by the mode of the module.

        Args:
            v_fea: I3D features, B x T x 1024.
            a_fea: normalised log-mel segments, B x T x 32 x 60.
            vid_labels: 1 for each class that occurs, B x 2; None at inference.

        Returns:
            Without labels: video scores (B x 2), activation sequence (B x T x 3), features (B x T x 2048).
            With labels: video scores, activation sequence, softmax of the distribution logits (B x T x 3), features,
            label distribution of the video (B x 2), cross-modal prediction (scalar).
        """
        cas, cas_dis, features, prediction = self.cls_module(v_fea, a_fea, vid_labels is not None)
        classes = self.num_classes
        # The authors' T // r_act is 0, hence NaN, for videos of fewer than r_act segments.
        k = max(1, v_fea.shape[1] // self.r_act)

        sigmoid = jh.sigmoid(cas)
        foreground = sigmoid[:, :, :classes]  # B x T x 2
        background = sigmoid[:, :, classes : classes + 1]  # B x T x 1
        cas_sigmoid_fuse = jh.concat([foreground * (1 - background), background], dim=2)

        top_scores = jh.topk(foreground, k, dim=1)[0]  # B x k x 2, each class by itself
        top_mean = jt.mean(top_scores, dim=1)
        if vid_labels is None:
            return top_mean, cas_sigmoid_fuse, features

        vid_score = top_mean * vid_labels + jt.mean(foreground, dim=1) * (1 - vid_labels)
        top_logits = jh.topk(cas_dis[:, :, :classes], k, dim=1)[0]
        vid_ldl = nn.softmax(jt.mean(top_logits, dim=1), dim=1)
        cas_softmax_dis = nn.softmax(cas_dis, dim=2)
        return vid_score, cas_sigmoid_fuse, cas_softmax_dis, features, vid_ldl, prediction
