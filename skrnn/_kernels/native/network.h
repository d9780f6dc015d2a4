// The standard network: layers in one direction, one state out of all, a linear head.
#pragma once

#include "lanes.h"
#include "loss.h"
#include "sequence.h"
#include "thread_pool.h"

struct Shape {
    int cell, is_relu, pooling;
    int64_t n_layers, F, H, K;
    int n_threads;
};

template <class T> struct Network {
    Shape shape;
    ThreadPool threads;
    Layer<T> *layers;
    T *head, *head_back;  // packed (K, H) and its transpose
    Workspace packed, summed, inputs, composed, part_of[MAX_THREADS];
    int64_t packed_for;  // lanes that the blocks of the layers are made for
    bool packed_to_train;
};

// One call of the network; what the phases below share.
template <class T> struct Call {
    Network<T> *net;
    const T *const *weights;  // four a layer, then weight and bias of the head
    T *const *gradients;      // in the same order
    Input in;
    Loss loss;
    int64_t L;
    Split<T> split;
    T *outputs;               // (N, K)
    T *dx;                    // (N, L, F): gradients of the inputs, or null
    bool trains;
    int64_t n_sums;
    Sums<T> *sums;            // (n_sums, n_layers)
    T **head_sums;            // (n_sums,) of (K, columns of H)
    T **head_bias;            // (n_sums,) of (K,)
    double *losses;           // a part
    std::atomic<int> is_short_of_memory;

    Call(void *net_, const T *const *weights_, T *const *gradients_, const Input &in_, const Loss &loss_,
         int64_t n_samples, int64_t L_, T *outputs_, bool trains_)
        : net((Network<T> *)net_), weights(weights_), gradients(gradients_), in(in_), loss(loss_), L(L_),
          split(n_samples, trains_), outputs(outputs_), dx(nullptr), trains(trains_), n_sums(0),
          sums(nullptr), head_sums(nullptr), head_bias(nullptr), losses(nullptr),
          is_short_of_memory(0) {}
};

template <class T> Weights<T> weights_of(const Call<T> &call, int64_t layer) {
    const T *const *w = call.weights + 4 * layer;
    return {w[0], w[1], w[2], w[3]};
}

template <class T> int64_t features_of(const Shape &s, int64_t layer) { return layer ? s.H : s.F; }

template <class T> int64_t head_columns(const Shape &s) {
    return round_up(s.H, GROUP_BYTES / (int64_t)sizeof(T));
}

// -- phases ------------------------------------------------------------------------

// Hand out numbered pieces of work to the threads.
template <class Do> static void in_turns(int thread, int n_threads, int64_t count, Do piece) {
    for (int64_t i = thread; i < count; i += n_threads) piece(i);
}

template <class T> static void pack_phase(void *of, int thread, int n_threads) {
    Call<T> &call = *(Call<T> *)of;
    Network<T> &net = *call.net;
    const Shape &shape = net.shape;
    const int64_t kinds = call.trains ? 2 : 1;
    int64_t number = 0;
    for (int64_t l = 0; l < shape.n_layers; l++) {
        const Layer<T> &layer = net.layers[l];
        Weights<T> weights = weights_of(call, l);
        for (int64_t b = 0; b < layer.n_blocks; b++)
            for (int64_t kind = 0; kind < kinds; kind++)
                if (number++ % n_threads == thread) {
                    if (kind == 0)
                        layer.pack_forward(b, weights);
                    else
                        layer.pack_backward(b, weights, l > 0 || call.dx);
                }
    }
    const T *head = call.weights[4 * shape.n_layers];
    if (number++ % n_threads == thread)
        pack(net.head, shape.K, shape.H, [&](int64_t k, int64_t h) { return head[k * shape.H + h]; });
    if (call.trains && number % n_threads == thread)
        pack(net.head_back, shape.H, shape.K, [&](int64_t h, int64_t k) { return head[k * shape.H + h]; });
}

