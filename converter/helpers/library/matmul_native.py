"""Products of batches of matrices on the CPU by oneDNN, with all threads.

Jittor computes them in a loop on one thread; its product of two matrices needs no help.
"""

from typing import Any

from converter.helpers.library.convolution_onednn import onednn_flags
from converter.helpers.library.native import computes_natively, native_operator

MATMUL_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// Of a (B, M, K) and b (B, K, N), each perhaps with its last two dimensions exchanged: (B, M, N).
struct @CLASS@ : Op {
    Var* a;
    Var* b;
    Var* out;
    bool turn_a, turn_b;
    @CLASS@(Var* a, Var* b, bool turn_a, bool turn_b);
    const char* name() const override { return "@OP@"; }
    VarPtr grad(Var* out, Var* dout, Var* v, int v_index) override;
    void infer_shape() override;
    void run() override;
};
} // jittor
"""

MATMUL_SOURCE = r"""
#include <cstring>
#include <dnnl.h>
#include <omp.h>
#include "var.h"
#include "ops/op_register.h"
#include "@OP@_op.h"

namespace jittor {

@CLASS@::@CLASS@(Var* a, Var* b, bool turn_a, bool turn_b) : a(a), b(b), turn_a(turn_a), turn_b(turn_b) {
    flags.set(NodeFlags::_manual_set_vnbb);
    a->flags.set(NodeFlags::_needed_by_backward);
    b->flags.set(NodeFlags::_needed_by_backward);
    out = create_output(nullptr, a->dtype());
}

void @CLASS@::infer_shape() {
    ASSERT(a->shape.size() == 3 && b->shape.size() == 3);
    ASSERTop(a->shape[0],==,b->shape[0]);
    ASSERTop(a->shape[turn_a ? 1 : 2],==,b->shape[turn_b ? 2 : 1]);
    NanoVector shape;
    shape.push_back_check_overflow(a->shape[0]);
    shape.push_back_check_overflow(a->shape[turn_a ? 2 : 1]);
    shape.push_back_check_overflow(b->shape[turn_b ? 1 : 2]);
    out->set_shape(shape);
}

@AS_FLOAT32@
VarPtr @CLASS@::grad(Var* out, Var* dout, Var* v, int v_index) {
    VarPtr single = as_float32(dout);
    dout = single;
    static auto make = get_op_info("@OP@").get_constructor<VarPtr, Var*, Var*, bool, bool>();
    if (v_index == 0) return turn_a ? make(b, dout, turn_b, true) : make(dout, b, false, !turn_b);
    return turn_b ? make(dout, a, true, turn_a) : make(a, dout, !turn_a, false);
}

void @CLASS@::run() {
    int64 batch = out->shape[0], m = out->shape[1], n = out->shape[2], k = a->shape[turn_a ? 1 : 2];
    if (out->num == 0) return;
    if (k == 0) {
        std::memset(out->mem_ptr, 0, out->size);
        return;
    }
    auto *x = a->ptr<float32>(), *y = b->ptr<float32>(), *z = out->ptr<float32>();
    auto one = [&](int64 i) {
        dnnl_sgemm(turn_a ? 'T' : 'N', turn_b ? 'T' : 'N', m, n, k, 1, x + i * m * k, turn_a ? m : k,
                   y + i * k * n, turn_b ? k : n, 0, z + i * m * n, n);
    };
    // Many matrices: each by one thread.  Few: oneDNN divides each between the threads.
    if (batch >= omp_get_max_threads()) {
        #pragma omp parallel for if (batch * m * n * k > 100000)
        for (int64 i = 0; i < batch; i++) one(i);
    } else {
        for (int64 i = 0; i < batch; i++) one(i);
    }
}

} // jittor
"""


def batched_product(a: Any, b: Any) -> Any:
    """``a @ b`` of (..., M, K) and (..., K, N) with the same leading dimensions; None where Jittor has to do it."""
    shape, other = list(a.shape), list(b.shape)
    fits = len(shape) > 2 and shape[:-2] == other[:-2] and shape[-1] == other[-2]
    if not fits or 0 in shape or 0 in other or not computes_natively(a, b):
        return None
    flags = onednn_flags()
    operator = flags and native_operator("native_matmul", MATMUL_HEADER, MATMUL_SOURCE, flags)
    if not operator:
        return None
    a, b = (v if v.ndim == 3 else v.reshape([-1, *list(v.shape)[-2:]]) for v in (a, b))
    product = operator(a, b, False, False)
    return product if len(shape) == 3 else product.reshape([*shape[:-1], other[-1]])
