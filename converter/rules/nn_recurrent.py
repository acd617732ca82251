"""Recurrent layers, attention and Transformer layers."""

from __future__ import annotations

from converter.rules.base import module, rule, snippet

_REST = "batch_first=False, dropout=0.0, bidirectional=False"
_H = {"H0": "normal(; 4, 2, 3)", "C0": "normal(; 4, 2, 3)", "G": "normal(; 2, 3)"}
_STATE = {"LSTM": "(H0, C0)", "GRU": "H0", "RNN": "H0"}
_SIGNATURES = {
    "LSTM": f"(input_size, hidden_size, num_layers=1, bias=True, {_REST}, proj_size=0, device=None, dtype=None)",
    "GRU": f"(input_size, hidden_size, num_layers=1, bias=True, {_REST}, device=None, dtype=None)",
    "RNN": f"(input_size, hidden_size, num_layers=1, nonlinearity='tanh', bias=True, {_REST}, device=None, dtype=None)",
}
for _name, _signature in _SIGNATURES.items():
    _cases = [
        module("X", input_size="4", hidden_size="3", batch_first="True", bias="False", tolerance="recurrent"),
        snippet(
            f"net = nn.{_name}(4, 3, num_layers=2, bidirectional=True)\n"
            "for i, p in enumerate(net.parameters()):\n    nn.init.constant_(p, 0.05 * (i % 7) - 0.1)\n"
            f"out, state = net(torch.transpose(X, 0, 1), {_STATE[_name]})\n"
            "return out, state",
            tolerance="recurrent",
            inputs=_H,
        ),
        snippet(
            f"net = nn.{_name}(4, 3, 2, batch_first=True, dropout=0.9)\n"
            "for p in net.parameters():\n    nn.init.constant_(p, 0.1)\n"
            "net.flatten_parameters()\n"
            "net.eval()\n"
            "first = net(X)[0]\n"
            "net.train()\n"
            "varied = torch.max(torch.abs(net(X)[0] - first)).item() > 1e-4\n"
            "return first, varied, net(X[0])[0].shape, [n for n, _ in net.named_parameters()]",
            grad=False,
            tolerance="recurrent",
        ),
    ]
    if _name == "LSTM":
        _cases.append(
            module("X", input_size="4", hidden_size="3", proj_size="2", batch_first="True", tolerance="recurrent")
        )
    if _name == "RNN":
        _cases.append(module("X", input_size="4", hidden_size="3", nonlinearity="'relu'", tolerance="recurrent"))
    rule(f"torch.nn.{_name}", _signature, to=f"helpers.{_name}", returns="module", cases=_cases)
    _extra = ", nonlinearity='tanh'" if _name == "RNN" else ""
    _feed = "A[:2], (G, G * 2)" if _name == "LSTM" else "A[:2], G"
    rule(
        f"torch.nn.{_name}Cell",
        f"(input_size, hidden_size, bias=True{_extra}, device=None, dtype=None)",
        to=f"helpers.{_name}Cell",
        returns="module",
        cases=[
            module(_feed, input_size="4", hidden_size="3", bias="False", inputs=_H, tolerance="recurrent"),
            module("A", input_size="4", hidden_size="3", tolerance="recurrent"),
        ],
    )