// What one part of a batch needs, in one piece of memory.
template <class T> struct PartMemory {
    T *x, *dx, *masks, *raw, *of_sample, *dy, *turned_pooled;
    char *is_masked;
    Record<T> *records;
    Scratch<T> *scratch;
    Pool<T> pool;

    void take(Arena &arena, const Call<T> &call, int64_t n) {
        const Shape &s = call.net->shape;
        const int64_t L = call.L;
        x = arena.take<T>(L * s.F * n);
        dx = call.dx ? arena.take<T>(L * s.F * n) : nullptr;
        masks = call.in.lengths ? arena.take<T>(L * n) : nullptr;
        is_masked = call.in.lengths ? arena.take<char>(L) : nullptr;
        raw = arena.take<T>(s.K * n);
        of_sample = arena.take<T>(s.K);
        records = (Record<T> *)arena.take<char>(s.n_layers * sizeof(Record<T>));
        scratch = (Scratch<T> *)arena.take<char>(s.n_layers * sizeof(Scratch<T>));
        for (int64_t l = 0; l < s.n_layers; l++) {
            const Layer<T> &layer = call.net->layers[l];
            Record<T> unused, &record = records ? records[l] : unused;
            if (call.trains) {
                record.take(arena, layer, L, n);
                Scratch<T> other, &here = scratch ? scratch[l] : other;
                here.take(arena, layer, n);
            } else {
                record.gates = arena.take<T>(layer.rows() * n);
                record.h = arena.take<T>(2 * layer.H * n);
                record.c = layer.cell == LSTM ? arena.take<T>(2 * layer.H * n) : nullptr;
            }
        }
        pool.take(arena, s.pooling, s.H * n, n, call.trains);
        dy = call.trains ? arena.take<T>((s.n_layers > 1 ? L : 1) * s.H * n) : nullptr;
        turned_pooled = call.trains ? arena.take<T>(n * head_columns<T>(s)) : nullptr;
    }
};

template <class T> static bool open_part(Call<T> &call, int64_t part, int thread, PartMemory<T> &memory) {
    const int64_t n = call.split.lanes(part), first = call.split.first(part);
    Arena count = {nullptr, 0};
    memory.take(count, call, n);
    char *base = call.net->part_of[thread].at_least(count.used);
    if (!base) {
        call.is_short_of_memory = 1;
        return false;
    }
    Arena arena = {base, 0};
    memory.take(arena, call, n);
    read_lanes<T>(call.in, first, call.split.count(part), call.L, call.net->shape.F, n, memory.x);
    if (call.in.lengths)
        fill_masks(call.in.lengths + first, call.split.count(part), call.L, n, memory.masks,
                   memory.is_masked);
    for (int64_t l = 0; l < call.net->shape.n_layers; l++) {  // states begin at zero
        const int64_t size = call.net->layers[l].H * n * sizeof(T);
        memset(memory.records[l].h, 0, size);
        if (memory.records[l].c) memset(memory.records[l].c, 0, size);
    }
    memory.pool.begin(call.in.lengths ? call.in.lengths + first : nullptr, call.split.count(part),
                      call.L, call.net->shape.H * n, n, call.net->shape.H, false);
    return true;
}

// Raw outputs of a part from pooled states (H, n), also for the caller.
template <class T> static void run_head(Call<T> &call, int64_t part, const T *pooled, T *raw) {
    const Shape &s = call.net->shape;
    const int64_t n = call.split.lanes(part), first = call.split.first(part);
    const T *bias = call.weights[4 * s.n_layers + 1];
    multiply<T>({call.net->head, PANEL, pooled, s.H, nullptr, 0, n, n, bias, raw, false}, s.K);
    for (int64_t i = 0; i < call.split.count(part); i++)
        for (int64_t k = 0; k < s.K; k++) call.outputs[(first + i) * s.K + k] = raw[k * n + i];
}

template <class T> static void predict_part(Call<T> &call, int64_t part, int thread) {
    PartMemory<T> memory;
    if (!open_part(call, part, thread, memory)) return;
    const Shape &s = call.net->shape;
    const int64_t n = call.split.lanes(part), size = s.H * n;
    const Masks<T> masks = {memory.masks, memory.is_masked};
    const Pool<T> &pool = memory.pool;
    for (int64_t t = 0; t < call.L; t++) {
        const T *x = memory.x + t * s.F * n;
        for (int64_t l = 0; l < s.n_layers; l++) {
            const Record<T> &record = memory.records[l];
            const int64_t from = t % 2 * size, to = size - from;
            T *c = record.c;
            Step<T> step = {x, record.h + from, c ? c + from : nullptr, record.h + to,
                            c ? c + to : nullptr, record.gates, masks.at(t, n)};
            step_forward(call.net->layers[l], step, n, t == 0);
            x = step.h;
        }
        if (pool.kind != LAST) pool.add(t, x, masks.at(t, n), 0, size, n);
    }
    pool.divide(pool.states, s.H, n, n, 1);
    const T *final = memory.records[s.n_layers - 1].h + call.L % 2 * size;
    run_head(call, part, pool.kind == LAST ? final : pool.states, memory.raw);
}

