"""Maximum over windows on the CPU with all threads; keeps the places of the maxima for the gradient, not the input."""

from typing import Any

import jittor as jt

from converter.helpers.library.native import computes_natively, native_operator

MAX_POOL_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// Of x (N, C, D, H, W): the maxima over windows and, if asked for, their places in (D, H, W).  A window is given by
// kernel, stride, padding, dilation of each dimension.
// Its gradient spreads values over such places, and the gradient of that collects them.
struct @CLASS@ : Op {
    enum { FORWARD, SPREAD, COLLECT } work;
    Var* x;
    Var* places;
    NanoVector size, kernel, stride, padding, gap;
    // @attrs(multiple_outputs)
    @CLASS@(Var* x, NanoVector size, NanoVector k, NanoVector stride, NanoVector pad, NanoVector gap, bool with_places);
    // @attrs(multiple_outputs)
    @CLASS@(Var* x, Var* places, NanoVector size, bool spread);
    const char* name() const override { return "@OP@"; }
    VarPtr grad(Var* out, Var* dout, Var* v, int v_index) override;
    void infer_shape() override;
    void run() override;
    template <bool WITH_PLACES> void maxima(float* out, int* where);
};
} // jittor
"""

MAX_POOL_SOURCE = r"""
#include <cstring>
#include <limits>
#include <vector>
#include "var.h"
#include "ops/op_register.h"
#include "@OP@_op.h"

