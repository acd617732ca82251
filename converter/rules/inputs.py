"""The inputs that cases name.  Few shapes, so that few Jittor operators are compiled.

A recipe is ``distribution(parameters; shape)``: ``normal(; 3, 4)``, ``uniform(0.1, 0.9; 3, 4)``, ``ints(0, 5; 3, 4)``
(int64, upper end excluded), ``bools(; 3, 4)``, ``steps(; 3, 4)`` (0, 1, 2, ... as float32); ``-> dtype`` may follow.
"""

INPUTS: dict[str, str] = {
    "A": "normal(; 3, 4)",
    "B": "normal(; 3, 4)",
    "V": "normal(; 4)",
    "W": "normal(; 4, 5)",
    "X": "normal(; 2, 3, 4)",
    "Y": "normal(; 2, 4, 5)",
    "Q": "normal(; 4, 4)",
    "P": "uniform(0.1, 0.9; 3, 4)",
    "R": "uniform(0.1, 0.9; 3, 4)",
    "SEQ": "normal(; 2, 3, 10)",
    "IMG": "normal(; 2, 3, 8, 8)",
    "VOL": "normal(; 2, 3, 4, 6, 6)",
    "S": "normal(; )",
    "D": "normal(; 3, 4) -> float64",
    "H": "steps(; 3, 4)",
    "N": "ints(-7, 8; 3, 4)",
    "K": "ints(1, 5; 3, 4)",
    "I": "ints(0, 3; 3, 4)",
    "T": "ints(0, 4; 3)",
    "J": "ints(0, 3; 2)",
    "TOK": "ints(0, 10; 2, 5)",
    "U": "ints(0, 256; 3, 4) -> uint8",
    "M": "bools(; 3, 4)",
    "L": "bools(; 3, 4)",
}
