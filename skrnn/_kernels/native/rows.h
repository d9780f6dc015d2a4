// Products and sums whose result for a row does not depend on the other rows.
#pragma once

#include "gemm.h"
#include "lanes.h"

// to (N, M) = x (N, K) times weight (M, K) transposed, plus bias (M,).
template <class T>
static bool linear(const T *x, int64_t N, int64_t K, const T *weight, const T *bias, int64_t M, T *to) {
    constexpr int64_t group = GROUP_BYTES / sizeof(T), most = 4 * group;
    const int64_t packed = panels_of(M) * PANEL * K;
    T *memory = (T *)allocate((packed + most * (K + M)) * sizeof(T));
    if (!memory) return false;
    pack(memory, M, K, [&](int64_t m, int64_t k) { return weight[m * K + k]; });
    T *given = memory + packed, *result = given + most * K;
    for (int64_t first = 0; first < N; first += most) {
        const int64_t count = N - first < most ? N - first : most;
        const int64_t n = (count + group - 1) / group * group;
        rows_to_lanes(x + first * K, count, K, n, given);
        multiply<T>({memory, PANEL, given, K, nullptr, 0, n, n, bias, result, false}, M);
        lanes_to_rows(result, count, M, n, to + first * M);
    }
    release(memory);
    return true;
}

// to (N, H): sums over the present steps of values (N, L, H), each times its factor
// (N, L), or 1 where factors are null.
template <class T>
static void sum_over_steps(const T *values, const T *factors, const int64_t *lengths, int64_t N, int64_t L,
                           int64_t H, T *to) {
    for (int64_t i = 0; i < N; i++, to += H) {
        for (int64_t h = 0; h < H; h++) to[h] = 0;
        const int64_t n_steps = lengths ? lengths[i] : L;
        for (int64_t t = 0; t < n_steps; t++) {
            const T *step = values + (i * L + t) * H;
            const T factor = factors ? factors[i * L + t] : T(1);
            for (int64_t h = 0; h < H; h++) to[h] += factor * step[h];
        }
    }
}
