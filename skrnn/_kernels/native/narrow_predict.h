// Outputs of the standard network for a few samples, as when one row is predicted alone.
//
// A number is summed in the same order as in network.h, so that the bits of a sample do
// not depend on how many others there are. One thread does it: the steps are too small
// to share.
#pragma once

#include "column_blocks.h"
#include "narrow.h"
#include "network.h"

// Chosen by hand: of so many samples, units as lanes take less time than samples as
// lanes do, which 16 samples of float32 take as one does.
constexpr int64_t FEW_TO_PREDICT = 4;
// Steps that go through all layers before the next ones do. Each layer's inputs are one
// product, and what is held does not grow with the sequences.
constexpr int64_t STEPS_AT_ONCE = 32;

// Room for a sample's row of units and of gates: a cache line more than they take, since
// rows a power of two apart would share a few places in the cache.
template <class T> struct FewLayer {
    int cell;
    bool is_relu;
    Gates gates;
    int64_t F, H, size;      // as they are; units in whole cache lines
    int64_t pitch, columns;  // from one sample's units to the next's, from gates to gates
    T *bias;                 // (gates, size)
    ColumnBlocks<T> by_x, by_h;  // of the gates that have a part of each

    void take(Arena &arena, int cell_, bool relu, int64_t F_, int64_t H_) {
        constexpr int64_t line = GROUP_BYTES / sizeof(T);
        cell = cell_, is_relu = relu, F = F_, H = H_;
        gates = gates_of(cell);
        size = round_up(H, line);
        pitch = size + line, columns = gates.count * size + line;
        bias = arena.take<T>(gates.count * size);
        by_x.take(arena, F, gates.n_x * size);
        by_h.take(arena, H, gates.n_h * size);
    }

    void pack(const T *weight, const int *from, int64_t n_gates, const ColumnBlocks<T> &to) const {
        for (int64_t g = 0; g < n_gates; g++)
            for (int64_t j = 0; j < size; j++)
                to.rows[g * size + j] = j < H ? weight + (from[g] * H + j) * to.depth : nullptr;
        to.pack();
    }

    void pack(const Weights<T> &w) const {
        for (int64_t g = 0; g < gates.count; g++)
            for (int64_t j = 0; j < size; j++) {
                T sum = 0;
                if (j < H && gates.from_x[g] >= 0) sum += w.b_ih[gates.from_x[g] * H + j];
                if (j < H && gates.from_h[g] >= 0) sum += w.b_hh[gates.from_h[g] * H + j];
                bias[g * size + j] = sum;
            }
        pack(w.w_ih, gates.from_x + gates.first_x, gates.n_x, by_x);
        pack(w.w_hh, gates.from_h + gates.first_h, gates.n_h, by_h);
    }
};

// What a layer keeps of the steps that are taken at once.
template <class T> struct FewStates {
    T *gates;  // (at_once, n, columns)
    T *h, *c;  // (at_once + 1, n, pitch)

    void take(Arena &arena, const FewLayer<T> &layer, int64_t at_once, int64_t n) {
        gates = arena.take<T>(at_once * n * layer.columns);
        h = arena.take<T>((at_once + 1) * n * layer.pitch);
        c = layer.cell == LSTM ? arena.take<T>((at_once + 1) * n * layer.pitch) : nullptr;
    }
};

// What comes from the inputs x (rows, ldx) to all gates.
template <class T>
static void few_inputs(const FewLayer<T> &layer, const FewStates<T> &states, const T *x, int64_t ldx, int64_t rows) {
    const Gates &gates = layer.gates;
    for (int64_t g = 0; g < gates.count; g++)
        for (int64_t r = 0; gates.from_x[g] < 0 && r < rows; r++)
            memcpy(states.gates + r * layer.columns + g * layer.size, layer.bias + g * layer.size,
                   layer.size * sizeof(T));
    const int64_t first = gates.first_x * layer.size;
    layer.by_x.multiply({x, ldx, layer.bias + first, 0, states.gates + first, layer.columns}, rows, false);
}

// Step t of the sequences, number s of those that are taken at once. The state before the
// first of all is zero, unless there is one.
template <class T>
static void few_step(const FewLayer<T> &layer, const FewStates<T> &states, int64_t s, int64_t t, bool has_states,
                     const int64_t *lengths, int64_t n) {
    const int64_t step = n * layer.pitch, size = layer.size;
    const T *h_prev = states.h + s * step, *c_prev = states.c ? states.c + s * step : nullptr;
    T *gates = states.gates + s * n * layer.columns;
    T *of_h = gates + layer.gates.first_h * size;
    if (t || has_states)
        layer.by_h.multiply({h_prev, layer.pitch, of_h, layer.columns, of_h, layer.columns}, n, s % 2);
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = i * layer.pitch;
        T *h = states.h + (s + 1) * step + at, *c = c_prev ? states.c + (s + 1) * step + at : nullptr;
        if (!lengths || t < lengths[i]) {
            gates_forward<T>(layer.cell, layer.is_relu,
                             {size, size, size, nullptr, gates + i * layer.columns, h_prev + at,
                              c_prev ? c_prev + at : nullptr, h, c});
            continue;
        }
        memcpy(h, h_prev + at, size * sizeof(T));
        if (c) memcpy(c, c_prev + at, size * sizeof(T));
    }
}

