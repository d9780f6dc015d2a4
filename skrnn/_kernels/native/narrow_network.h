// A step of training the standard network on a few samples.
#pragma once

#include "narrow.h"
#include "network.h"

template <class T> struct NarrowCall {
    Call<T> *call;
    NarrowLayer<T> *layers;
    NarrowRecord<T> *records;
    T *x, *dx;     // (L, n, x_size); the gradients, or null
    T *dy;         // (L, n, pitch), two of them in turn
    T *other_dy;
    T *outputs;    // (K,)
    Pool<T> pool;  // (n, pitch)
    Barrier barrier;
    int n_threads;
    double loss;

    void take(Arena &arena) {
        const Shape &s = call->net->shape;
        const int64_t L = call->L, n = call->split.n_samples;
        layers = (NarrowLayer<T> *)arena.take<char>(s.n_layers * sizeof(NarrowLayer<T>));
        records = (NarrowRecord<T> *)arena.take<char>(s.n_layers * sizeof(NarrowRecord<T>));
        NarrowLayer<T> layer;
        for (int64_t l = 0; l < s.n_layers; l++) {
            layer.plan(arena, s.cell, s.is_relu, features_of<T>(s, l), s.H);
            layer.choose(weights_of(*call, l));
            NarrowRecord<T> record;
            record.take(arena, layer, L, n, n_threads);
            if (layers) layers[l] = layer, records[l] = record;
        }
        x = arena.take<T>(L * n * round_up(s.F, GROUP_BYTES / (int64_t)sizeof(T)));
        dx = arena.take<T>(call->dx ? L * n * round_up(s.F, GROUP_BYTES / (int64_t)sizeof(T)) : 0);
        dy = arena.take<T>(s.n_layers > 1 ? L * n * layer.pitch : 0);
        other_dy = arena.take<T>(s.n_layers > 2 ? L * n * layer.pitch : 0);
        outputs = arena.take<T>(s.K);
        pool.take(arena, s.pooling, n * layer.pitch, n, true);
    }
};

// Gradients of the inputs as the caller has these: (n, L, F).
template <class T> static void write_gradients(const NarrowCall<T> &narrow) {
    const Call<T> &call = *narrow.call;
    const int64_t L = call.L, n = call.split.n_samples, F = call.net->shape.F;
    const int64_t x_size = narrow.layers[0].x_size;
    for (int64_t i = 0; i < n; i++)
        for (int64_t t = 0; t < L; t++)
            memcpy(call.dx + (i * L + t) * F, narrow.dx + (t * n + i) * x_size, F * sizeof(T));
}

// Head, loss, and their gradients; those of final states go to the record, of pooled
// states to the pool.
template <class T> static void narrow_head(NarrowCall<T> &narrow) {
    Call<T> &call = *narrow.call;
    const Shape &s = call.net->shape;
    const int64_t n = call.split.n_samples, top = s.n_layers - 1, H = s.H;
    const NarrowLayer<T> &layer = narrow.layers[top];
    const NarrowRecord<T> &record = narrow.records[top];
    const T *weight = call.weights[4 * s.n_layers], *bias = call.weights[4 * s.n_layers + 1];
    T *d_weight = call.gradients[4 * s.n_layers], *d_bias = call.gradients[4 * s.n_layers + 1];
    memset(d_weight, 0, s.K * H * sizeof(T));
    memset(d_bias, 0, s.K * sizeof(T));
    const Pool<T> &pool = narrow.pool;
    const bool is_last = pool.kind == LAST;
    memset(record.dh, 0, n * layer.pitch * sizeof(T));
    if (!is_last) memset(pool.gradients, 0, n * layer.pitch * sizeof(T));
    pool.divide(pool.states, H, n, 1, layer.pitch);
    const T *all_pooled = is_last ? record.h + call.L * n * layer.pitch : pool.states;
    T *all_gradients = is_last ? record.dh : pool.gradients;
    narrow.loss = 0;
    for (int64_t i = 0; i < n; i++) {
        const T *pooled = all_pooled + i * layer.pitch;
        T *raw = call.outputs + i * s.K, *d_pooled = all_gradients + i * layer.pitch;
        for (int64_t k = 0; k < s.K; k++) {
            Vec<T> sum = fill<T>(0);
            int64_t h = 0;
            for (; h + Simd<T>::n <= H; h += Simd<T>::n)
                sum += load<T>(weight + k * H + h) * load<T>(pooled + h);
            T total = bias[k] + sum_of<T>(sum);
            for (; h < H; h++) total += weight[k * H + h] * pooled[h];
            narrow.outputs[k] = raw[k] = total;
        }
        narrow.loss += loss_of<T>(call.loss, i, s.K, 1.0 / n, narrow.outputs);
        for (int64_t k = 0; k < s.K; k++) {
            const T d = narrow.outputs[k];
            d_bias[k] += d;
            for (int64_t h = 0; h < H; h++) d_weight[k * H + h] += d * pooled[h];
            for (int64_t h = 0; h < H; h++) d_pooled[h] += d * weight[k * H + h];
        }
    }
    pool.divide(all_gradients, H, n, 1, layer.pitch);
}

