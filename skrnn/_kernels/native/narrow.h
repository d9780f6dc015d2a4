// Batches of a few samples, which would leave most lanes of a vector empty.
//
// Here the lanes are units. All threads work on one sequence: each has some units of
// every gate, and they wait for each other once a step. The weights, which are what a
// small batch has to read, are then read once in all, each half by its own thread. What
// a number is summed from, and in which order, does not depend on the threads.
#pragma once

#include "in_place.h"
#include "lanes.h"
#include "sequence.h"
#include "thread_pool.h"

// Up to so many samples units are the lanes. With samples as lanes a group of them, 16
// of float32 (simd.h), would be half empty or more.
constexpr int64_t FEW_SAMPLES = 8;
// Up to twice as many where the weights are large: there to read them takes the time.
constexpr int64_t LARGE_HIDDEN = 128;
// Below this many numbers in the weights of a gate one thread is as fast as several,
// which would wait for each other once a step. All three are chosen by hand, not by a
// search; docs/benchmarks/sweep.md times batches of 1 and of 32 samples.
constexpr int64_t SMALL_GATE = 64 * 64;
// Up to so many steps, or from so many units on, weights that are used in place are the
// better way for four times as many samples: with samples as lanes there is more to pack,
// and to sum up.
constexpr int64_t FEW_STEPS = 8;
constexpr int64_t HUGE_HIDDEN = 512;
// Rows of states, a step of a sample each, from which gradients of all weights are summed
// before the next ones are: they stay in the second cache. All are chosen by hand.
constexpr int64_t DEPTH_AT_ONCE = 128;

// Whether weights are multiplied as they lie: to pack large ones takes longer than it saves.
INLINE bool is_used_in_place(int64_t H) { return H >= LARGE_HIDDEN; }

INLINE bool is_narrow(int64_t n_samples, int64_t n_steps, int64_t H) {
    const int64_t times = !is_used_in_place(H) ? 1 : n_steps <= FEW_STEPS || H >= HUGE_HIDDEN ? 4 : 2;
    return n_samples <= times * FEW_SAMPLES;
}

// Some steps of samples in the network's units, one after the other: (count, n, x_size).
template <class T>
static void read_rows(const Input &in, int64_t L, int64_t F, int64_t n, int64_t first, int64_t count, int64_t x_size,
                      T *to) {
    memset(to, 0, count * n * x_size * sizeof(T));
    if (in.codes) {
        auto at = [&](int64_t i, int64_t k) { return to + (k / F * n + i) * x_size + k % F; };
        if (in.kind == FLOAT32)
            return look_up<T>((const float *)in.values, in, 0, n, L, first, count, at);
        return look_up<T>((const double *)in.values, in, 0, n, L, first, count, at);
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t t = 0; t < count; t++)
            for (int64_t f = 0; f < F; f++) {
                const int64_t at = (i * L + first + t) * F + f;
                double value = in.kind == FLOAT32 ? (double)((const float *)in.values)[at]
                                                  : ((const double *)in.values)[at];
                if (in.mean) value = (value - in.mean[f]) / in.scale[f];
                to[(t * n + i) * x_size + f] = (T)value;
            }
}

// Rows of samples times columns of units: columns in tiles of four cache lines.
template <class T> constexpr int64_t TILE = 4 * GROUP_BYTES / sizeof(T);

template <class T> INLINE int64_t tiles_of(int64_t columns) { return (columns + TILE<T> - 1) / TILE<T>; }

template <class T> INLINE int64_t tile_width(int64_t columns, int64_t tile) {
    int64_t left = columns - tile * TILE<T>;
    return left < TILE<T> ? left : TILE<T>;
}

