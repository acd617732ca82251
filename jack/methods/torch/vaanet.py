"""VAANet: emotions of user-generated videos from picture and sound, with attention in space, channels and time.

Zhao et al., "An End-to-End Visual-Audio Attention Network for Emotion Recognition in User-Generated Videos", AAAI 2020.
Attribute names give the state_dict keys of the published checkpoints.  Shapes in the comments: B videos, L snippets of
T frames of H x W pixels, N = L * B rows with all videos of the first snippet first, M = 16 positions (4 x 4).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from . import audio_resnet, resnet3d
from .attention import ChannelAttention, SpatialAttention, TemporalAttention, pooled

CHANNELS = 512  # of the visual features after the reduction


class VAANet(nn.Module):
    """The network.  Defaults are those of the paper's code.

    Args:
        n_classes: emotions.
        seq_len: snippets L of a video.
        snippet_duration: frames T of a snippet, 1 to 16.
        sample_size: height and width H of a frame.  97 to 128 give the paper's 4 x 4 positions.
        audio_embed_size: features of an audio segment.
        audio_n_segments: parts that the sound is cut into.
        audio_frames: time steps of the audio features.
        audio_bins: coefficients of a time step.
        freeze_backbone_bn: keep the running statistics of the frozen visual backbone.  The authors' training mode is
            that of the whole model: batch norms of the backbone normalise by the batch, and their running
            statistics move.  The published weights were made so.
        backbone_layers: blocks in the stages of the visual backbone.
        audio_layers: blocks in the stages of the audio trunk.

    Raises:
        ValueError: for a snippet that is too long for the backbone, or sound that cannot be cut so.
    """

    def __init__(
        self,
        n_classes: int = 8,
        seq_len: int = 12,
        snippet_duration: int = 16,
        sample_size: int = 112,
        audio_embed_size: int = 256,
        audio_n_segments: int = 16,
        audio_frames: int = 4096,
        audio_bins: int = 32,
        freeze_backbone_bn: bool = False,
        backbone_layers: Sequence[int] = resnet3d.RESNET_101,
        audio_layers: Sequence[int] = audio_resnet.RESNET_18,
    ) -> None:
        super().__init__()
        duration, height, width = resnet3d.output_size(snippet_duration, sample_size)
        if duration != 1:
            raise ValueError(f"snippet_duration is {snippet_duration}, but VAANet takes snippets of 1 to 16 frames")
        if audio_frames % audio_n_segments:
            raise ValueError(f"{audio_frames} frames of audio cannot be cut into {audio_n_segments} equal segments")
        self.positions = height * width
        self.audio_n_segments = audio_n_segments
        self.freeze_backbone_bn = freeze_backbone_bn
        self.resnet = resnet3d.make_backbone(backbone_layers)
        resnet3d.freeze(self.resnet)
        self.conv0 = nn.Sequential(
            nn.Conv1d(resnet3d.FEATURES, CHANNELS, kernel_size=1), nn.BatchNorm1d(CHANNELS), nn.ReLU()
        )
        self.sa_net = SpatialAttention(CHANNELS, self.positions)
        self.ta_net = TemporalAttention(CHANNELS, seq_len)
        self.cwa_net = ChannelAttention(self.positions, CHANNELS)
        self.fc = nn.Linear(CHANNELS, n_classes)  # of the visual-only model: saved, never used
        for part in (self.conv0, self.sa_net, self.ta_net, self.cwa_net):
            for module in part.modules():
                if isinstance(module, nn.Conv1d):
                    nn.init.kaiming_normal_(module.weight, mode="fan_out")
        nn.init.constant_(self.ta_net.fc.bias, 1.0)
        self.a_resnet = audio_resnet.make_audio_trunk(audio_frames // audio_n_segments, audio_bins, audio_layers)
        self.a_fc = audio_resnet.make_embedding(audio_embed_size)
        self.aa_net = TemporalAttention(audio_embed_size, audio_n_segments)
        self.av_fc = nn.Linear(audio_embed_size + CHANNELS, n_classes)

    def train(self, mode: bool = True) -> VAANet:
        """The usual, except for a backbone whose batch norms are to stay as they are."""
        super().train(mode)
        if self.freeze_backbone_bn:
            self.resnet.eval()
        return self

    def backbone_features(self, visual: torch.Tensor) -> torch.Tensor:
        """Pixels of 0..255, B x L x 3 x T x H x W, to N x 2048 x 1 x 4 x 4; no gradient.

        The caller's tensor stays as it is; the authors normalise in place, in the caller's memory if B or L is 1.
        """
        batch, snippets = visual.shape[0], visual.shape[1]
        with torch.no_grad():
            clips = visual.transpose(0, 1).reshape(snippets * batch, *visual.shape[2:])
            return self.resnet(resnet3d.normalised(clips))

    def visual_features(
        self, features: torch.Tensor, batch: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Attention over what the backbone found.

        Args:
            features: N x 2048 x 1 x 4 x 4.
            batch: B.

        Returns:
            features of the videos (B x 512), alpha (L x B x M), beta (L x B x 512), gamma (B x L).

        Raises:
            ValueError: for another number of positions than the network was built for.
        """
        rows, channels = features.shape[0], features.shape[1]
        positions = features.numel() // (rows * channels)
        if positions != self.positions:
            raise ValueError(f"{positions} positions after the backbone; the network was built for {self.positions}")
        length = rows // batch
        reduced = self.conv0(features.reshape(rows, channels, positions))  # N x 512 x M
        spatial = self.sa_net(reduced)  # N x M
        attended = reduced * spatial.unsqueeze(1)  # N x 512 x M
        channelwise = self.cwa_net(attended)  # N x 512
        snippets = torch.mean(attended * channelwise.unsqueeze(2), dim=2)  # N x 512
        sequence = snippets.reshape(length, batch, CHANNELS).permute(1, 2, 0)  # B x 512 x L
        gamma = self.ta_net(sequence)
        alpha = spatial.reshape(length, batch, positions)
        beta = channelwise.reshape(length, batch, CHANNELS)
        return pooled(sequence, gamma), alpha, beta, gamma

    def audio_features(self, audio: torch.Tensor) -> torch.Tensor:
        """Sound of B x 4096 x 32 to B x 256 x 16: an embedding of each of 16 segments."""
        batch = audio.shape[0]
        images = audio_resnet.segments(audio, self.audio_n_segments)  # 16B x 1 x 256 x 32
        embedded = self.a_fc(torch.flatten(self.a_resnet(images), 1))  # 16B x 256
        return embedded.reshape(self.audio_n_segments, batch, -1).permute(1, 2, 0)

    def classify(
        self, features: torch.Tensor, audio: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Everything after the visual backbone; see :meth:`backbone_features` and :meth:`forward` for the shapes."""
        visual, alpha, beta, gamma = self.visual_features(features, audio.shape[0])
        sound = self.audio_features(audio)  # B x 256 x 16
        heard = pooled(sound, self.aa_net(sound))  # B x 256
        logits = self.av_fc(torch.cat([visual, heard], dim=1))
        return logits, alpha, beta, gamma

    def forward(
        self, visual: torch.Tensor, audio: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits of the emotions.

        Args:
            visual: pixels of 0..255, B x L x 3 x T x H x W.
            audio: MFCC features, B x 4096 x 32.

        Returns:
            logits (B x n_classes) and the attention over positions (alpha, L x B x M), channels (beta, L x B x 512) and
            snippets (gamma, B x L).
        """
        return self.classify(self.backbone_features(visual), audio)
