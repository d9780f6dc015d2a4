// Products with weights as they lie, in torch's order: of those that are used a few times,
// to bring them into another one takes as long as the products do.
//
// Both read a weight once, from its first row to its last, whatever the number of samples.
#pragma once

#include "gemm.h"

// Rows and columns of a weight, and samples, that are multiplied before the next ones are:
// the rows stay in the second cache, the samples in the first. Chosen by hand.
constexpr int64_t ROWS_AT_ONCE = 64;
template <class T> constexpr int64_t COLUMNS_AT_ONCE = 4096 / (int64_t)sizeof(T);
constexpr int64_t SAMPLES_AT_ONCE = 12;

// The first samples that long rows are multiplied with have to wait for them. For these,
// rows are asked for while the ones before them are multiplied; others find them in the
// cache. Weights of shorter rows stay in the third cache, which is fast enough.
constexpr int64_t LONG_ROW = 4096;  // bytes
typedef Constant<true> FromMemory;
typedef Constant<false> FromCache;

template <class T, int ROWS> INLINE void ask_for(const T *w, int64_t ldw) {
    UNROLL
    for (int r = 0; r < ROWS; r++) __builtin_prefetch(w + r * ldw);
}

// Blocks in turn: piece(where rows come from, first row, end of rows, first column, columns,
// first sample, samples).
template <class T, class Do> INLINE void each_block(int64_t rows, int64_t columns, int64_t n_samples, Do piece) {
    auto least = [](int64_t a, int64_t b) { return a < b ? a : b; };
    for (int64_t m = 0; m < rows; m += ROWS_AT_ONCE)
        for (int64_t k = 0; k < columns; k += COLUMNS_AT_ONCE<T>) {
            auto block = [&](auto source, int64_t i) {
                piece(source, m, least(rows, m + ROWS_AT_ONCE), k, least(columns - k, COLUMNS_AT_ONCE<T>), i,
                      least(n_samples - i, SAMPLES_AT_ONCE));
            };
            columns * (int64_t)sizeof(T) >= LONG_ROW ? block(FromMemory(), 0) : block(FromCache(), 0);
            for (int64_t i = SAMPLES_AT_ONCE; i < n_samples; i += SAMPLES_AT_ONCE) block(FromCache(), i);
        }
}

// Samples by three: piece(how many, where rows come from, the first of them).
template <class Source, class Do> INLINE void each_three(Source source, int64_t n_samples, Do piece) {
    auto some = [&](auto from, int64_t i) {
        if (n_samples - i >= 3)
            piece(Constant<3>(), from, i);
        else if (n_samples - i == 2)
            piece(Constant<2>(), from, i);
        else
            piece(Constant<1>(), from, i);
    };
    some(source, 0);
    for (int64_t i = 3; i < n_samples; i += 3) some(FromCache(), i);
}

// The first numbers of a vector; the others are zero.
template <class T> INLINE Vec<T> load_some(const T *p, int64_t count) {
    Vec<T> v = fill<T>(0);
    memcpy(&v, p, count * sizeof(T));
    return v;
}

// Sums of four vectors, side by side.
template <class T> INLINE void add_four_sums(const Vec<T> *v, T *to) {
#if defined(__SSE2__)
    if constexpr (sizeof(T) == sizeof(float)) {
        __m128 sums[4];
        UNROLL
        for (int m = 0; m < 4; m++) {
            __m128 parts[VECTOR_BYTES / 16];
            memcpy(parts, &v[m], sizeof parts);
            sums[m] = parts[0];
            UNROLL
            for (int i = 1; i < VECTOR_BYTES / 16; i++) sums[m] = _mm_add_ps(sums[m], parts[i]);
        }
        _MM_TRANSPOSE4_PS(sums[0], sums[1], sums[2], sums[3]);
        const __m128 total = _mm_add_ps(_mm_add_ps(sums[0], sums[1]), _mm_add_ps(sums[2], sums[3]));
        _mm_storeu_ps((float *)to, _mm_add_ps(_mm_loadu_ps((const float *)to), total));
        return;
    }
#endif
    for (int m = 0; m < 4; m++) to[m] += sum_of<T>(v[m]);
}

