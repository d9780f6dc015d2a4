// Pooling by learned weights: a softmax of v . tanh(W h + b) over the present steps, as in
// Yang et al. (2016). Steps may come in several parts, the oldest first.
#pragma once

#include "sequence.h"

template <class T> struct AttentionWeights {
    const T *project, *bias, *score;  // (C, C), (C,), (C,)
    T score_bias;
};

template <class T> struct AttentionSums {
    T *project;  // (C, columns)
    T *bias, *score, *score_bias;  // a register a unit; the last is one register

    void take(Arena &arena, int64_t C, int64_t columns) {
        project = arena.take<T>(C * columns);
        bias = arena.take<T>(C * Simd<T>::n), score = arena.take<T>(C * Simd<T>::n);
        score_bias = arena.take<T>(Simd<T>::n);
    }
    void clear(int64_t C, int64_t columns) const {
        memset(project, 0, C * columns * sizeof(T));
        for (T *sum : {bias, score}) memset(sum, 0, C * Simd<T>::n * sizeof(T));
        memset(score_bias, 0, Simd<T>::n * sizeof(T));
    }
};

// Of a part of a batch, n lanes.
template <class T> struct Attention {
    T *bent;                    // (W, C, n): tanh of the projected states of some steps
    T *scores;                  // (L, n)
    T *highest, *mass, *along;  // (n,)
    T *states, *gradients;      // (C, n): sums of states, or their quotient; its gradient
    T *turned;                  // (n, columns): one step's states across

    void take(Arena &arena, int64_t L, int64_t W, int64_t C, int64_t columns, int64_t n) {
        bent = arena.take<T>(W * C * n), scores = arena.take<T>(L * n);
        for (T **array : {&highest, &mass, &along}) *array = arena.take<T>(n);
        states = arena.take<T>(C * n), gradients = arena.take<T>(C * n);
        turned = arena.take<T>(n * columns);
    }

    void begin(int64_t C, int64_t columns, int64_t n) const {
        memset(states, 0, C * n * sizeof(T));
        memset(mass, 0, n * sizeof(T));
        memset(turned, 0, n * columns * sizeof(T));
        for (int64_t i = 0; i < n; i++) highest[i] = sizeof(T) == 4 ? T(-3e38) : T(-1e308);
    }

    // Scores of the steps first, ..., first + L - 1, of whose states y (L, C, n) are.
    void look(const T *packed, const AttentionWeights<T> &w, const T *y, int64_t first, int64_t L,
              int64_t C, int64_t n) const {
        for (int64_t t = 0; t < L; t++) {
            T *u = bent + t * C * n, *score = scores + (first + t) * n;
            multiply<T>({packed, PANEL, y + t * C * n, C, nullptr, 0, n, n, w.bias, u, false}, C);
            for (int64_t i = 0; i < n; i += Simd<T>::n) {
                Vec<T> total = fill<T>(w.score_bias);
                for (int64_t c = 0; c < C; c++) {
                    const Vec<T> value = tanh_of(load<T>(u + c * n + i));
                    store<T>(u + c * n + i, value);
                    total += value * w.score[c];
                }
                store<T>(score + i, total);
            }
        }
    }

    Vec<T> weight_at(const T *score, const T *mask, int64_t lane) const {
        const Vec<T> weight = exponential(load<T>(score + lane) - load<T>(highest + lane));
        return mask ? select<T>(is_present(mask, lane), weight, fill<T>(0)) : weight;
    }

    // Take in those steps.
    void add(const T *y, const Masks<T> &masks, int64_t first, int64_t L, int64_t C, int64_t n) const {
        for (int64_t i = 0; i < n; i += Simd<T>::n) {
            const Vec<T> before = load<T>(highest + i);
            Vec<T> most = before;
            for (int64_t t = 0; t < L; t++) {
                const T *mask = masks.at(t, n);
                const Vec<T> score = load<T>(scores + (first + t) * n + i);
                IntVec<T> is_higher = ~(score <= most);  // NaN is, and stays
                if (mask) is_higher &= is_present(mask, i);
                most = select<T>(is_higher, score, most);
            }
            store<T>(highest + i, most);
            const Vec<T> kept = exponential(before - most);
            store<T>(mass + i, load<T>(mass + i) * kept);
            for (int64_t c = 0; c < C; c++) store<T>(states + c * n + i, load<T>(states + c * n + i) * kept);
        }
        for (int64_t t = 0; t < L; t++)
            for (int64_t i = 0; i < n; i += Simd<T>::n) {
                const Vec<T> weight = weight_at(scores + (first + t) * n, masks.at(t, n), i);
                store<T>(mass + i, load<T>(mass + i) + weight);
                for (int64_t c = 0; c < C; c++) {
                    T *to = states + c * n + i;
                    store<T>(to, load<T>(to) + weight * load<T>(y + (t * C + c) * n + i));
                }
            }
    }

    void finish(int64_t C, int64_t n) const {
        for (int64_t i = 0; i < n; i += Simd<T>::n) {
            const Vec<T> all = load<T>(mass + i);
            const Vec<T> divisor = select<T>(all > fill<T>(0), all, fill<T>(1));
            store<T>(mass + i, divisor);
            for (int64_t c = 0; c < C; c++) store<T>(states + c * n + i, load<T>(states + c * n + i) / divisor);
        }
    }

    // Once the gradients of what was pooled are there: how each goes along with it.
    void begin_back(int64_t C, int64_t n) const {
        for (int64_t i = 0; i < n; i += Simd<T>::n) {
            Vec<T> total = fill<T>(0);
            for (int64_t c = 0; c < C; c++) total += load<T>(gradients + c * n + i) * load<T>(states + c * n + i);
            store<T>(along + i, total);
        }
    }

    // Gradients of those steps' states to dy; what `look` left of them in `bent` becomes
    // gradients as well.
    void give(const T *packed_back, const AttentionWeights<T> &w, const T *y, T *dy, const Masks<T> &masks,
              int64_t first, int64_t L, int64_t C, int64_t columns, int64_t n, const AttentionSums<T> &sums) const {
        for (int64_t t = 0; t < L; t++) {
            T *u = bent + t * C * n, *to = dy + t * C * n;
            const T *here = y + t * C * n;
            for (int64_t i = 0; i < n; i += Simd<T>::n) {
                const Vec<T> share = weight_at(scores + (first + t) * n, masks.at(t, n), i) / load<T>(mass + i);
                Vec<T> total = fill<T>(0);
                for (int64_t c = 0; c < C; c++) {
                    const Vec<T> d = load<T>(gradients + c * n + i);
                    total += d * load<T>(here + c * n + i);
                    store<T>(to + c * n + i, share * d);
                }
                const Vec<T> of_score = share * (total - load<T>(along + i));
                store<T>(sums.score_bias, load<T>(sums.score_bias) + of_score);
                for (int64_t c = 0; c < C; c++) {
                    const Vec<T> value = load<T>(u + c * n + i);
                    T *score = sums.score + c * Simd<T>::n, *bias = sums.bias + c * Simd<T>::n;
                    store<T>(score, load<T>(score) + of_score * value);
                    const Vec<T> d = of_score * w.score[c] * (T(1) - value * value);
                    store<T>(bias, load<T>(bias) + d);
                    store<T>(u + c * n + i, d);
                }
            }
            multiply<T>({packed_back, PANEL, u, C, nullptr, 0, n, n, nullptr, to, true}, C);
            turn(here, n, C, n, turned, columns);
            add_outer<T>({u, 0, n, turned, 0, columns, 1, n, sums.project, columns}, C, columns);
        }
    }
};
