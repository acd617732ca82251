"""The C++ of the engine: a plan is a list of oneDNN primitives over one block of memory; an operator runs it.

A plan is built by the ``extern "C"`` functions at the end (called through ctypes by :mod:`jack.optimize.engine`), then
run any number of times by the operator.  Values keep the layout in which they were made until somebody needs another.
"""

from jack.optimize.engine_graph import GRAPH, GRAPH_FUNCTIONS

HEADER = r"""
#pragma once
#include <memory>
#include "op.h"
namespace jittor {

struct OptimizedPlan;

// Runs a plan: its inputs in, float32 and as the program stores them; its outputs out, the same.
struct @CLASS@ : Op {
    vector<Var*> given;
    std::shared_ptr<OptimizedPlan> plan;
    // @attrs(multiple_outputs)
    @CLASS@(vector<Var*>&& given, int plan);
    const char* name() const override { return "@OP@"; }
    void grads(Var** douts, VarPtr* dins) override;
    void infer_shape() override;
    void run() override;
};
} // jittor
"""

PLAN = r"""
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <dnnl.hpp>
#include "var.h"
#include "executor.h"
#include "mem/allocator.h"
#include "@OP@_op.h"

namespace jittor {

using dnnl::memory;
using dims_t = memory::dims;
using tag = memory::format_tag;
static const auto f32 = memory::data_type::f32;

static dnnl::engine& cpu() {
    static dnnl::engine found(dnnl::engine::kind::cpu, 0);
    return found;
}

static dnnl::stream& queue() {
    static dnnl::stream found(cpu());
    return found;
}

static memory::desc plain(const dims_t& dims) {
    dims_t strides(dims.size(), 1);
    for (int i = (int)dims.size() - 2; i >= 0; i--) strides[i] = strides[i + 1] * dims[i + 1];
    return memory::desc(dims, f32, strides);
}

// The last axis but the channels moves slowest among the inner ones: N, spatial..., C.
static memory::desc channels_last(const dims_t& dims) {
    dims_t strides(dims.size());
    strides[1] = 1;
    int64 step = dims[1];
    for (int i = (int)dims.size() - 1; i >= 2; i--) strides[i] = step, step *= dims[i];
    strides[0] = step;
    return memory::desc(dims, f32, strides);
}

static memory::desc any_layout(const dims_t& dims) { return memory::desc(dims, f32, tag::any); }

// Constants in the layout that a primitive wants, shared between plans and freed with the last of them.
struct Constant {
    memory held;
};

static std::map<int64, std::vector<std::weak_ptr<Constant>>>& packed() {
    static std::map<int64, std::vector<std::weak_ptr<Constant>>> found;
    return found;
}

static std::shared_ptr<Constant> constant(int64 key, const float* from, const memory::desc& given,
                                          const memory::desc& wanted) {
    auto& known = packed()[key];
    known.erase(std::remove_if(known.begin(), known.end(), [](auto& w) { return w.expired(); }), known.end());
    for (auto& w : known) {
        auto c = w.lock();
        if (c && c->held.get_desc() == wanted) return c;
    }
    auto made = std::make_shared<Constant>();
    made->held = memory(wanted, cpu());
    // Without the values themselves they come from a layout that is held.
    auto other = from || known.empty() ? nullptr : known.front().lock();
    if (!from && !other) throw std::runtime_error("constants that are gone");
    memory stored = from ? memory(given, cpu(), (void*)from) : other->held;
    dnnl::reorder(stored, made->held).execute(queue(), stored, made->held);
    queue().wait();
    known.push_back(made);
    return made;
}

enum Place { ARENA, GIVEN, RESULT };

struct Buffer {
    size_t size;
    Place place;
    int index;  // of the plan's input or output
    int first, last;  // steps between which it is needed
    size_t offset = 0;
};

struct Value {
    memory::desc desc;
    int buffer;
};

struct Slot {
    memory held;
    int buffer;
};

using Kernel = std::function<void(const std::vector<float*>&, float*)>;

struct Step {
    dnnl::primitive work;
    std::vector<std::pair<int, int>> slots;  // argument, index of the slot
    std::vector<std::pair<int, std::shared_ptr<Constant>>> constants;
    Kernel kernel;  // in place of a primitive
    std::vector<int> read;  // buffers of the kernel's operands
    int written = -1;
    std::vector<std::shared_ptr<Constant>> kept;
    string what;
};

struct OptimizedPlan {
    std::vector<Buffer> buffers;
    std::vector<Value> values;
    std::vector<Slot> slots;
    std::vector<Step> steps;
    std::vector<dims_t> results;
    std::vector<std::pair<int, int>> relaid;
    int inputs = 0;
    size_t arena = 0;

    int buffer(size_t size, Place place = ARENA, int index = -1) {
        int now = (int)steps.size();
        buffers.push_back({size, place, index, now, now});
        return (int)buffers.size() - 1;
    }

    int value(const memory::desc& desc, int buffer) {
        values.push_back({desc, buffer});
        return (int)values.size() - 1;
    }

    int fresh(const memory::desc& desc) { return value(desc, buffer(desc.get_size())); }

    void use(int buffer) { buffers[buffer].last = std::max(buffers[buffer].last, (int)steps.size()); }

    void operand(Step& step, int argument, const memory::desc& desc, int buffer) {
        use(buffer);
        slots.push_back({memory(desc, cpu(), nullptr), buffer});
        step.slots.push_back({argument, (int)slots.size() - 1});
    }

    void scratch(Step& step, const memory::desc& desc) {
        if (desc.get_size()) operand(step, DNNL_ARG_SCRATCHPAD, desc, buffer(desc.get_size()));
    }

    // The same value in another layout; not to be written to, since it may serve several steps.
    int laid_out(int v, const memory::desc& wanted) {
        if (values[v].desc == wanted) return v;
        for (auto& known : relaid)
            if (known.first == v && values[known.second].desc == wanted) return known.second;
        int made = copied(v, wanted);
        relaid.push_back({v, made});
        return made;
    }

    int copied(int v, const memory::desc& wanted) {
        dnnl::primitive_attr attributes;
        attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
        dnnl::reorder::primitive_desc pd(cpu(), values[v].desc, cpu(), wanted, attributes);
        int made = fresh(wanted);
        Step step;
        step.work = dnnl::reorder(pd);
        step.what = "reorder";
        operand(step, DNNL_ARG_SRC, values[v].desc, values[v].buffer);
        operand(step, DNNL_ARG_DST, wanted, values[made].buffer);
        scratch(step, pd.scratchpad_desc());
        steps.push_back(step);
        return made;
    }

    int in_plain(int v) { return laid_out(v, plain(values[v].desc.dims())); }

    // A value that a kernel of ours makes, plain, out of plain operands (laid out by the caller).
    int by_kernel(const string& what, const std::vector<int>& operands, const memory::desc& desc, Kernel kernel,
                  std::vector<std::shared_ptr<Constant>> kept = {}) {
        int made = fresh(desc);
        Step step;
        step.what = what;
        step.kernel = kernel;
        step.kept = kept;
        for (int v : operands) {
            use(values[v].buffer);
            step.read.push_back(values[v].buffer);
        }
        step.written = values[made].buffer;
        steps.push_back(step);
        return made;
    }

    void arrange() {
        std::vector<int> order;
        for (int i = 0; i < (int)buffers.size(); i++)
            if (buffers[i].place == ARENA) order.push_back(i);
        std::sort(order.begin(), order.end(), [&](int a, int b) { return buffers[a].size > buffers[b].size; });
        std::vector<int> placed;
        for (int i : order) {
            auto& b = buffers[i];
            std::vector<std::pair<size_t, size_t>> taken;
            for (int j : placed) {
                auto& o = buffers[j];
                if (o.first <= b.last && b.first <= o.last) taken.push_back({o.offset, o.offset + o.size});
            }
            std::sort(taken.begin(), taken.end());
            size_t at = 0;
            for (auto& t : taken) {
                if (at + b.size <= t.first) break;
                at = std::max(at, (t.second + 63) / 64 * 64);
            }
            b.offset = at;
            arena = std::max(arena, at + b.size);
            placed.push_back(i);
        }
    }

    void run(const std::vector<float*>& given, const std::vector<float*>& made, char* base) {
        std::vector<float*> places(buffers.size());
        for (size_t i = 0; i < buffers.size(); i++) {
            auto& b = buffers[i];
            if (b.place == ARENA) places[i] = (float*)(base + b.offset);
            else places[i] = (b.place == GIVEN ? given : made)[b.index];
        }
        for (auto& s : slots) s.held.set_data_handle(places[s.buffer], queue());
        std::vector<float*> operands;
        std::unordered_map<int, memory> arguments;
        for (auto& step : steps) {
            if (step.kernel) {
                operands.clear();
                for (int b : step.read) operands.push_back(places[b]);
                step.kernel(operands, places[step.written]);
                continue;
            }
            arguments.clear();
            for (auto& s : step.slots) arguments[s.first] = slots[s.second].held;
            for (auto& c : step.constants) arguments[c.first] = c.second->held;
            step.work.execute(queue(), arguments);
        }
        queue().wait();
    }
};
"""

