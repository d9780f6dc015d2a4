// Matrix products whose right factor has samples, or columns of a weight, as lanes.
//
// Each number of a result is summed in one order, k = 0, 1, 2, ..., whatever the tile
// is in which it is computed; so a sample's bits do not depend on its neighbours.
#pragma once

#include "simd.h"

// A number that is known when this is compiled.
template <int N> struct Constant {
    static constexpr int value = N;
};

// Rows of a left factor are packed in panels of this height, one column after the
// other. It is a multiple of every tile's height below.
constexpr int64_t PANEL = 24;

constexpr int64_t panels_of(int64_t rows) { return (rows + PANEL - 1) / PANEL; }

// Pack rows: panel p holds element (24 p + m, k) at (p K + k) 24 + m. `at(row, k)`
// gives an element; missing rows of the last panel are zero.
template <class T, class At> INLINE T *pack(T *to, int64_t rows, int64_t depth, At at) {
    for (int64_t r0 = 0; r0 < rows; r0 += PANEL) {
        int64_t height = rows - r0 < PANEL ? rows - r0 : PANEL;
        for (int64_t k = 0; k < depth; k++, to += PANEL) {
            for (int64_t m = 0; m < height; m++) to[m] = at(r0 + m, k);
            for (int64_t m = height; m < PANEL; m++) to[m] = 0;
        }
    }
    return to;
}

// A left factor times one or two right factors (K, ld) below each other.
template <class T> struct Product {
    const T *a;        // row m, column k at a[k * a_step + m]; K1 + K2 columns
    int64_t a_step;
    const T *x1;       // (K1, ld)
    int64_t k1;
    const T *x2;       // (K2, ld)
    int64_t k2;
    int64_t ld;           // row stride of x1, x2 and the result
    int64_t columns;      // how many of them count: a multiple of the register's lanes
    const T *bias;     // (rows,), or null
    T *c;              // (rows, ld)
    bool is_added;     // to what c holds
    int64_t left_out = 0; // columns of the panels of a beyond those of x1 and x2
};

// acc += a (M, depth) times x (depth, ld), of which V registers count.
template <class T, int M, int V>
INLINE void accumulate(Vec<T> (&acc)[M][V], const T *a, int64_t a_step, const T *x, int64_t ld, int64_t depth) {
    for (int64_t k = 0; k < depth; k++, a += a_step, x += ld) {
        Vec<T> xv[V];
        UNROLL
        for (int v = 0; v < V; v++) xv[v] = load<T>(x + v * Simd<T>::n);
        UNROLL
        for (int m = 0; m < M; m++)
            UNROLL
            for (int v = 0; v < V; v++) acc[m][v] += a[m] * xv[v];
    }
}

template <class T, int M, int V>
static __attribute__((noinline)) void packed_tile(const Product<T> &p, const T *a, int64_t row,
                                                  int64_t column) {
    constexpr int n = Simd<T>::n;
    Vec<T> acc[M][V];
    T *c = p.c + row * p.ld + column;
    UNROLL
    for (int m = 0; m < M; m++)
        UNROLL
        for (int v = 0; v < V; v++) {
            if (p.is_added)
                acc[m][v] = load<T>(c + m * p.ld + v * n);
            else
                acc[m][v] = fill<T>(p.bias ? p.bias[row + m] : T(0));
        }
    accumulate<T, M, V>(acc, a, p.a_step, p.x1 + column, p.ld, p.k1);
    if (p.k2) accumulate<T, M, V>(acc, a + p.k1 * p.a_step, p.a_step, p.x2 + column, p.ld, p.k2);
    UNROLL
    for (int m = 0; m < M; m++)
        UNROLL
        for (int v = 0; v < V; v++) store<T>(c + m * p.ld + v * n, acc[m][v]);
}

template <class T, int V>
INLINE void packed_columns(const Product<T> &p, const T *panel, int64_t row, int64_t height,
                           int64_t column) {
    // As many sums as registers hold, with some left for what is multiplied.
    constexpr int tallest = HAS_32_REGISTERS ? 24 / V : 12 / V;
    int64_t m = 0;
    for (; height - m >= tallest; m += tallest)
        packed_tile<T, tallest, V>(p, panel + m, row + m, column);
    if constexpr (tallest > 12)
        if (height - m >= 12) {
            packed_tile<T, 12, V>(p, panel + m, row + m, column);
            m += 12;
        }
    if constexpr (tallest > 8)
        if (height - m >= 8) {
            packed_tile<T, 8, V>(p, panel + m, row + m, column);
            m += 8;
        }
    if (height - m >= 4) {
        packed_tile<T, 4, V>(p, panel + m, row + m, column);
        m += 4;
    }
    if (height - m >= 2) {
        packed_tile<T, 2, V>(p, panel + m, row + m, column);
        m += 2;
    }
    if (height - m >= 1) packed_tile<T, 1, V>(p, panel + m, row + m, column);
}