// Rows of samples a (N, lda) and of a weight w (M, ldw): each with each, along their depth.
template <class T, int M, int N, class Source>
static __attribute__((noinline)) void dots(const T *a, int64_t lda, const T *w, int64_t ldw, int64_t depth,
                                           T *c, int64_t ldc) {
    constexpr int n = Simd<T>::n;
    Vec<T> acc[N][M];
    UNROLL
    for (int i = 0; i < N; i++)
        UNROLL
        for (int m = 0; m < M; m++) acc[i][m] = fill<T>(0);
    auto add = [&](auto at) {
        Vec<T> row[M];
        UNROLL
        for (int m = 0; m < M; m++) row[m] = at(w + m * ldw);
        UNROLL
        for (int i = 0; i < N; i++) {
            const Vec<T> sample = at(a + i * lda);
            UNROLL
            for (int m = 0; m < M; m++) acc[i][m] += sample * row[m];
        }
    };
    int64_t k = 0;
    for (; k + n <= depth; k += n) {
        if constexpr (Source::value) ask_for<T, M>(w + M * ldw + k, ldw);
        add([&](const T *p) { return load<T>(p + k); });
    }
    if (k < depth) add([&](const T *p) { return load_some<T>(p + k, depth - k); });
    UNROLL
    for (int i = 0; i < N; i++) {
        if constexpr (M % 4 == 0) {
            UNROLL
            for (int m = 0; m < M; m += 4) add_four_sums<T>(acc[i] + m, c + i * ldc + m);
        } else {
            UNROLL
            for (int m = 0; m < M; m++) c[i * ldc + m] += sum_of<T>(acc[i][m]);
        }
    }
}

// c (n_samples, ldc) += a (n_samples, lda) times some rows of a weight, turned.
template <class T>
static void add_dots(const T *a, int64_t lda, int64_t n_samples, const T *w, int64_t ldw, int64_t rows, int64_t depth,
                     T *c, int64_t ldc) {
    auto piece = [&](auto source, int64_t m, int64_t end, int64_t k, int64_t count, int64_t first, int64_t n) {
        auto some_rows = [&](auto height) {
            constexpr int M = decltype(height)::value;
            for (; end - m >= M; m += M)
                each_three(source, n, [&](auto samples, auto from, int64_t i) {
                    dots<T, M, decltype(samples)::value, decltype(from)>(
                        a + (first + i) * lda + k, lda, w + m * ldw + k, ldw, count, c + (first + i) * ldc + m, ldc);
                });
        };
        if (n == 1) some_rows(Constant<8>());
        some_rows(Constant<4>());
        some_rows(Constant<1>());
    };
    each_block<T>(rows, depth, n_samples, piece);
}

// c (N, ldc) += a (N, lda) times R rows of a weight, some columns of both. What of `a` is
// multiplied stays in registers: to spread it anew for each column would take a load a sum.
template <class T, int N, int R, class Source>
static __attribute__((noinline)) void add_some_rows(const T *a, int64_t lda, const T *w, int64_t ldw, int64_t columns,
                                                    T *c, int64_t ldc) {
    constexpr int n = Simd<T>::n;
    Vec<T> factors[N][R];
    UNROLL
    for (int i = 0; i < N; i++)
        UNROLL
        for (int r = 0; r < R; r++) factors[i][r] = fill<T>(a[i * lda + r]);
    int64_t j = 0;
    for (; j + n <= columns; j += n) {
        Vec<T> sums[N];
        UNROLL
        for (int i = 0; i < N; i++) sums[i] = load<T>(c + i * ldc + j);
        if constexpr (Source::value) ask_for<T, R>(w + R * ldw + j, ldw);
        UNROLL
        for (int r = 0; r < R; r++) {
            const Vec<T> row = load<T>(w + r * ldw + j);
            UNROLL
            for (int i = 0; i < N; i++) sums[i] += factors[i][r] * row;
        }
        UNROLL
        for (int i = 0; i < N; i++) store<T>(c + i * ldc + j, sums[i]);
    }
    for (; j < columns; j++)
        for (int i = 0; i < N; i++)
            for (int r = 0; r < R; r++) c[i * ldc + j] += a[i * lda + r] * w[r * ldw + j];
}

template <class T>
static void add_weighted_rows(const T *a, int64_t lda, int64_t n_samples, const T *w, int64_t ldw, int64_t rows,
                              int64_t columns, T *c, int64_t ldc) {
    auto piece = [&](auto source, int64_t r, int64_t end, int64_t j, int64_t count, int64_t first, int64_t n) {
        auto some_rows = [&](auto height) {
            constexpr int R = decltype(height)::value;
            for (; end - r >= R; r += R)
                each_three(source, n, [&](auto samples, auto from, int64_t i) {
                    add_some_rows<T, decltype(samples)::value, R, decltype(from)>(
                        a + (first + i) * lda + r, lda, w + r * ldw + j, ldw, count, c + (first + i) * ldc + j, ldc);
                });
        };
        some_rows(Constant<4>());
        some_rows(Constant<1>());
    };
    each_block<T>(rows, columns, n_samples, piece);
}
