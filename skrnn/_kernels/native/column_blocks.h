// Few rows times a weight that is packed for them.
//
// Each number is summed in the order of the depth, as in gemm.h. What few rows lack is
// sums that do not wait for each other: here each row has as many at once as registers
// hold. And what is read is the weight, as often as there are steps: so the blocks of it
// are taken forwards and backwards in turn, and each time begin with what is still in
// the first cache.
#pragma once

#include "cells.h"

// Sums of a row at once, in registers: a multiply-add takes four cycles, and two begin
// in each.
constexpr int SUMS_AT_ONCE = 12;

// Rows that are multiplied by a block: c = from + a times the block. Rows of `from` may
// be one and the same, with a distance of 0.
template <class T> struct FewRows {
    const T *a;  // (rows, lda)
    int64_t lda;
    const T *from;  // (rows, ld_from)
    int64_t ld_from;
    T *c;  // (rows, ldc)
    int64_t ldc;
};

// M rows and V of the W registers of a block's rows.
template <class T, int M, int V, int W>
static __attribute__((noinline)) void add_block(const FewRows<T> &p, int64_t row, int64_t column, const T *block,
                                                int64_t depth) {
    constexpr int n = Simd<T>::n;
    Vec<T> acc[M][V];
    const T *a = p.a + row * p.lda, *from = p.from + row * p.ld_from + column;
    UNROLL
    for (int m = 0; m < M; m++)
        UNROLL
        for (int v = 0; v < V; v++) acc[m][v] = load<T>(from + m * p.ld_from + v * n);
    int64_t k = 0;
    do {  // there is no depth of 0, and without a test sums stay where they are
        Vec<T> along[V];
        UNROLL
        for (int v = 0; v < V; v++) along[v] = load<T>(block + v * n);
        UNROLL
        for (int m = 0; m < M; m++)
            UNROLL
            for (int v = 0; v < V; v++) acc[m][v] += a[m * p.lda + k] * along[v];
        block += W * n;
    } while (++k < depth);
    T *c = p.c + row * p.ldc + column;
    UNROLL
    for (int m = 0; m < M; m++)
        UNROLL
        for (int v = 0; v < V; v++) store<T>(c + m * p.ldc + v * n, acc[m][v]);
}

// Registers of a block that M rows take at a time, so that all sums are in registers.
constexpr int part_of_block(int W, int M) { return W * M <= SUMS_AT_ONCE ? W : part_of_block(W / 2, M); }

template <class T, int M, int W>
INLINE void add_whole_block(const FewRows<T> &p, int64_t row, int64_t column, const T *block, int64_t depth) {
    constexpr int V = part_of_block(W, M), n = Simd<T>::n;
    for (int v = 0; v < W; v += V) add_block<T, M, V, W>(p, row, column + v * n, block + v * n, depth);
}

template <class T, int W>
static void add_block_to_rows(const FewRows<T> &p, int64_t rows, int64_t column, const T *block, int64_t depth) {
    int64_t row = 0;
    for (; rows - row >= 4; row += 4) add_whole_block<T, 4, W>(p, row, column, block, depth);
    if (rows - row == 3) add_whole_block<T, 3, W>(p, row, column, block, depth);
    if (rows - row == 2) add_whole_block<T, 2, W>(p, row, column, block, depth);
    if (rows - row == 1) add_whole_block<T, 1, W>(p, row, column, block, depth);
}

// A right factor (depth, columns), packed; the columns fill whole registers.
template <class T> struct ColumnBlocks {
    int64_t depth, columns;
    const T **rows;  // (columns,) of (depth,): what is packed; null where all are zero
    T *packed;       // of each block (depth, its width), one block after the other

    void take(Arena &arena, int64_t depth_, int64_t columns_) {
        depth = depth_, columns = columns_;
        rows = (const T **)arena.take<char>(columns * sizeof(const T *));
        packed = arena.take<T>(depth * columns);
    }

    // In turn block(first column, registers as a type): whole blocks from the first or
    // from the last on, and what is left beside the last of them.
    template <class Do> void each_block(bool from_last, Do block) const {
        constexpr int64_t n = Simd<T>::n;
        const int64_t registers = columns / n;
        // 16 registers are better twice 8 than 12 and 4.
        const int64_t whole = registers / SUMS_AT_ONCE - (registers % SUMS_AT_ONCE == 4 && registers > 4);
        auto rest = [&] {
            int64_t at = whole * SUMS_AT_ONCE;
            for (; registers - at >= 8; at += 8) block(at * n, Constant<8>());
            if (registers - at >= 4) block(at * n, Constant<4>()), at += 4;
            if (registers - at >= 2) block(at * n, Constant<2>()), at += 2;
            if (registers - at >= 1) block(at * n, Constant<1>());
        };
        if (from_last) rest();
        for (int64_t b = 0; b < whole; b++)
            block((from_last ? whole - 1 - b : b) * SUMS_AT_ONCE * n, Constant<SUMS_AT_ONCE>());
        if (!from_last) rest();
    }

    void pack() const {
        each_block(false, [&](int64_t first, auto registers) {
            constexpr int64_t width = decltype(registers)::value * Simd<T>::n;
            constexpr int64_t at_once = sizeof(T) == sizeof(float) ? 4 : 1;
            T *to = packed + first * depth;
            for (int64_t j = 0; j < width; j += at_once)
                if constexpr (at_once == 4)
                    pack_four(rows + first + j, to + j, width);
                else
                    pack_one(rows[first + j], 0, to + j, width);
        });
    }

    void pack_one(const T *row, int64_t k, T *to, int64_t width) const {
        for (; k < depth; k++) to[k * width] = row ? row[k] : T(0);
    }

    void pack_four(const T *const *from, T *to, int64_t width) const {
        int64_t k = 0;
        if (from[0] && from[1] && from[2] && from[3])
            for (; k + 4 <= depth; k += 4)
                turn_square(from[0] + k, from[1] + k, from[2] + k, from[3] + k, to + k * width, width);
        for (int64_t i = 0; i < 4; i++) pack_one(from[i], k, to + i, width);
    }

    void multiply(const FewRows<T> &p, int64_t rows, bool from_last) const {
        each_block(from_last, [&](int64_t first, auto registers) {
            add_block_to_rows<T, decltype(registers)::value>(p, rows, first, packed + first * depth, depth);
        });
    }
};