// Columns of a panel, and rows below each other of what it is multiplied with, before the
// next ones are taken: both stay in the first cache. Fewer where registers are wide.
template <class T> constexpr int64_t DEPTH_IN_CACHE = (HAS_32_REGISTERS ? 512 : 1024) / (int64_t)sizeof(T);

template <class T>
static void multiply_panel(const Product<T> &p, const T *panel, int64_t row, int64_t height) {
    constexpr int n = Simd<T>::n;
    int64_t column = 0;
    for (int64_t left = p.columns / n; left > 0;) {
        if constexpr (HAS_32_REGISTERS) {
            if (left >= 4) {
                packed_columns<T, 4>(p, panel, row, height, column);
                left -= 4, column += 4 * n;
                continue;
            }
            if (left == 3) {
                packed_columns<T, 3>(p, panel, row, height, column);
                break;
            }
        }
        if (left >= 2) {
            packed_columns<T, 2>(p, panel, row, height, column);
            left -= 2, column += 2 * n;
        } else {
            packed_columns<T, 1>(p, panel, row, height, column);
            break;
        }
    }
}

template <class T> static void multiply(const Product<T> &p, int64_t rows) {
    constexpr int64_t at_once = DEPTH_IN_CACHE<T>;
    const int64_t depth = p.k1 + p.k2, step = PANEL * (depth + p.left_out);
    const T *panel = p.a;
    for (int64_t row = 0; row < rows; row += PANEL, panel += step) {
        const int64_t height = rows - row < PANEL ? rows - row : PANEL;
        if (depth <= at_once + at_once / 2) {
            multiply_panel(p, panel, row, height);
            continue;
        }
        for (int64_t k = 0; k < depth; k += at_once) {
            const int64_t count = depth - k < at_once ? depth - k : at_once, left = p.k1 > k ? p.k1 - k : 0;
            Product<T> some = p;
            some.k1 = left < count ? left : count, some.k2 = count - some.k1;
            if (k < p.k1) some.x1 += k * p.ld;
            if (k > p.k1) some.x2 += (k - p.k1) * p.ld;
            some.is_added |= k > 0;
            multiply_panel(some, panel + k * PANEL, row, height);
        }
    }
}

// Sum over steps of a (rows, n_lanes) times x (n_lanes, columns): gradients of weights;
// with one step, any product whose right factor has the columns of the result.
template <class T> struct OuterProduct {
    const T *a;       // step s, row r, lane i at a[s * a_step + r * lda + i]
    int64_t a_step, lda;
    const T *x;       // step s, lane i, column j at x[s * x_step + i * ldx + j]
    int64_t x_step, ldx;
    int64_t steps, n_lanes;
    T *c;             // added to: row r, column j at c[r * ldc + j]
    int64_t ldc;
};

template <class T, int M, int V>
static __attribute__((noinline)) void outer_tile(const OuterProduct<T> &p, int64_t row, int64_t column) {
    constexpr int n = Simd<T>::n;
    Vec<T> acc[M][V];
    T *c = p.c + row * p.ldc + column;
    UNROLL
    for (int m = 0; m < M; m++)
        UNROLL
        for (int v = 0; v < V; v++) acc[m][v] = load<T>(c + m * p.ldc + v * n);
    for (int64_t s = 0; s < p.steps; s++) {
        const T *a = p.a + s * p.a_step + row * p.lda;
        const T *x = p.x + s * p.x_step + column;
        for (int64_t k = 0; k < p.n_lanes; k++, x += p.ldx) {
            Vec<T> xv[V];
            UNROLL
            for (int v = 0; v < V; v++) xv[v] = load<T>(x + v * n);
            UNROLL
            for (int m = 0; m < M; m++)
                UNROLL
                for (int v = 0; v < V; v++) acc[m][v] += a[m * p.lda + k] * xv[v];
        }
    }
    UNROLL
    for (int m = 0; m < M; m++)
        UNROLL
        for (int v = 0; v < V; v++) store<T>(c + m * p.ldc + v * n, acc[m][v]);
}

template <class T, int V, int TALLEST = V == 1 ? 8 : 6>
INLINE void outer_rows(const OuterProduct<T> &p, int64_t rows, int64_t column) {
    int64_t m = 0;
    // Of eight rows twice four are better than six and two, whose sums wait for each other.
    for (; rows - m >= TALLEST && rows - m != TALLEST + 2; m += TALLEST) outer_tile<T, TALLEST, V>(p, m, column);
    for (; rows - m >= 4; m += 4) outer_tile<T, 4, V>(p, m, column);
    if (rows - m >= 2) {
        outer_tile<T, 2, V>(p, m, column);
        m += 2;
    }
    if (rows - m >= 1) outer_tile<T, 1, V>(p, m, column);
}

// Bytes of a left factor that are multiplied before the next ones are, so that they stay
// in the second cache, and rows of a right one that are copied side by side for the first.
constexpr int64_t LEFT_AT_ONCE = 256 * 1024;
constexpr int64_t DEPTH_OF_COPY = 128;
// From so many rows on it pays to copy what they are multiplied with, where that lies
// farther apart than so many bytes.
constexpr int64_t MANY_ROWS = 48;
constexpr int64_t FAR_APART = 1024;

