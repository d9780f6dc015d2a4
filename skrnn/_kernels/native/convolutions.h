// Random convolutions of sequences, pooled over time.
//
// Kernels have nine weights, of which three are 2 and the others -1: all 84 of them, as
// in MiniRocket (Dempster, Schmidt and Webb 2021). Poolings are the four of MultiRocket
// (Tan, Dempster, Bergmeir and Webb 2022).
//
// Nothing but sums makes a response: a compiler has no product to contract, so that
// every machine rounds alike.
#pragma once

#include "layer_call.h"

constexpr int64_t N_TRIPLES = 84, N_WEIGHTS = 9, CENTER = N_WEIGHTS / 2;
constexpr int64_t GROUP = GROUP_BYTES / sizeof(float);

// Steps are counted in blocks, within which the number of positive steps (11 bits) and
// the sum of their indices (19 bits) fit into one integer.
constexpr int64_t BLOCK = 1024;
constexpr int COUNT_BITS = 11;
// Which steps are positive, 64 to a word.
constexpr int WORD_BITS = 64;

constexpr int64_t N_POOLINGS = 4;

struct ConvolutionCall {
    int64_t N, L, F, D, B;
    const float *x;            // (N, L, F)
    const int64_t *lengths;    // (N,), or null
    const int64_t *dilations;  // (D,)
    const uint8_t *channels;   // (D, 84, F): whether a kernel reads a channel
    const float *biases;       // (D, 84, B)
    float *to;                 // (N, D, 84, B, 4)

    int64_t n_outputs() const { return D * N_TRIPLES * B * N_POOLINGS; }
};

// Beyond the sequence all is zero, so a longer step between weights changes nothing.
INLINE int64_t bounded(int64_t dilation, int64_t L) {
    return dilation > L ? L : dilation < -L ? -L : dilation;
}

INLINE int64_t whole_groups(int64_t n_steps) { return (n_steps + GROUP - 1) / GROUP * GROUP; }

// How far the widest kernel reaches beyond a sequence, in whole groups.
static int64_t widest_reach(const int64_t *dilations, int64_t count, int64_t L) {
    int64_t reach = 0;
    for (int64_t d = 0; d < count; d++) {
        const int64_t most = CENTER * labs(bounded(dilations[d], L));
        reach = most > reach ? most : reach;
    }
    return whole_groups(reach);
}

// The channels of one sequence apart, and sums of some of them.
struct Channels {
    int64_t F, L;              // steps are rounded up to whole groups
    float *values;          // (F, L), zero after the last step
    const float **chosen;   // (F,)

    void take(Arena &arena, int64_t n_features, int64_t n_steps) {
        F = n_features, L = whole_groups(n_steps);
        values = arena.take<float>(F * L);
        chosen = arena.take<const float *>(F);
    }

    void read(const float *x, int64_t n_steps) const {
        const int64_t n_whole = whole_groups(n_steps);
        for (int64_t c = 0; c < F; c++) {
            float *channel = values + c * L;
            for (int64_t t = 0; t < n_steps; t++) channel[t] = x[t * F + c];
            for (int64_t t = n_steps; t < n_whole; t++) channel[t] = 0;
        }
    }

    template <class Put> void sum(const uint8_t *is_chosen, int64_t n_steps, Put put) const {
        int64_t n_chosen = 0;
        for (int64_t c = 0; c < F; c++)
            if (is_chosen[c]) chosen[n_chosen++] = values + c * L;
        for (int64_t t = 0; t < n_steps; t += Simd<float>::n) {
            Vec<float> sum = fill<float>(0);
            for (int64_t c = 0; c < n_chosen; c++) sum += load<float>(chosen[c] + t);
            put(t, sum);
        }
    }
};

// What a thread keeps of one sequence; steps are rounded up to whole groups.
struct ConvolutionMemory {
    Channels channels;
    float *once, *thrice;  // (L,): the sum of the chosen channels, zero on both sides
    float *nine;           // (L,): its sum over the nine weights' steps
    float *pair;           // (L,): the response less the third weight's part

