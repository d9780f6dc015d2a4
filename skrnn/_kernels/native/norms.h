// Operations on the states of all steps, forwards and backwards: both directions joined,
// normalisation by sample and by batch. Samples are lanes: states are (steps, C, n).
#pragma once

#include "sequence.h"

// Both directions below each other, (L + 1, 2 H, n): the states of each step, and where
// each direction ends. What a step that is absent has are the states of the one before, as
// in one direction.
template <class T>
static void join(const Record<T> *records, const Masks<T> &masks, int64_t L, int64_t H, int64_t n, T *to) {
    const int64_t size = H * n;
    for (int64_t t = 0; t < L; t++, to += 2 * size) {
        memcpy(to, records[0].h + (t + 1) * size, size * sizeof(T));
        const T *backward = records[1].h + (L - t) * size, *mask = masks.at(t, n);
        if (!mask || t == 0) {  // zeros where a sequence has no step
            memcpy(to + size, backward, size * sizeof(T));
            continue;
        }
        const T *before = to - size;
        for (int64_t i = 0, lane = 0; i < size; i += Simd<T>::n, lane = lane + Simd<T>::n == n ? 0 : lane + Simd<T>::n)
            store<T>(to + size + i, select<T>(is_present(mask, lane), load<T>(backward + i), load<T>(before + i)));
    }
    for (int64_t d = 0; d < 2; d++) memcpy(to + d * size, records[d].h + L * size, size * sizeof(T));
}

// to += from
template <class T> static void add_to(T *to, const T *from, int64_t size) {
    for (int64_t i = 0; i < size; i += Simd<T>::n) store<T>(to + i, load<T>(to + i) + load<T>(from + i));
}

// Sums over lanes and steps for each of C units, a register each, of gradients of the
// factor and of the shift of a normalisation.
template <class T> struct NormSums {
    T *factor, *shift;  // (C, register)

    void take(Arena &arena, int64_t C) {
        factor = arena.take<T>(C * Simd<T>::n), shift = arena.take<T>(C * Simd<T>::n);
    }
    void clear(int64_t C) const {
        memset(factor, 0, C * Simd<T>::n * sizeof(T));
        memset(shift, 0, C * Simd<T>::n * sizeof(T));
    }
    void add(int64_t c, Vec<T> d, Vec<T> normal) const {
        store<T>(factor + c * Simd<T>::n, load<T>(factor + c * Simd<T>::n) + d * normal);
        store<T>(shift + c * Simd<T>::n, load<T>(shift + c * Simd<T>::n) + d);
    }
    T of_factor(int64_t c) const { return sum_of<T>(load<T>(factor + c * Simd<T>::n)); }
    T of_shift(int64_t c) const { return sum_of<T>(load<T>(shift + c * Simd<T>::n)); }
};

template <class T> INLINE Vec<T> root_of(Vec<T> x) {
    for (int k = 0; k < Simd<T>::n; k++)
        if constexpr (sizeof(T) == 4)
            x[k] = __builtin_sqrtf(x[k]);
        else
            x[k] = __builtin_sqrt(x[k]);
    return x;
}

// One step (C, n), each sample by its own moments; `normal` are the standardised states,
// `inverse` (n,) is one by the deviation.
template <class T>
static void normalise_sample(const T *from, int64_t C, int64_t n, const T *weight, const T *bias, double epsilon,
                             T *normal, T *inverse, T *to) {
    for (int64_t i = 0; i < n; i += Simd<T>::n) {
        Vec<T> mean = fill<T>(0), variance = fill<T>(0);
        for (int64_t c = 0; c < C; c++) mean += load<T>(from + c * n + i);
        mean /= T(C);
        for (int64_t c = 0; c < C; c++) {
            const Vec<T> away = load<T>(from + c * n + i) - mean;
            variance += away * away;
        }
        const Vec<T> scale = T(1) / root_of<T>(variance / T(C) + (T)epsilon);
        store<T>(inverse + i, scale);
        for (int64_t c = 0; c < C; c++) {
            const Vec<T> z = (load<T>(from + c * n + i) - mean) * scale;
            store<T>(normal + c * n + i, z);
            store<T>(to + c * n + i, z * weight[c] + bias[c]);
        }
    }
}