// V registers of columns. Rows of x lie far apart, each in a page of its own where they are
// long: many rows of a left factor are multiplied with a copy of theirs.
template <class T, int V>
static void outer_columns(const OuterProduct<T> &p, int64_t rows, int64_t column) {
    constexpr int64_t width = V * Simd<T>::n;
    const bool is_near = p.ldx * (int64_t)sizeof(T) < FAR_APART;
    if (is_near || rows < MANY_ROWS || p.steps * p.n_lanes > DEPTH_OF_COPY)
        return outer_rows<T, V>(p, rows, column);
    alignas(GROUP_BYTES) T copy[DEPTH_OF_COPY * width];
    T *to = copy;
    for (int64_t s = 0; s < p.steps; s++)
        for (int64_t k = 0; k < p.n_lanes; k++, to += width)
            memcpy(to, p.x + s * p.x_step + k * p.ldx + column, width * sizeof(T));
    OuterProduct<T> copied = p;
    copied.x = copy, copied.x_step = p.n_lanes * width, copied.ldx = width, copied.c += column;
    outer_rows<T, V>(copied, rows, 0);
}

template <class T> static void outer_block(const OuterProduct<T> &p, int64_t rows, int64_t columns) {
    constexpr int n = Simd<T>::n;
    int64_t column = 0;
    for (int64_t left = columns / n; left > 0;) {
        if constexpr (HAS_32_REGISTERS) {
            // Few rows: what counts is how often x is read, not how often a is.
            if (left >= 2 && rows > 6 && rows <= 32) {
                outer_rows<T, 2, 8>(p, rows, column);
                left -= 2, column += 2 * n;
                continue;
            }
            if (left >= 4) {
                outer_columns<T, 4>(p, rows, column);
                left -= 4, column += 4 * n;
                continue;
            }
            if (left == 3) {
                outer_columns<T, 3>(p, rows, column);
                break;
            }
        }
        if (left >= 2) {
            outer_columns<T, 2>(p, rows, column);
            left -= 2, column += 2 * n;
        } else {
            outer_columns<T, 1>(p, rows, column);
            break;
        }
    }
}

// columns is a multiple of the register's lanes.
template <class T> static void add_outer(const OuterProduct<T> &p, int64_t rows, int64_t columns) {
    const int64_t bytes = rows * p.steps * p.n_lanes * (int64_t)sizeof(T);
    const int64_t n_blocks = (bytes + LEFT_AT_ONCE - 1) / LEFT_AT_ONCE + !bytes;
    const int64_t at_once = ((rows + n_blocks - 1) / n_blocks + 11) / 12 * 12;  // whole tiles
    OuterProduct<T> block = p;
    for (int64_t row = 0; row < rows; row += at_once, block.a += at_once * p.lda, block.c += at_once * p.ldc)
        outer_block(block, rows - row < at_once ? rows - row : at_once, columns);
}

// Four numbers of each of four rows to four rows, ld apart: what lies along comes across.
INLINE void turn_square(const float *a, const float *b, const float *c, const float *d, float *to, int64_t ld) {
#if defined(__SSE2__)
    __m128 v0 = _mm_loadu_ps(a), v1 = _mm_loadu_ps(b), v2 = _mm_loadu_ps(c), v3 = _mm_loadu_ps(d);
    _MM_TRANSPOSE4_PS(v0, v1, v2, v3);
    _mm_storeu_ps(to, v0), _mm_storeu_ps(to + ld, v1);
    _mm_storeu_ps(to + 2 * ld, v2), _mm_storeu_ps(to + 3 * ld, v3);
#else
    for (int64_t i = 0; i < 4; i++, to += ld) to[0] = a[i], to[1] = b[i], to[2] = c[i], to[3] = d[i];
#endif
}

// (rows, columns), ldf apart, to (columns, ldt): what lies along comes to lie across.
template <class T>
static void turn(const T *from, int64_t ldf, int64_t rows, int64_t columns, T *to, int64_t ldt) {
    constexpr int64_t edge = 8;  // rows at a time: a cache line of double
    int64_t done = 0;
    if constexpr (sizeof(T) == sizeof(float)) {
        const int64_t in_squares = columns / 4 * 4;
        for (; rows - done >= 4; done += 4) {
            const T *row = from + done * ldf;
            for (int64_t j = 0; j < in_squares; j += 4)
                turn_square(row + j, row + ldf + j, row + 2 * ldf + j, row + 3 * ldf + j, to + j * ldt + done, ldt);
            for (int64_t j = in_squares; j < columns; j++)
                for (int64_t r = 0; r < 4; r++) to[j * ldt + done + r] = row[r * ldf + j];
        }
    }
    for (int64_t r0 = done; r0 < rows; r0 += edge) {
        const int64_t height = rows - r0 < edge ? rows - r0 : edge;
        for (int64_t j = 0; j < columns; j++)
            for (int64_t r = 0; r < height; r++) to[j * ldt + r0 + r] = from[(r0 + r) * ldf + j];
    }
}