// A tile of a right factor: (depth, width), one row after the other.
template <class T, class At>
INLINE void pack_tile(T *to, int64_t depth, int64_t width, int64_t present, At column) {
    constexpr int64_t edge = 16;  // rows at a time: whole cache lines are read
    for (int64_t k0 = 0; k0 < depth; k0 += edge) {
        int64_t count = depth - k0 < edge ? depth - k0 : edge;
        int64_t j = 0;
        if constexpr (sizeof(T) == sizeof(float))
            for (; count == edge && j + 4 <= present; j += 4)
                for (int64_t k = 0; k < edge; k += 4)
                    turn_square(column(j) + k0 + k, column(j + 1) + k0 + k, column(j + 2) + k0 + k,
                                column(j + 3) + k0 + k, to + (k0 + k) * width + j, width);
        for (; j < width; j++) {
            const T *from = j < present ? column(j) + k0 : nullptr;
            for (int64_t k = 0; k < count; k++) to[(k0 + k) * width + j] = from ? from[k] : T(0);
        }
    }
}

template <class T> struct NarrowLayer {
    int cell;
    bool is_relu;
    Gates gates;
    int64_t F, H;        // as they are
    int64_t x_size, size;  // rounded up to whole cache lines
    // Room for a sample's row of units and of gates: a cache line more than they take,
    // since rows a power of two apart would share a few places in the cache.
    int64_t pitch, columns;
    int64_t tiles;       // of the units
    T *by_x, *by_h, *bias, *back_h, *back_x;
    // As torch has them, in the place of by_h and back_h, of by_x and back_x; or null.
    const T *w_hh, *w_ih;

    // Whether products are made with weights as they lie.
    void choose(const Weights<T> &weights) {
        w_hh = is_used_in_place(H) ? weights.w_hh : nullptr;
        w_ih = w_hh && F >= LARGE_HIDDEN ? weights.w_ih : nullptr;
    }

    void plan(Arena &arena, int cell_, bool relu, int64_t F_, int64_t H_) {
        constexpr int64_t line = GROUP_BYTES / sizeof(T);
        cell = cell_, is_relu = relu, F = F_, H = H_;
        gates = gates_of(cell);
        x_size = round_up(F, line), size = round_up(H, line);
        pitch = size + line, columns = gates.count * size + line;
        tiles = tiles_of<T>(size);
        by_x = arena.take<T>(gates.n_x * size * F);
        by_h = arena.take<T>(gates.n_h * size * H);
        bias = arena.take<T>(gates.count * size);
        w_hh = w_ih = nullptr;
        back_h = arena.take<T>(gates.n_h * size * size);
        back_x = arena.take<T>(gates.n_x * size * x_size);
    }

    // Units whose weights' gradients are summed together: the more, the less often states
    // are read. Where two threads share them, each has half of the blocks.
    int64_t units_at_once() const {
        const int64_t most = (H >= HUGE_HIDDEN ? 4 : 2) * PANEL;
        if (H * H < SMALL_GATE) return most;
        const int64_t blocks = round_up((H + most - 1) / most, 2);
        return round_up((H + blocks - 1) / blocks, 12);
    }

    const T *row(const T *weight, const int *from, int64_t gate, int64_t unit, int64_t width) const {
        return weight + (from[gate] * H + unit) * width;
    }

    // Units that a tile has.
    int64_t present(int64_t tile) const {
        const int64_t width = tile_width<T>(size, tile), left = H - tile * TILE<T>;
        return left < width ? left : width;
    }

    // The units of one tile, as columns of the forward products.
    void pack_forward(const Weights<T> &w, int64_t tile) const {
        const int64_t first = tile * TILE<T>, width = tile_width<T>(size, tile), present = this->present(tile);
        for (int64_t g = 0; g < gates.count; g++) {
            int64_t at = g * size + first;
            bool x = gates.from_x[g] >= 0, h = gates.from_h[g] >= 0;
            for (int64_t j = 0; j < width; j++) {
                T sum = 0;
                if (j < present && x) sum += w.b_ih[gates.from_x[g] * H + first + j];
                if (j < present && h) sum += w.b_hh[gates.from_h[g] * H + first + j];
                bias[at + j] = sum;
            }
            if (x && !w_ih)
                pack_tile(by_x + (at - gates.first_x * size) * F, F, width, present,
                          [&](int64_t j) { return row(w.w_ih, gates.from_x, g, first + j, F); });
            if (h && !w_hh)
                pack_tile(by_h + (at - gates.first_h * size) * H, H, width, present,
                          [&](int64_t j) { return row(w.w_hh, gates.from_h, g, first + j, H); });
        }
    }

    // Some columns of the products that take gradients back.
    void pack_backward(const T *weight, const int *from, int64_t first_gate, int64_t n_gates, int64_t width_of,
                       int64_t padded, T *to, int64_t tile) const {
        const int64_t first = tile * TILE<T>, width = tile_width<T>(padded, tile);
        const int64_t present = width_of - first < width ? width_of - first : width;
        to += first * n_gates * size;
        for (int64_t g = 0; g < n_gates; g++)
            for (int64_t u = 0; u < size; u++, to += width) {
                memset(to, 0, width * sizeof(T));
                if (u < H)
                    memcpy(to, row(weight, from, first_gate + g, u, width_of) + first,
                           present * sizeof(T));
            }
    }
};