    void take(Arena &arena, const ConvolutionCall &call) {
        channels.take(arena, call.F, call.L);
        const int64_t reach = widest_reach(call.dilations, call.D, call.L);
        const int64_t L = channels.L, padded = L + 2 * reach;
        once = arena.take<float>(padded);
        thrice = arena.take<float>(padded);
        nine = arena.take<float>(L);
        pair = arena.take<float>(L);
        if (!arena.base) return;
        memset(once, 0, padded * sizeof(float));
        memset(thrice, 0, padded * sizeof(float));
        once += reach, thrice += reach;
    }
};

// The longest stretch of ones in each word that has a zero. A compiler makes vectors of it.
INLINE void longest_stretches(const uint64_t *words, int64_t n_words, uint64_t *to) {
    for (int64_t i = 0; i < n_words; i++) {
        // Ones where a stretch of at least 1, 2, 4, ... begins.
        uint64_t stretches[6] = {words[i]};
        UNROLL
        for (int k = 1; k < 6; k++)
            stretches[k] = stretches[k - 1] & (stretches[k - 1] >> (1 << (k - 1)));
        uint64_t begins = ~uint64_t(0), length = 0;
        UNROLL
        for (int k = 5; k >= 0; k--) {
            const uint64_t longer = begins & (stretches[k] >> length);
            begins = longer ? longer : begins;
            length += longer ? uint64_t(1) << k : 0;
        }
        to[i] = length;
    }
}

// The poolings of one kernel and bias, block after block.
struct Pooled {
    double sum = 0;
    int64_t count = 0, indices = 0;
    int64_t longest = 0, present = 0;  // stretches; the one not ended yet

    void add_word(uint64_t word, int64_t inside) {
        if (!~word) {
            present += WORD_BITS;
            return;
        }
        present += __builtin_ctzll(~word);
        longest = present > longest ? present : longest;
        present = __builtin_clzll(~word);
        longest = inside > longest ? inside : longest;
    }

    void write(int64_t n_steps, float *to) const {
        to[0] = float((double)count / n_steps);
        to[1] = count ? float(sum / count) : 0.0f;
        to[2] = count ? float((double)indices / ((double)count * n_steps)) : -1.0f;
        to[3] = float((double)(present > longest ? present : longest) / n_steps);
    }
};

// Sum of one group: in this order whatever the register is.
template <class T> INLINE T sum_of_group(const T *lanes) {
    typedef T Quarter __attribute__((vector_size(16)));
    Quarter q[4];
    memcpy(q, lanes, sizeof q);
    q[0] = (q[0] + q[2]) + (q[1] + q[3]);
    return (q[0][0] + q[0][2]) + (q[0][1] + q[0][3]);
}

// Add what is positive, and return which lanes are: a bit each, the first is the lowest.
#if defined(__AVX512F__)
// GCC makes of a mask a vector, and then of the vector a mask.
INLINE uint64_t add_positive(Vec<float> v, IntVec<float> code, Vec<float> &sum, IntVec<float> &codes) {
    const __mmask16 mask = _mm512_cmp_ps_mask((__m512)v, _mm512_setzero_ps(), _CMP_GT_OQ);
    sum = (Vec<float>)_mm512_mask_add_ps((__m512)sum, mask, (__m512)sum, (__m512)v);
    codes = (IntVec<float>)_mm512_mask_add_epi32((__m512i)codes, mask, (__m512i)codes, (__m512i)code);
    return mask;
}
#else
INLINE uint64_t bits_of(IntVec<float> mask) {
#if defined(__AVX__)
    return uint64_t(_mm256_movemask_ps((__m256)mask));
#elif defined(__SSE__)
    return uint64_t(_mm_movemask_ps((__m128)mask));
#else
    uint64_t bits = 0;
    for (int i = 0; i < Simd<float>::n; i++) bits |= uint64_t(mask[i] & 1) << i;
    return bits;
#endif
}

INLINE uint64_t add_positive(Vec<float> v, IntVec<float> code, Vec<float> &sum, IntVec<float> &codes) {
    const IntVec<float> mask = v > fill<float>(0);  // false for NaN
    sum += (Vec<float>)(mask & (IntVec<float>)v);
    codes += mask & code;
    return bits_of(mask);
}
#endif

