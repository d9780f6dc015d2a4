// Losses of the standard heads and their gradients, a sample at a time.
#pragma once

#include "laws.h"
#include "simd.h"

enum LossKind {
    SQUARED_ERROR = 0,
    ABSOLUTE_ERROR = 1,
    HUBER = 2,
    CROSS_ENTROPY = 3,
    BINARY_CROSS_ENTROPY = 4,
    POISSON = 5,
    QUANTILE = 6,
    GAUSSIAN = 7,
    STUDENT_T = 8
};

struct Loss {
    int kind;
    double smoothing;
    const void *targets;  // (N, K / width) of the net's type, or (N,) of int64 for classes
    const void *weights;  // (N,) of the net's type, or null
    double gamma;         // of the focal losses of classes and labels; 0 for none
    int64_t width;        // outputs a target
    const double *levels; // (width,): of quantiles, ascending
    const void *scales, *shifts;  // (N, K / width) of the net's type: of the targets' units, or null
};

// The units of one target, in which a law or a value is the network's times `scale` plus
// `shift`.
struct Units {
    double scale, shift;
};

template <class T> static Units units_of(const Loss &loss, int64_t at) {
    if (!loss.scales) return {1, 0};
    return {(double)((const T *)loss.scales)[at], (double)((const T *)loss.shifts)[at]};
}

// Outputs a target; 0 where any number will do.
INLINE int64_t width_of(int kind) {
    return kind == QUANTILE ? 0 : kind == GAUSSIAN ? 2 : kind == STUDENT_T ? 3 : 1;
}

// (1 - p) ** gamma and its slope by 1 - p, which is no nearer to zero than torch's path
// has it.
template <class T> static WithSlope focus(double away, double gamma) {
    const double least = sizeof(T) == 4 ? 1.1920928955078125e-07 : 2.220446049250313e-16;
    const double base = away < least ? least : away;
    const double power = pow(base, gamma);
    return {power, away < least ? 0.0 : gamma * power / base};
}

// Lin, T.-Y. et al. (2017), arXiv:1708.02002, of classes; outputs become gradients.
template <class T>
static double focal_loss(const Loss &loss, int64_t label, int64_t K, double log_sum, double factor, T *outputs) {
    const double even = loss.smoothing / K;
    double total = 0, all = 0;
    auto slope_of = [&](int64_t k, double log_p, double p) {
        const double wanted = even + (k == label ? 1 - loss.smoothing : 0.0);
        const WithSlope focused = focus<T>(1 - p, loss.gamma);
        total -= wanted * log_p * focused.value;
        return -wanted * (focused.value - log_p * focused.slope * p);
    };
    for (int64_t k = 0; k < K; k++) {
        const double log_p = outputs[k] - log_sum;
        all += slope_of(k, log_p, exp(log_p));
    }
    const double value = total;
    for (int64_t k = 0; k < K; k++) {
        const double log_p = outputs[k] - log_sum, p = exp(log_p);
        outputs[k] = (T)(factor * (slope_of(k, log_p, p) - p * all));
    }
    return value;
}

template <class T>
static double law_of(const Loss &loss, double target, const Units &units, T *outputs, double factor) {
    double z[MOST_LEVELS], value;
    for (int64_t q = 0; q < loss.width; q++) z[q] = outputs[q];
    // The target comes to the units of the outputs: the density changes by the scale, a
    // quantile's loss is as much larger. A rate is its logarithm, and has no shift.
    const double own = (target - units.shift) / units.scale;
    if (loss.kind == POISSON) {
        z[0] += log(units.scale);
        value = poisson_loss(target, z);
    } else if (loss.kind == GAUSSIAN) {
        value = gaussian_loss(own, z) + log(units.scale);
    } else if (loss.kind == STUDENT_T) {
        value = student_t_loss(own, z) + log(units.scale);
    } else {
        value = units.scale * quantile_loss(own, z, loss.levels, loss.width);
        factor *= units.scale;
    }
    for (int64_t q = 0; q < loss.width; q++) outputs[q] = (T)(factor * z[q]);
    return value;
}

// Loss of sample i, weighted; its outputs (K,) become their gradient times `share`.
template <class T>
static double loss_of(const Loss &loss, int64_t i, int64_t K, double share, T *outputs) {
    const double weight = loss.weights ? (double)((const T *)loss.weights)[i] : 1.0;
    const double factor = weight * share;
    double total = 0;
    if (loss.kind == CROSS_ENTROPY) {
        const int64_t label = ((const int64_t *)loss.targets)[i];
        double highest = outputs[0], sum = 0;
        for (int64_t k = 1; k < K; k++) highest = outputs[k] > highest ? outputs[k] : highest;
        for (int64_t k = 0; k < K; k++) sum += __builtin_exp(outputs[k] - highest);
        const double log_sum = highest + __builtin_log(sum), even = loss.smoothing / K;
        if (loss.gamma) return focal_loss(loss, label, K, log_sum, factor, outputs) * weight;
        for (int64_t k = 0; k < K; k++) {
            const double log_p = outputs[k] - log_sum;
            const double wanted = even + (k == label ? 1 - loss.smoothing : 0.0);
            total -= wanted * log_p;
            outputs[k] = (T)(factor * (__builtin_exp(log_p) - wanted));
        }
        return total * weight;
    }
    if (loss.kind >= POISSON) {
        const int64_t n_targets = K / loss.width;
        const T *wanted = (const T *)loss.targets + i * n_targets;
        for (int64_t k = 0; k < n_targets; k++)
            total += law_of(loss, wanted[k], units_of<T>(loss, i * n_targets + k),
                            outputs + k * loss.width, factor / n_targets);
        return total / n_targets * weight;
    }
    const T *target = (const T *)loss.targets + i * K;
    for (int64_t k = 0; k < K; k++) {
        const Units units = units_of<T>(loss, i * K + k);
        const double z = outputs[k] * units.scale + units.shift;
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
            const double p = z > 0 ? 1 / (1 + e) : e / (1 + e);
            double one = (z > 0 ? z : 0) - z * wanted + __builtin_log1p(e);
            slope = p - wanted;
            if (loss.gamma) {
                const bool is_there = target[k] > 0.5;
                const WithSlope focused = focus<T>(is_there ? 1 - p : p, loss.gamma);
                slope = slope * focused.value + one * focused.slope * (is_there ? -p : p) * (1 - p);
                one *= focused.value;
            }
            total += one;
        }
        outputs[k] = (T)(factor * slope * units.scale / K);
    }
    return total / K * weight;
}