rule(
    "torch.nn.modules.rnn.RNNBase",
    "",
    to="helpers.RecurrentBase",
    also=["torch.nn.RNNBase"],
    cases=[snippet("return isinstance(nn.LSTM(1, 1), nn.RNNBase), isinstance(nn.ReLU(), nn.RNNBase)")],
)
_MASKS = {"E": "normal(; 3, 3)"}
rule(
    "torch.nn.MultiheadAttention",
    "(embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None, vdim=None,"
    " batch_first=False, device=None, dtype=None)",
    to="helpers.MultiheadAttention",
    returns="module",
    cases=[
        module("X, X + 1, X * 2", embed_dim="4", num_heads="2", batch_first="True"),
        module("X, X, X", embed_dim="4", num_heads="2", add_bias_kv="True", add_zero_attn="True", bias="False"),
        module("X, X[..., :3], X[..., :2]", embed_dim="4", num_heads="1", kdim="3", vdim="2", batch_first="True"),
        snippet(
            "net = nn.MultiheadAttention(4, 2, batch_first=True)\n"
            "for i, p in enumerate(net.parameters()):\n    nn.init.constant_(p, 0.1 * i + 0.1)\n"
            "pad = torch.tensor([[False, False, True], [False, False, False]])\n"
            "causal = torch.triu(torch.ones(3, 3), diagonal=1) > 0\n"
            "a = net(X, X, X, key_padding_mask=pad, attn_mask=causal)\n"
            "b = net(X, X, X, attn_mask=E, need_weights=False)\n"
            "c = net(X[0], X[0], X[0], average_attn_weights=False)\n"
            "return a, b[0], b[1] is None, c",
            inputs=_MASKS,
        ),
    ],
)
_LAYER = "(d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=F.relu, layer_norm_eps=1e-05, batch_first=False, norm_first=False, bias=True, device=None, dtype=None)"  # noqa: E501
rule(
    "torch.nn.TransformerEncoderLayer",
    _LAYER,
    to="helpers.TransformerEncoderLayer",
    returns="module",
    cases=[
        module("X", d_model="4", nhead="2", dim_feedforward="6", dropout="0.0", batch_first="True", tolerance="norm"),
        module(
            "X",
            d_model="4",
            nhead="2",
            dim_feedforward="6",
            dropout="0.0",
            activation="'gelu'",
            norm_first="True",
            tolerance="norm",
        ),
    ],
)
rule(
    "torch.nn.TransformerDecoderLayer",
    _LAYER,
    to="helpers.TransformerDecoderLayer",
    returns="module",
    cases=[
        module(
            "X, X + 1", d_model="4", nhead="2", dim_feedforward="6", dropout="0.0", batch_first="True", tolerance="norm"
        )
    ],
)
_STACK = (
    "layer = nn.Transformer{0}Layer(4, 2, 6, dropout=0.0, batch_first=True)\n"
    "net = nn.Transformer{0}(layer, num_layers=2, norm=nn.LayerNorm(4))\n"
    "for i, p in enumerate(net.parameters()):\n    nn.init.constant_(p, 0.02 * (i % 5) - 0.03)\n"
    "mask = torch.triu(torch.ones(3, 3), diagonal=1) > 0\n"
)
rule(
    "torch.nn.TransformerEncoder",
    "(encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True)",
    to="helpers.TransformerEncoder",
    returns="module",
    cases=[
        snippet(_STACK.format("Encoder") + "return net(X), net(X, mask=mask), list(net.state_dict())", tolerance="norm")
    ],
)
rule(
    "torch.nn.TransformerDecoder",
    "(decoder_layer, num_layers, norm=None)",
    to="helpers.TransformerDecoder",
    returns="module",
    cases=[
        snippet(
            _STACK.format("Decoder") + "return net(X, X + 1, tgt_mask=mask), list(net.state_dict())", tolerance="norm"
        )
    ],
)
_TRANSFORMER = (
    "(d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, dropout=0.1,"
    " activation=F.relu, custom_encoder=None, custom_decoder=None, layer_norm_eps=1e-05, batch_first=False,"
    " norm_first=False, bias=True, device=None, dtype=None)"
)
rule(
    "torch.nn.Transformer",
    _TRANSFORMER,
    to="helpers.Transformer",
    returns="module",
    cases=[
        snippet(
            "net = nn.Transformer(4, 2, 1, 1, 8, dropout=0.0, batch_first=True)\n"
            "with torch.no_grad():\n"
            "    for i, p in enumerate(net.parameters()):\n        p.fill_(0.05 * (i % 5) - 0.1)\n"
            "mask = nn.Transformer.generate_square_subsequent_mask(3)\n"
            "return net(X, X + 1, tgt_mask=mask), mask, list(net.state_dict())",
            tolerance="norm",
        )
    ],
)
rule(
    "torch.nn.Transformer.generate_square_subsequent_mask",
    "(sz, device=None, dtype=None)",
    to="helpers.square_subsequent_mask",
    refuse={"dtype": "the mask is float32"},
    cases=[snippet("return nn.Transformer.generate_square_subsequent_mask(4)")],
)
_RNN = "torch.nn.utils.rnn."
_LAYERS = (
    "net = nn.{}(4, 3, 2, bidirectional=True, batch_first=True)\n"
    "for i, p in enumerate(net.parameters()):\n    nn.init.constant_(p, 0.05 * (i % 7) - 0.1)\n"
)
rule(
    _RNN + "pack_padded_sequence",
    "(input, lengths, batch_first=False, enforce_sorted=True)",
    to="helpers.pack_padded_sequence",
    returns="other",
    restriction=".data and .batch_sizes are made when asked for; to change them changes nothing: it stays padded",
    cases=[
        snippet(
            _LAYERS.format(name)
            + f"packed = {_RNN}pack_padded_sequence(X, [2, 3], batch_first=True, enforce_sorted=False)\n"
            "out, state = net(packed)\n"
            f"padded, lengths = {_RNN}pad_packed_sequence(out, batch_first=True)\n"
            "return padded, lengths, state",
            tolerance="recurrent",
        )
        for name in ("LSTM", "GRU")
    ]
    + [
        snippet(
            f"packed = {_RNN}pack_padded_sequence(X, torch.tensor([2, 3]), batch_first=True, enforce_sorted=False)\n"
            "return packed.data, packed.batch_sizes"
        )
    ],
)
rule(
    _RNN + "pad_packed_sequence",
    "(sequence, batch_first=False, padding_value=0.0, total_length=None)",
    to="helpers.pad_packed_sequence",
    returns="(tensor, tensor)",
    cases=[
        snippet(
            f"packed = {_RNN}pack_padded_sequence(X, torch.tensor([3, 1]), batch_first=True)\n"
            f"return {_RNN}pad_packed_sequence(packed, True, -1.0, total_length=4), {_RNN}pad_packed_sequence(packed)"
        )
    ],
)
rule(
    _RNN + "pack_sequence",
    "(sequences, enforce_sorted=True)",
    to="helpers.pack_sequence",
    returns="other",
    cases=[snippet(f"return {_RNN}pad_packed_sequence({_RNN}pack_sequence([A, B[:2]]))")],
)
rule(
    _RNN + "pad_sequence",
    "(sequences, batch_first=False, padding_value=0.0, padding_side='right')",
    to="helpers.pad_sequence",
    cases=[
        snippet(
            f"one = {_RNN}pad_sequence([A, B[:2], A[:1]], batch_first=True)\n"
            f"return one, {_RNN}pad_sequence([N[:1], N], padding_value=9)"
        )
    ],
)
rule(
    _RNN + "PackedSequence",
    to="helpers.PackedSequence",
    returns="unknown",
    cases=[
        snippet(
            f"packed = {_RNN}pack_sequence([A, B[:2]])\n"
            f"return isinstance(packed, {_RNN}PackedSequence), isinstance(A, {_RNN}PackedSequence)",
            grad=False,
        )
    ],
)
