// Products with weights as they lie, in torch's order: of those that are used a few times,
// to bring them into another one takes as long as the products do.
//
// Both read a weight once, from its first row to its last, whatever the number of samples.
#pragma once

#include "gemm.h"

// Rows and columns of a weight, and samples, that are multiplied before the next ones are:
// the rows stay in the second cache, the samples in the first. Chosen by hand.
constexpr int64_t ROWS_AT_ONCE = 64;
constexpr int64_t COLUMNS_AT_ONCE = 512;
constexpr int64_t SAMPLES_AT_ONCE = 12;

// Blocks in turn: piece(first row, end of rows, first column, columns, first sample, samples).
template <class Do> INLINE void each_block(int64_t rows, int64_t columns, int64_t n_samples, Do piece) {
    auto least = [](int64_t a, int64_t b) { return a < b ? a : b; };
    for (int64_t m = 0; m < rows; m += ROWS_AT_ONCE)
        for (int64_t k = 0; k < columns; k += COLUMNS_AT_ONCE)
            for (int64_t i = 0; i < n_samples; i += SAMPLES_AT_ONCE)
                piece(m, least(rows, m + ROWS_AT_ONCE), k, least(columns - k, COLUMNS_AT_ONCE), i,
                      least(n_samples - i, SAMPLES_AT_ONCE));
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
template <class T, int M, int N>
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
    for (; k + n <= depth; k += n) add([&](const T *p) { return load<T>(p + k); });
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

template <class T, int M>
static void dots_of_rows(const T *a, int64_t lda, int64_t n_samples, const T *w, int64_t ldw, int64_t depth,
                         T *c, int64_t ldc) {
    int64_t i = 0;
    for (; n_samples - i >= 3; i += 3) dots<T, M, 3>(a + i * lda, lda, w, ldw, depth, c + i * ldc, ldc);
    if (n_samples - i == 2) dots<T, M, 2>(a + i * lda, lda, w, ldw, depth, c + i * ldc, ldc);
    if (n_samples - i == 1) dots<T, M, 1>(a + i * lda, lda, w, ldw, depth, c + i * ldc, ldc);
}

// c (n_samples, ldc) += a (n_samples, lda) times some rows of a weight, turned.
template <class T>
static void add_dots(const T *a, int64_t lda, int64_t n_samples, const T *w, int64_t ldw, int64_t rows, int64_t depth,
                     T *c, int64_t ldc) {
    auto piece = [&](int64_t m, int64_t end, int64_t k, int64_t count, int64_t i, int64_t n) {
        const T *from = a + i * lda + k;
        const T *of = w + k;
        T *to = c + i * ldc;
        if (n == 1)
            for (; end - m >= 8; m += 8) dots<T, 8, 1>(from, lda, of + m * ldw, ldw, count, to + m, ldc);
        for (; end - m >= 4; m += 4) dots_of_rows<T, 4>(from, lda, n, of + m * ldw, ldw, count, to + m, ldc);
        for (; m < end; m++) dots_of_rows<T, 1>(from, lda, n, of + m * ldw, ldw, count, to + m, ldc);
    };
    each_block(rows, depth, n_samples, piece);
}

// c (N, ldc) += a (N, lda) times R rows of a weight, some columns of both. What of `a` is
// multiplied stays in registers: to spread it anew for each column would take a load a sum.
template <class T, int N, int R>
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

template <class T, int R>
static void add_some_rows_to_all(const T *a, int64_t lda, int64_t n_samples, const T *w, int64_t ldw, int64_t columns,
                                 T *c, int64_t ldc) {
    int64_t i = 0;
    for (; n_samples - i >= 3; i += 3) add_some_rows<T, 3, R>(a + i * lda, lda, w, ldw, columns, c + i * ldc, ldc);
    if (n_samples - i == 2) add_some_rows<T, 2, R>(a + i * lda, lda, w, ldw, columns, c + i * ldc, ldc);
    if (n_samples - i == 1) add_some_rows<T, 1, R>(a + i * lda, lda, w, ldw, columns, c + i * ldc, ldc);
}

template <class T>
static void add_weighted_rows(const T *a, int64_t lda, int64_t n_samples, const T *w, int64_t ldw, int64_t rows,
                              int64_t columns, T *c, int64_t ldc) {
    auto piece = [&](int64_t r, int64_t end, int64_t j, int64_t count, int64_t i, int64_t n) {
        const T *from = a + i * lda, *of = w + j;
        T *to = c + i * ldc + j;
        for (; end - r >= 4; r += 4)
            add_some_rows_to_all<T, 4>(from + r, lda, n, of + r * ldw, ldw, count, to, ldc);
        for (; r < end; r++) add_some_rows_to_all<T, 1>(from + r, lda, n, of + r * ldw, ldw, count, to, ldc);
    };
    each_block(rows, columns, n_samples, piece);
}