// d (C, n): from gradients of what it gave to those of what it was given.
template <class T>
static void normalise_sample_back(T *d, const T *normal, const T *inverse, int64_t C, int64_t n, const T *weight,
                                  const NormSums<T> &sums) {
    for (int64_t i = 0; i < n; i += Simd<T>::n) {
        Vec<T> total = fill<T>(0), along = fill<T>(0);
        for (int64_t c = 0; c < C; c++) {
            const Vec<T> z = load<T>(normal + c * n + i), given = load<T>(d + c * n + i);
            sums.add(c, given, z);
            total += given * weight[c];
            along += given * weight[c] * z;
        }
        total /= T(C), along /= T(C);
        const Vec<T> scale = load<T>(inverse + i);
        for (int64_t c = 0; c < C; c++) {
            const Vec<T> z = load<T>(normal + c * n + i);
            store<T>(d + c * n + i, scale * (load<T>(d + c * n + i) * weight[c] - total - along * z));
        }
    }
}

// What a batch has in common, of one layer; (C,) each.
template <class T> struct BatchMoments {
    T *mean, *inverse, *of_shift, *of_factor;

    void take(Arena &arena, int64_t C) {
        for (T **array : {&mean, &inverse, &of_shift, &of_factor}) *array = arena.take<T>(C);
    }
};

// What each lane of a step counts in the moments: its share, or nothing where it is absent.
template <class T> INLINE Vec<T> share_of(const T *shares, const T *mask, int64_t lane) {
    const Vec<T> share = load<T>(shares + lane);
    return mask ? share * load<T>(mask + lane) : share;
}

// Sums of the states (L, C, n), or with means of their squared distances, by shares (n,).
template <class T>
static void add_moments(const T *states, const Masks<T> &masks, const T *shares, const T *means, int64_t L, int64_t C,
                        int64_t n, double *to) {
    for (int64_t c = 0; c < C; c++) {
        Vec<T> total = fill<T>(0);
        const T mean = means ? means[c] : T(0);
        for (int64_t t = 0; t < L; t++) {
            const T *mask = masks.at(t, n);
            for (int64_t i = 0; i < n; i += Simd<T>::n) {
                Vec<T> away = load<T>(states + (t * C + c) * n + i) - mean;
                if (means) away *= away;
                total += share_of(shares, mask, i) * away;
            }
        }
        to[c] = sum_of<T>(total);
    }
}

template <class T>
static void normalise_batch(const T *from, int64_t slots, int64_t C, int64_t n, const BatchMoments<T> &moments,
                            const T *weight, const T *bias, T *normal, T *to) {
    for (int64_t t = 0; t < slots; t++)
        for (int64_t c = 0; c < C; c++)
            for (int64_t i = 0; i < n; i += Simd<T>::n) {
                const int64_t at = (t * C + c) * n + i;
                const Vec<T> z = (load<T>(from + at) - moments.mean[c]) * moments.inverse[c];
                store<T>(normal + at, z);
                store<T>(to + at, z * weight[c] + bias[c]);
            }
}

// One step of gradients (C, n); without shares, that of where the sequences end, which the
// moments are not made of.
template <class T>
static void normalise_batch_back(T *d, const T *normal, const BatchMoments<T> &moments, const T *shares,
                                 const T *mask, int64_t C, int64_t n, const T *weight) {
    for (int64_t c = 0; c < C; c++)
        for (int64_t i = 0; i < n; i += Simd<T>::n) {
            Vec<T> given = load<T>(d + c * n + i);
            if (shares) {
                const Vec<T> z = load<T>(normal + c * n + i);
                given -= share_of(shares, mask, i) * (moments.of_shift[c] + z * moments.of_factor[c]);
            }
            store<T>(d + c * n + i, given * (weight[c] * moments.inverse[c]));
        }
}