PRIMITIVES = r"""
static std::map<int64, std::shared_ptr<OptimizedPlan>>& plans() {
    static std::map<int64, std::shared_ptr<OptimizedPlan>> found;
    return found;
}

static std::mutex& one_at_a_time() {
    static std::mutex found;
    return found;
}

static string& failure() {
    static string found;
    return found;
}

static dims_t dims_of(int count, const int64* from) { return dims_t(from, from + count); }

// What follows a convolution or a matrix product, as text: '+' adds the residual, 'r' is ReLU, 'a' scales and shifts
// each channel by the next pair of constants.
struct After {
    dnnl::primitive_attr attributes;
    std::vector<std::pair<int, std::shared_ptr<Constant>>> constants;
    bool sums = false;

    // standalone: the first letter is the primitive's own work, except for the shift of an 'a'.
    After(const char* text, int rank, int64 channels, const int64* keys, const float** pointers,
          bool standalone = false) {
        dnnl::post_ops ops;
        dims_t dims(rank, 1);
        dims[1] = channels;
        memory::desc desc = plain(dims);
        int used = 0;
        for (const char* c = text; *c; c++) {
            bool own = standalone && c == text;
            if (*c == '+' && !own) ops.append_sum(1.f), sums = true;
            if (*c == 'r') ops.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
            if (*c != 'a') continue;
            for (auto way : {dnnl::algorithm::binary_mul, dnnl::algorithm::binary_add}) {
                if (!own || way == dnnl::algorithm::binary_add) {
                    int argument = DNNL_ARG_ATTR_MULTIPLE_POST_OP(ops.len()) | DNNL_ARG_SRC_1;
                    ops.append_binary(way, desc);
                    constants.push_back({argument, constant(keys[used], pointers[used], desc, desc)});
                }
                used++;
            }
        }
        attributes.set_post_ops(ops);
        attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    }
};

// The value that a sum is added to, in this layout and in memory that may be written to.
static int added_to(OptimizedPlan& plan, int residual, bool overwrite, const memory::desc& wanted) {
    bool own = overwrite && plan.values[residual].desc == wanted &&
               plan.buffers[plan.values[residual].buffer].place == ARENA;
    return plan.value(wanted, plan.values[own ? residual : plan.copied(residual, wanted)].buffer);
}

struct Geometry {
    dims_t stride, dilation, left, right;
};

static int elementwise(OptimizedPlan& plan, int src, int other, const char* text, const int64* keys,
                       const float** pointers);

static int convolution(OptimizedPlan& plan, int src, int residual, bool overwrite, const dims_t& wdims, int64 groups,
                       int64 key, const float* weight, int64 bias_key, const float* bias, const Geometry& g,
                       const char* text, const int64* keys, const float** pointers, int layout) {
    using namespace dnnl;
    dims_t in = plan.values[src].desc.dims(), out = in, wei = wdims;
    int rank = (int)in.size();
    out[1] = wdims[0];
    for (int i = 2; i < rank; i++) {
        int64 reach = g.dilation[i - 2] * (wdims[i] - 1) + 1;
        out[i] = (in[i] + g.left[i - 2] + g.right[i - 2] - reach) / g.stride[i - 2] + 1;
    }
    dims_t dilation = g.dilation;
    for (auto& d : dilation) d -= 1;
    if (groups > 1) {
        wei[0] /= groups;
        wei.insert(wei.begin(), groups);
    }
    After after(text, rank, out[1], keys, pointers);
    memory::desc bias_desc({out[1]}, f32, tag::x);
    auto data = [&](const dims_t& d) { return layout == 1 ? channels_last(d) : any_layout(d); };
    auto source = layout == 1 ? channels_last(in) : any_layout(in);
    auto kind = prop_kind::forward_inference;
    auto direct = algorithm::convolution_direct;
    auto held = any_layout(wei), target = data(out);
    auto desc = bias_key ? convolution_forward::desc(kind, direct, source, held, bias_desc, target, g.stride, dilation,
                                                     g.left, g.right)
                         : convolution_forward::desc(kind, direct, source, held, target, g.stride, dilation, g.left,
                                                     g.right);
    convolution_forward::primitive_desc pd(desc, after.attributes, cpu(), true);
    if (*text && (!pd || !std::strncmp(pd.impl_info_str(), "ref", 3))) {
        // On some processors oneDNN does not do all of it at once, or only slowly: then letter by letter.
        int made = convolution(plan, src, -1, false, wdims, groups, key, weight, bias_key, bias, g, "", nullptr,
                               nullptr, layout);
        for (const char* c = text; *c; c++) {
            char letter[2] = {*c, 0};
            made = elementwise(plan, made, residual, letter, keys, pointers);
            if (*c == 'a') keys += 2, pointers += 2;
        }
        return made;
    }
    if (!pd) throw std::runtime_error("oneDNN has no such convolution");
    src = plan.laid_out(src, pd.src_desc());
    int made = after.sums ? added_to(plan, residual, overwrite, pd.dst_desc()) : plan.fresh(pd.dst_desc());
    Step step;
    step.work = convolution_forward(pd);
    step.what = string("convolution ") + pd.impl_info_str();
    plan.operand(step, DNNL_ARG_SRC, pd.src_desc(), plan.values[src].buffer);
    plan.operand(step, DNNL_ARG_DST, pd.dst_desc(), plan.values[made].buffer);
    step.constants.push_back({DNNL_ARG_WEIGHTS, constant(key, weight, plain(wei), pd.weights_desc())});
    if (bias_key) step.constants.push_back({DNNL_ARG_BIAS, constant(bias_key, bias, bias_desc, bias_desc)});
    for (auto& c : after.constants) step.constants.push_back(c);
    plan.scratch(step, pd.scratchpad_desc());
    plan.steps.push_back(step);
    return made;
}

static int pooling(OptimizedPlan& plan, int src, int way, const dims_t& kernel, const Geometry& g) {
    using namespace dnnl;
    auto in = plan.values[src].desc;
    dims_t out = in.dims();
    for (size_t i = 0; i < kernel.size(); i++)
        out[i + 2] = (out[i + 2] + g.left[i] + g.right[i] - kernel[i]) / g.stride[i] + 1;
    auto algorithm = way == 0 ? algorithm::pooling_max
                   : way == 1 ? algorithm::pooling_avg_include_padding : algorithm::pooling_avg_exclude_padding;
    primitive_attr attributes;
    attributes.set_scratchpad_mode(scratchpad_mode::user);
    dims_t none(kernel.size(), 0);
    pooling_v2_forward::desc desc(prop_kind::forward_inference, algorithm, in, any_layout(out), g.stride, kernel, none,
                                  g.left, g.right);
    pooling_v2_forward::primitive_desc pd(desc, attributes, cpu());
    int made = plan.fresh(pd.dst_desc());
    Step step;
    step.work = pooling_v2_forward(pd);
    step.what = string("pooling ") + pd.impl_info_str();
    plan.operand(step, DNNL_ARG_SRC, in, plan.values[src].buffer);
    plan.operand(step, DNNL_ARG_DST, pd.dst_desc(), plan.values[made].buffer);
    plan.scratch(step, pd.scratchpad_desc());
    plan.steps.push_back(step);
    return made;
}

// Element-wise work on its own, with the letters of what follows a convolution.
static int elementwise(OptimizedPlan& plan, int src, int other, const char* text, const int64* keys,
                       const float** pointers) {
    using namespace dnnl;
    auto desc = plan.values[src].desc;
    int64 channels = desc.dims()[1];
    if (*text == 'r') {
        eltwise_forward::desc relu(prop_kind::forward_inference, algorithm::eltwise_relu, desc, 0.f);
        After none("", 2, channels, keys, pointers);
        eltwise_forward::primitive_desc pd(relu, none.attributes, cpu());
        int made = plan.fresh(desc);
        Step step;
        step.work = eltwise_forward(pd);
        step.what = string("relu ") + pd.impl_info_str();
        plan.operand(step, DNNL_ARG_SRC, desc, plan.values[src].buffer);
        plan.operand(step, DNNL_ARG_DST, desc, plan.values[made].buffer);
        plan.scratch(step, pd.scratchpad_desc());
        plan.steps.push_back(step);
        return text[1] ? elementwise(plan, made, other, text + 1, keys, pointers) : made;
    }
    int rank = (int)desc.dims().size();
    bool adds = *text == '+';
    dims_t vector(rank, 1);
    vector[1] = channels;
    // A scale is the product that the shift follows.
    After after(text, rank, channels, keys, pointers, true);
    auto second = adds ? desc : plain(vector);
    auto way = adds ? algorithm::binary_add : algorithm::binary_mul;
    if (adds) other = plan.laid_out(other, desc);
    binary::primitive_desc pd({way, desc, second, desc}, after.attributes, cpu());
    int made = plan.fresh(desc);
    Step step;
    step.work = binary(pd);
    step.what = string(adds ? "sum " : "scale ") + pd.impl_info_str();
    plan.operand(step, DNNL_ARG_SRC_0, desc, plan.values[src].buffer);
    if (adds) plan.operand(step, DNNL_ARG_SRC_1, desc, plan.values[other].buffer);
    else step.constants.push_back({DNNL_ARG_SRC_1, constant(keys[0], pointers[0], second, second)});
    plan.operand(step, DNNL_ARG_DST, desc, plan.values[made].buffer);
    plan.scratch(step, pd.scratchpad_desc());
    for (auto& c : after.constants) step.constants.push_back(c);
    plan.steps.push_back(step);
    return made;
}

// Values beside one another along the channels, in the layout of the first.
static int beside(OptimizedPlan& plan, const std::vector<int>& sources) {
    using namespace dnnl;
    auto first = plan.values[sources[0]].desc;
    bool last = first == channels_last(first.dims());
    std::vector<memory::desc> descs;
    std::vector<int> laid;
    for (int v : sources) {
        auto dims = plan.values[v].desc.dims();
        laid.push_back(plan.laid_out(v, last ? channels_last(dims) : plain(dims)));
        descs.push_back(plan.values[laid.back()].desc);
    }
    After none("", 2, 1, nullptr, nullptr);
    dims_t whole = first.dims();
    for (size_t i = 1; i < descs.size(); i++) whole[1] += descs[i].dims()[1];
    auto target = last ? channels_last(whole) : plain(whole);
    dnnl::concat::primitive_desc pd(target, 1, descs, cpu(), none.attributes);
    int made = plan.fresh(target);
    Step step;
    step.work = dnnl::concat(pd);
    step.what = string("concat ") + pd.impl_info_str();
    for (size_t i = 0; i < laid.size(); i++)
        plan.operand(step, DNNL_ARG_MULTIPLE_SRC + (int)i, descs[i], plan.values[laid[i]].buffer);
    plan.operand(step, DNNL_ARG_DST, target, plan.values[made].buffer);
    plan.scratch(step, pd.scratchpad_desc());
    plan.steps.push_back(step);
    return made;
}

// Rows times the transposed weight: (N, I) x (O, I).
static int product(OptimizedPlan& plan, int src, const dims_t& wdims, int64 key, const float* weight, int64 bias_key,
                   const float* bias, const char* text, const int64* keys, const float** pointers) {
    using namespace dnnl;
    src = plan.in_plain(src);
    auto in = plan.values[src].desc;
    dims_t out = {in.dims()[0], wdims[0]};
    After after(text, 2, out[1], keys, pointers);
    memory::desc bias_desc({out[1]}, f32, tag::x);
    auto kind = prop_kind::forward_inference;
    auto desc = bias_key ? inner_product_forward::desc(kind, in, any_layout(wdims), bias_desc, plain(out))
                     : inner_product_forward::desc(kind, in, any_layout(wdims), plain(out));
    inner_product_forward::primitive_desc pd(desc, after.attributes, cpu());
    int made = plan.fresh(pd.dst_desc());
    Step step;
    step.work = inner_product_forward(pd);
    step.what = string("product ") + pd.impl_info_str();
    plan.operand(step, DNNL_ARG_SRC, in, plan.values[src].buffer);
    plan.operand(step, DNNL_ARG_DST, pd.dst_desc(), plan.values[made].buffer);
    step.constants.push_back({DNNL_ARG_WEIGHTS, constant(key, weight, plain(wdims), pd.weights_desc())});
    if (bias_key) step.constants.push_back({DNNL_ARG_BIAS, constant(bias_key, bias, bias_desc, bias_desc)});
    for (auto& c : after.constants) step.constants.push_back(c);
    plan.scratch(step, pd.scratchpad_desc());
    plan.steps.push_back(step);
    return made;
}
"""

