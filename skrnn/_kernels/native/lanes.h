// From rows of samples to samples as lanes, and back; memory; the split of a batch.
#pragma once

#include <stdlib.h>

#include "simd.h"

enum Kind { FLOAT32 = 0, FLOAT64 = 1 };

// Learned vectors in the place of codes. A step of the recurrence is a segment of one or
// more steps as they are given; those that pad the first one are zeros behind the lookup.
struct Codes {
    int64_t segment;         // given steps of a step
    int64_t n_given;         // features of a given step
    const int64_t *n_codes;  // (n_given,): 0 where the feature is a number
    const int64_t *sizes;    // (n_given,): numbers in each vector, 1 where it is a number
    void *const *tables;     // (n_given,) of (n_codes, size) of the weights' type; null of a number
    void *const *gradients;  // as the tables; null, or null for those that do not learn
    const int64_t *padding;  // (N,): given steps that are padding, or null

    int64_t width() const {  // of a given step, once vectors stand in it
        int64_t sum = 0;
        for (int64_t f = 0; f < n_given; f++) sum += sizes[f];
        return sum;
    }
};

// Sequences in the user's units.
struct Input {
    const void *values;         // (N, L, F), or (N, L * segment, n_given)
    int kind;
    const int64_t *lengths;     // (N,), or null where all steps are present
    const double *mean, *scale; // (F,) or (n_given,): taken off, divided by; null for none
    const Codes *codes;         // null where all features are numbers
};

// Samples of a part: as many as fill whole groups of lanes, and no more than keep their
// states in the first cache. It depends on the batch alone, so that sums round alike
// whatever the number of threads.
template <class T> struct Split {
    int64_t n_samples, size, n_parts;

    Split(int64_t n_samples_, bool trains) {
        constexpr int64_t group = GROUP_BYTES / sizeof(T);
        n_samples = n_samples_;
        // A training batch is for two threads; predictions come in many parts.
        size = trains ? (n_samples + 1) / 2 : n_samples;
        size = (size + group - 1) / group * group;
        size = size < group ? group : size > 4 * group ? 4 * group : size;
        n_parts = (n_samples + size - 1) / size;
    }
    int64_t first(int64_t part) const { return part * size; }
    int64_t count(int64_t part) const {
        int64_t left = n_samples - first(part);
        return left < size ? left : size;
    }
    // Lanes of a part: its samples, rounded up to whole groups.
    int64_t lanes(int64_t part) const {
        constexpr int64_t group = GROUP_BYTES / sizeof(T);
        return (count(part) + group - 1) / group * group;
    }
};

template <class T, class S>
static void lanes_of(const S *values, const Input &in, int64_t first, int64_t count, int64_t L, int64_t F,
                     int64_t n, T *to) {
    if (count < n) memset(to, 0, L * F * n * sizeof(T));
    for (int64_t i = 0; i < count; i++) {
        const S *row = values + (first + i) * L * F;
        T *lane = to + i;
        if (!in.mean) {
            for (int64_t k = 0; k < L * F; k++) lane[k * n] = (T)row[k];
        } else if (F == 1) {
            const double mean = in.mean[0], scale = in.scale[0];
            for (int64_t k = 0; k < L; k++) lane[k * n] = (T)(((double)row[k] - mean) / scale);
        } else {
            for (int64_t t = 0, k = 0; t < L; t++)
                for (int64_t f = 0; f < F; f++, k++)
                    lane[k * n] = (T)(((double)row[k] - in.mean[f]) / in.scale[f]);
        }
    }
}

