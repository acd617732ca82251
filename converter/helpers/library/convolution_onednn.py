"""Convolution over one to three dimensions on the CPU by oneDNN, forward and backward, with all threads.

Jittor has no 3-D one but a loop on one thread, some fifty times slower; its 2-D one leaves no choice of layouts to
oneDNN and makes its primitives anew at every call.  This links the oneDNN library that Jittor has.
"""

import os
import sys
from typing import Any

import jittor as jt
import jittor_utils

from converter.helpers.library.native import computes_natively, native_operator, say_once

CONVOLUTION_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// The three convolutions that are each other's derivatives, and the sum over all but the channels (of a bias).
// mode 0: a = input, b = weight; 1: a = output gradient, b = weight; 2: a = input, b = output gradient; 3: a.
// size: what the operands do not tell; the size of the input (mode 1) or of the kernel (mode 2).
struct @CLASS@ : Op {
    Var* a;
    Var* b;
    Var* bias;
    Var* out;
    int mode, groups;
    NanoVector stride, padding, dilation, size;
    @CLASS@(Var* a, Var* b, int mode, int groups, NanoVector stride, NanoVector pad, NanoVector dilate, NanoVector n);
    @CLASS@(Var* a, Var* b, Var* bias, int groups, NanoVector stride, NanoVector pad, NanoVector dilate);
    @CLASS@(Var* a);
    const char* name() const override { return "@OP@"; }
    VarPtr grad(Var* out, Var* dout, Var* v, int v_index) override;
    void infer_shape() override;
    void run() override;
};
} // jittor
"""

CONVOLUTION_SOURCE = r"""
#include <cstring>
#include <mutex>
#include <dnnl.hpp>
#include "var.h"
#include "executor.h"
#include "mem/allocator.h"
#include "ops/op_register.h"
#include "@OP@_op.h"

