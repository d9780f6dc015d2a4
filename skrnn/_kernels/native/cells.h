// One step of a layer, forwards and backwards, for a block of samples side by side.
//
// States are (H, n), n samples as lanes. The rows of the gates are ordered in blocks of
// units, so that what a product has just written is still in the first cache when the
// gates' functions read it. Within a block of w units:
//   LSTM  input, forget, cell, output     (Hochreiter and Schmidhuber 1997)
//   GRU   W_hn h + b_hn, reset, update, W_in x + b_in     (Cho et al. 2014)
//   RNN   the only one     (Elman 1990)
// A GRU needs the two halves of its candidate apart; in this order what comes from the
// state (the first three) and what comes from the input (the last three) lie together.
#pragma once

#include "gates.h"

// Up to so many features the gradients of their weights are summed lane by lane, not by
// a product: its rows are whole cache lines, most of which few features would leave
// empty. Chosen by hand.
constexpr int64_t MAX_FEATURES_BY_LANE = 4;
// Partial sums of gradients; more would let more threads work, and cost memory. How a
// sum rounds depends on their number, so it is fixed, whatever the number of threads.
constexpr int64_t MAX_SUMS = 16;

struct Gates {
    int count;       // rows a unit
    int from_x[4];   // torch's gate of each in weight_ih; -1 where x has no part
    int from_h[4];   // the same in weight_hh
    int first_x, n_x, first_h, n_h;
};

INLINE Gates gates_of(int cell) {
    if (cell == LSTM) return {4, {0, 1, 2, 3}, {0, 1, 2, 3}, 0, 4, 0, 4};
    if (cell == GRU) return {4, {-1, 0, 1, 2}, {2, 0, 1, -1}, 1, 3, 0, 3};
    return {1, {0, -1, -1, -1}, {0, -1, -1, -1}, 0, 1, 0, 1};
}

INLINE int64_t round_up(int64_t size, int64_t step) { return (size + step - 1) / step * step; }

// Hands out aligned pieces of one allocation; with a null base it only counts.
struct Arena {
    char *base;
    size_t used;
    template <class T> T *take(int64_t count) {
        T *piece = base ? (T *)(base + used) : nullptr;
        const size_t size = count * sizeof(T);
        const size_t apart = round_up(size, GROUP_BYTES) + GUARD_BYTES;
        if (base) guard(base + used, size, apart);
        used += apart;
        return piece;
    }
};

template <class T> struct Weights {
    const T *w_ih, *w_hh, *b_ih, *b_hh;  // as torch has them
};

template <class T> struct WeightGradients {
    T *w_ih, *w_hh, *b_ih, *b_hh;
};

// Gradients of weights while they are summed up, in this file's order of rows.
template <class T> struct Sums {
    T *outer;     // (rows, columns): by features and units
    T *bias;      // (rows, register): one vector a row
    T *features;  // (rows, F, register): the same, where features are few
};

template <class T> struct Block {
    int64_t first, width;           // units
    T *forward[3], *bias;
    T *back_h, *back_x;
};

