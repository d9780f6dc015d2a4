// Convolutions of sequences that compete in groups of eight, as in Hydra (Dempster,
// Schmidt and Webb 2023): at each step only the largest response of a group counts, and
// only the smallest.
//
// Both are summed, where Hydra counts how often a kernel is the smallest: a count jumps
// with the last bit where a sequence is constant and all responses are nothing.
#pragma once

#include "convolutions.h"

constexpr int64_t RIVALS = 8;  // kernels of a group, as in Hydra

struct CompetitionCall {
    int64_t N, L, F, S, G;
    const float *x;            // (N, L, F)
    const int64_t *lengths;    // (N,), or null
    const int64_t *dilations;  // (S,)
    const uint8_t *is_change;  // (S,): whether changes from step to step are convolved
    const uint8_t *channels;   // (S, G, F): whether a group reads a channel
    const float *weights;      // (S, G, 9, 8)
    float *to;                 // (N, S, G, 8, 2)

    int64_t n_outputs() const { return S * G * RIVALS * 2; }
};

// What a thread keeps of one sequence; steps are rounded up to whole groups.
struct CompetitionMemory {
    Channels channels;
    float *summed;  // (L,): the sum of the chosen channels, zero on both sides

    void take(Arena &arena, const CompetitionCall &call) {
        channels.take(arena, call.F, call.L);
        const int64_t reach = widest_reach(call.dilations, call.S, call.L);
        const int64_t padded = channels.L + 2 * reach;
        summed = arena.take<float>(padded);
        if (!arena.base) return;
        memset(summed, 0, padded * sizeof(float));
        summed += reach;
    }
};

#if defined(__AVX512F__)
INLINE void add_where_equal(Vec<float> v, Vec<float> to, Vec<float> &sum) {
    const __mmask16 mask = _mm512_cmp_ps_mask((__m512)v, (__m512)to, _CMP_EQ_OQ);
    sum = (Vec<float>)_mm512_mask_add_ps((__m512)sum, mask, (__m512)sum, (__m512)v);
}
#else
INLINE void add_where_equal(Vec<float> v, Vec<float> to, Vec<float> &sum) {
    sum += (Vec<float>)((IntVec<float>)(v == to) & (IntVec<float>)v);
}
#endif

// The responses of one group at the steps from t on, nothing beyond the sequence.
INLINE void respond(const float *from, int64_t dilation, const float *weights, int64_t t, int64_t n_steps,
                    Vec<float> *response) {
    UNROLL
    for (int k = 0; k < RIVALS; k++) response[k] = Vec<float>{};
    UNROLL
    for (int j = 0; j < N_WEIGHTS; j++) {
        const Vec<float> value = load<float>(from + j * dilation + t);
        UNROLL
        for (int k = 0; k < RIVALS; k++) response[k] += value * weights[j * RIVALS + k];
    }
    constexpr int n = Simd<float>::n;
    if (t + n > n_steps)
        for (int k = 0; k < RIVALS; k++)
            for (int i = 0; i < n; i++)
                if (t + i >= n_steps) response[k][i] = 0;
}

// Means over the steps of the largest and of the smallest responses, by whose they are.
static void compete(const float *u, int64_t dilation, int64_t n_steps, const float *weights, float *to) {
    constexpr int n = Simd<float>::n;
    const float *from = u - CENTER * dilation;
    alignas(GROUP_BYTES) float sums[2][RIVALS][GROUP];
    for (int64_t lane = 0; lane < GROUP; lane += n) {
        Vec<float> high[RIVALS], low[RIVALS], response[RIVALS];
        UNROLL
        for (int k = 0; k < RIVALS; k++) high[k] = low[k] = Vec<float>{};
        for (int64_t t = lane; t < n_steps; t += GROUP) {
            respond(from, dilation, weights, t, n_steps, response);
            Vec<float> most = response[0], least = response[0];
            UNROLL
            for (int k = 1; k < RIVALS; k++) {
                most = larger(most, response[k]);
                least = smaller(least, response[k]);
            }
            UNROLL
            for (int k = 0; k < RIVALS; k++) {
                add_where_equal(response[k], most, high[k]);
                add_where_equal(response[k], least, low[k]);
            }
        }
        UNROLL
        for (int k = 0; k < RIVALS; k++) {
            memcpy(sums[0][k] + lane, &high[k], sizeof high[k]);
            memcpy(sums[1][k] + lane, &low[k], sizeof low[k]);
        }
    }
    for (int64_t k = 0; k < RIVALS; k++) {
        to[2 * k] = sum_of_group(sums[0][k]) / n_steps;
        to[2 * k + 1] = -sum_of_group(sums[1][k]) / n_steps;
    }
}

// Sum the chosen channels, or their changes, of which the last is missing.
static void sum_chosen(const CompetitionMemory &memory, const uint8_t *is_chosen, bool is_change,
                       int64_t n_steps) {
    float *to = memory.summed;
    memory.channels.sum(is_chosen, whole_groups(n_steps),
                        [&](int64_t t, Vec<float> sum) { store<float>(to + t, sum); });
    if (!is_change) return;
    for (int64_t t = 0; t < n_steps - 1; t++) to[t] = to[t + 1] - to[t];
    to[n_steps - 1] = 0;
}

// All features of one sequence.
static void compete_one(const CompetitionCall &call, const CompetitionMemory &memory, const float *x,
                        int64_t n_steps, float *to) {
    const uint8_t *subset = call.channels, *summed = nullptr;
    const float *weights = call.weights;
    const int64_t n_whole = whole_groups(n_steps);
    memory.channels.read(x, n_steps);
    // What a longer sequence left.
    memset(memory.summed + n_whole, 0, (memory.channels.L - n_whole) * sizeof(float));
    for (int64_t s = 0; s < call.S; s++) {
        const int64_t dilation = bounded(call.dilations[s], call.L);
        const bool is_change = call.is_change[s];
        const int64_t count = n_steps - is_change;
        for (int64_t g = 0; g < call.G; g++) {
            // Groups in a row may read the same channels; with one, all do.
            if (!g || memcmp(summed, subset, call.F))
                sum_chosen(memory, subset, is_change, n_steps);
            summed = subset;
            if (count)
                compete(memory.summed, dilation, count, weights, to);
            else
                memset(to, 0, 2 * RIVALS * sizeof(float));
            subset += call.F, weights += N_WEIGHTS * RIVALS, to += 2 * RIVALS;
        }
    }
}

static bool compete(LayerPool *pool, const CompetitionCall &call) {
    return run_over_samples<CompetitionMemory, CompetitionCall, compete_one>(pool, call);
}