// Pooled states (H, n) of a part, from recorded ones (L + 1, H, n), the first of which is the begin.
template <class T>
static const T *pooled_states(const Pool<T> &pool, const T *h, const Masks<T> &masks, int64_t L, int64_t H,
                              int64_t n) {
    const int64_t size = H * n;
    if (pool.kind == LAST) return h + L * size;
    for (int64_t t = 0; t < L; t++) pool.add(t, h + (t + 1) * size, masks.at(t, n), 0, size, n);
    pool.divide(pool.states, H, n, n, 1);
    return pool.states;
}

template <class T> static void train_part(Call<T> &call, int64_t part, int64_t sum, int thread) {
    PartMemory<T> memory;
    if (!open_part(call, part, thread, memory)) return;
    const Shape &s = call.net->shape;
    const int64_t n = call.split.lanes(part), first = call.split.first(part), size = s.H * n;
    const int64_t count = call.split.count(part), L = call.L, top = s.n_layers - 1;
    const Masks<T> masks = {memory.masks, memory.is_masked};
    const T *x = memory.x;
    for (int64_t l = 0; l <= top; l++) {
        run_forward(call.net->layers[l], memory.records[l], x, masks, L, n, false, true);
        x = memory.records[l].h + size;
    }
    const Pool<T> &pool = memory.pool;
    const bool is_last = pool.kind == LAST;
    const T *pooled = pooled_states(pool, memory.records[top].h, masks, L, s.H, n);
    run_head(call, part, pooled, memory.raw);

    double total = 0;
    T *raw = memory.raw, *bias = call.head_bias[sum];
    T *of_sample = memory.of_sample;
    for (int64_t i = 0; i < count; i++) {
        for (int64_t k = 0; k < s.K; k++) of_sample[k] = raw[k * n + i];
        total += loss_of<T>(call.loss, first + i, s.K, 1.0 / call.split.n_samples, of_sample);
        for (int64_t k = 0; k < s.K; k++) {
            raw[k * n + i] = of_sample[k];
            bias[k] += of_sample[k];
        }
    }
    for (int64_t k = 0; k < s.K; k++)
        for (int64_t i = count; i < n; i++) raw[k * n + i] = 0;
    call.losses[part] = total;

    const int64_t columns = head_columns<T>(s);
    memset(memory.turned_pooled, 0, n * columns * sizeof(T));
    turn(pooled, n, s.H, n, memory.turned_pooled, columns);
    add_outer<T>({raw, 0, n, memory.turned_pooled, 0, columns, 1, n, call.head_sums[sum], columns}, s.K,
                 columns);
    T *d_pooled = is_last ? memory.scratch[top].dh[1] : pool.gradients;
    multiply<T>({call.net->head_back, PANEL, raw, s.K, nullptr, 0, n, n, nullptr, d_pooled, false}, s.H);
    pool.divide(d_pooled, s.H, n, n, 1);

    for (int64_t l = top; l >= 0; l--) {
        const T *below = l ? memory.records[l - 1].h + size : memory.x;
        const bool is_top = l == top;
        run_backward(call.net->layers[l], memory.records[l], memory.scratch[l], below, masks, L, n,
                     false, true, is_top ? nullptr : memory.dy, is_top && is_last ? d_pooled : nullptr,
                     is_top && !is_last ? &pool : nullptr, l ? memory.dy : memory.dx,
                     call.sums[sum * s.n_layers + l]);
    }
    if (call.dx) lanes_to_rows(memory.dx, count, L * s.F, n, call.dx + first * L * s.F);
}

template <class T> static void part_phase(void *of, int thread, int n_threads) {
    Call<T> &call = *(Call<T> *)of;
    if (!call.trains)
        return in_turns(thread, n_threads, call.split.n_parts,
                        [&](int64_t part) { predict_part(call, part, thread); });
    // A sum takes the same parts in the same order whichever thread has it.
    in_turns(thread, n_threads, call.n_sums, [&](int64_t sum) {
        const Shape &s = call.net->shape;
        for (int64_t l = 0; l < s.n_layers; l++)
            call.net->layers[l].clear(call.sums[sum * s.n_layers + l]);
        memset(call.head_sums[sum], 0, s.K * head_columns<T>(s) * sizeof(T));
        memset(call.head_bias[sum], 0, s.K * sizeof(T));
        for (int64_t part = sum; part < call.split.n_parts; part += call.n_sums)
            train_part(call, part, sum, thread);
    });
}