template <class T> struct Layer {
    int cell;
    bool is_relu;
    int64_t F, H;
    Gates gates;
    int64_t n_blocks;
    Block<T> *blocks;
    // Columns of the sums of outer products: where those of x and h begin, how many.
    int64_t x_columns, h_column, columns;
    bool is_by_lane;  // few features: their sums are vectors over lanes

    int64_t rows() const { return gates.count * H; }
    bool is_saved() const { return cell != RNN; }

    // Number of units in a block whose gates take about half of the first cache.
    void plan(Arena &arena, int cell_, bool relu, int64_t F_, int64_t H_, int64_t n, bool trains) {
        cell = cell_, is_relu = relu, F = F_, H = H_;
        gates = gates_of(cell);
        constexpr int64_t line = GROUP_BYTES / sizeof(T);
        is_by_lane = F <= MAX_FEATURES_BY_LANE;
        if (is_by_lane) {
            x_columns = h_column = 0;
        } else if (cell == GRU) {
            x_columns = h_column = round_up(F, line);
        } else {
            x_columns = h_column = F;
        }
        columns = round_up(h_column + H, line);
        // Units of a block: their gates take 24 KiB, so that with what else is read they
        // stay in a first cache of 32 KiB; in sixes, so that four gates are whole panels.
        int64_t width = 24 * 1024 / (gates.count * n * (int64_t)sizeof(T));
        width = width < 6 ? 6 : width / 6 * 6;
        n_blocks = (H + width - 1) / width;
        blocks = (Block<T> *)arena.take<char>(n_blocks * sizeof(Block<T>));
        for (int64_t b = 0; b < n_blocks; b++) {
            Block<T> unused, &block = blocks ? blocks[b] : unused;
            block.first = b * width;
            int64_t w = block.width = H - b * width < width ? H - b * width : width;
            auto panels = [&](int64_t rows, int64_t depth) {
                return arena.take<T>(panels_of(rows) * PANEL * depth);
            };
            if (cell == GRU) {
                block.forward[0] = panels(w, H);
                block.forward[1] = panels(2 * w, F + H);
                block.forward[2] = panels(w, F);
            } else {
                block.forward[0] = panels(gates.count * w, F + H);
            }
            block.bias = arena.take<T>(gates.count * w);
            if (trains) {
                block.back_h = panels(H, gates.n_h * w);
                block.back_x = panels(F, gates.n_x * w);
            }
        }
    }

    Sums<T> take_sums(Arena &arena) const {
        constexpr int64_t n = Simd<T>::n;
        Sums<T> sums;
        sums.outer = arena.take<T>(rows() * columns);
        sums.bias = arena.take<T>(rows() * n);
        sums.features = arena.take<T>(is_by_lane ? rows() * F * n : 0);
        return sums;
    }

    void clear(const Sums<T> &sums) const {
        constexpr int64_t n = Simd<T>::n;
        memset(sums.outer, 0, rows() * columns * sizeof(T));
        memset(sums.bias, 0, rows() * n * sizeof(T));
        if (is_by_lane) memset(sums.features, 0, rows() * F * n * sizeof(T));
    }

    // Row of torch's weights that a row of a block is; -1 for none.
    int64_t torch_row(const int *from, const Block<T> &block, int64_t row) const {
        int gate = from[row / block.width];
        return gate < 0 ? -1 : gate * H + block.first + row % block.width;
    }

    void pack_forward(int64_t b, const Weights<T> &weights) const {
        const Block<T> &block = blocks[b];
        int64_t w = block.width;
        auto part = [&](T *to, int64_t first, int64_t rows, bool x, bool h) {
            for (int64_t r0 = 0; r0 < rows; r0 += PANEL) {
                int64_t height = rows - r0 < PANEL ? rows - r0 : PANEL;
                const T *of_x[PANEL], *of_h[PANEL];
                for (int64_t m = 0; m < height; m++) {
                    int64_t row = first + r0 + m;
                    if (x) of_x[m] = weights.w_ih + torch_row(gates.from_x, block, row) * F;
                    if (h) of_h[m] = weights.w_hh + torch_row(gates.from_h, block, row) * H;
                }
                if (x) to = pack_panel(to, of_x, height, F);
                if (h) to = pack_panel(to, of_h, height, H);
            }
        };
        if (cell == GRU) {
            part(block.forward[0], 0, w, false, true);
            part(block.forward[1], w, 2 * w, true, true);
            part(block.forward[2], 3 * w, w, true, false);
        } else {
            part(block.forward[0], 0, gates.count * w, true, true);
        }
        for (int64_t r = 0; r < gates.count * w; r++) {
            int64_t x = torch_row(gates.from_x, block, r), h = torch_row(gates.from_h, block, r);
            block.bias[r] = (x < 0 ? 0 : weights.b_ih[x]) + (h < 0 ? 0 : weights.b_hh[h]);
        }
    }

    static T *pack_panel(T *to, const T *const *rows, int64_t height, int64_t depth) {
        constexpr int64_t edge = 8;  // some columns at a time: whole cache lines are read
        for (int64_t k0 = 0; k0 < depth; k0 += edge) {
            int64_t count = depth - k0 < edge ? depth - k0 : edge;
            for (int64_t m = 0; m < PANEL; m++)
                for (int64_t k = 0; k < count; k++)
                    to[(k0 + k) * PANEL + m] = m < height ? rows[m][k0 + k] : 0;
        }
        return to + depth * PANEL;
    }

    void pack_backward(int64_t b, const Weights<T> &weights, bool with_x) const {
        const Block<T> &block = blocks[b];
        int64_t w = block.width;
        auto part = [&](T *to, const T *from, const int *row_of, int64_t size, int64_t first, int64_t count) {
            // Whole rows of the weights at a time: they lie together there.
            for (int64_t k = 0; k < count * w; k++) {
                const T *row = from + torch_row(row_of, block, first * w + k) * size;
                T *target = to + k * PANEL;
                for (int64_t m0 = 0; m0 < size; m0 += PANEL, target += count * w * PANEL) {
                    int64_t height = size - m0 < PANEL ? size - m0 : PANEL;
                    memcpy(target, row + m0, height * sizeof(T));
                    for (int64_t m = height; m < PANEL; m++) target[m] = 0;
                }
            }
        };
        part(block.back_h, weights.w_hh, gates.from_h, H, gates.first_h, gates.n_h);
        if (with_x) part(block.back_x, weights.w_ih, gates.from_x, F, gates.first_x, gates.n_x);
    }

    // Sum of the sums of all accumulators, in torch's order.
    void reduce(int64_t b, const Sums<T> *sums, int64_t n_sums, const WeightGradients<T> &to) const {
        constexpr int64_t n = Simd<T>::n;
        const Block<T> &block = blocks[b];
        auto add = [](T *__restrict to, int64_t size, const T *from) {
            for (int64_t k = 0; k < size; k++) to[k] += from[k];
        };
        for (int64_t r = 0; r < gates.count * block.width; r++) {
            int64_t row = gates.count * block.first + r;
            int64_t x = torch_row(gates.from_x, block, r), h = torch_row(gates.from_h, block, r);
            T bias = 0;
            for (int64_t a = 0; a < n_sums; a++) bias += sum_of<T>(load<T>(sums[a].bias + row * n));
            if (h >= 0) {
                T *target = to.w_hh + h * H;
                for (int64_t k = 0; k < H; k++) target[k] = 0;
                for (int64_t a = 0; a < n_sums; a++)
                    add(target, H, sums[a].outer + row * columns + h_column);
                to.b_hh[h] = bias;
            }
            if (x >= 0) {
                T *target = to.w_ih + x * F;
                for (int64_t k = 0; k < F; k++) target[k] = 0;
                for (int64_t a = 0; a < n_sums; a++) {
                    if (is_by_lane)
                        for (int64_t k = 0; k < F; k++)
                            target[k] += sum_of<T>(load<T>(sums[a].features + (row * F + k) * n));
                    else
                        add(target, F, sums[a].outer + row * columns);
                }
                to.b_ih[x] = bias;
            }
        }
    }
};

