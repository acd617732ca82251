"""Recurrent layers and cells with Torch's layouts, dropout and initial values."""

import math
from typing import Any

import jittor as jt
import numpy as np
from jittor import nn

from converter.helpers.library.activations import dropped
from converter.helpers.library.modules import Module
from converter.helpers.library.parameters import Parameter, overwrite


def recurrent_step(mode: str, gates: Any, hidden: Any, cell: Any) -> tuple[Any, Any]:
    """One step of an LSTM (``cell`` is its memory) or an Elman network from its summed gates."""
    if mode != "LSTM":
        return (jt.tanh(gates) if mode == "RNN_TANH" else nn.relu(gates)), None
    size = gates.shape[-1] // 4
    into, forget, out = (jt.sigmoid(gates[:, i * size : (i + 1) * size]) for i in (0, 1, 3))
    cell = forget * cell + into * jt.tanh(gates[:, 2 * size : 3 * size])
    return out * jt.tanh(cell), cell


def gru_step(from_input: Any, from_hidden: Any, hidden: Any) -> Any:
    """One step of a GRU; the new gate sees the hidden state through the reset gate."""
    size = hidden.shape[-1]
    reset = jt.sigmoid(from_input[:, :size] + from_hidden[:, :size])
    update = jt.sigmoid(from_input[:, size : 2 * size] + from_hidden[:, size : 2 * size])
    new = jt.tanh(from_input[:, 2 * size :] + reset * from_hidden[:, 2 * size :])
    return (1 - update) * new + update * hidden


class PackedSequence:
    """Sequences of different lengths, as the recurrent layers take them.

    Torch lays them out by time step without the padding; here they stay padded, ``padded`` (L, N, ...), beside their
    ``lengths``, and the layers stop each sequence at its end.  The order of the batch is never changed.
    """

    def __init__(self, padded: Any, lengths: Any) -> None:
        self.padded = padded
        self.lengths = [int(n) for n in lengths]

    @property
    def data(self) -> Any:
        """The steps without the padding (sum of lengths, ...), all first ones first, the longest sequence first."""
        many = len(self.lengths)
        order = sorted(range(many), key=lambda b: -self.lengths[b])
        places = [t * many + b for t in range(self.padded.shape[0]) for b in order if self.lengths[b] > t]
        rest = tuple(self.padded.shape[2:])
        return self.padded.reshape((self.padded.shape[0] * many, *rest))[jt.array(places)]

    @property
    def batch_sizes(self) -> Any:
        """How many sequences reach each step (int64)."""
        return jt.array([sum(n > t for n in self.lengths) for t in range(max(self.lengths))]).int64()

    def alive(self) -> Any:
        """Which steps are not padding: bool (L, N)."""
        return jt.array(np.arange(self.padded.shape[0])[:, None] < np.array(self.lengths)[None], dtype="bool")


def pack_padded_sequence(input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True) -> Any:
    """Padded sequences (L, N, ...), or (N, L, ...) with ``batch_first``, with the number of valid steps of each."""
    counts = [int(n) for n in (lengths.numpy() if isinstance(lengths, jt.Var) else lengths)]
    if min(counts) <= 0:
        raise RuntimeError("Length of all samples has to be greater than 0")
    if enforce_sorted and counts != sorted(counts, reverse=True):
        raise RuntimeError("`lengths` array must be sorted in decreasing order when `enforce_sorted` is True")
    return PackedSequence((input.transpose(0, 1) if batch_first else input)[: max(counts)], counts)