// c (rows, width) += a (rows, depth) times a tile, whose rows are ldx apart.
template <class T>
INLINE void add_rows(const T *a, int64_t lda, int64_t rows, int64_t depth, const T *tile, int64_t width, T *c,
                     int64_t ldc) {
    add_outer<T>({a, 0, lda, tile, 0, width, 1, depth, c, ldc}, rows, width);
}

// What one layer leaves for the backward pass; n samples.
template <class T> struct NarrowRecord {
    T *gates;     // (L, n, columns); gradients take the place of values
    T *h, *c;     // (L + 1, n, pitch)
    T *dh, *dc;   // (n, pitch)
    T *turned;    // a thread: what gradients of some units come from, by unit; their last columns
    int64_t turned_size;

    void take(Arena &arena, const NarrowLayer<T> &layer, int64_t L, int64_t n, int n_threads) {
        constexpr int64_t line = GROUP_BYTES / sizeof(T);
        gates = arena.take<T>(L * n * layer.columns);
        h = arena.take<T>((L + 1) * n * layer.pitch);
        c = layer.cell == LSTM ? arena.take<T>((L + 1) * n * layer.pitch) : nullptr;
        dh = arena.take<T>(n * layer.pitch);
        dc = arena.take<T>(n * layer.pitch);
        const int64_t depth = L * n < DEPTH_AT_ONCE ? L * n : DEPTH_AT_ONCE;
        turned_size = layer.units_at_once() * (round_up(depth, line) + line);
        turned = arena.take<T>(n_threads * turned_size);
    }
};

// A thread of those that run a layer, and the tiles that are its own.
struct Worker {
    int thread, n_threads;
    Barrier *barrier;

    void wait() const { barrier->wait(n_threads); }
    bool owns(int64_t piece) const { return piece % n_threads == thread; }
    // Tiles of a thread lie side by side: from the first of them to the first of the next.
    int64_t first_of(int64_t tiles) const { return tiles * thread / n_threads; }
    int64_t end_of(int64_t tiles) const { return tiles * (thread + 1) / n_threads; }
};

template <class T>
INLINE Span<T> narrow_span(const NarrowLayer<T> &layer, const NarrowRecord<T> &record, int64_t t, int64_t n,
                           int64_t i, int64_t tile) {
    const int64_t first = tile * TILE<T>, step = n * layer.pitch, at = i * layer.pitch + first;
    T *c = record.c;
    return {tile_width<T>(layer.size, tile), tile_width<T>(layer.size, tile), layer.size, nullptr,
            record.gates + (t * n + i) * layer.columns + first, record.h + t * step + at,
            c ? c + t * step + at : nullptr, record.h + (t + 1) * step + at,
            c ? c + (t + 1) * step + at : nullptr};
}