template <class T> struct FewSamples {
    Call<T> *call;
    int64_t n, at_once;
    bool has_states;           // whether states are there before the first step
    FewLayer<T> *layers;
    FewStates<T> *states;
    T *x;                      // (at_once, n, F)
    Pool<T> pool;              // (n, pitch)
    ColumnBlocks<T> head;
    T *bias, *raw;             // (head.columns,); (n, head.columns)

    void take(Arena &arena) {
        const Shape &s = call->net->shape;
        layers = (FewLayer<T> *)arena.take<char>(s.n_layers * sizeof(FewLayer<T>));
        states = (FewStates<T> *)arena.take<char>(s.n_layers * sizeof(FewStates<T>));
        FewLayer<T> layer;
        for (int64_t l = 0; l < s.n_layers; l++) {
            layer.take(arena, s.cell, s.is_relu, features_of<T>(s, l), s.H);
            FewStates<T> kept;
            kept.take(arena, layer, at_once, n);
            if (layers) layers[l] = layer, states[l] = kept;
        }
        x = arena.take<T>(at_once * n * s.F);
        pool.take(arena, s.pooling, n * layer.pitch, n, false);
        head.take(arena, s.H, round_up(s.K, Simd<T>::n));
        bias = arena.take<T>(head.columns);
        raw = arena.take<T>(n * head.columns);
    }

    // States begin at zero.
    void begin() {
        const Shape &s = call->net->shape;
        for (int64_t l = 0; l < s.n_layers; l++) {
            const int64_t size = n * layers[l].pitch * sizeof(T);
            layers[l].pack(weights_of(*call, l));
            memset(states[l].h, 0, size);
            if (states[l].c) memset(states[l].c, 0, size);
        }
        has_states = false;
        pool.begin(call->in.lengths, n, call->L, n * layers[0].pitch, n, s.H, true);
    }

    // Take some steps, from `first` on; their states follow the first of those that are kept.
    void take_steps(int64_t first, int64_t count) const {
        const Shape &s = call->net->shape;
        read_rows(call->in, call->L, s.F, n, first, count, s.F, x);
        const T *below = x;
        int64_t ld = s.F;
        for (int64_t l = 0; l < s.n_layers; l++) {
            few_inputs(layers[l], states[l], below, ld, count * n);
            for (int64_t k = 0; k < count; k++)
                few_step(layers[l], states[l], k, first + k, has_states, call->in.lengths, n);
            below = states[l].h + n * layers[l].pitch, ld = layers[l].pitch;
        }
    }

    // The same; the last states then become the first of those that are kept.
    void run(int64_t first, int64_t count) const {
        const Shape &s = call->net->shape;
        take_steps(first, count);
        add_to_pool(first, count);
        for (int64_t l = 0; l < s.n_layers; l++) {
            const int64_t step = n * layers[l].pitch;
            memcpy(states[l].h, states[l].h + count * step, step * sizeof(T));
            if (states[l].c) memcpy(states[l].c, states[l].c + count * step, step * sizeof(T));
        }
    }

    void add_to_pool(int64_t first, int64_t count) const {
        if (pool.kind == LAST) return;
        const int64_t top = call->net->shape.n_layers - 1;
        const int64_t size = layers[top].size, pitch = layers[top].pitch;
        for (int64_t i = 0; i < n; i++) {
            const int64_t n_steps = call->in.lengths ? call->in.lengths[i] : call->L;
            for (int64_t k = 0; k < count && first + k < n_steps; k++)
                pool.add(first + k, states[top].h + ((k + 1) * n + i) * pitch, nullptr, i * pitch, size,
                         size);
        }
    }

    // Outputs are lanes here, too: a compiler is free to add up a single one otherwise.
    void run_head() const {
        const Shape &s = call->net->shape;
        const int64_t pitch = layers[0].pitch;
        pool.divide(pool.states, s.H, n, 1, pitch);
        const T *pooled = pool.kind == LAST ? states[s.n_layers - 1].h : pool.states;
        for (int64_t k = 0; k < head.columns; k++) {
            head.rows[k] = k < s.K ? call->weights[4 * s.n_layers] + k * s.H : nullptr;
            bias[k] = k < s.K ? call->weights[4 * s.n_layers + 1][k] : T(0);
        }
        head.pack();
        head.multiply({pooled, pitch, bias, 0, raw, head.columns}, n, false);
        for (int64_t i = 0; i < n; i++) memcpy(call->outputs + i * s.K, raw + i * head.columns, s.K * sizeof(T));
    }
};

// False if memory ran out. At once: steps that go through all layers before others.
template <class T> static bool open_few(FewSamples<T> &few, Call<T> &call, int64_t at_once) {
    few.call = &call;
    few.n = call.split.n_samples;
    few.at_once = at_once;
    Arena count = {nullptr, 0};
    few.take(count);
    char *base = call.net->part_of[0].at_least(count.used);
    if (!base) return false;
    Arena arena = {base, 0};
    few.take(arena);
    return true;
}

// False if memory ran out.
template <class T> static bool predict_few(Call<T> &call) {
    FewSamples<T> few = {};
    if (!open_few(few, call, call.L < STEPS_AT_ONCE ? call.L : STEPS_AT_ONCE)) return false;
    uint64_t before = flush_denormals();
    few.begin();
    for (int64_t first = 0; first < call.L; first += few.at_once)
        few.run(first, call.L - first < few.at_once ? call.L - first : few.at_once);
    few.run_head();
    restore_denormals(before);
    return true;
}
