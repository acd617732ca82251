"""CTEN: emotions of videos from picture and sound, trained with the segments erased that attention finds.

Zhang et al., "Weakly Supervised Video Emotion Detection and Prediction via Cross-Modal Temporal Erasing Network", CVPR
2023; the model that the released code calls VAANetErase.  Attribute names give the state_dict keys of the published
checkpoints.  Shapes in the comments: B videos, L segments, a snippet of T frames of H x W pixels from each.
"""

from __future__ import annotations

from collections.abc import Sequence

import jittor as jt
from . import jittor_helpers as jh

from . import audio_resnet, resnet3d
from .attention import MultiHeadAttention, NonLocalBlock, TemporalAttention, pooled

DIM = resnet3d.FEATURES  # of a segment, in either modality
INNER = 256  # of the non-local blocks
HEADS = 8
SEGMENT_ROWS = 100  # of the audio features, one second


class CTEN(jh.Module):
    """The network.  Defaults are those of the authors' code.

    Args:
        n_classes: emotions.
        seq_len: segments L of a video.
        snippet_duration: frames T of a snippet.
        sample_size: height and width H of a frame.
        audio_embed_size: features of an audio segment; must be 2048.
        audio_n_segments: parts that the sound is cut into; must be seq_len.
        audio_bins: mel bins.
        dropout: probability of the dropout before the classifier.
        freeze_backbone_bn: keep the running statistics of the frozen visual backbone.  The authors' training mode is
            that of the whole model: batch norms of the backbone normalise by the batch, and their running
            statistics move, three times a step.  The published weights were made so.
        backbone_layers: blocks in the stages of the visual backbone.
        audio_layers: blocks in the stages of the audio trunk.

    Raises:
        ValueError: for audio features that could not be joined with the visual ones.
    """

    def __init__(
        self,
        n_classes: int = 8,
        seq_len: int = 16,
        snippet_duration: int = 16,
        sample_size: int = 112,
        audio_embed_size: int = 2048,
        audio_n_segments: int = 16,
        audio_bins: int = 128,
        dropout: float = 0.2,
        freeze_backbone_bn: bool = False,
        backbone_layers: Sequence[int] = resnet3d.RESNET_101,
        audio_layers: Sequence[int] = audio_resnet.RESNET_18,
    ) -> None:
        super().__init__()
        if audio_embed_size != DIM:
            raise ValueError(f"audio_embed_size must be {DIM}, the size of the visual features, not {audio_embed_size}")
        if audio_n_segments != seq_len:
            raise ValueError(f"audio_n_segments ({audio_n_segments}) must be seq_len ({seq_len})")
        self.seq_len = seq_len
        self.freeze_backbone_bn = freeze_backbone_bn
        self.a_resnet = audio_resnet.make_audio_trunk(SEGMENT_ROWS, audio_bins, audio_layers)
        self.a_fc = audio_resnet.make_embedding(audio_embed_size)
        self.drop = jh.Dropout(p=dropout)
        self.resnet = resnet3d.make_backbone(backbone_layers, resnet3d.output_size(snippet_duration, sample_size))
        resnet3d.freeze(self.resnet)
        self.nl = jh.Sequential(NonLocalBlock(DIM, INNER))
        self.nl_a = jh.Sequential(NonLocalBlock(DIM, INNER))
        self.v2a_attn = MultiHeadAttention(DIM, HEADS)
        self.a2v_attn = MultiHeadAttention(DIM, HEADS)
        self.ta_net = TemporalAttention(2 * DIM, seq_len)  # its bias starts as any layer's, not at 1 as in VAANet
        self.fc = jh.Linear(2 * DIM, n_classes)

    def train(self, mode: bool = True) -> CTEN:
        """The usual, except for a backbone whose batch norms are to stay as they are."""
        super().train(mode)
        if self.freeze_backbone_bn:
            self.resnet.eval()
        return self

    def backbone_features(self, visual: jt.Var) -> jt.Var:
        """Pixels of 0..255, B x L x 3 x T x H x W, to BL x 2048 x 1 x 1 x 1, video by video; no gradient.

        The caller's tensor stays as it is; the authors normalise it in place.
        """
        batch, length = visual.shape[0], visual.shape[1]
        with jh.no_grad():
            clips = visual.reshape(batch * length, *visual.shape[2:])
            return self.resnet(resnet3d.normalised(clips))

    def audio_features(self, audio: jt.Var) -> jt.Var:
        """Mel features of B x 100L x 128 to B x L x 2048: an embedding of each segment."""
        batch = audio.shape[0]
        images = audio_resnet.segments(audio, self.seq_len)  # LB x 1 x 100 x 128
        embedded = self.a_fc(jt.flatten(self.a_resnet(images), 1))  # LB x 2048
        return embedded.reshape(self.seq_len, batch, DIM).transpose(0, 1)

    def classify(self, features: jt.Var, audio: jt.Var) -> tuple[jt.Var, jt.Var]:
        """Everything after the visual backbone; see :meth:`backbone_features` and :meth:`forward` for the shapes.

        Raises:
            ValueError: if the backbone's output was not one vector a segment.
        """
        batch = audio.shape[0]
        if features.numel() != batch * self.seq_len * DIM:
            raise ValueError(
                f"features of shape {tuple(features.shape)} from the backbone, but {batch} x {self.seq_len} x {DIM} are"
                " needed: the frames or the segments are not those that the network was built for"
            )
        v = self.nl(features.reshape(batch, self.seq_len, DIM))  # B x L x 2048
        a = self.nl_a(self.audio_features(audio))  # B x L x 2048
        # What the sound asks of the picture is added to the picture, and the other way round.
        v2a = self.v2a_attn(a, v, v)
        a2v = self.a2v_attn(v, a, a)
        u = jh.concat([v + v2a, a + a2v], dim=2).transpose(1, 2)  # B x 4096 x L
        gamma = self.ta_net(u)  # B x L
        logits = self.fc(self.drop(pooled(u, gamma)))
        return logits, gamma

    def execute(self, visual: jt.Var, audio: jt.Var) -> tuple[jt.Var, jt.Var]:
        """Logits of the emotions and the attention that the erasing goes by.

        Args:
            visual: pixels of 0..255, B x L x 3 x T x H x W.
            audio: normalised mel features, B x 100L x 128.

        Returns:
            logits (B x n_classes), gamma (B x L).
        """
        return self.classify(self.backbone_features(visual), audio)