// What comes from the inputs x (rows, ldx) to the gates of a tile, for all rows at once.
template <class T>
static void from_inputs(const NarrowLayer<T> &layer, const NarrowRecord<T> &record, const T *x,
                        int64_t ldx, int64_t rows, int64_t tile) {
    const Gates &gates = layer.gates;
    const int64_t first = tile * TILE<T>, width = tile_width<T>(layer.size, tile);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t g = 0; g < gates.count; g++)
            memcpy(record.gates + r * layer.columns + g * layer.size + first,
                   layer.bias + g * layer.size + first, width * sizeof(T));
    for (int64_t g = 0; g < gates.n_x; g++) {
        T *to = record.gates + (gates.first_x + g) * layer.size + first;
        if (layer.w_ih)
            add_dots(x, ldx, rows, layer.row(layer.w_ih, gates.from_x, gates.first_x + g, first, layer.F), layer.F,
                     layer.present(tile), layer.F, to, layer.columns);
        else
            add_rows(x, ldx, rows, layer.F, layer.by_x + (g * layer.size + first) * layer.F, width, to,
                     layer.columns);
    }
}

// Step t of the sequences for a tile. The state before the first is zero.
template <class T>
static void narrow_step(const NarrowLayer<T> &layer, const NarrowRecord<T> &record, int64_t t,
                        const int64_t *lengths, int64_t n, int64_t tile) {
    const Gates &gates = layer.gates;
    const int64_t first = tile * TILE<T>, width = tile_width<T>(layer.size, tile);
    const T *h = record.h + t * n * layer.pitch;
    T *here = record.gates + t * n * layer.columns + first;
    for (int64_t g = 0; t && g < gates.n_h; g++) {
        T *to = here + (gates.first_h + g) * layer.size;
        if (layer.w_hh)
            add_dots(h, layer.pitch, n, layer.row(layer.w_hh, gates.from_h, gates.first_h + g, first, layer.H),
                     layer.H, layer.present(tile), layer.H, to, layer.columns);
        else
            add_rows(h, layer.pitch, n, layer.H, layer.by_h + (g * layer.size + first) * layer.H, width, to,
                     layer.columns);
    }
    for (int64_t i = 0; i < n; i++) {
        Span<T> span = narrow_span(layer, record, t, n, i, tile);
        if (!lengths || t < lengths[i]) {
            gates_forward(layer.cell, layer.is_relu, span);
            continue;
        }
        memcpy(span.h, span.h_prev, width * sizeof(T));
        if (span.c) memcpy(span.c, span.c_prev, width * sizeof(T));
    }
}

// x (L, n, ldx); states after step t lie at h[t + 1].
template <class T>
static void narrow_forward(const NarrowLayer<T> &layer, const NarrowRecord<T> &record, const T *x,
                           int64_t ldx, const int64_t *lengths, int64_t L, int64_t n, const Worker &worker) {
    const int64_t begin = worker.first_of(layer.tiles), end = worker.end_of(layer.tiles);
    for (int64_t tile = begin; tile < end; tile++) {
        const int64_t first = tile * TILE<T>, width = tile_width<T>(layer.size, tile);
        for (int64_t i = 0; i < n; i++) {
            memset(record.h + i * layer.pitch + first, 0, width * sizeof(T));
            if (record.c) memset(record.c + i * layer.pitch + first, 0, width * sizeof(T));
        }
        from_inputs(layer, record, x, ldx, L * n, tile);
    }
    worker.wait();
    for (int64_t t = 0; t < L; t++) {
        for (int64_t tile = begin; tile < end; tile++) narrow_step(layer, record, t, lengths, n, tile);
        worker.wait();
    }
}

// Each row has the present steps of its sample only.
template <class T>
static void narrow_pool(const NarrowLayer<T> &layer, const NarrowRecord<T> &record, const Pool<T> &pool,
                        const int64_t *lengths, int64_t L, int64_t n, const Worker &worker) {
    const int64_t begin = worker.first_of(layer.tiles), end = worker.end_of(layer.tiles);
    for (int64_t tile = begin; tile < end; tile++) {
        const int64_t width = tile_width<T>(layer.size, tile);
        for (int64_t i = 0; i < n; i++) {
            const int64_t at = i * layer.pitch + tile * TILE<T>, step = n * layer.pitch;
            const int64_t n_steps = lengths ? lengths[i] : L;
            for (int64_t t = 0; t < n_steps; t++)
                pool.add(t, record.h + (t + 1) * step + at, nullptr, at, width, width);
        }
    }
}