// -- one step ----------------------------------------------------------------------

// Arrays of one step; (H, n) but for x (F, n) and gates (rows, n).
template <class T> struct Step {
    const T *x, *h_prev, *c_prev;
    T *h, *c, *gates;
    const T *mask;
};

template <class T> Span<T> span_of(const Layer<T> &l, const Block<T> &b, const Step<T> &s, int64_t n) {
    int64_t at = b.first * n;
    const T *c_prev = s.c_prev ? s.c_prev + at : nullptr;
    T *gates = s.gates + l.gates.count * at;
    return {b.width * n, n, b.width * n, s.mask, gates, s.h_prev + at, c_prev, s.h + at, s.c ? s.c + at : nullptr};
}

// A state before it that is zero (`begins`) takes no product.
template <class T>
static void step_forward(const Layer<T> &layer, const Step<T> &s, int64_t n, bool begins = false) {
    for (int64_t b = 0; b < layer.n_blocks; b++) {
        const Block<T> &block = layer.blocks[b];
        Span<T> span = span_of(layer, block, s, n);
        int64_t w = block.width, F = layer.F, H = layer.H;
        auto product = [&](int part, int64_t first, int64_t rows, bool x, bool h) {
            const int64_t of_h = h ? H : 0, left_out = begins ? of_h : 0;
            multiply<T>({block.forward[part], PANEL, s.x, x ? F : 0, s.h_prev, of_h - left_out, n, n,
                         block.bias + first, span.gates + first * n, false, left_out},
                        rows);
        };
        if (layer.cell == GRU) {
            product(0, 0, w, false, true);
            product(1, w, 2 * w, true, true);
            product(2, 3 * w, w, true, false);
        } else {
            product(0, 0, layer.gates.count * w, true, true);
        }
        gates_forward(layer.cell, layer.is_relu, span);
    }
}

// Add, for some rows of the gates' gradients, the sum over all samples.
template <class T, int F>
static void add_by_lane(const T *d, int64_t rows, int64_t n, const T *x, T *bias, T *features) {
    constexpr int64_t step = Simd<T>::n;
    for (int64_t r = 0; r < rows; r++, d += n) {
        Vec<T> total = load<T>(bias + r * step);
        Vec<T> sums[F ? F : 1];
        for (int f = 0; f < F; f++) sums[f] = load<T>(features + (r * F + f) * step);
        for (int64_t i = 0; i < n; i += step) {
            Vec<T> v = load<T>(d + i);
            total += v;
            for (int f = 0; f < F; f++) sums[f] += v * load<T>(x + f * n + i);
        }
        store<T>(bias + r * step, total);
        for (int f = 0; f < F; f++) store<T>(features + (r * F + f) * step, sums[f]);
    }
}

