// Losses of the standard heads and their gradients, a sample at a time.
#pragma once

#include "simd.h"

enum LossKind {
    SQUARED_ERROR = 0,
    ABSOLUTE_ERROR = 1,
    HUBER = 2,
    CROSS_ENTROPY = 3,
    BINARY_CROSS_ENTROPY = 4
};

struct Loss {
    int kind;
    double smoothing;
    const void *targets;  // (N, K) of the net's type, or (N,) of int64 for classes
    const void *weights;  // (N,) of the net's type, or null
};

// Loss of sample i, weighted; its outputs (K,) become their gradient times `share`.
template <class T>
static double loss_of(const Loss &loss, long i, long K, double share, T *outputs) {
    const double weight = loss.weights ? (double)((const T *)loss.weights)[i] : 1.0;
    const double factor = weight * share;
    double total = 0;
    if (loss.kind == CROSS_ENTROPY) {
        const int64_t label = ((const int64_t *)loss.targets)[i];
        double highest = outputs[0], sum = 0;
        for (long k = 1; k < K; k++) highest = outputs[k] > highest ? outputs[k] : highest;
        for (long k = 0; k < K; k++) sum += __builtin_exp(outputs[k] - highest);
        const double log_sum = highest + __builtin_log(sum), even = loss.smoothing / K;
        for (long k = 0; k < K; k++) {
            const double log_p = outputs[k] - log_sum;
            const double wanted = even + (k == label ? 1 - loss.smoothing : 0.0);
            total -= wanted * log_p;
            outputs[k] = (T)(factor * (__builtin_exp(log_p) - wanted));
        }
        return total * weight;
    }
    const T *target = (const T *)loss.targets + i * K;
    for (long k = 0; k < K; k++) {
        const double z = outputs[k];
        double error = z - target[k], slope;
        if (loss.kind == SQUARED_ERROR) {
            total += error * error;
            slope = 2 * error;
        } else if (loss.kind == ABSOLUTE_ERROR) {
            total += __builtin_fabs(error);
            slope = error > 0 ? 1 : error < 0 ? -1 : error;  // NaN stays
        } else if (loss.kind == HUBER) {
            const double size = __builtin_fabs(error);
            total += size < 1 ? error * error / 2 : size - 0.5;
            slope = size < 1 ? error : error > 0 ? 1 : error < 0 ? -1 : error;
        } else {
            const double wanted = target[k] * (1 - loss.smoothing) + loss.smoothing / 2;
            const double e = __builtin_exp(-__builtin_fabs(z));
            total += (z > 0 ? z : 0) - z * wanted + __builtin_log1p(e);
            slope = (z > 0 ? 1 / (1 + e) : e / (1 + e)) - wanted;
        }
        outputs[k] = (T)(factor * slope / K);
    }
    return total / K * weight;
}
