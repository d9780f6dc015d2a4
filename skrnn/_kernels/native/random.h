// Random numbers that are a function of where they are used, so that neither the order
// nor the number of threads, nor the width of a register, changes a bit of them.
//
// Threefry with four words of 32 bits and twelve rounds (Salmon, J. K. et al. (2011).
// Parallel random numbers: as easy as 1, 2, 3. SC '11). It has no products, so every
// register has its lanes to itself.
#pragma once

#include "simd.h"

typedef uint32_t Words __attribute__((vector_size(VECTOR_BYTES)));
constexpr int N_WORDS = VECTOR_BYTES / 4;
constexpr int N_ROUNDS = 12;

INLINE Words words_of(uint32_t word) { return Words{} + word; }

// first, first + 1, ..., in the order of the lanes.
INLINE Words counted_from(uint32_t first) {
    Words words;
    for (int k = 0; k < N_WORDS; k++) words[k] = first + (uint32_t)k;
    return words;
}

INLINE void mix(Words &a, Words &b, int by) {
    a += b;
    b = (b << by | b >> (32 - by)) ^ a;
}

// Four words of random bits of each lane in the place of its counter.
INLINE void scramble(Words (&x)[4], uint64_t key) {
    constexpr int rotations[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5},
                                     {6, 20},  {17, 11}, {25, 10}, {18, 20}};
    const uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32);
    const uint32_t keys[5] = {low, high, 0, 0, 0x1BD11BDAu ^ low ^ high};
    UNROLL
    for (int i = 0; i < 4; i++) x[i] += keys[i];
    UNROLL
    for (int r = 0; r < N_ROUNDS; r++) {
        mix(x[0], x[r % 2 ? 3 : 1], rotations[r % 8][0]);
        mix(x[2], x[r % 2 ? 1 : 3], rotations[r % 8][1]);
        if (r % 4 < 3) continue;
        UNROLL
        for (int i = 0; i < 4; i++) x[i] += keys[(r / 4 + 1 + i) % 5];
        x[3] += (uint32_t)(r / 4 + 1);
    }
}

// Dropout: which numbers become zero, and what the others are multiplied by. The number
// at (row, step, column) has word column % 4 of the counter (row, step, column / 4, 0).
template <class T> struct Dropout {
    uint64_t key;
    uint32_t least;  // the least word whose number is kept
    T factor;

    Dropout(double p, uint64_t key_) : key(key_), least((uint32_t)(p * 4294967296.0)), factor((T)(1 / (1 - p))) {}
};

// Numbers of up to one register of lanes, or zeros.
template <class T> INLINE void drop_lanes(const Dropout<T> &d, Words words, const T *from, T *to, int64_t count) {
    if constexpr (sizeof(T) == sizeof(uint32_t))
        if (count == N_WORDS) {
            const IntVec<T> is_kept = (IntVec<T>)(words >= words_of(d.least));
            return store<T>(to, select<T>(is_kept, load<T>(from) * d.factor, fill<T>(0)));
        }
    for (int64_t k = 0; k < count; k++) to[k] = words[k] >= d.least ? from[k] * d.factor : T(0);
}

// Columns (C, n) of one step, whose lanes are rows first, first + 1, ...
template <class T>
static void drop(const Dropout<T> &d, int64_t first, int64_t step, int64_t C, int64_t n, const T *from, T *to) {
    for (int64_t lane = 0; lane < n; lane += N_WORDS) {
        const int64_t count = n - lane < N_WORDS ? n - lane : N_WORDS;
        const Words row = counted_from((uint32_t)(first + lane));
        for (int64_t c = 0; c < C; c += 4) {
            Words x[4] = {row, words_of((uint32_t)step), words_of((uint32_t)(c / 4)), Words{}};
            scramble(x, d.key);
            UNROLL
            for (int j = 0; j < 4; j++)
                if (c + j < C) drop_lanes(d, x[j], from + (c + j) * n + lane, to + (c + j) * n + lane, count);
        }
    }
}

// The same for one row of columns (C,).
template <class T>
static void drop_row(const Dropout<T> &d, int64_t row, int64_t step, int64_t C, const T *from, T *to) {
    for (int64_t c = 0; c < C; c += 4 * N_WORDS) {
        Words x[4] = {words_of((uint32_t)row), words_of((uint32_t)step), counted_from((uint32_t)(c / 4)),
                      Words{}};
        scramble(x, d.key);
        for (int64_t k = 0; k < 4 * N_WORDS && c + k < C; k++)
            to[c + k] = x[k % 4][k / 4] >= d.least ? from[c + k] * d.factor : T(0);
    }
}
