"""A parameter's update on the CPU with all threads: one pass over the values, one operator for each parameter."""

from typing import Any

from converter.helpers.library.native import computes_natively, native_operator

UPDATE_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// Adam (p, g, m, v): the new p, m and v.  SGD with momentum (p, g, b): the new p and b.
// Declarations stay on one line, else Jittor does not find them.
struct @CLASS@ : Op {
    vector<Var*> given;
    vector<float64> options;
    // Rate, what is taken of the gradient into m, what is kept of v, eps, decay, shrink.
    // @attrs(multiple_outputs)
    @CLASS@(Var* p, Var* g, Var* m, Var* v, float64 a, float64 b, float64 c, float64 e, float64 d, float64 s);
    // @attrs(multiple_outputs)
    @CLASS@(Var* p, Var* g, Var* b, float64 rate, float64 momentum, float64 taken, float64 decay, bool nesterov);
    const char* name() const override { return "@OP@"; }
    void infer_shape() override;
    void run() override;
};
} // jittor
"""

UPDATE_SOURCE = r"""
#include <cmath>
#include <cstring>
#include "var.h"
#include "mem/allocator/sfrl_allocator.h"
#include "@OP@_op.h"

namespace jittor {

enum { SMALL = 1 << 15 };  // fewer values than threads are worth waking for

// A running value that nobody else can read any more, now or later, is changed where it lies: only the optimizer holds
// it, no operator waits for it, and no other tensor shares its memory (a clone does in Jittor).
static void reuse(Var* after, Var* before) {
    if (!before->mem_ptr || before->outputs().size() || before->backward_liveness != 1) return;
    if (std::strcmp(before->allocator->name(), "sfrl")) return;
    if (CachingBlockPool::occupied_id_mapper[before->allocation]->share_times) return;
    after->share_with(before);
}

@CLASS@::@CLASS@(Var* p, Var* g, Var* m, Var* v, float64 rate, float64 first, float64 second, float64 eps,
                 float64 decay, float64 shrink)
    : given({p, g, m, v}), options({rate, first, second, eps, decay, shrink}) {
    flags.set(NodeFlags::_manual_set_vnbb);
    create_output(nullptr, p->dtype());
    reuse(create_output(nullptr, p->dtype()), m);
    reuse(create_output(nullptr, p->dtype()), v);
}

@CLASS@::@CLASS@(Var* p, Var* g, Var* b, float64 rate, float64 momentum, float64 taken, float64 decay, bool nesterov)
    : given({p, g, b}), options({rate, momentum, taken, decay, (float64)nesterov}) {
    flags.set(NodeFlags::_manual_set_vnbb);
    create_output(nullptr, p->dtype());
    reuse(create_output(nullptr, p->dtype()), b);
}

void @CLASS@::infer_shape() {
    for (auto* v : given) ASSERT(v->shape == given[0]->shape) << v->shape << given[0]->shape;
    for (int i = 0; i < (int)outputs().size(); i++) output(i)->set_shape(given[0]->shape);
}

void @CLASS@::run() {
    int64 n = given[0]->num;
    const float *p = given[0]->ptr<float32>(), *g = given[1]->ptr<float32>(), *m = given[2]->ptr<float32>();
    float *new_p = output(0)->ptr<float32>(), *new_m = output(1)->ptr<float32>();
    if (given.size() == 3) {
        const float rate = options[0], momentum = options[1], taken = options[2], decay = options[3];
        const bool nesterov = options[4] != 0;
        #pragma omp parallel for simd if (n > SMALL)
        for (int64 i = 0; i < n; i++) {
            float change = g[i] + decay * p[i];
            float moved = momentum * m[i] + taken * change;
            new_m[i] = moved;
            new_p[i] = p[i] - rate * (nesterov ? change + momentum * moved : moved);
        }
        return;
    }
    const float* v = given[3]->ptr<float32>();
    float* new_v = output(2)->ptr<float32>();
    const float rate = options[0], first = options[1], second = options[2], unseen = 1 - options[2];
    const float eps = options[3], decay = options[4], shrink = options[5];
    #pragma omp parallel for simd if (n > SMALL)
    for (int64 i = 0; i < n; i++) {
        float held = p[i] * shrink, change = g[i] + decay * held;
        float mean = m[i] + (change - m[i]) * first;
        float square = v[i] * second + change * change * unseen;
        new_m[i] = mean;
        new_v[i] = square;
        new_p[i] = held - rate * mean / (std::sqrt(square) + eps);
    }
}

} // jittor
"""


def native_update(*values: Any) -> Any:
    """The operator for a parameter, its gradient and its state; None where Jittor's own operators have to do it."""
    if not computes_natively(*values):
        return None
    return native_operator("native_update", UPDATE_HEADER, UPDATE_SOURCE, "-fopenmp")