// to (n, ld) += gradients of gates d (n, columns) times a weight, in the columns of some
// tiles: packed, or as torch has it, with `width_of` columns, `padded` in whole cache lines.
template <class T>
static void add_back(const T *packed, const T *weight, const int *from, int64_t n_gates, int64_t width_of,
                     int64_t padded, const NarrowLayer<T> &layer, const T *d, int64_t n, int64_t begin,
                     int64_t end, T *to, int64_t ld) {
    const int64_t depth = n_gates * layer.size;
    if (!weight) {
        for (int64_t tile = begin; tile < end; tile++)
            add_rows(d, layer.columns, n, depth, packed + tile * TILE<T> * depth, tile_width<T>(padded, tile),
                     to + tile * TILE<T>, ld);
        return;
    }
    const int64_t first = begin * TILE<T>, last = end * TILE<T> < width_of ? end * TILE<T> : width_of;
    for (int64_t g = 0; g < n_gates; g++)
        add_weighted_rows(d + g * layer.size, layer.columns, n, weight + from[g] * layer.H * width_of + first,
                          width_of, layer.H, last - first, to + first, ld);
}

// record.dh holds the gradient of the final states. dy (L, n, pitch): of all states, or
// null (rows as far apart as those of the states); those of pooled states (n, pitch), or
// null. When a thread returns, the gradients of the gates stand in record.gates.
template <class T>
static void narrow_backward(const NarrowLayer<T> &layer, const NarrowRecord<T> &record, const T *dy,
                            const Pool<T> *pool, const int64_t *lengths, int64_t L, int64_t n,
                            const Worker &worker) {
    const Gates &gates = layer.gates;
    const int64_t begin = worker.first_of(layer.tiles), end = worker.end_of(layer.tiles);
    auto each = [&](auto piece) {
        for (int64_t tile = begin; tile < end; tile++)
            for (int64_t i = 0; i < n; i++) piece(tile, i);
    };
    each([&](int64_t tile, int64_t i) {
        memset(record.dc + i * layer.pitch + tile * TILE<T>, 0,
               tile_width<T>(layer.size, tile) * sizeof(T));
    });
    for (int64_t t = L - 1; t >= 0; t--) {
        each([&](int64_t tile, int64_t i) {
            const int64_t at = i * layer.pitch + tile * TILE<T>;
            Span<T> span = narrow_span(layer, record, t, n, i, tile);
            T *dh = record.dh + at;
            if (lengths && t >= lengths[i]) {  // the state went by as it was
                for (int64_t g = 0; g < gates.count; g++)
                    memset(span.gates + g * layer.size, 0, span.size * sizeof(T));
                return;
            }
            if (dy)
                for (int64_t k = 0; k < span.size; k++) dh[k] += dy[t * n * layer.pitch + at + k];
            if (pool) pool->give(t, dh, nullptr, at, span.size, span.size);
            T kept[TILE<T>];
            pass_on(layer.cell, span, dh, kept);
            gates_backward(layer.cell, layer.is_relu, span, dh, record.dc + at, span.gates);
            memcpy(dh, kept, span.size * sizeof(T));
        });
        worker.wait();
        if (t == 0) break;
        const T *d = record.gates + t * n * layer.columns + gates.first_h * layer.size;
        add_back(layer.back_h, layer.w_hh, layer.gates.from_h + gates.first_h, gates.n_h, layer.H, layer.size,
                 layer, d, n, begin, end, record.dh, layer.pitch);
    }
}

// dx (L * n, ldx): gradients of the inputs.
template <class T>
static void narrow_inputs(const NarrowLayer<T> &layer, const NarrowRecord<T> &record, int64_t rows, T *dx,
                          int64_t ldx, const Worker &worker) {
    const Gates &gates = layer.gates;
    const T *d = record.gates + gates.first_x * layer.size;
    const int64_t tiles = tiles_of<T>(layer.x_size), begin = worker.first_of(tiles), end = worker.end_of(tiles);
    const int64_t first = begin * TILE<T>, last = end * TILE<T> < layer.x_size ? end * TILE<T> : layer.x_size;
    if (last <= first) return;
    for (int64_t r = 0; r < rows; r++) memset(dx + r * ldx + first, 0, (last - first) * sizeof(T));
    add_back(layer.back_x, layer.w_ih, gates.from_x + gates.first_x, gates.n_x, layer.F, layer.x_size, layer, d,
             rows, begin, end, dx, ldx);
}