namespace jittor {

enum { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, CHANNEL_SUM };

static NanoVector spatial(Var* v) {
    NanoVector found;
    for (int i = 2; i < 5; i++) found.push_back_check_overflow(v->shape[i]);
    return found;
}

@CLASS@::@CLASS@(Var* a, Var* b, int mode, int groups,
                 NanoVector stride, NanoVector padding, NanoVector dilation, NanoVector size)
    : a(a), b(b), bias(nullptr), mode(mode), groups(groups),
      stride(stride), padding(padding), dilation(dilation), size(size) {
    flags.set(NodeFlags::_manual_set_vnbb);
    a->flags.set(NodeFlags::_needed_by_backward);
    b->flags.set(NodeFlags::_needed_by_backward);
    out = create_output(nullptr, a->dtype());
}

@CLASS@::@CLASS@(Var* a, Var* b, Var* bias, int groups, NanoVector stride, NanoVector padding, NanoVector dilation)
    : a(a), b(b), bias(bias), mode(FORWARD), groups(groups), stride(stride), padding(padding), dilation(dilation) {
    flags.set(NodeFlags::_manual_set_vnbb);
    a->flags.set(NodeFlags::_needed_by_backward);
    b->flags.set(NodeFlags::_needed_by_backward);
    out = create_output(nullptr, a->dtype());
}

@CLASS@::@CLASS@(Var* a) : a(a), b(nullptr), bias(nullptr), mode(CHANNEL_SUM), groups(1) {
    flags.set(NodeFlags::_manual_set_vnbb);
    out = create_output(nullptr, a->dtype());
}

void @CLASS@::infer_shape() {
    NanoVector shape;
    if (mode == CHANNEL_SUM) {
        shape.push_back_check_overflow(a->shape[1]);
    } else if (mode == FORWARD) {
        ASSERT(a->shape.size() == 5 && b->shape.size() == 5);
        ASSERTop(a->shape[1],==,b->shape[1] * groups);
        shape.push_back_check_overflow(a->shape[0]);
        shape.push_back_check_overflow(b->shape[0]);
        for (int i = 0; i < 3; i++) {
            int64 room = a->shape[2 + i] + 2 * padding[i] - dilation[i] * (b->shape[2 + i] - 1) - 1;
            ASSERT(room >= 0) << "the kernel is larger than the padded input" << a->shape << b->shape;
            shape.push_back_check_overflow(room / stride[i] + 1);
        }
    } else if (mode == BACKWARD_DATA) {
        shape.push_back_check_overflow(a->shape[0]);
        shape.push_back_check_overflow(b->shape[1] * groups);
        for (int i = 0; i < 3; i++) shape.push_back_check_overflow(size[i]);
    } else {
        shape.push_back_check_overflow(b->shape[1]);
        shape.push_back_check_overflow(a->shape[1] / groups);
        for (int i = 0; i < 3; i++) shape.push_back_check_overflow(size[i]);
    }
    out->set_shape(shape);
}

@AS_FLOAT32@
VarPtr @CLASS@::grad(Var* out, Var* dout, Var* v, int v_index) {
    VarPtr single = as_float32(dout);
    dout = single;
    static auto make = get_op_info("@OP@")
        .get_constructor<VarPtr, Var*, Var*, int, int, NanoVector, NanoVector, NanoVector, NanoVector>();
    static auto make_sum = get_op_info("@OP@").get_constructor<VarPtr, Var*>();
    static auto make_broadcast = get_op_info("broadcast_to").get_constructor<VarPtr, Var*, NanoVector, NanoVector>();
    if (mode == CHANNEL_SUM) {
        NanoVector dims;
        for (int i = 0; i < (int)a->shape.size(); i++) if (i != 1) dims.push_back_check_overflow(i);
        return make_broadcast(dout, a->shape, dims);
    }
    if (v_index == 2) return make_sum(dout);
    auto other = [&](Var* a, Var* b, int mode, NanoVector size) {
        return make(a, b, mode, groups, stride, padding, dilation, size);
    };
    if (mode == FORWARD)
        return v_index == 0 ? other(dout, b, BACKWARD_DATA, spatial(a)) : other(a, dout, BACKWARD_WEIGHTS, spatial(b));
    if (mode == BACKWARD_DATA)
        return v_index == 0 ? other(dout, b, FORWARD, {}) : other(dout, a, BACKWARD_WEIGHTS, spatial(b));
    return v_index == 0 ? other(b, dout, BACKWARD_DATA, spatial(a)) : other(a, dout, FORWARD, {});
}

using dnnl::memory;
using dnnl::reorder;
using tag = memory::format_tag;

static dnnl::engine& cpu() {
    static dnnl::engine found(dnnl::engine::kind::cpu, 0);
    return found;
}

static dnnl::stream& queue() {
    static dnnl::stream found(cpu());
    return found;
}

// Memory from Jittor's allocator, which keeps what is freed: fresh pages would cost as much as the copies into them.
struct Scratch {
    size_t size, allocation = 0;
    void* place = nullptr;
    Scratch(size_t size) : size(size) {
        if (size) place = exe.allocator->alloc(size, allocation);
    }
    ~Scratch() {
        if (place) exe.allocator->free(place, size, allocation);
    }
    Scratch(const Scratch&) = delete;
};

// One operand: how the program stores it, how the primitive wants it, and the way between.
struct Operand {
    int argument = 0;
    memory::desc plain, wanted;
    bool moved = false;
    reorder move;
};

struct Plan {
    dnnl::primitive work;
    memory::desc scratchpad;
    Operand first, second, result;
    bool has_bias = false;
    memory::desc bias;
};

static void settle(Operand& operand, int argument, const memory::desc& plain, const memory::desc& wanted,
                   bool is_result) {
    operand.argument = argument;
    operand.plain = plain;
    operand.wanted = wanted;
    operand.moved = plain != wanted;
    if (!operand.moved) return;
    const auto& from = is_result ? wanted : plain;
    const auto& to = is_result ? plain : wanted;
    operand.move = reorder(reorder::primitive_desc(cpu(), from, cpu(), to));
}

static memory::dims dims_of(const NanoVector& v, int less = 0) {
    memory::dims found;
    for (int i = 0; i < (int)v.size(); i++) found.push_back(v[i] - less);
    return found;
}

// Whether the first spatial dimension is one that was added: oneDNN has better kernels without it.
static bool is_flat(const @CLASS@& op, const NanoVector& x, const NanoVector& w, const NanoVector& y) {
    return x[2] == 1 && w[2] == 1 && y[2] == 1 && op.padding[0] == 0;
}

static Plan make_plan(const @CLASS@& op, const NanoVector& x, const NanoVector& w, const NanoVector& y) {
    using namespace dnnl;
    auto f32 = memory::data_type::f32;
    memory::dims src = dims_of(x), dst = dims_of(y), wei = dims_of(w);
    memory::dims s = dims_of(op.stride), p = dims_of(op.padding), d = dims_of(op.dilation, 1);
    bool flat = is_flat(op, x, w, y);
    if (flat) {
        for (auto* dims : {&src, &dst, &wei}) dims->erase(dims->begin() + 2);
        for (auto* dims : {&s, &p, &d}) dims->erase(dims->begin());
    }
    if (op.groups > 1) {
        wei[0] /= op.groups;
        wei.insert(wei.begin(), op.groups);
    }
    auto xtag = flat ? tag::nchw : tag::ncdhw;
    auto wtag = op.groups > 1 ? (flat ? tag::goihw : tag::goidhw) : (flat ? tag::oihw : tag::oidhw);
    memory::desc plain_src(src, f32, xtag), plain_dst(dst, f32, xtag), plain_wei(wei, f32, wtag);
    // Blocked layouts are the fastest, but the way there and back costs: too much where a value is used once (kernels
    // of one element), and where the weights are many and the places few.  Measured in docs/performance.md.
    auto count = [](const NanoVector& v) { return (double)v[0] * v[1] * v[2] * v[3] * v[4]; };
    bool pointwise = op.groups == 1 && w[2] * w[3] * w[4] == 1;
    bool heavy = count(w) > 10 * (count(x) + count(y)) || y[0] * y[2] * y[3] * y[4] <= 64;
    bool blocked = !pointwise && (op.groups > 1 || !heavy);
    auto data = blocked ? tag::any : xtag;
    memory::desc any_src(src, f32, data), any_dst(dst, f32, data), any_wei(wei, f32, tag::any);
    memory::desc bias({dst[1]}, f32, tag::x);
    primitive_attr attributes;
    attributes.set_scratchpad_mode(scratchpad_mode::user);
    auto direct = algorithm::convolution_direct;
    auto inference = op.mode == FORWARD ? prop_kind::forward_inference : prop_kind::forward_training;
    auto ahead_desc = op.bias
        ? convolution_forward::desc(inference, direct, any_src, any_wei, bias, any_dst, s, d, p, p)
        : convolution_forward::desc(inference, direct, any_src, any_wei, any_dst, s, d, p, p);
    convolution_forward::primitive_desc ahead(ahead_desc, attributes, cpu());
    Plan plan;
    if (op.mode == FORWARD) {
        plan.work = convolution_forward(ahead);
        plan.scratchpad = ahead.scratchpad_desc();
        settle(plan.first, DNNL_ARG_SRC, plain_src, ahead.src_desc(), false);
        settle(plan.second, DNNL_ARG_WEIGHTS, plain_wei, ahead.weights_desc(), false);
        settle(plan.result, DNNL_ARG_DST, plain_dst, ahead.dst_desc(), true);
        plan.has_bias = op.bias != nullptr;
        plan.bias = bias;
    } else if (op.mode == BACKWARD_DATA) {
        convolution_backward_data::desc desc(direct, any_src, any_wei, any_dst, s, d, p, p);
        convolution_backward_data::primitive_desc back(desc, attributes, cpu(), ahead);
        plan.work = convolution_backward_data(back);
        plan.scratchpad = back.scratchpad_desc();
        settle(plan.first, DNNL_ARG_DIFF_DST, plain_dst, back.diff_dst_desc(), false);
        settle(plan.second, DNNL_ARG_WEIGHTS, plain_wei, back.weights_desc(), false);
        settle(plan.result, DNNL_ARG_DIFF_SRC, plain_src, back.diff_src_desc(), true);
    } else {
        convolution_backward_weights::desc desc(direct, any_src, any_wei, any_dst, s, d, p, p);
        convolution_backward_weights::primitive_desc back(desc, attributes, cpu(), ahead);
        plan.work = convolution_backward_weights(back);
        plan.scratchpad = back.scratchpad_desc();
        settle(plan.first, DNNL_ARG_SRC, plain_src, back.src_desc(), false);
        settle(plan.second, DNNL_ARG_DIFF_DST, plain_dst, back.diff_dst_desc(), false);
        settle(plan.result, DNNL_ARG_DIFF_WEIGHTS, plain_wei, back.diff_weights_desc(), true);
    }
    return plan;
}

// Making a primitive takes longer than a small convolution: each geometry is made once.
static const Plan& plan_of(const @CLASS@& op, const NanoVector& x, const NanoVector& w, const NanoVector& y) {
    static std::unordered_map<string, Plan> plans;
    string key;
    auto add = [&](int64 value) { key.append((const char*)&value, sizeof(value)); };
    for (auto* v : {&x, &w, &y, &op.stride, &op.padding, &op.dilation})
        for (int i = 0; i < (int)v->size(); i++) add((*v)[i]);
    add(op.mode), add(op.groups), add(op.bias != nullptr);
    auto found = plans.find(key);
    if (found == plans.end()) found = plans.emplace(key, make_plan(op, x, w, y)).first;
    return found->second;
}

static memory given(const Operand& operand, const Scratch& room, void* place) {
    memory stored(operand.plain, cpu(), place);
    if (!operand.moved) return stored;
    memory wanted(operand.wanted, cpu(), room.place);
    operand.move.execute(queue(), stored, wanted);
    return wanted;
}

static void channel_sum(Var* a, Var* out) {
    int64 samples = a->shape[0], channels = a->shape[1], rest = channels ? a->num / (samples * channels) : 0;
    auto* from = a->ptr<float32>();
    auto* to = out->ptr<float32>();
    #pragma omp parallel for
    for (int64 c = 0; c < channels; c++) {
        double total = 0;
        for (int64 n = 0; n < samples; n++) {
            auto* row = from + (n * channels + c) * rest;
            double sum = 0;
            #pragma omp simd reduction(+ : sum)
            for (int64 i = 0; i < rest; i++) sum += row[i];
            total += sum;
        }
        to[c] = total;
    }
}

void @CLASS@::run() {
    static std::mutex one_at_a_time;
    std::lock_guard<std::mutex> guard(one_at_a_time);
    if (out->num == 0) return;
    if (a->num == 0 || (b && b->num == 0)) {
        std::memset(out->mem_ptr, 0, out->size);
        return;
    }
    if (mode == CHANNEL_SUM) return channel_sum(a, out);
    auto& x = mode == BACKWARD_DATA ? out->shape : a->shape;
    auto& w = mode == BACKWARD_WEIGHTS ? out->shape : b->shape;
    auto& y = mode == FORWARD ? out->shape : mode == BACKWARD_DATA ? a->shape : b->shape;
    const Plan& plan = plan_of(*this, x, w, y);
    auto room = [](const Operand& operand) { return operand.moved ? operand.wanted.get_size() : 0; };
    Scratch first_room(room(plan.first)), second_room(room(plan.second)), result_room(room(plan.result));
    Scratch pad(plan.scratchpad.get_size());
    memory result(plan.result.wanted, cpu(), plan.result.moved ? result_room.place : out->mem_ptr);
    std::unordered_map<int, memory> arguments = {
        {plan.first.argument, given(plan.first, first_room, a->mem_ptr)},
        {plan.second.argument, given(plan.second, second_room, b->mem_ptr)},
        {plan.result.argument, result},
        {DNNL_ARG_SCRATCHPAD, memory(plan.scratchpad, cpu(), pad.place)},
    };
    if (plan.has_bias) arguments[DNNL_ARG_BIAS] = memory(plan.bias, cpu(), bias->mem_ptr);
    plan.work.execute(queue(), arguments);
    if (plan.result.moved) {
        memory stored(plan.result.plain, cpu(), out->mem_ptr);
        plan.result.move.execute(queue(), result, stored);
    }
    queue().wait();
}

} // jittor
"""


def onednn_flags() -> Any:
    """Compiler flags for the oneDNN that Jittor links, None where it runs without."""
    if sys.platform != "linux" or getattr(jt.compile_extern, "mkl_ops", None) is None:
        return None
    base = os.path.join(jittor_utils.home(), ".cache", "jittor", "mkl")
    homes = [os.path.join(base, n) for n in (os.listdir(base) if os.path.isdir(base) else []) if n.startswith("dnnl")]
    include = os.environ.get("mkl_include_path") or next((f"{h}/include" for h in homes if os.path.isdir(h)), "")
    libraries = os.environ.get("mkl_lib_path") or next((f"{h}/lib" for h in homes if os.path.isdir(h)), "")
    if not os.path.isfile(os.path.join(libraries, "libmkldnn.so")):
        return None
    return f'-fopenmp -I"{include}" -L"{libraries}" -lmkldnn'


def onednn_convolution() -> Any:
    """The operator, None where it cannot be had."""
    flags = onednn_flags()
    if flags is None:
        say_once("convolutions: Jittor runs without oneDNN here, so its own slower operators are used")
        return None
    return native_operator("onednn_convolution", CONVOLUTION_HEADER, CONVOLUTION_SOURCE, flags)


def usable_convolution(*values: Any) -> Any:
    """The operator, None where Jittor's own has to do it; ``values`` are (N, C, ...) and a kernel, or its bias."""
    if not computes_natively(*values):
        if values[0].ndim == 5 and not jt.flags.use_cuda:
            say_once(f"3-D convolutions in {values[0].dtype} use Jittor's own single-threaded loop; float32 is faster")
        return None
    return onednn_convolution()