// Pool a block of responses, pair + third, for B biases at a time.
template <int B>
static void pool_block(const float *pair, const float *third, int64_t n_steps, const float *biases,
                       int64_t first, Pooled *to) {
    constexpr int n = Simd<float>::n;
    alignas(GROUP_BYTES) float sums[B][GROUP];
    alignas(GROUP_BYTES) int32_t codes[B][GROUP];
    uint64_t words[B * BLOCK / WORD_BITS], longest[B * BLOCK / WORD_BITS];  // (B, n_words)
    const int64_t n_words = (n_steps + WORD_BITS - 1) / WORD_BITS;
    memset(words, 0, B * n_words * sizeof(uint64_t));
    for (int64_t lane = 0; lane < GROUP; lane += n) {
        Vec<float> sum[B], bias[B];
        IntVec<float> packed[B], code;
        UNROLL
        for (int b = 0; b < B; b++) {
            sum[b] = Vec<float>{}, packed[b] = IntVec<float>{};
            bias[b] = fill<float>(biases[b]);
        }
        for (int i = 0; i < n; i++) code[i] = int32_t((lane + i) << COUNT_BITS) + 1;
        for (int64_t t = lane; t < n_steps; t += GROUP, code += int32_t(GROUP << COUNT_BITS)) {
            const Vec<float> response = load<float>(pair + t) + load<float>(third + t);
            UNROLL
            for (int b = 0; b < B; b++)
                words[b * n_words + t / WORD_BITS] |=
                    add_positive(response - bias[b], code, sum[b], packed[b])
                    << (t % WORD_BITS);
        }
        UNROLL
        for (int b = 0; b < B; b++) {
            memcpy(sums[b] + lane, &sum[b], sizeof sum[b]);
            memcpy(codes[b] + lane, &packed[b], sizeof packed[b]);
        }
    }
    longest_stretches(words, B * n_words, longest);
    for (int b = 0; b < B; b++) {
        const int32_t code = sum_of_group(codes[b]), count = code & ((1 << COUNT_BITS) - 1);
        to[b].sum += sum_of_group(sums[b]);
        to[b].count += count;
        to[b].indices += first * count + (code >> COUNT_BITS);
        for (int64_t w = b * n_words; w < (b + 1) * n_words; w++) to[b].add_word(words[w], longest[w]);
    }
}

template <int B>
static void pool_biases(const float *pair, const float *third, int64_t n_steps, const float *biases,
                        float *to) {
    Pooled pooled[B];
    const int64_t n_whole = whole_groups(n_steps);
    for (int64_t t = 0; t < n_whole; t += BLOCK) {
        const int64_t size = n_whole - t < BLOCK ? n_whole - t : BLOCK;
        pool_block<B>(pair + t, third + t, size, biases, t, pooled);
    }
    for (int b = 0; b < B; b++) pooled[b].write(n_steps, to + N_POOLINGS * b);
}

static void pool(const float *pair, const float *third, int64_t n_steps, const float *biases, int64_t B,
                 float *to) {
    constexpr int most = HAS_32_REGISTERS ? 8 : 4;  // biases whose sums registers hold
    int64_t b = 0;
    for (; B - b >= most; b += most)
        pool_biases<most>(pair, third, n_steps, biases + b, to + N_POOLINGS * b);
    for (; B - b >= 3; b += 3) pool_biases<3>(pair, third, n_steps, biases + b, to + N_POOLINGS * b);
    if (B - b == 2) pool_biases<2>(pair, third, n_steps, biases + b, to + N_POOLINGS * b);
    if (B - b == 1) pool_biases<1>(pair, third, n_steps, biases + b, to + N_POOLINGS * b);
}

static void sum_nine(const ConvolutionMemory &memory, int64_t dilation, int64_t n_steps) {
    const float *from = memory.once - CENTER * dilation;
    const int64_t n_whole = whole_groups(n_steps);
    for (int64_t t = 0; t < n_whole; t += Simd<float>::n) {
        Vec<float> sum = load<float>(from + t);
        UNROLL
        for (int64_t j = 1; j < N_WEIGHTS; j++) sum += load<float>(from + j * dilation + t);
        store<float>(memory.nine + t, sum);
    }
    // Minus infinity is above no bias, so that what fills the last group never counts.
    for (int64_t t = n_steps; t < n_whole; t++) memory.nine[t] = __builtin_inff();
}

