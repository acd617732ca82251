"""Batch normalisation on the CPU with all threads: two passes over the data, sums in double precision."""

from typing import Any

import jittor as jt

from converter.helpers.library.native import computes_natively, native_operator

BATCH_NORM_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// Of x (N, C, ...), all else (C). Training: y, mean and biased variance. Evaluation: y. Backward: dx, dweight, dbias.
struct @CLASS@ : Op {
    enum { TRAINING, EVALUATION, BACKWARD } work;
    bool by_batch;
    float64 eps;
    vector<Var*> given;
    // @attrs(multiple_outputs)
    @CLASS@(Var* x, Var* weight, Var* bias, float64 eps);
    // @attrs(multiple_outputs)
    @CLASS@(Var* x, Var* weight, Var* bias, Var* mean, Var* variance, float64 eps);
    // @attrs(multiple_outputs)
    @CLASS@(Var* x, Var* dy, Var* weight, Var* mean, Var* variance, float64 eps, bool by_batch);
    const char* name() const override { return "@OP@"; }
    void grads(Var** douts, VarPtr* dins) override;
    void infer_shape() override;
    void run() override;
};
} // jittor
"""

BATCH_NORM_SOURCE = r"""
#include <cmath>
#include <vector>
#include "var.h"
#include "@OP@_op.h"

