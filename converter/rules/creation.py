"""Tensors made from nothing, from data and from other tensors."""

from __future__ import annotations

from converter.rules.base import call, rule, snippet

_OPTIONS = "dtype=None, layout=None, device=None, requires_grad=False"
_LIKE = "dtype=None, layout=None, device=None, requires_grad=False, memory_format=None"

rule(
    "torch.tensor",
    "(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False)",
    to="helpers.make_tensor",
    cases=[
        call(data="[[1, 2], [3, 4]]", tolerance="dtype"),
        call(data="[1.5, 2]", tolerance="dtype"),
        call(data="[1, 0]", dtype="torch.float64", tolerance="dtype"),
        call(data="[True, False]", device="'cpu'", tolerance="dtype"),
        snippet("return torch.tensor([2**40]), torch.tensor(3), torch.tensor(3.5)", tolerance="dtype"),
        snippet(
            "return torch.tensor(np.arange(4.0)), torch.tensor(np.array([1, 2], dtype='uint8'))", tolerance="dtype"
        ),
    ],
)
rule(
    "torch.as_tensor",
    "(data, *, dtype=None, device=None)",
    to="helpers.as_tensor",
    cases=[call(data="[1, 2]", dtype="torch.float32", tolerance="dtype"), call(data="A")],
)
rule(
    "torch.asarray",
    "(obj, *, dtype=None, device=None)",
    to="helpers.as_tensor",
    rename={"obj": "data"},
    cases=[call(obj="[1, 2]", dtype="torch.float32", tolerance="dtype"), call(obj="A")],
)
rule(
    "torch.from_numpy",
    "(ndarray)",
    to="helpers.from_numpy",
    cases=[
        snippet("return torch.from_numpy(np.arange(6.0).reshape(2, 3))", tolerance="dtype"),
        snippet("return torch.from_numpy(np.array([2**40]))", tolerance="dtype"),
    ],
)
for _name in ("zeros", "ones"):
    rule(
        f"torch.{_name}",
        f"(*size, out=None, {_OPTIONS}, pin_memory=False, names=None)",
        to=f"helpers.{_name}_of",
        cases=[
            call(size="2, 3", tolerance="dtype"),
            call(size="(2, 3)", dtype="torch.int64", tolerance="dtype"),
            snippet(f"return torch.{_name}(A.shape), torch.{_name}(A.size(0), 2, device=A.device)"),
        ],
    )
    rule(
        f"torch.Tensor.new_{_name}",
        f"(*size, {_OPTIONS}, pin_memory=False)",
        to=f"helpers.new_{_name}",
        cases=[call(self="A", size="2, 3"), call(self="N", size="(2, 3)", dtype="torch.float64", tolerance="dtype")],
    )
    rule(
        f"torch.{_name}_like",
        f"(input, *, {_LIKE})",
        to=f"helpers.{_name}_like",
        cases=[
            call(input="A"),
            call(input="N", tolerance="dtype"),
            call(input="A", dtype="torch.bool", tolerance="dtype"),
        ],
    )