def pad_packed_sequence(
    sequence: Any, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> Any:
    """The padded tensor and the lengths (int64) of :class:`PackedSequence`."""
    padded = sequence.padded
    alive = sequence.alive().reshape([*padded.shape[:2]] + [1] * (padded.ndim - 2)).broadcast(padded.shape)
    padded = jt.ternary(alive, padded, jt.full_like(padded, padding_value))
    if total_length is not None and total_length > padded.shape[0]:
        more = jt.full((total_length - padded.shape[0], *padded.shape[1:]), padding_value, dtype=padded.dtype)
        padded = jt.concat([padded, more], dim=0)
    return padded.transpose(0, 1) if batch_first else padded, jt.array(np.array(sequence.lengths), dtype="int64")


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Any:
    """Tensors (L_i, ...) filled up to the longest: (L, N, ...), or (N, L, ...) with ``batch_first``."""
    sequences = list(sequences)
    longest = max(s.shape[0] for s in sequences)
    filled = []
    for s in sequences:
        more = jt.full((longest - s.shape[0], *s.shape[1:]), padding_value, dtype=s.dtype)
        parts = [s, more] if padding_side == "right" else [more, s]
        filled.append(jt.concat(parts, dim=0) if longest > s.shape[0] else s)
    return jt.stack(filled, dim=0 if batch_first else 1)


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> Any:
    """A :class:`PackedSequence` of tensors (L_i, ...)."""
    sequences = list(sequences)
    return pack_padded_sequence(pad_sequence(sequences), [s.shape[0] for s in sequences], False, enforce_sorted)


class RecurrentBase(Module):
    """What LSTM, GRU and RNN share.

    Jittor's own returns (L, N, H) for ``batch_first=True``, has no unbatched input, and its dropout is never active.
    """

    mode = "RNN_TANH"
    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        state = proj_size or hidden_size
        rows = self.gates * hidden_size
        for layer in range(num_layers):
            for suffix in self.suffixes(layer):
                columns = input_size if layer == 0 else state * len(self.suffixes(0))
                self.add_weight(f"weight_ih_{suffix}", (rows, columns))
                self.add_weight(f"weight_hh_{suffix}", (rows, state))
                if bias:
                    self.add_weight(f"bias_ih_{suffix}", (rows,))
                    self.add_weight(f"bias_hh_{suffix}", (rows,))
                if proj_size:
                    self.add_weight(f"weight_hr_{suffix}", (proj_size, hidden_size))

    def suffixes(self, layer: int) -> list[str]:
        return [f"l{layer}", f"l{layer}_reverse"] if self.bidirectional else [f"l{layer}"]

    def add_weight(self, name: str, shape: Any) -> None:
        setattr(self, name, Parameter(self.initial(shape)))

    def initial(self, shape: Any) -> Any:
        bound = 1 / math.sqrt(self.hidden_size)
        return jt.random(tuple(shape)) * (2 * bound) - bound

    def reset_parameters(self) -> None:
        for parameter in self.parameters():
            overwrite(parameter, self.initial(parameter.shape))

    def flatten_parameters(self) -> None:
        """Torch packs weights for cuDNN here; Jittor needs no such step."""

    def run_direction(self, input: Any, suffix: str, hidden: Any, cell: Any, alive: Any = None) -> tuple[Any, Any, Any]:
        """All steps of one layer in one direction: (L, N, H) outputs and the last states.

        Where ``alive`` (L, N) is false the states stay as they are, and the output is 0.
        """
        from_input = nn.linear(input, getattr(self, f"weight_ih_{suffix}"))
        weight = getattr(self, f"weight_hh_{suffix}")
        own_bias: Any = 0
        if self.bias:
            from_input = from_input + getattr(self, f"bias_ih_{suffix}")
            own_bias = getattr(self, f"bias_hh_{suffix}")
        steps = range(input.shape[0])
        outputs = []
        for t in reversed(steps) if suffix.endswith("reverse") else steps:
            before, stored = hidden, cell
            from_hidden = nn.linear(hidden, weight) + own_bias
            if self.mode == "GRU":
                hidden = gru_step(from_input[t], from_hidden, hidden)
            else:
                hidden, cell = recurrent_step(self.mode, from_input[t] + from_hidden, hidden, cell)
            if self.proj_size:
                hidden = nn.linear(hidden, getattr(self, f"weight_hr_{suffix}"))
            if alive is None:
                outputs.append(hidden)
                continue
            goes_on = alive[t].unsqueeze(-1)
            hidden = jt.ternary(goes_on.broadcast(hidden.shape), hidden, before)
            if self.mode == "LSTM":
                cell = jt.ternary(goes_on.broadcast(cell.shape), cell, stored)
            outputs.append(hidden * goes_on.cast(hidden.dtype))
        if suffix.endswith("reverse"):
            outputs.reverse()
        return jt.stack(outputs, dim=0), hidden, cell

    def execute(self, input: Any, hx: Any = None) -> Any:
        if isinstance(input, PackedSequence):
            output, last = self.run_layers(input.padded, hx, input.alive())
            return PackedSequence(output, input.lengths), last
        if input.ndim == 2:
            if hx is not None:
                hx = tuple(h.unsqueeze(1) for h in hx) if self.mode == "LSTM" else hx.unsqueeze(1)
            output, last = self.execute(input.unsqueeze(0 if self.batch_first else 1), hx)
            last = tuple(h.squeeze(1) for h in last) if self.mode == "LSTM" else last.squeeze(1)
            return output.squeeze(0 if self.batch_first else 1), last
        if not self.batch_first:
            return self.run_layers(input, hx)
        output, last = self.run_layers(input.transpose(0, 1), hx)
        return output.transpose(0, 1), last

    def run_layers(self, input: Any, hx: Any, alive: Any = None) -> Any:
        """All layers on (L, N, H): the outputs of the last one, and the last states of all."""
        count = self.num_layers * len(self.suffixes(0))
        if hx is None:
            hidden = jt.zeros((count, input.shape[1], self.proj_size or self.hidden_size), dtype=input.dtype)
            cells = jt.zeros((count, input.shape[1], self.hidden_size), dtype=input.dtype)
        else:
            hidden, cells = hx if self.mode == "LSTM" else (hx, hx)
        last_hidden: list[Any] = []
        last_cells: list[Any] = []
        for layer in range(self.num_layers):
            parts = []
            for suffix in self.suffixes(layer):
                place = len(last_hidden)
                output, h, c = self.run_direction(input, suffix, hidden[place], cells[place], alive)
                parts.append(output)
                last_hidden.append(h)
                last_cells.append(c)
            input = parts[0] if len(parts) == 1 else jt.concat(parts, dim=-1)
            if self.dropout and layer < self.num_layers - 1:
                input = dropped(input, input.shape, self.dropout, self.training)
        if self.mode == "LSTM":
            return input, (jt.stack(last_hidden, dim=0), jt.stack(last_cells, dim=0))
        return input, jt.stack(last_hidden, dim=0)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        for name, usual in (
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0.0),
            ("bidirectional", False),
        ):
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        return text


