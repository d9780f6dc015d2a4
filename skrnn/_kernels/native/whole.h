// Predictions of a few samples in the user's units: the network, what is added to it, and
// the way back from its units, in one call.
//
// Python has the same operations for everything else; here are those of the usual model,
// in the same order, so that the bits are the same.
#pragma once

#include "narrow_predict.h"
#include "rows.h"

// What stands around a network whose targets have one output each.
struct Whole {
    const double *row_mean, *row_scale;  // (F,) of the features, or null: there are no limits
    double farthest;                     // deviations from the mean that a feature may have
    int64_t n_path;                      // newest steps of the linear path; 0 where there is none
    const double *center, *weight, *bias;  // (n_path * F,), (K, n_path * F), (K,)
    const double *y_mean, *y_scale;      // (K,)
};

// A number as memory has it: no compiler makes one rounding of a product and a sum.
INLINE double rounded(double value) {
    __asm__("" : "+m"(value));
    return value;
}

// Whether numbers up to `largest` lie within the limits of all features.
INLINE bool is_near(const Whole &of, int64_t F, double largest) {
    if (!of.row_mean) return true;
    for (int64_t f = 0; f < F; f++)
        if (!(largest <= rounded(of.farthest * of.row_scale[f]) - fabs(of.row_mean[f]))) return false;
    return true;
}

// Regressors (N, n_path * F) of the linear path, less their centers: the newest values, and
// how far older ones are from those.
template <class S>
static void read_path(const S *x, const Whole &of, int64_t N, int64_t L, int64_t F, double *to) {
    for (int64_t i = 0; i < N; i++) {
        const S *newest = x + ((i + 1) * L - 1) * F, *step = x + ((i + 1) * L - of.n_path) * F;
        for (int64_t s = 0, k = 0; s < of.n_path; s++, step += F)
            for (int64_t f = 0; f < F; f++, k++) {
                const double value = (double)step[f];
                *to++ = (step == newest ? value : value - (double)newest[f]) - of.center[k];
            }
    }
}

// What the linear path predicts (N, K). False if memory ran out.
inline bool add_path(const Input &in, const Whole &of, int64_t N, int64_t L, int64_t F, int64_t K,
                     double *regressors, double *to) {
    if (in.kind == FLOAT32)
        read_path((const float *)in.values, of, N, L, F, regressors);
    else
        read_path((const double *)in.values, of, N, L, F, regressors);
    return linear(regressors, N, of.n_path * F, of.weight, of.bias, K, to);
}

// outputs (N, K) of the call, from those of the network. False if memory ran out.
//
// network(): puts those (N, K) at the outputs of the call; false if memory ran out.
template <class T, class Run>
static bool predict_whole(Call<T> &call, const Whole &of, int64_t N, double *outputs, Run network) {
    const Shape &s = call.net->shape;
    const int64_t n = N * s.K, size = of.n_path * s.F;
    double *base = (double *)call.net->inputs.at_least((N * size + 2 * n) * sizeof(double));
    if (!base) return false;
    double *path = base + N * size;
    call.outputs = (T *)(path + n);
    if (!network()) return false;
    if (size && !add_path(call.in, of, N, call.L, s.F, s.K, base, path)) return false;
    for (int64_t i = 0; i < n; i++) {
        const int64_t k = i % s.K;
        const double shift = size ? of.y_mean[k] + path[i] : of.y_mean[k];
        outputs[i] = rounded((double)call.outputs[i] * of.y_scale[k]) + shift;
    }
    return true;
}

// How many numbers are known of the steps so far: states of all layers, and of the pooling.
INLINE int64_t width_of_states(const Shape &s) {
    const int64_t of_pool = s.pooling == MIXED ? 2 * s.H : s.pooling == MEAN ? s.H + 1 : s.H;
    return s.n_layers * (s.cell == LSTM ? 2 : 1) * s.H + of_pool;
}

// Join pooled states (H) and those of a new step; tell what they come to.
template <class T>
static void step_pool(int kind, int64_t H, const T *before, const T *h, T *after, T *pooled) {
    const int64_t n_last = kind == LAST ? H : kind == MIXED ? H / 2 : 0;
    if (kind == MIXED) {
        memcpy(after, h, H * sizeof(T));
        before += H, after += H;
    }
    const T count = kind == MEAN ? before[H] + 1 : T(1);
    for (int64_t j = 0; j < H; j++) {
        after[j] = kind == LAST ? h[j] : kind == MEAN ? before[j] + h[j] : h[j] <= before[j] ? before[j] : h[j];
        pooled[j] = j < n_last ? h[j] : after[j] / count;
    }
    if (kind == MEAN) after[H] = count;
}

// Raw outputs of the newest step of each sample, and the states after it, from those before
// it; both (N, width_of_states). False if memory ran out.
template <class T> static bool take_step(Call<T> &call, int64_t N, const T *before, T *after) {
    const Shape &s = call.net->shape;
    const int64_t width = width_of_states(s), top = s.n_layers - 1;
    FewSamples<T> few = {};
    if (!open_few(few, call, 1)) return false;
    const uint64_t mode = flush_denormals();
    few.begin();
    few.has_states = true;
    auto each_state = [&](auto piece) {
        for (int64_t l = 0, at = 0; l < s.n_layers; l++)
            for (T *states : {few.states[l].h, few.states[l].c}) {
                if (!states) continue;
                const int64_t pitch = few.layers[l].pitch;
                for (int64_t i = 0; i < N; i++) piece(i * width + at, states + i * pitch, N * pitch);
                at += s.H;
            }
    };
    each_state([&](int64_t at, T *state, int64_t) { memcpy(state, before + at, s.H * sizeof(T)); });
    few.take_steps(call.L - 1, 1);
    each_state([&](int64_t at, T *state, int64_t step) {
        memcpy(after + at, state + step, s.H * sizeof(T));
    });
    const int64_t of_pool = s.n_layers * (s.cell == LSTM ? 2 : 1) * s.H, pitch = few.layers[top].pitch;
    T *h = few.states[top].h;
    for (int64_t i = 0; i < N; i++)
        step_pool(s.pooling, s.H, before + i * width + of_pool, h + (N + i) * pitch, after + i * width + of_pool,
                  h + i * pitch);
    few.pool.kind = LAST;  // what is pooled stands where the last states would
    few.run_head();
    restore_denormals(mode);
    return true;
}