rule(
    "torch.empty",
    f"(*size, out=None, {_OPTIONS}, pin_memory=False, memory_format=None)",
    to="helpers.empty",
    cases=[call(size="2, 3", tolerance="random"), call(size="(2, 3)", dtype="torch.int64", tolerance="random")],
)
rule("torch.empty_like", f"(input, *, {_LIKE})", to="helpers.zeros_like", cases=[call(input="A", tolerance="random")])
rule(
    "torch.Tensor.new_empty",
    f"(*size, {_OPTIONS}, pin_memory=False)",
    to="helpers.new_zeros",
    cases=[call(self="A", size="2, 3", tolerance="random")],
)
rule(
    "torch.full",
    f"(size, fill_value, *, out=None, {_OPTIONS}, pin_memory=False)",
    to="helpers.full_tensor",
    cases=[
        call(size="(2, 3)", fill_value="3", tolerance="dtype"),
        call(size="(2,)", fill_value="0.3", tolerance="dtype"),
        call(size="[2, 3]", fill_value="1", dtype="torch.float32", tolerance="dtype"),
        snippet("return torch.full((2,), True), torch.full(A.shape, float('-inf'))", tolerance="dtype"),
    ],
)
rule(
    "torch.full_like",
    f"(input, fill_value, *, {_LIKE})",
    to="helpers.full_like",
    cases=[
        call(input="A", fill_value="0.3"),
        call(input="N", fill_value="2", dtype="torch.float32", tolerance="dtype"),
    ],
)
rule(
    "torch.Tensor.new_full",
    f"(size, fill_value, *, {_OPTIONS}, pin_memory=False)",
    to="helpers.new_full",
    cases=[call(self="A", size="(2, 3)", fill_value="3.5")],
)
rule(
    "torch.Tensor.new_tensor",
    "(data, *, dtype=None, device=None, requires_grad=False)",
    to="helpers.new_tensor",
    cases=[call(self="A", data="[1, 2]", tolerance="dtype")],
)
rule(
    "torch.arange",
    f"(start=None, end=None, step=1, *, out=None, {_OPTIONS}, pin_memory=False)",
    to="helpers.arange",
    cases=[
        call(start="0", end="5", step="2", tolerance="dtype"),
        call(start="1.0", end="2.5", step="0.5", tolerance="dtype"),
        call(start="0", end="4", dtype="torch.float32", tolerance="dtype"),
        snippet(
            "return torch.arange(5), torch.arange(5.0), torch.arange(5, 0, -2), torch.arange(end=3)", tolerance="dtype"
        ),
    ],
)
rule(
    "torch.linspace",
    f"(start, end, steps, *, out=None, {_OPTIONS})",
    to="helpers.linspace",
    cases=[
        call(start="0", end="1", steps="5", tolerance="dtype"),
        call(start="-1.0", end="1.0", steps="1", tolerance="dtype"),
    ],
)
rule(
    "torch.logspace",
    f"(start, end, steps, base=10.0, *, out=None, {_OPTIONS})",
    to="helpers.logspace",
    cases=[call(start="0", end="2", steps="5"), call(start="0", end="2", steps="3", base="2.0")],
)
rule(
    "torch.eye",
    f"(n, m=None, *, out=None, {_OPTIONS})",
    to="helpers.eye",
    cases=[call(n="3", tolerance="dtype"), call(n="2", m="3", dtype="torch.int64", tolerance="dtype")],
)
for _name in ("rand", "randn"):
    rule(
        f"torch.{_name}",
        f"(*size, generator=None, out=None, {_OPTIONS}, pin_memory=False)",
        to=f"helpers.{_name}",
        cases=[
            call(size="2, 3", tolerance="random"),
            call(size="100, 100", tolerance="moments"),
            call(size="(2, 3)", dtype="torch.float64", tolerance="random"),
            snippet(f"return torch.{_name}(A.shape)", tolerance="random"),
        ],
    )
    rule(
        f"torch.{_name}_like",
        f"(input, *, {_LIKE})",
        to=f"helpers.{_name}_like",
        cases=[call(input="D", tolerance="random"), call(input="D", dtype="torch.float32", tolerance="random")],
    )
rule(
    "torch.randint",
    f"(low=None, high=None, size=None, *, generator=None, out=None, {_OPTIONS}, pin_memory=False)",
    to="helpers.randint",
    cases=[
        call(low="0", high="5", size="(2, 3)", tolerance="random"),
        snippet("return torch.randint(5, (3,)), torch.randint(2, 9, A.shape, dtype=torch.int32)", tolerance="random"),
        snippet("return torch.randint(high=5, size=(100, 100)).float()", tolerance="moments"),
    ],
)
rule(
    "torch.randint_like",
    f"(input, low, high=None, *, {_LIKE})",
    to="helpers.randint_like",
    cases=[
        call(input="N", low="0", high="5", tolerance="random"),
        snippet("return torch.randint_like(N, 5)", tolerance="random"),
    ],
)
rule(
    "torch.randperm",
    f"(n, *, generator=None, out=None, {_OPTIONS}, pin_memory=False)",
    to="helpers.randperm",
    cases=[snippet("return torch.randperm(10).sort()[0]"), call(n="10", tolerance="random")],
)
rule(
    "torch.normal",
    f"(mean, std=1.0, size=None, *, generator=None, out=None, {_OPTIONS})",
    to="helpers.normal",
    cases=[
        call(mean="1.0", std="2.0", size="(100, 100)", tolerance="moments"),
        call(mean="A", std="P", tolerance="random"),
    ],
)
rule(
    "torch.bernoulli",
    "(input, *, generator=None, out=None)",
    to="helpers.bernoulli",
    method=True,
    cases=[call(input="P", tolerance="random")],
)
rule(
    "torch.multinomial",
    "(input, num_samples, replacement=False, *, generator=None)",
    to="helpers.multinomial",
    method=True,
    cases=[
        call(input="P", num_samples="2", tolerance="random"),
        call(input="P", num_samples="2", replacement="True", tolerance="random"),
        snippet("return torch.multinomial(P[0], 4).sort()[0]"),
    ],
)
rule(
    "torch.Size",
    "(sizes=())",
    to="helpers.make_size",
    value_to="jittor.NanoVector",
    returns="size",
    cases=[snippet("return torch.Size([2, 3])")],
)
for _old, _new in (
    ("Float", "float"),
    ("Long", "long"),
    ("Int", "int"),
    ("Double", "double"),
    ("Byte", "byte"),
    ("Bool", "bool"),
):
    rule(
        f"torch.{_old}Tensor",
        "(*args)",
        to=f"helpers.{_new}_tensor",
        cases=[call(args="[1, 0]", tolerance="dtype"), call(args="2, 3", tolerance="random")],
    )
rule(
    "torch.Tensor",
    "(*args)",
    to="helpers.float_tensor",
    value_to="jittor.Var",  # annotations and isinstance
    cases=[call(args="[1, 2]", tolerance="dtype"), call(args="2, 3", tolerance="random")],
)