class LSTM(RecurrentBase):
    mode = "LSTM"
    gates = 4


class GRU(RecurrentBase):
    mode = "GRU"
    gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)


class RNN(RecurrentBase):
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'.")
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        self.nonlinearity = nonlinearity
        self.mode = "RNN_" + nonlinearity.upper()


class CellBase(Module):
    """One step of a recurrent network; batch dimension optional, the state defaults to zeros."""

    mode = "RNN_TANH"
    gates = 1

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        bound = 1 / math.sqrt(hidden_size)
        rows = self.gates * hidden_size
        shapes: dict[str, Any] = {"weight_ih": (rows, input_size), "weight_hh": (rows, hidden_size)}
        if bias:
            shapes.update(bias_ih=(rows,), bias_hh=(rows,))
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            given = name in shapes
            self.register_parameter(name, Parameter(jt.random(shapes[name]) * (2 * bound) - bound) if given else None)

    def execute(self, input: Any, hx: Any = None) -> Any:
        if input.ndim == 1:
            if hx is not None:
                hx = tuple(h.unsqueeze(0) for h in hx) if self.mode == "LSTM" else hx.unsqueeze(0)
            found = self.execute(input.unsqueeze(0), hx)
            return tuple(h.squeeze(0) for h in found) if self.mode == "LSTM" else found.squeeze(0)
        if hx is None:
            zeros = jt.zeros((input.shape[0], self.hidden_size), dtype=input.dtype)
            hx = (zeros, zeros) if self.mode == "LSTM" else zeros
        hidden, cell = hx if self.mode == "LSTM" else (hx, None)
        from_input = nn.linear(input, self.weight_ih, self.bias_ih)
        from_hidden = nn.linear(hidden, self.weight_hh, self.bias_hh)
        if self.mode == "GRU":
            return gru_step(from_input, from_hidden, hidden)
        hidden, cell = recurrent_step(self.mode, from_input + from_hidden, hidden, cell)
        return (hidden, cell) if self.mode == "LSTM" else hidden

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}"


class LSTMCell(CellBase):
    mode = "LSTM"
    gates = 4


class GRUCell(CellBase):
    mode = "GRU"
    gates = 3


class RNNCell(CellBase):
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias)
        self.nonlinearity = nonlinearity
        self.mode = "RNN_" + nonlinearity.upper()
