"""Planted in the recording model: recurrent layers, gates, attention pooling, detached branches."""

from tests.parity.mutations.catalogue import CONVERTED, PORT, Mutation, Planted

CONVERTED_ERRORS = Planted(
    "lstm",
    CONVERTED,
    [
        Mutation("batch first forgotten", "batch_first=True, ", "", "lstm", "crash", at="states, (last, _) ="),
        Mutation("directions swapped", "last[0] - last[1]", "last[1] - last[0]", ""),
        Mutation("initial state", "(zeros + 0.1, zeros)", "(zeros, zeros)", "", default=True),
        Mutation(
            "state and cell swapped", "states, (last, _) =", "states, (_, last) =", "", at="hidden = hidden + 0.5"
        ),
        Mutation(
            "order of the gates",
            "reset_x, update_x, new_x =",
            "update_x, reset_x, new_x =",
            "gate",
            at="reset = jh.sigmoid",
        ),
        Mutation(
            "update gate the other way round",
            "(1 - update) * new + update * hidden",
            "update * new + (1 - update) * hidden",
            "gate",
        ),
        Mutation("reset gate before the product", "new_x + reset * new_h", "reset * (new_x + new_h)", "gate"),
        Mutation("softmax over the batch", "self.score(hidden), dim=1", "self.score(hidden), dim=0", "pooling"),
        Mutation(
            "mean in place of a weighted sum", "jh.sum_of(weights * x, dim=1)", "(weights * x).mean(dim=1)", "pooling"
        ),
        Mutation("detach forgotten", "hidden.detach()", "hidden", "", "backward", at=None, default=True),
        Mutation(
            "detach too many",
            "self.gate(summary, hidden)",
            "self.gate(summary, hidden.detach())",
            "",
            "backward",
            at=None,
        ),
        Mutation("default of an argument", "floor=0.1", "floor=0.9", "", at="energy = jh.clamp"),
        Mutation("upper limit of clamp", "floor, 1.0", "floor, 2.0", ""),
        Mutation("argmax over the batch", "jh.argmax(logits, dim=1)", "jh.argmax(logits, dim=0)", ""),
        Mutation("one step too many", "range(2)", "range(3)", ""),
    ],
)

PORT_ERRORS = Planted(
    "lstm",
    PORT,
    [
        Mutation(
            "order of the gates",
            "jt.sigmoid(gx[:, :d] + gh[:, :d])",
            "jt.sigmoid(gx[:, d : 2 * d] + gh[:, :d])",
            "gate",
        ),
        Mutation("value in place of the index", "idx, _ = jt.argmax", "_, idx = jt.argmax", ""),
        Mutation(
            "batch for time",
            ".permute(2, 0, 1) * rms.permute(1, 0).unsqueeze(2)",
            ".permute(0, 2, 1) * rms.unsqueeze(2)",
            "lstm",
            "crash",
            at="out, (hn, cn) =",
        ),
        Mutation("cell in place of the state", "(hn[0] - hn[1])", "(cn[0] - cn[1])", ""),
        Mutation("detach forgotten", "h.detach()", "h", "", "whole", at=None),
        Mutation(
            "initial state",
            "jt.ones((2, B, self.d)) * 0.1",
            "jt.zeros((2, B, self.d))",
            "",
            at="out, (hn, cn) =",
            default=True,
        ),
        Mutation(
            "parameter that is frozen",
            "self.h0 = jt.zeros((d,))",
            "self.h0 = jt.zeros((d,)).stop_grad()",
            "start",
            "training",
        ),
        Mutation("root forgotten", "jt.sqrt((x * x).mean(2))", "(x * x).mean(2)", ""),
    ],
)
