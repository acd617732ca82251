"""Multi-head attention and Transformer layers with Torch's parameters, masks and defaults."""

import copy
import math
from typing import Any

import jittor as jt
import numpy as np
from jittor import nn

from converter.helpers.library.activation_layers import Dropout
from converter.helpers.library.activations import dropped, gelu, relu
from converter.helpers.library.containers import ModuleList
from converter.helpers.library.convolution import linear
from converter.helpers.library.initialization import constant_, xavier_normal_, xavier_uniform_
from converter.helpers.library.layers import Linear
from converter.helpers.library.linear_algebra import matmul
from converter.helpers.library.modules import Module
from converter.helpers.library.normalization import LayerNorm
from converter.helpers.library.parameters import Parameter


def float_mask(mask: Any) -> Any:
    """A mask to add: a boolean one hides what is true."""
    if mask is None or mask.dtype != "bool":
        return mask
    zeros = jt.zeros(mask.shape)
    return jt.ternary(mask, zeros - 1e30, zeros)


class NonDynamicallyQuantizableLinear(Linear):
    """A linear layer: the name is what Torch's text of an attention layer shows."""


class MultiheadAttention(Module):
    """Scaled dot-product attention in several heads; returns the output and the (mean) attention weights."""

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: Any = None,
        vdim: Any = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads:
            raise AssertionError("embed_dim must be divisible by num_heads")
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        self.add_zero_attn = add_zero_attn
        same = self._qkv_same_embed_dim

        def weight(rows: int, columns: int) -> Any:
            return xavier_uniform_(Parameter(jt.zeros((rows, columns))))

        self.register_parameter("in_proj_weight", weight(3 * embed_dim, embed_dim) if same else None)
        self.register_parameter("q_proj_weight", None if same else weight(embed_dim, embed_dim))
        self.register_parameter("k_proj_weight", None if same else weight(embed_dim, self.kdim))
        self.register_parameter("v_proj_weight", None if same else weight(embed_dim, self.vdim))
        self.register_parameter("in_proj_bias", Parameter(jt.zeros((3 * embed_dim,))) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias)
        if bias:
            constant_(self.out_proj.bias, 0.0)
        shape = (1, 1, embed_dim)
        self.register_parameter("bias_k", xavier_normal_(Parameter(jt.zeros(shape))) if add_bias_kv else None)
        self.register_parameter("bias_v", xavier_normal_(Parameter(jt.zeros(shape))) if add_bias_kv else None)

    def projections(self, query: Any, key: Any, value: Any) -> list[Any]:
        size = self.embed_dim
        if self._qkv_same_embed_dim:
            weights = [self.in_proj_weight[i * size : (i + 1) * size] for i in range(3)]
        else:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        biases = [None] * 3
        if self.in_proj_bias is not None:
            biases = [self.in_proj_bias[i * size : (i + 1) * size] for i in range(3)]
        return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]

    def execute(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> Any:
        if query.ndim == 2:
            batch = 0 if self.batch_first else 1
            mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
            inputs = [x.unsqueeze(batch) for x in (query, key, value)]
            q, k, v = inputs
            out, weights = self.execute(q, k, v, mask, need_weights, attn_mask, average_attn_weights, is_causal)
            return out.squeeze(batch), None if weights is None else weights.squeeze(0)
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
        if not self.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        q, k, v = self.projections(query, key, value)
        batch, heads = q.shape[0], self.num_heads
        extra = 0
        if self.bias_k is not None:
            k = jt.concat([k, self.bias_k.expand([batch, 1, self.embed_dim])], dim=1)
            v = jt.concat([v, self.bias_v.expand([batch, 1, self.embed_dim])], dim=1)
            extra += 1
        if self.add_zero_attn:
            zeros = jt.zeros((batch, 1, self.embed_dim), dtype=q.dtype)
            k, v = jt.concat([k, zeros], dim=1), jt.concat([v, zeros], dim=1)
            extra += 1
        q, k, v = (x.reshape([batch, -1, heads, self.head_dim]).permute([0, 2, 1, 3]) for x in (q, k, v))
        scores = matmul(q * (1 / math.sqrt(self.head_dim)), k.permute([0, 1, 3, 2]))
        mask = float_mask(attn_mask)
        if mask is not None:
            mask = mask.reshape([-1, heads, *list(mask.shape)[1:]]) if mask.ndim == 3 else mask
            scores = scores + (nn.pad(mask, [0, extra]) if extra else mask)
        padding = float_mask(key_padding_mask)
        if padding is not None:
            padding = nn.pad(padding, [0, extra]) if extra else padding
            scores = scores + padding.reshape([batch, 1, 1, -1])
        weights = nn.softmax(scores, dim=-1)
        weights = dropped(weights, weights.shape, self.dropout, self.training)
        out = matmul(weights, v).permute([0, 2, 1, 3]).reshape([batch, -1, self.embed_dim])
        out = self.out_proj(out)
        if not self.batch_first:
            out = out.transpose(0, 1)
        if not need_weights:
            return out, None
        return out, weights.mean(1) if average_attn_weights else weights


def activation_by_name(activation: Any) -> Any:
    if not isinstance(activation, str):
        return activation
    known = {"relu": relu, "gelu": gelu}
    if activation not in known:
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return known[activation]


class TransformerEncoderLayer(Module):
    """Self-attention and a feed-forward network, each with a residual connection and layer normalisation."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = activation_by_name(activation)

    def execute(self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False) -> Any:
        def attend(x: Any) -> Any:
            found = self.self_attn(
                x, x, x, key_padding_mask=src_key_padding_mask, need_weights=False, attn_mask=src_mask
            )
            return self.dropout1(found[0])

        def feed(x: Any) -> Any:
            return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        if self.norm_first:
            src = src + attend(self.norm1(src))
            return src + feed(self.norm2(src))
        src = self.norm1(src + attend(src))
        return self.norm2(src + feed(src))


class TransformerDecoderLayer(Module):
    """Self-attention, attention to a memory and a feed-forward network, each residual and normalised."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.norm3 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)
        self.activation = activation_by_name(activation)

    def execute(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        def attend(x: Any) -> Any:
            found = self.self_attn(
                x, x, x, key_padding_mask=tgt_key_padding_mask, need_weights=False, attn_mask=tgt_mask
            )
            return self.dropout1(found[0])

        def recall(x: Any) -> Any:
            found = self.multihead_attn(
                x, memory, memory, key_padding_mask=memory_key_padding_mask, need_weights=False, attn_mask=memory_mask
            )
            return self.dropout2(found[0])

        def feed(x: Any) -> Any:
            return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        if self.norm_first:
            tgt = tgt + attend(self.norm1(tgt))
            tgt = tgt + recall(self.norm2(tgt))
            return tgt + feed(self.norm3(tgt))
        tgt = self.norm1(tgt + attend(tgt))
        tgt = self.norm2(tgt + recall(tgt))
        return self.norm3(tgt + feed(tgt))


class TransformerEncoder(Module):
    """A stack of copies of one encoder layer."""

    def __init__(
        self,
        encoder_layer: Any,
        num_layers: int,
        norm: Any = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def execute(self, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: Any = None) -> Any:
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """A stack of copies of one decoder layer."""

    def __init__(self, decoder_layer: Any, num_layers: int, norm: Any = None) -> None:
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(decoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def execute(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: Any = None,
        memory_is_causal: bool = False,
    ) -> Any:
        for layer in self.layers:
            tgt = layer(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        return tgt if self.norm is None else self.norm(tgt)


def square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Any:
    """``nn.Transformer.generate_square_subsequent_mask``: -inf above the diagonal, 0 elsewhere."""
    return jt.array(np.triu(np.full((sz, sz), -np.inf, dtype="float32"), 1))


class Transformer(Module):
    """Encoder and decoder with Torch's initialisation (xavier_uniform_ for all matrices)."""

    generate_square_subsequent_mask = staticmethod(square_subsequent_mask)

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = "relu",
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        shape = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*shape), num_encoder_layers, LayerNorm(d_model, layer_norm_eps, bias=bias)
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*shape), num_decoder_layers, LayerNorm(d_model, layer_norm_eps, bias=bias)
        )
        for p in self.parameters():
            if p.ndim > 1:
                xavier_uniform_(p)

    def execute(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: Any = None,
        tgt_is_causal: Any = None,
        memory_is_causal: bool = False,
    ) -> Any:
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask)
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
        )