template <class T> static void reduce_phase(void *of, int thread, int n_threads) {
    Call<T> &call = *(Call<T> *)of;
    const Shape &s = call.net->shape;
    int64_t number = 0;
    for (int64_t l = 0; l < s.n_layers; l++) {
        const Layer<T> &layer = call.net->layers[l];
        Sums<T> sums[MAX_SUMS];
        for (int64_t a = 0; a < call.n_sums; a++) sums[a] = call.sums[a * s.n_layers + l];
        T *const *g = call.gradients + 4 * l;
        for (int64_t b = 0; b < layer.n_blocks; b++)
            if (number++ % n_threads == thread)
                layer.reduce(b, sums, call.n_sums, {g[0], g[1], g[2], g[3]});
    }
    if (number % n_threads != thread) return;
    T *weight = call.gradients[4 * s.n_layers], *bias = call.gradients[4 * s.n_layers + 1];
    const int64_t columns = head_columns<T>(s);
    for (int64_t k = 0; k < s.K; k++) {
        for (int64_t h = 0; h < s.H; h++) {
            T total = 0;
            for (int64_t a = 0; a < call.n_sums; a++) total += call.head_sums[a][k * columns + h];
            weight[k * s.H + h] = total;
        }
        T total = 0;
        for (int64_t a = 0; a < call.n_sums; a++) total += call.head_bias[a][k];
        bias[k] = total;
    }
}

// -- calls -------------------------------------------------------------------------

template <class T> static bool pack_weights(Call<T> &call) {
    Network<T> &net = *call.net;
    const Shape &s = net.shape;
    const int64_t n = call.split.size;
    auto lay_out = [&](Arena &arena) {
        net.layers = (Layer<T> *)arena.take<char>(s.n_layers * sizeof(Layer<T>));
        for (int64_t l = 0; l < s.n_layers; l++) {
            Layer<T> unused, &layer = net.layers ? net.layers[l] : unused;
            layer.plan(arena, s.cell, s.is_relu, features_of<T>(s, l), s.H, n, call.trains);
        }
        net.head = arena.take<T>(panels_of(s.K) * PANEL * s.H);
        net.head_back = call.trains ? arena.take<T>(panels_of(s.H) * PANEL * s.K) : nullptr;
    };
    if (net.packed_for != n || net.packed_to_train != call.trains) {
        Arena count = {nullptr, 0};
        lay_out(count);
        char *base = net.packed.at_least(count.used);
        net.packed_for = base ? n : 0;
        if (!base) return false;
        net.packed_to_train = call.trains;
        Arena arena = {base, 0};
        lay_out(arena);
    }
    run_pool(net.threads, pack_phase<T>, &call);
    return true;
}

template <class T> static bool make_sums(Call<T> &call) {
    const Shape &s = call.net->shape;
    call.n_sums = call.split.n_parts < MAX_SUMS ? call.split.n_parts : MAX_SUMS;
    auto lay_out = [&](Arena &arena) {
        call.sums = (Sums<T> *)arena.take<char>(call.n_sums * s.n_layers * sizeof(Sums<T>));
        call.head_sums = (T **)arena.take<char>(call.n_sums * sizeof(T *));
        call.head_bias = (T **)arena.take<char>(call.n_sums * sizeof(T *));
        call.losses = arena.take<double>(call.split.n_parts);
        for (int64_t a = 0; a < call.n_sums; a++) {
            for (int64_t l = 0; l < s.n_layers; l++) {
                Sums<T> sums = call.net->layers[l].take_sums(arena);
                if (call.sums) call.sums[a * s.n_layers + l] = sums;
            }
            T *head = arena.take<T>(s.K * head_columns<T>(s)), *bias = arena.take<T>(s.K);
            if (call.head_sums) call.head_sums[a] = head, call.head_bias[a] = bias;
        }
    };
    Arena count = {nullptr, 0};
    lay_out(count);
    char *base = call.net->summed.at_least(count.used);
    if (!base) return false;
    Arena arena = {base, 0};
    lay_out(arena);
    return true;
}

// Gradients and loss of a batch; false if memory ran out.
template <class T> static bool train_batch(Call<T> &call, double *loss) {
    if (!pack_weights(call) || !make_sums(call)) return false;
    run_pool(call.net->threads, part_phase<T>, &call);
    if (call.is_short_of_memory) return false;
    run_pool(call.net->threads, reduce_phase<T>, &call);
    double total = 0;
    for (int64_t part = 0; part < call.split.n_parts; part++) total += call.losses[part];
    *loss = total / call.split.n_samples;
    return true;
}

template <class T> static bool predict_batch(Call<T> &call) {
    if (!pack_weights(call)) return false;
    run_pool(call.net->threads, part_phase<T>, &call);
    return !call.is_short_of_memory;
}