// Some steps of the recurrence, with vectors in the place of codes: number k of sample i,
// counted from the first of these steps, goes to at(i, k).
template <class T, class S, class At>
static void look_up(const S *values, const Input &in, int64_t first, int64_t count, int64_t L, int64_t from,
                    int64_t n_steps, At at) {
    const Codes &codes = *in.codes;
    const int64_t R = codes.n_given, width = codes.width();
    const int64_t begin = from * codes.segment, end = (from + n_steps) * codes.segment;
    for (int64_t i = 0; i < count; i++) {
        const S *row = values + ((first + i) * L * codes.segment + begin) * R;
        const int64_t padding = codes.padding ? codes.padding[first + i] : 0;
        int64_t k = 0;
        for (int64_t t = begin; t < end; t++, row += R) {
            if (t < padding) {
                for (int64_t e = 0; e < width; e++) *at(i, k++) = 0;
                continue;
            }
            for (int64_t f = 0; f < R; f++) {
                if (!codes.n_codes[f]) {
                    const double value = (double)row[f];
                    *at(i, k++) = (T)(in.mean ? (value - in.mean[f]) / in.scale[f] : value);
                    continue;
                }
                const int64_t size = codes.sizes[f];
                const T *vector = (const T *)codes.tables[f] + (int64_t)row[f] * size;
                for (int64_t e = 0; e < size; e++) *at(i, k++) = vector[e];
            }
        }
    }
}

// Samples first, ..., first + count - 1 to (L, F, n), scaled; other lanes are zero.
template <class T>
static void read_lanes(const Input &in, int64_t first, int64_t count, int64_t L, int64_t F, int64_t n, T *to) {
    if (in.codes) {
        if (count < n) memset(to, 0, L * F * n * sizeof(T));
        auto at = [&](int64_t i, int64_t k) { return to + k * n + i; };
        if (in.kind == FLOAT32)
            return look_up<T>((const float *)in.values, in, first, count, L, 0, L, at);
        return look_up<T>((const double *)in.values, in, first, count, L, 0, L, at);
    }
    if (in.kind == FLOAT32)
        lanes_of<T, float>((const float *)in.values, in, first, count, L, F, n, to);
    else
        lanes_of<T, double>((const double *)in.values, in, first, count, L, F, n, to);
}

// The same without a scale, (count, size) to (size, n); null is zeros.
template <class T>
static void rows_to_lanes(const T *from, int64_t count, int64_t size, int64_t n, T *to) {
    memset(to, 0, size * n * sizeof(T));
    if (from)
        for (int64_t i = 0; i < count; i++)
            for (int64_t h = 0; h < size; h++) to[h * n + i] = from[i * size + h];
}

template <class T> static void lanes_to_rows(const T *from, int64_t count, int64_t size, int64_t n, T *to) {
    for (int64_t i = 0; i < count; i++)
        for (int64_t h = 0; h < size; h++) to[i * size + h] = from[h * n + i];
}

inline void *allocate(size_t size) {
    if (size == 0) size = GROUP_BYTES;
#if defined(_WIN32)
    return _aligned_malloc(size, GROUP_BYTES);
#else
    void *memory = nullptr;
    return posix_memalign(&memory, GROUP_BYTES, size) ? nullptr : memory;
#endif
}

inline void release(void *memory) {
#if defined(_WIN32)
    _aligned_free(memory);
#else
    free(memory);
#endif
}

// With the address sanitizer the pieces of one allocation lie apart, and nobody may touch
// what is between them.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
constexpr int64_t GUARD_BYTES = GROUP_BYTES;
inline void guard(char *piece, size_t size, size_t apart) {
    __asan_unpoison_memory_region(piece, size);
    __asan_poison_memory_region(piece + size, apart - size);
}
#else
constexpr int64_t GUARD_BYTES = 0;
inline void guard(char *, size_t, size_t) {}
#endif

// Memory that is kept from call to call and grows when it must.
struct Workspace {
    char *memory = nullptr;
    size_t size = 0;

    char *at_least(size_t wanted) {
        if (wanted > size || !memory) {
            release(memory);
            memory = (char *)allocate(wanted);
            size = memory ? wanted : 0;
        }
        return memory;
    }
};
