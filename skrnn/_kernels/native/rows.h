// Products and sums whose result for a row does not depend on the other rows.
#pragma once

#include "gemm.h"
#include "lanes.h"

// to (N, M) = x (N, K) times weight (M, K) transposed, plus bias (M,).
template <class T>
static bool linear(const T *x, long N, long K, const T *weight, const T *bias, long M, T *to) {
    constexpr long group = GROUP_BYTES / sizeof(T), most = 4 * group;
    const long packed = panels_of(M) * PANEL * K;
    T *memory = (T *)allocate((packed + most * (K + M)) * sizeof(T));
    if (!memory) return false;
    pack(memory, M, K, [&](long m, long k) { return weight[m * K + k]; });
    T *given = memory + packed, *result = given + most * K;
    for (long first = 0; first < N; first += most) {
        const long count = N - first < most ? N - first : most;
        const long n = (count + group - 1) / group * group;
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
static void sum_over_steps(const T *values, const T *factors, const int64_t *lengths, long N, long L,
                           long H, T *to) {
    for (long i = 0; i < N; i++, to += H) {
        for (long h = 0; h < H; h++) to[h] = 0;
        const long n_steps = lengths ? lengths[i] : L;
        for (long t = 0; t < n_steps; t++) {
            const T *step = values + (i * L + t) * H;
            const T factor = factors ? factors[i * L + t] : T(1);
            for (long h = 0; h < H; h++) to[h] += factor * step[h];
        }
    }
}