OPERATOR = r"""
@CLASS@::@CLASS@(vector<Var*>&& given, int number) : given(given) {
    plan = plans().at(number);
    flags.set(NodeFlags::_manual_set_vnbb);
    flags.set(NodeFlags::_grads);
    for (size_t i = 0; i < plan->results.size(); i++) create_output(nullptr, ns_float32);
}

void @CLASS@::infer_shape() {
    for (size_t i = 0; i < plan->results.size(); i++) {
        NanoVector shape;
        for (auto n : plan->results[i]) shape.push_back_check_overflow(n);
        output(i)->set_shape(shape);
    }
}

void @CLASS@::grads(Var** douts, VarPtr* dins) { LOGf << "an optimized model has no gradients"; }

void @CLASS@::run() {
    std::lock_guard<std::mutex> guard(one_at_a_time());
    std::vector<float*> from, to;
    for (auto* v : given) from.push_back(v->ptr<float32>());
    for (size_t i = 0; i < plan->results.size(); i++) to.push_back(output(i)->ptr<float32>());
    size_t allocation = 0, size = plan->arena + 64;
    void* place = exe.allocator->alloc(size, allocation);
    char* base = (char*)(((size_t)place + 63) / 64 * 64);
    plan->run(from, to, base);
    exe.allocator->free(place, size, allocation);
}

} // jittor

using namespace jittor;

// Every function below returns a number, -1 for a failure whose reason jack_failure() tells.
template <class Work>
static int64 guarded(Work work) {
    try {
        std::lock_guard<std::mutex> guard(one_at_a_time());
        return work();
    } catch (const dnnl::error& e) {
        failure() = string("oneDNN: ") + e.what();
    } catch (const std::exception& e) {
        failure() = e.what();
    }
    return -1;
}

extern "C" {

const char* jack_failure() { return failure().c_str(); }

int64 jack_plan() {
    static int64 last = 0;
    return guarded([&] {
        plans()[++last] = std::make_shared<OptimizedPlan>();
        return last;
    });
}

int64 jack_drop(int64 number) { return guarded([&] { return (int64)plans().erase(number); }); }

// Whether some plan holds these constants, in any layout.
int64 jack_holds(int64 key) {
    return guarded([&] {
        for (auto& w : packed()[key])
            if (!w.expired()) return (int64)1;
        return (int64)0;
    });
}

int64 jack_input(int64 number, int rank, const int64* dims) {
    return guarded([&] {
        auto& plan = *plans().at(number);
        auto desc = plain(dims_of(rank, dims));
        return (int64)plan.value(desc, plan.buffer(desc.get_size(), GIVEN, plan.inputs++));
    });
}

int64 jack_convolution(int64 number, int src, int residual, int overwrite, int rank, const int64* wdims, int64 groups,
                       int64 key, const float* weight, int64 bias_key, const float* bias, const int64* stride,
                       const int64* dilation, const int64* left, const int64* right, const char* text,
                       const int64* keys, const float** pointers, int layout) {
    return guarded([&] {
        int n = rank - 2;
        Geometry g = {dims_of(n, stride), dims_of(n, dilation), dims_of(n, left), dims_of(n, right)};
        return (int64)convolution(*plans().at(number), src, residual, overwrite, dims_of(rank, wdims), groups, key,
                                  weight, bias_key, bias, g, text, keys, pointers, layout);
    });
}

int64 jack_pooling(int64 number, int src, int way, int n, const int64* kernel, const int64* stride, const int64* left,
                   const int64* right) {
    return guarded([&] {
        Geometry g = {dims_of(n, stride), {}, dims_of(n, left), dims_of(n, right)};
        return (int64)pooling(*plans().at(number), src, way, dims_of(n, kernel), g);
    });
}

int64 jack_elementwise(int64 number, int src, int other, const char* text, const int64* keys, const float** pointers) {
    return guarded([&] { return (int64)elementwise(*plans().at(number), src, other, text, keys, pointers); });
}

int64 jack_product(int64 number, int src, const int64* wdims, int64 key, const float* weight, int64 bias_key,
                   const float* bias, const char* text, const int64* keys, const float** pointers) {
    return guarded([&] {
        return (int64)product(*plans().at(number), src, dims_of(2, wdims), key, weight, bias_key, bias, text, keys,
                              pointers);
    });
}

int64 jack_concat(int64 number, int count, const int* sources) {
    return guarded([&] { return (int64)beside(*plans().at(number), std::vector<int>(sources, sources + count)); });
}

// The same memory under another shape; the value is made plain for it.
int64 jack_view(int64 number, int src, int rank, const int64* dims) {
    return guarded([&] {
        auto& plan = *plans().at(number);
        int v = plan.in_plain(src);
        return (int64)plan.value(plain(dims_of(rank, dims)), plan.values[v].buffer);
    });
}

int64 jack_output(int64 number, int src) {
    return guarded([&] {
        auto& plan = *plans().at(number);
        auto dims = plan.values[src].desc.dims();
        auto wanted = plain(dims);
        int index = (int)plan.results.size();
        plan.results.push_back(dims);
        int made = plan.value(wanted, plan.buffer(wanted.get_size(), RESULT, index));
        dnnl::reorder::primitive_desc pd(cpu(), plan.values[src].desc, cpu(), wanted);
        Step step;
        step.work = dnnl::reorder(pd);
        step.what = "result";
        plan.operand(step, DNNL_ARG_SRC, plan.values[src].desc, plan.values[src].buffer);
        plan.operand(step, DNNL_ARG_DST, wanted, plan.values[made].buffer);
        plan.steps.push_back(step);
        return (int64)index;
    });
}

int64 jack_finish(int64 number) {
    return guarded([&] {
        plans().at(number)->arrange();
        return (int64)plans().at(number)->arena;
    });
}

@MORE@

// What the plan does, a line for each step.
const char* jack_listing(int64 number) {
    static string found;
    found.clear();
    for (auto& step : plans().at(number)->steps) found += step.what + "\n";
    return found.c_str();
}

}
"""

SOURCE = PLAN + PRIMITIVES + GRAPH + OPERATOR.replace("@MORE@", GRAPH_FUNCTIONS)