namespace jittor {

@CLASS@::@CLASS@(Var* x, NanoVector size, NanoVector kernel, NanoVector stride, NanoVector padding, NanoVector gap,
                 bool with_places)
    : work(FORWARD), x(x), places(nullptr), size(size), kernel(kernel), stride(stride), padding(padding), gap(gap) {
    flags.set(NodeFlags::_manual_set_vnbb);
    create_output(nullptr, x->dtype());
    if (with_places) create_output(nullptr, ns_int32)->flags.set(NodeFlags::_needed_by_backward);
}

@CLASS@::@CLASS@(Var* x, Var* places, NanoVector size, bool spread)
    : work(spread ? SPREAD : COLLECT), x(x), places(places), size(size) {
    flags.set(NodeFlags::_manual_set_vnbb);
    places->flags.set(NodeFlags::_needed_by_backward);
    create_output(nullptr, x->dtype());
}

void @CLASS@::infer_shape() {
    for (int i = 0; i < (int)outputs().size(); i++) output(i)->set_shape(size);
}

@AS_FLOAT32@
VarPtr @CLASS@::grad(Var* out, Var* dout, Var* v, int v_index) {
    VarPtr single = as_float32(dout);
    dout = single;
    static auto make = get_op_info("@OP@").get_constructor<vector<VarPtr>, Var*, Var*, NanoVector, bool>();
    if (v_index != 0 || out != output(0)) return nullptr;
    if (work == FORWARD) {
        ASSERT(outputs().size() == 2) << "the maxima were computed without their places";
        return move(make(dout, output(1), x->shape, true)[0]);
    }
    return move(make(dout, places, x->shape, work == COLLECT)[0]);
}

// One row of maxima: windows start at `first` and every `stride` further; `at` is the place of the row's first value.
template <int64 STRIDE, bool WITH_PLACES>
static void row_of_maxima(const float* row, int64 at, int64 first, int64 stride, int64 kernel, int64 gap, int64 width,
                          int64 count, float* best, int* where) {
    if (STRIDE) stride = STRIDE;
    for (int64 k = 0; k < kernel; k++) {
        int64 begin = first + k * gap;  // where the first window looks
        int64 from = begin >= 0 ? 0 : (-begin + stride - 1) / stride;
        int64 to = begin >= width ? 0 : (width - 1 - begin) / stride + 1;
        if (to > count) to = count;
        const float* values = row + begin;
        #pragma omp simd
        for (int64 i = from; i < to; i++) {
            float value = values[i * stride];
            // The first of equal ones; what is not a number counts as larger than all.
            bool better = value > best[i] || value != value;
            best[i] = better ? value : best[i];
            if (WITH_PLACES) where[i] = better ? (int)(at + begin + i * stride) : where[i];
        }
    }
}

// Where a window that starts at `start` looks first.
static int64 inside(int64 start, int64 gap) {
    return start >= 0 ? start : start + (-start + gap - 1) / gap * gap;
}

template <bool WITH_PLACES>
void @CLASS@::maxima(float* out, int* where) {
    auto in = x->shape;
    const float* from = x->ptr<float32>();
    int64 planes = in[0] * in[1], volume = in[2] * in[3] * in[4], width = size[4], rows = size[2] * size[3];
    auto row_of = stride[2] == 1 ? row_of_maxima<1, WITH_PLACES>
                : stride[2] == 2 ? row_of_maxima<2, WITH_PLACES> : row_of_maxima<0, WITH_PLACES>;
    #pragma omp parallel for if (planes * rows * width > 10000)
    for (int64 number = 0; number < planes * rows; number++) {
        int64 plane = number / rows, row = number % rows;
        int64 d = row / size[3] * stride[0] - padding[0], h = row % size[3] * stride[1] - padding[1];
        float* best = out + number * width;
        int* places = WITH_PLACES ? where + number * width : nullptr;
        int64 start = (inside(d, gap[0]) * in[3] + inside(h, gap[1])) * in[4];
        for (int64 i = 0; i < width; i++) {
            best[i] = -std::numeric_limits<float>::infinity();
            if (WITH_PLACES) places[i] = start + inside(i * stride[2] - padding[2], gap[2]);
        }
        for (int64 a = 0; a < kernel[0]; a++)
        for (int64 b = 0; b < kernel[1]; b++) {
            int64 z = d + a * gap[0], y = h + b * gap[1], at = (z * in[3] + y) * in[4];
            if (z < 0 || z >= in[2] || y < 0 || y >= in[3]) continue;
            row_of(from + plane * volume + at, at, -padding[2], stride[2], kernel[2], gap[2], in[4], width, best,
                   places);
        }
    }
}

void @CLASS@::run() {
    if (work == FORWARD) {
        auto* to = output(0)->ptr<float32>();
        if (outputs().size() == 2) maxima<true>(to, output(1)->ptr<int32>());
        else maxima<false>(to, nullptr);
        return;
    }
    Var* out = output(0);
    int64 planes = size[0] * size[1], wide = out->num / planes, given = places->num / planes;
    auto *from = x->ptr<float32>(), *to = out->ptr<float32>();
    auto* at = places->ptr<int32>();
    int64 source = x->num / planes;
    #pragma omp parallel for if (planes * given > 10000)
    for (int64 plane = 0; plane < planes; plane++) {
        const int* p = at + plane * given;
        const float* f = from + plane * source;
        float* t = to + plane * wide;
        if (work == COLLECT) {
            for (int64 i = 0; i < given; i++) t[i] = f[p[i]];
        } else {
            std::memset(t, 0, wide * sizeof(float));
            for (int64 i = 0; i < given; i++) t[p[i]] += f[i];
        }
    }
}

} // jittor
"""


def native_max_pool(
    input: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, outputs: Any, indices: bool
) -> Any:
    """``[maxima, their places]`` of an input (N, C, ...); None where Jittor's own operators have to do it."""
    if input.numel() == 0 or not computes_natively(input):
        return None
    operator = native_operator("native_max_pool", MAX_POOL_HEADER, MAX_POOL_SOURCE, "-fopenmp")
    if operator is None:
        return None
    shape = list(input.shape)
    missing = 3 - len(outputs)
    options = [
        [common] * missing + list(given) for common, given in zip((1, 1, 0, 1), (kernel, stride, padding, dilation))
    ]
    volume = shape if not missing else [*shape[:2], *[1] * missing, *shape[2:]]
    x = input if not missing else input.reshape(volume)
    places = indices or not (jt.flags.no_grad or input.is_stop_grad())
    found = operator(x, [*shape[:2], *[1] * missing, *outputs], *options, places)
    return found if not missing else [v.reshape([*shape[:2], *outputs]) for v in found]