template <class T> static void narrow_phase(void *of, int thread, int n_threads) {
    NarrowCall<T> &narrow = *(NarrowCall<T> *)of;
    Call<T> &call = *narrow.call;
    const Shape &s = call.net->shape;
    if (thread >= narrow.n_threads) return;
    n_threads = narrow.n_threads;
    const Worker worker = {thread, n_threads, &narrow.barrier};
    const int64_t L = call.L, n = call.split.n_samples, top = s.n_layers - 1;
    const int64_t *lengths = call.in.lengths;
    const Pool<T> *pool = narrow.pool.kind == LAST ? nullptr : &narrow.pool;
    if (worker.owns(n_threads - 1)) {
        read_rows(call.in, L, s.F, n, 0, L, narrow.layers[0].x_size, narrow.x);
        narrow.pool.begin(lengths, n, L, n * narrow.layers[top].pitch, n, s.H, true);
    }
    for (int64_t l = 0; l <= top; l++) {
        const NarrowLayer<T> &layer = narrow.layers[l];
        const Weights<T> w = weights_of(call, l);
        const Gates &g = layer.gates;
        for (int64_t tile = worker.first_of(layer.tiles); tile < worker.end_of(layer.tiles); tile++) {
            layer.pack_forward(w, tile);
            if (!layer.w_hh)
                layer.pack_backward(w.w_hh, g.from_h, g.first_h, g.n_h, layer.H, layer.size, layer.back_h,
                                    tile);
        }
        const int64_t tiles = tiles_of<T>(layer.x_size);
        if ((l || call.dx) && !layer.w_ih)
            for (int64_t tile = worker.first_of(tiles); tile < worker.end_of(tiles); tile++)
                layer.pack_backward(w.w_ih, g.from_x, g.first_x, g.n_x, layer.F, layer.x_size, layer.back_x,
                                    tile);
    }
    worker.wait();
    const T *x = narrow.x;
    for (int64_t l = 0; l <= top; l++) {
        const NarrowLayer<T> &layer = narrow.layers[l];
        const int64_t ldx = l ? layer.pitch : layer.x_size;
        narrow_forward(layer, narrow.records[l], x, ldx, lengths, L, n, worker);
        x = narrow.records[l].h + n * layer.pitch;
    }
    if (pool) {
        narrow_pool(narrow.layers[top], narrow.records[top], *pool, lengths, L, n, worker);
        worker.wait();
    }
    if (thread == 0) narrow_head(narrow);
    worker.wait();
    T *dy = narrow.other_dy, *below_dy = narrow.dy;
    for (int64_t l = top; l >= 0; l--) {
        const NarrowLayer<T> &layer = narrow.layers[l];
        const NarrowRecord<T> &record = narrow.records[l];
        if (l < top && thread == 0) memset(record.dh, 0, n * layer.pitch * sizeof(T));
        if (l < top) worker.wait();
        narrow_backward(layer, record, l < top ? dy : nullptr, l == top ? pool : nullptr, lengths, L,
                        n, worker);
        // As far apart as the rows of the layer below, which is of the same size.
        const int64_t ldx = l ? layer.pitch : layer.x_size;
        if (l || call.dx) narrow_inputs(layer, record, L * n, l ? below_dy : narrow.dx, ldx, worker);
        const T *below = l ? narrow.records[l - 1].h + n * ldx : narrow.x;
        T *const *to = call.gradients + 4 * l;
        narrow_weights(layer, record, below, ldx, L * n, n, {to[0], to[1], to[2], to[3]}, worker);
        T *last = dy;
        dy = below_dy, below_dy = last;
        worker.wait();
    }
    if (call.dx && thread == 0) write_gradients(narrow);
}

// Gradients and loss of a batch; false if memory ran out.
template <class T> static bool train_few(Call<T> &call, double *loss) {
    Network<T> &net = *call.net;
    NarrowCall<T> narrow = {};
    narrow.call = &call;
    narrow.n_threads = net.shape.H * net.shape.H < SMALL_GATE ? 1 : net.threads.size;
    Arena count = {nullptr, 0};
    narrow.take(count);
    char *base = net.part_of[0].at_least(count.used);
    if (!base) return false;
    Arena arena = {base, 0};
    narrow.take(arena);
    if (narrow.n_threads == 1) {
        uint64_t before = flush_denormals();
        narrow_phase<T>(&narrow, 0, 1);
        restore_denormals(before);
    } else {
        run_pool(net.threads, narrow_phase<T>, &narrow);
    }
    *loss = narrow.loss / call.split.n_samples;
    return true;
}
