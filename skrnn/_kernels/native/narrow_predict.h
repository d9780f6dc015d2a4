// Outputs of the standard network for a few samples, as when one row is predicted alone.
//
// A number is summed in the same order as in network.h, so that the bits of a sample do
// not depend on how many others there are. One thread does it: the steps are too small
// to share.
#pragma once

#include "narrow.h"
#include "network.h"

// Chosen by hand: of so many samples, units as lanes take less time than samples as
// lanes do, which 16 samples of float32 take as one does.
constexpr int64_t FEW_TO_PREDICT = 4;
// Steps that go through all layers before the next ones do. Each layer's inputs are one
// product, and what is held does not grow with the sequences.
constexpr int64_t STEPS_AT_ONCE = 32;

template <class T> struct FewSamples {
    Call<T> *call;
    int64_t n, at_once;
    bool has_states;           // whether states are there before the first step
    NarrowLayer<T> *layers;
    NarrowRecord<T> *records;  // of as many steps as are taken at once
    T *x;                      // (at_once, n, x_size)
    Pool<T> pool;              // (n, pitch)
    T *head, *raw;             // (H, width) of a tile; (n, head_columns)

    void take(Arena &arena) {
        const Shape &s = call->net->shape;
        layers = (NarrowLayer<T> *)arena.take<char>(s.n_layers * sizeof(NarrowLayer<T>));
        records = (NarrowRecord<T> *)arena.take<char>(s.n_layers * sizeof(NarrowRecord<T>));
        NarrowLayer<T> layer;
        for (int64_t l = 0; l < s.n_layers; l++) {
            layer.plan(arena, s.cell, s.is_relu, features_of<T>(s, l), s.H, false);
            NarrowRecord<T> record;
            record.take_states(arena, layer, at_once, n);
            if (layers) layers[l] = layer, records[l] = record;
        }
        x = arena.take<T>(at_once * n * round_up(s.F, GROUP_BYTES / (int64_t)sizeof(T)));
        pool.take(arena, s.pooling, n * layer.pitch, n, false);
        head = arena.take<T>(TILE<T> * s.H);
        raw = arena.take<T>(n * head_columns());
    }

    // States begin at zero.
    void begin() {
        const Shape &s = call->net->shape;
        for (int64_t l = 0; l < s.n_layers; l++) {
            const NarrowLayer<T> &layer = layers[l];
            const Weights<T> w = weights_of(*call, l);
            for (int64_t tile = 0; tile < layer.tiles; tile++) layer.pack_forward(w, tile);
            memset(records[l].h, 0, n * layer.pitch * sizeof(T));
            if (records[l].c) memset(records[l].c, 0, n * layer.pitch * sizeof(T));
        }
        has_states = false;
        pool.begin(call->in.lengths, n, call->L, n * layers[0].pitch, n, s.H, true);
    }

    // Take some steps, from `first` on; their states follow the first of the records.
    void take_steps(int64_t first, int64_t count) const {
        const Shape &s = call->net->shape;
        const int64_t *lengths = call->in.lengths;
        read_rows(call->in, call->L, s.F, n, first, count, layers[0].x_size, x);
        const T *below = x;
        for (int64_t l = 0; l < s.n_layers; l++) {
            const NarrowLayer<T> &layer = layers[l];
            const NarrowRecord<T> &record = records[l];
            const int64_t step = n * layer.pitch;
            for (int64_t tile = 0; tile < layer.tiles; tile++)
                from_inputs(layer, record, below, l ? layer.pitch : layer.x_size, count * n, tile);
            for (int64_t k = 0; k < count; k++)
                for (int64_t tile = 0; tile < layer.tiles; tile++)
                    narrow_step(layer, record, k, first + k, has_states, lengths, n, tile);
            below = record.h + step;
        }
    }

    // The same; the last states then become the first of the records.
    void run(int64_t first, int64_t count) const {
        const Shape &s = call->net->shape;
        take_steps(first, count);
        add_to_pool(first, count);
        for (int64_t l = 0; l < s.n_layers; l++) {
            const int64_t step = n * layers[l].pitch;
            memcpy(records[l].h, records[l].h + count * step, step * sizeof(T));
            if (records[l].c) memcpy(records[l].c, records[l].c + count * step, step * sizeof(T));
        }
    }

    void add_to_pool(int64_t first, int64_t count) const {
        if (pool.kind == LAST) return;
        const int64_t top = call->net->shape.n_layers - 1;
        const int64_t size = layers[top].size, pitch = layers[top].pitch;
        for (int64_t i = 0; i < n; i++) {
            const int64_t n_steps = call->in.lengths ? call->in.lengths[i] : call->L;
            for (int64_t k = 0; k < count && first + k < n_steps; k++)
                pool.add(first + k, records[top].h + ((k + 1) * n + i) * pitch, nullptr, i * pitch, size,
                         size);
        }
    }

    // Outputs are lanes here, too: a compiler is free to add up a single one otherwise.
    void run_head() const {
        const Shape &s = call->net->shape;
        const int64_t pitch = layers[0].pitch, columns = head_columns();
        pool.divide(pool.states, s.H, n, 1, pitch);
        const T *states = pool.kind == LAST ? records[s.n_layers - 1].h : pool.states;
        const T *weight = call->weights[4 * s.n_layers], *bias = call->weights[4 * s.n_layers + 1];
        for (int64_t i = 0; i < n; i++)
            for (int64_t k = 0; k < columns; k++) raw[i * columns + k] = k < s.K ? bias[k] : T(0);
        for (int64_t first = 0; first < columns; first += TILE<T>) {
            const int64_t width = tile_width<T>(columns, first / TILE<T>), left = s.K - first;
            pack_tile(head, s.H, width, left < width ? left : width,
                      [&](int64_t j) { return weight + (first + j) * s.H; });
            add_rows(states, pitch, n, s.H, head, width, raw + first, columns);
        }
        for (int64_t i = 0; i < n; i++) memcpy(call->outputs + i * s.K, raw + i * columns, s.K * sizeof(T));
    }

    int64_t head_columns() const { return round_up(call->net->shape.K, GROUP_BYTES / (int64_t)sizeof(T)); }
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