template <class T>
static void add_by_lane(const Layer<T> &layer, const T *d, int64_t row, int64_t rows, int64_t n, const T *x,
                        const Sums<T> &sums) {
    constexpr int64_t step = Simd<T>::n;
    int64_t F = layer.is_by_lane ? layer.F : 0;
    T *bias = sums.bias + row * step, *features = sums.features + row * F * step;
    switch (F) {
    case 1: return add_by_lane<T, 1>(d, rows, n, x, bias, features);
    case 2: return add_by_lane<T, 2>(d, rows, n, x, bias, features);
    case 3: return add_by_lane<T, 3>(d, rows, n, x, bias, features);
    case 4: return add_by_lane<T, 4>(d, rows, n, x, bias, features);
    default: return add_by_lane<T, 0>(d, rows, n, x, bias, features);
    }
}

// dh: gradient of the step's state; dh_prev, dc (in place), dx (or null; added to, if it is
// so): what follows from it; d_gates (rows, n): for the outer products. Nobody asks for
// dh_prev of the first step.
template <class T>
static void step_backward(const Layer<T> &layer, const Step<T> &s, int64_t n, const T *dh, T *dh_prev,
                          T *dc, T *dx, T *d_gates, const Sums<T> &sums, bool adds_dx, bool is_first) {
    const Gates &gates = layer.gates;
    bool is_begun = layer.cell == GRU || s.mask;
    if (is_begun && !is_first)
        for (int64_t b = 0; b < layer.n_blocks; b++) {
            const Block<T> &block = layer.blocks[b];
            Span<T> span = span_of(layer, block, s, n);
            pass_on(layer.cell, span, dh + block.first * n, dh_prev + block.first * n);
        }
    for (int64_t b = 0; b < layer.n_blocks; b++) {
        const Block<T> &block = layer.blocks[b];
        int64_t at = block.first * n, w = block.width, row = gates.count * block.first;
        Span<T> span = span_of(layer, block, s, n);
        T *d = d_gates + row * n;
        gates_backward(layer.cell, layer.is_relu, span, dh + at, dc + at, d);
        if (!is_first)
            multiply<T>({block.back_h, PANEL, d + gates.first_h * w * n, gates.n_h * w, nullptr, 0, n, n,
                         nullptr, dh_prev, is_begun || b > 0},
                        layer.H);
        const T *of_x = d + gates.first_x * w * n;
        if (dx)
            multiply<T>({block.back_x, PANEL, of_x, gates.n_x * w, nullptr, 0, n, n, nullptr, dx,
                         adds_dx || b > 0},
                        layer.F);
        add_by_lane(layer, d, row, gates.count * w, n, s.x, sums);
    }
}

// Outer products of some steps: gates' gradients (steps, rows, n) with what the gates
// were computed from (steps, n, columns), or with its inputs alone, where states are zero.
template <class T>
static void add_outer_products(const Layer<T> &layer, int64_t steps, int64_t n, const T *d_gates,
                               const T *turned, const Sums<T> &sums, bool with_h) {
    const Gates &gates = layer.gates;
    int64_t rows = layer.rows(), columns = layer.columns;
    auto add = [&](int64_t row, int64_t n_rows, int64_t column, int64_t n_columns) {
        add_outer<T>({d_gates + row * n, rows * n, n, turned + column, n * columns, columns, steps, n,
                      sums.outer + row * columns + column, columns},
                     n_rows, n_columns);
    };
    if (!steps || (!with_h && layer.is_by_lane)) return;
    const int64_t of_x = round_up(layer.x_columns, GROUP_BYTES / (int64_t)sizeof(T));
    if (layer.cell != GRU) return add(0, rows, 0, with_h ? columns : of_x);
    for (int64_t b = 0; b < layer.n_blocks; b++) {
        const Block<T> &block = layer.blocks[b];
        int64_t row = gates.count * block.first, w = block.width;
        if (with_h) add(row, 3 * w, layer.h_column, columns - layer.h_column);
        if (!layer.is_by_lane) add(row + w, 3 * w, 0, layer.x_columns);
    }
}
