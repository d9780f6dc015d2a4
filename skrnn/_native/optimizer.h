// Clipping and Adam (Kingma and Ba 2015), also with decoupled decay (Loshchilov and
// Hutter 2019), over tensors that torch owns.
#pragma once

#include "simd.h"

struct AdamOptions {
    double rate, beta1, beta2, epsilon, decay;
    int64_t is_decoupled;
    double l1, max_value, max_norm;  // max_value, max_norm: 0 for none
};

template <class T> struct Tensors {
    long count;
    const int64_t *sizes, *is_matrix;  // numbers in each; whether the L1 penalty counts
    T *const *weights, *const *gradients, *const *first, *const *second;
    float *const *steps;
};

// Penalty and clipping; returns the norm of the gradient before it is clipped.
template <class T> static double clip(const Tensors<T> &tensors, const AdamOptions &o) {
    double squares = 0;
    for (long i = 0; i < tensors.count; i++) {
        T *g = tensors.gradients[i];
        const T *w = tensors.weights[i];
        double here = 0;
        for (int64_t j = 0; j < tensors.sizes[i]; j++) {
            if (o.l1 && tensors.is_matrix[i]) g[j] += (T)(o.l1 * ((w[j] > 0) - (w[j] < 0)));
            if (o.max_value) {
                g[j] = g[j] > (T)o.max_value ? (T)o.max_value : g[j];
                g[j] = g[j] < -(T)o.max_value ? -(T)o.max_value : g[j];
            }
            here += (double)g[j] * (double)g[j];
        }
        squares += here;
    }
    const double norm = __builtin_sqrt(squares);
    if (o.max_norm) {
        const double factor = o.max_norm / (norm + 1e-6);
        if (!(factor >= 1))  // NaN goes on to the weights and is found there
            for (long i = 0; i < tensors.count; i++)
                for (int64_t j = 0; j < tensors.sizes[i]; j++)
                    tensors.gradients[i][j] *= (T)factor;
    }
    return norm;
}

template <class T> static void adam(const Tensors<T> &tensors, const AdamOptions &o) {
    for (long i = 0; i < tensors.count; i++) {
        const double step = *tensors.steps[i] += 1;
        const T rate = (T)(o.rate / (1 - __builtin_pow(o.beta1, step)));
        const T root = (T)__builtin_sqrt(1 - __builtin_pow(o.beta2, step));
        const T b1 = (T)o.beta1, b2 = (T)o.beta2, c1 = (T)(1 - o.beta1), c2 = (T)(1 - o.beta2);
        const T epsilon = (T)o.epsilon, l2 = o.is_decoupled ? T(0) : (T)o.decay;
        const T shrink = o.is_decoupled ? (T)(1 - o.rate * o.decay) : T(1);
        T *__restrict w = tensors.weights[i], *__restrict m = tensors.first[i];
        T *__restrict v = tensors.second[i];
        const T *__restrict g = tensors.gradients[i];
        for (int64_t j = 0; j < tensors.sizes[i]; j++) {
            const T slope = g[j] + l2 * w[j];
            m[j] = b1 * m[j] + c1 * slope;
            v[j] = b2 * v[j] + c2 * slope * slope;
            T size;
            if constexpr (sizeof(T) == 4)
                size = __builtin_sqrtf(v[j]);
            else
                size = __builtin_sqrt(v[j]);
            w[j] = w[j] * shrink - rate * m[j] / (size / root + epsilon);
        }
    }
}