namespace jittor {

static void make_outputs(Op* op, Var* x, int count) {
    op->flags.set(NodeFlags::_manual_set_vnbb);
    op->flags.set(NodeFlags::_grads);
    for (int i = 0; i < count; i++) op->create_output(nullptr, x->dtype());
}

@CLASS@::@CLASS@(Var* x, Var* weight, Var* bias, float64 eps)
    : work(TRAINING), by_batch(true), eps(eps), given({x, weight, bias}) {
    make_outputs(this, x, 3);
}

@CLASS@::@CLASS@(Var* x, Var* weight, Var* bias, Var* mean, Var* variance, float64 eps)
    : work(EVALUATION), by_batch(false), eps(eps), given({x, weight, bias, mean, variance}) {
    make_outputs(this, x, 1);
}

@CLASS@::@CLASS@(Var* x, Var* dy, Var* weight, Var* mean, Var* variance, float64 eps, bool by_batch)
    : work(BACKWARD), by_batch(by_batch), eps(eps), given({x, dy, weight, mean, variance}) {
    make_outputs(this, x, 3);
}

void @CLASS@::infer_shape() {
    NanoVector channels;
    channels.push_back_check_overflow(given[0]->shape[1]);
    for (int i = 0; i < (int)outputs().size(); i++) output(i)->set_shape(i == 0 ? given[0]->shape : channels);
}

void @CLASS@::grads(Var** douts, VarPtr* dins) {
    LOGf << "@OP@ has no gradient of its own: it stands within a function that has one";
}

// Per channel, d being x less centre: the sums of d and d * d, or where there is dy, those of dy and dy * d.
template <bool with_dy>
static void channel_sums(int64 samples, int64 channels, int64 rest, const float* x, const float* dy,
                         const float* centre, std::vector<double>& firsts, std::vector<double>& seconds) {
    int64 rows = samples * channels;
    std::vector<double> a(rows), b(rows);
    #pragma omp parallel for
    for (int64 row = 0; row < rows; row++) {
        const float* from = x + row * rest;
        const float* change = with_dy ? dy + row * rest : from;
        double middle = centre[row % channels], s = 0, t = 0;
        #pragma omp simd reduction(+ : s, t)
        for (int64 i = 0; i < rest; i++) {
            double d = from[i] - middle, factor = with_dy ? (double)change[i] : d;
            s += factor;
            t += factor * d;
        }
        a[row] = s;
        b[row] = t;
    }
    firsts.assign(channels, 0);
    seconds.assign(channels, 0);
    for (int64 row = 0; row < rows; row++) {
        firsts[row % channels] += a[row];
        seconds[row % channels] += b[row];
    }
}

void @CLASS@::run() {
    auto* x = given[0]->ptr<float32>();
    int64 samples = given[0]->shape[0], channels = given[0]->shape[1];
    int64 rows = samples * channels, rest = given[0]->num / rows;
    double count = samples * rest;
    std::vector<double> sums, products;
    std::vector<float> scale(channels), slope(channels), shift(channels);
    std::vector<double> rest_of_mean(channels, 0);
    if (work == BACKWARD) {
        auto *dy = given[1]->ptr<float32>(), *weight = given[2]->ptr<float32>();
        auto *mean = given[3]->ptr<float32>(), *variance = given[4]->ptr<float32>();
        auto *dx = output(0)->ptr<float32>(), *dweight = output(1)->ptr<float32>(), *dbias = output(2)->ptr<float32>();
        channel_sums<true>(samples, channels, rest, x, dy, mean, sums, products);
        for (int64 c = 0; c < channels; c++) {
            double inverse = 1 / std::sqrt(variance[c] + eps), all = weight[c] * inverse;
            dweight[c] = products[c] * inverse;
            dbias[c] = sums[c];
            scale[c] = all;
            slope[c] = by_batch ? -all * inverse * inverse * products[c] / count : 0;
            shift[c] = by_batch ? -all * sums[c] / count : 0;
        }
        #pragma omp parallel for
        for (int64 row = 0; row < rows; row++) {
            int64 c = row % channels;
            const float *from = x + row * rest, *change = dy + row * rest;
            float a = scale[c], b = slope[c], s = shift[c], m = mean[c], *to = dx + row * rest;
            if (by_batch) {
                #pragma omp simd
                for (int64 i = 0; i < rest; i++) to[i] = a * change[i] + (b * (from[i] - m) + s);
            } else {
                #pragma omp simd
                for (int64 i = 0; i < rest; i++) to[i] = a * change[i];
            }
        }
        return;
    }
    auto *weight = given[1]->ptr<float32>(), *bias = given[2]->ptr<float32>(), *y = output(0)->ptr<float32>();
    auto *mean = work == TRAINING ? output(1)->ptr<float32>() : given[3]->ptr<float32>();
    auto *variance = work == TRAINING ? output(2)->ptr<float32>() : given[4]->ptr<float32>();
    if (work == TRAINING) {
        // The first element of each channel is taken off, so that large means cost no digits of the variance.
        for (int64 c = 0; c < channels; c++) shift[c] = x[c * rest];
        channel_sums<false>(samples, channels, rest, x, nullptr, shift.data(), sums, products);
        for (int64 c = 0; c < channels; c++) {
            double off = sums[c] / count, spread = products[c] / count - off * off;
            mean[c] = shift[c] + off;
            // What float32 drops of a mean that is large beside the spread would move every output of the channel.
            rest_of_mean[c] = ((double)shift[c] - (double)mean[c]) + off;
            variance[c] = spread > 0 ? spread : (spread == spread ? 0 : spread);  // NaN stays NaN
        }
    }
    for (int64 c = 0; c < channels; c++) scale[c] = weight[c] / std::sqrt(variance[c] + eps);
    #pragma omp parallel for
    for (int64 row = 0; row < rows; row++) {
        int64 c = row % channels;
        const float* from = x + row * rest;
        float a = scale[c], m = mean[c], s = bias[c] - rest_of_mean[c] * a, *to = y + row * rest;
        #pragma omp simd
        for (int64 i = 0; i < rest; i++) to[i] = (from[i] - m) * a + s;
    }
}

} // jittor
"""


def native_batch_norm() -> Any:
    """The operator, None where it cannot be compiled."""
    return native_operator("native_batch_norm", BATCH_NORM_HEADER, BATCH_NORM_SOURCE, "-fopenmp")


class BatchNormBackward(jt.Function):
    """The gradients of batch normalisation, as a function that has gradients again."""

    def execute(self, x: Any, dy: Any, weight: Any, mean: Any, variance: Any, eps: float, by_batch: bool) -> Any:
        return native_batch_norm()(x, dy, weight, mean, variance, eps, by_batch)

    def grad(self, *changes: Any) -> Any:
        """Second derivatives: rare, so the same formula is left to Jittor to differentiate."""
        x, dy, weight, mean, variance, eps, by_batch = self.given
        dims = [0, *range(2, x.ndim)]
        shape = [1, -1] + [1] * (x.ndim - 2)
        mean, variance = mean.reshape(shape), variance.reshape(shape)
        if by_batch:
            mean = x.mean(dims=dims, keepdims=True)
            variance = (x - mean).sqr().mean(dims=dims, keepdims=True)
        inverse = 1 / jt.sqrt(variance + eps)
        normal = (x - mean) * inverse
        wanted = dy
        if by_batch:
            wanted = dy - dy.mean(dims=dims, keepdims=True) - normal * (dy * normal).mean(dims=dims, keepdims=True)
        results = (wanted * inverse * weight.reshape(shape), (dy * normal).sum(dims), dy.sum(dims))
        total = sum((change * result).sum() for change, result in zip(changes, results) if change is not None)
        places = [i for i in range(3) if self.input_mask[i] >= 0]
        found = dict(zip(places, jt.grad(total, [self.given[i] for i in places], retain_graph=True)))
        return (*(found.get(i) for i in range(3)), None, None, None, None)


class NativeBatchNorm(jt.Function):
    """Batch normalisation; afterwards ``mean`` and ``variance`` (biased) are those that it used."""

    def execute(self, x: Any, weight: Any, bias: Any, mean: Any, variance: Any, eps: float) -> Any:
        self.by_batch = mean is None
        if self.by_batch:
            y, mean, variance = native_batch_norm()(x, weight, bias, eps)
        else:
            (y,) = native_batch_norm()(x, weight, bias, mean, variance, eps)
        self.mean, self.variance = mean.detach(), variance.detach()
        return y

    def grad(self, dy: Any) -> Any:
        x, weight, eps = self.given
        dy = dy.float32()  # float64 behind a division by an integer tensor
        function = BatchNormBackward()
        function.given = (x.tape(), dy.tape(), weight.tape(), self.mean, self.variance, eps, self.by_batch)
        found = function(x, dy, weight, self.mean, self.variance, eps, self.by_batch)
        return (*(g if self.input_mask[i] >= 0 else None for i, g in enumerate(found)), None, None, None)


def fast_batch_norm(input: Any, mean: Any, variance: Any, weight: Any, bias: Any, eps: float) -> Any:
    """``(y, mean, variance)``, by the batch where ``mean`` is None; None where Jittor's operators have to do it."""
    if input.numel() == 0 or not computes_natively(input, mean, variance, weight, bias):
        return None
    if native_batch_norm() is None:
        return None
    channels = (input.shape[1],)
    weight = jt.ones(channels).stop_grad() if weight is None else weight
    bias = jt.zeros(channels).stop_grad() if bias is None else bias
    function = NativeBatchNorm()
    if not jt.flags.no_grad:
        # Kept for the gradient under names of their own (``tape``): no later assignment changes these, and unlike
        # the arguments that ``execute`` gets they can be differentiated with respect to once more.
        function.given = (input.tape(), weight.tape(), float(eps))
    means = (None, None) if mean is None else (mean.detach(), variance.detach())
    y = function(input, weight, bias, *means, float(eps))
    return y, function.mean, function.variance