def to_three(values: Any, fill: int) -> tuple[int, ...]:
    """Strides and the like for three dimensions; those that are missing come first."""
    return (fill,) * (3 - len(values)) + tuple(values)


def with_three(value: Any) -> Any:
    """(N, C, ...) with three spatial dimensions; those that are missing come first.  It costs no copy."""
    shape = list(value.shape)
    return value if len(shape) == 5 else value.reshape(shape[:2] + [1] * (5 - len(shape)) + shape[2:])


def without_added(value: Any, count: int) -> Any:
    """The reverse of :func:`with_three`, for ``count`` dimensions."""
    return value if count == 3 else value.reshape(list(value.shape)[:2] + list(value.shape)[5 - count :])


def fast_convolution(input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """Convolution of (N, C, ...) over one to three dimensions, None where Jittor's own has to do it."""
    operator = usable_convolution(input, weight, bias)
    if operator is None:
        return None
    count = len(stride)
    stride, padding, dilation = to_three(stride, 1), to_three(padding, 0), to_three(dilation, 1)
    x, w = with_three(input), with_three(weight)
    if bias is None:
        return without_added(operator(x, w, 0, groups, stride, padding, dilation, ()), count)
    return without_added(operator(x, w, bias, groups, stride, padding, dilation), count)


def fast_transposed_convolution(
    input: Any, weight: Any, stride: Any, padding: Any, extra: Any, groups: int, dilation: Any
) -> Any:
    """Transposed convolution (the gradient of a convolution), None where Jittor's own has to do it."""
    operator = usable_convolution(input, weight)
    if operator is None:
        return None
    kernel, sizes = list(weight.shape)[2:], list(input.shape)[2:]
    found = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + 1 + e
        for n, s, p, d, k, e in zip(sizes, stride, padding, dilation, kernel, extra)
    )
    options = (to_three(stride, 1), to_three(padding, 0), to_three(dilation, 1), to_three(found, 1))
    return without_added(operator(with_three(input), with_three(weight), 1, groups, *options), len(stride))
