"""ReLU on the CPU with all threads, as an operator that keeps its result for the gradient and not its input."""

from typing import Any

import jittor as jt

from converter.helpers.library.native import computes_natively, native_operator

RELU_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// y of x; or the gradient: dy where y is not zero.
struct @CLASS@ : Op {
    Var* given;
    Var* result;  // None: the function itself
    Var* out;
    @CLASS@(Var* x);
    @CLASS@(Var* dy, Var* y);
    const char* name() const override { return "@OP@"; }
    VarPtr grad(Var* out, Var* dout, Var* v, int v_index) override;
    void infer_shape() override;
    void run() override;
};
} // jittor
"""

RELU_SOURCE = r"""
#include "var.h"
#include "ops/op_register.h"
#include "@OP@_op.h"

namespace jittor {

enum { SMALL = 1 << 15 };  // fewer values than threads are worth waking for

@CLASS@::@CLASS@(Var* x) : given(x), result(nullptr) {
    flags.set(NodeFlags::_manual_set_vnbb);
    out = create_output(nullptr, x->dtype());
    out->flags.set(NodeFlags::_needed_by_backward);
}

@CLASS@::@CLASS@(Var* dy, Var* y) : given(dy), result(y) {
    flags.set(NodeFlags::_manual_set_vnbb);
    y->flags.set(NodeFlags::_needed_by_backward);
    out = create_output(nullptr, dy->dtype());
}

void @CLASS@::infer_shape() {
    out->set_shape(given->shape);
}

@AS_FLOAT32@
VarPtr @CLASS@::grad(Var* out, Var* dout, Var* v, int v_index) {
    VarPtr single = as_float32(dout);
    dout = single;
    static auto make = get_op_info("@OP@").get_constructor<VarPtr, Var*, Var*>();
    if (v_index == 1) return nullptr;
    return make(dout, result ? result : out);
}

void @CLASS@::run() {
    int64 n = out->num;
    auto *from = given->ptr<float32>(), *decides = result ? result->ptr<float32>() : from, *to = out->ptr<float32>();
    // Not "above zero": what is not a number stays so, and so does its gradient.
    #pragma omp parallel for simd if (n > SMALL)
    for (int64 i = 0; i < n; i++) to[i] = decides[i] <= 0 ? 0 : from[i];
}

} // jittor
"""


def rectified(x: Any) -> Any:
    """ReLU with Torch's gradient, zero at zero; NaN stays NaN, where Jittor's own makes it 0."""
    if computes_natively(x):
        operator = native_operator("native_relu", RELU_HEADER, RELU_SOURCE, "-fopenmp")
        if operator:
            return operator(x)
    return jt.ternary(x <= 0, jt.zeros_like(x), x)