// c (rows, size) += a (rows, lda) times x (depth, ldx), whose rows end with whole registers.
// `last` has room for a register a row.
template <class T>
INLINE void add_to_rows(const T *a, int64_t lda, int64_t rows, const T *x, int64_t ldx, int64_t depth, T *c,
                        int64_t size, T *last) {
    constexpr int64_t n = Simd<T>::n;
    const int64_t whole = size / n * n, rest = size - whole;
    add_outer<T>({a, 0, lda, x, 0, ldx, 1, depth, c, size}, rows, whole);
    if (!rest) return;
    for (int64_t m = 0; m < rows; m++) {
        store<T>(last + m * n, fill<T>(0));
        memcpy(last + m * n, c + m * size + whole, rest * sizeof(T));
    }
    add_outer<T>({a, 0, lda, x + whole, 0, ldx, 1, depth, last, n}, rows, n);
    for (int64_t m = 0; m < rows; m++) memcpy(c + m * size + whole, last + m * n, rest * sizeof(T));
}

// Gradients of the weights, from rows of gates' gradients and of x, ldx apart; the first
// n of them have no state before them.
template <class T>
static void narrow_weights(const NarrowLayer<T> &layer, const NarrowRecord<T> &record, const T *x,
                           int64_t ldx, int64_t rows, int64_t n, const WeightGradients<T> &to, const Worker &worker) {
    const Gates &gates = layer.gates;
    const int64_t H = layer.H, F = layer.F, at_once = layer.units_at_once();
    T *turned = record.turned + worker.thread * record.turned_size;
    for (int64_t begin = 0; begin < rows; begin += DEPTH_AT_ONCE) {
        const int64_t depth = rows - begin < DEPTH_AT_ONCE ? rows - begin : DEPTH_AT_ONCE;
        const int64_t without = begin < n ? (n - begin < depth ? n - begin : depth) : 0;
        const int64_t ld = round_up(depth, GROUP_BYTES / (int64_t)sizeof(T));
        T *last = turned + at_once * ld;
        int64_t number = 0;
        for (int64_t g = 0; g < gates.count; g++)
            for (int64_t u = 0; u < H; u += at_once) {
                if (!worker.owns(number++)) continue;
                const int64_t count = H - u < at_once ? H - u : at_once;
                const int64_t x_row = gates.from_x[g] * H + u, h_row = gates.from_h[g] * H + u;
                const bool has_x = gates.from_x[g] >= 0, has_h = gates.from_h[g] >= 0;
                T *w_ih = has_x ? to.w_ih + x_row * F : nullptr, *b_ih = has_x ? to.b_ih + x_row : nullptr;
                T *w_hh = has_h ? to.w_hh + h_row * H : nullptr, *b_hh = has_h ? to.b_hh + h_row : nullptr;
                T *bias = has_x ? b_ih : b_hh;
                if (!begin) {  // what later rows give is added, in the order of the rows
                    memset(bias, 0, count * sizeof(T));
                    if (has_x) memset(w_ih, 0, count * F * sizeof(T));
                    if (has_h) memset(w_hh, 0, count * H * sizeof(T));
                }
                const T *d = record.gates + begin * layer.columns + g * layer.size + u;
                for (int64_t r = 0; r < depth; r++)
                    for (int64_t m = 0; m < count; m++) bias[m] += d[r * layer.columns + m];
                turn(d, layer.columns, depth, count, turned, ld);
                if (has_x) add_to_rows(turned, ld, count, x + begin * ldx, ldx, depth, w_ih, F, last);
                if (has_h)
                    add_to_rows(turned + without, ld, count, record.h + (begin + without) * layer.pitch, layer.pitch,
                                depth - without, w_hh, H, last);
                if (has_x && has_h) memcpy(b_hh, b_ih, count * sizeof(T));
            }
    }
}