static void sum_pair(const ConvolutionMemory &memory, const float *a, const float *b, int64_t n_steps) {
    for (int64_t t = 0; t < n_steps; t += Simd<float>::n)
        store<float>(memory.pair + t,
                     load<float>(a + t) + load<float>(b + t) - load<float>(memory.nine + t));
}

// All features of one sequence.
static void convolve_one(const ConvolutionCall &call, const ConvolutionMemory &memory, const float *x,
                         int64_t n_steps, float *to) {
    const int64_t F = call.F, B = call.B, n_whole = whole_groups(n_steps);
    const int64_t n_beyond = memory.channels.L - n_whole;
    memory.channels.read(x, n_steps);
    // What a longer sequence left.
    memset(memory.once + n_whole, 0, n_beyond * sizeof(float));
    memset(memory.thrice + n_whole, 0, n_beyond * sizeof(float));
    const uint8_t *subset = call.channels, *summed = nullptr;
    const float *biases = call.biases;
    for (int64_t d = 0; d < call.D; d++) {
        const int64_t dilation = bounded(call.dilations[d], call.L);
        const float *from = memory.thrice - CENTER * dilation;
        bool has_nine = false;
        for (int64_t a = 0; a < N_WEIGHTS; a++)
            for (int64_t b = a + 1; b < N_WEIGHTS; b++) {
                bool has_pair = false;
                for (int64_t c = b + 1; c < N_WEIGHTS; c++) {
                    // Kernels in a row may read the same channels; with one, all do.
                    if (!summed || memcmp(summed, subset, F)) {
                        memory.channels.sum(subset, n_whole, [&](int64_t t, Vec<float> sum) {
                            store<float>(memory.once + t, sum);
                            // Rounds as 3 * sum does.
                            store<float>(memory.thrice + t, sum + sum + sum);
                        });
                        summed = subset, has_nine = has_pair = false;
                    }
                    if (!has_nine) sum_nine(memory, dilation, n_steps);
                    if (!has_pair)
                        sum_pair(memory, from + a * dilation, from + b * dilation, n_whole);
                    has_nine = has_pair = true;
                    pool(memory.pair, from + c * dilation, n_steps, biases, B, to);
                    subset += F, biases += B, to += N_POOLINGS * B;
                }
            }
    }
}

// Samples are taken by whatever thread is free.
template <class Call> struct SampleRun {
    const Call &call;
    LayerMemories &kept;
    std::atomic<int64_t> next{0};
    std::atomic<int> is_short_of_memory{0};
};

template <class Memory, class Call>
using OfOneSample = void (*)(const Call &, const Memory &, const float *x, int64_t n_steps, float *to);

template <class Memory, class Call, OfOneSample<Memory, Call> compute>
static void run_some(void *of, int thread, int) {
    SampleRun<Call> &run = *(SampleRun<Call> *)of;
    const Call &call = run.call;
    const int64_t n_outputs = call.n_outputs();
    Memory memory;
    Arena count = {nullptr, 0};
    memory.take(count, call);
    char *base = run.kept.part_of[thread].at_least(count.used);
    if (!base) {
        run.is_short_of_memory = 1;
        return;
    }
    Arena arena = {base, 0};
    memory.take(arena, call);
    for (int64_t i = run.next++; i < call.N; i = run.next++) {
        const int64_t n_steps = call.lengths ? call.lengths[i] : call.L;
        float *to = call.to + i * n_outputs;
        if (n_steps > 0)
            compute(call, memory, call.x + i * call.L * call.F, n_steps, to);
        else
            memset(to, 0, n_outputs * sizeof(float));
    }
}

// Without a pool the calling thread works alone, in memory of this call.
template <class Memory, class Call, OfOneSample<Memory, Call> compute>
static bool run_over_samples(LayerPool *pool, const Call &call) {
    LayerMemories own;
    SampleRun<Call> run = {call, pool ? pool->kept : own};
    run_phase(pool, run_some<Memory, Call, compute>, &run);
    if (!pool) own.clear();
    return !run.is_short_of_memory;
}

static bool convolve(LayerPool *pool, const ConvolutionCall &call) {
    return run_over_samples<ConvolutionMemory, ConvolutionCall, convolve_one>(pool, call);
}
