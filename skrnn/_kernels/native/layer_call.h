// One layer and direction by itself, for networks that autograd runs.
#pragma once

#include "lanes.h"
#include "sequence.h"
#include "thread_pool.h"

template <class T> struct LayerCall {
    int64_t cell, is_relu, is_reversed, needs_record;
    int64_t N, L, F, H;
    Weights<T> weights;
    const T *x;               // (N, L, F)
    const int64_t *lengths;   // (N,), or null
    const T *h0, *c0;         // (N, H), or null for zeros
    T *states;                // (N, L, H); zero where a step is absent
    T *h_end, *c_end;         // (N, H)
    char *record;             // of record_size bytes, aligned to a cache line
    const T *d_states;        // (N, L, H), or null
    const T *d_end;           // (N, H), or null
    T *dx;                    // (N, L, F), or null
    WeightGradients<T> d_weights;
};

// Memory that the calls of a pool use one after the other.
struct LayerMemories {
    Workspace packed, summed, part_of[MAX_THREADS];

    void clear() {
        release(packed.memory);
        release(summed.memory);
        for (Workspace &workspace : part_of) release(workspace.memory);
    }
};

struct LayerPool {
    ThreadPool threads;
    LayerMemories kept;
};

template <class T> struct LayerRun {
    LayerCall<T> *call;
    Split<T> split;
    Layer<T> layer;
    LayerMemories &kept;
    int64_t n_sums;
    Sums<T> sums[MAX_SUMS];
    std::atomic<int> is_short_of_memory;

    LayerRun(LayerCall<T> &call_, LayerMemories &kept_)
        : call(&call_), split(call_.N, true), kept(kept_), n_sums(0), is_short_of_memory(0) {}
};

// Memory of a part: what lasts until the backward pass, and what does not.
template <class T> struct LayerMemory {
    T *x, *masks;
    char *is_masked;
    Record<T> record;

    void take(Arena &arena, const LayerCall<T> &call, const Layer<T> &layer, int64_t n) {
        x = arena.take<T>(call.L * call.F * n);
        masks = call.lengths ? arena.take<T>(call.L * n) : nullptr;
        is_masked = call.lengths ? arena.take<char>(call.L) : nullptr;
        record.take(arena, layer, call.L, n);
    }
};

template <class T> static size_t part_size(const LayerCall<T> &call, const Layer<T> &layer, int64_t n) {
    LayerMemory<T> memory;
    Arena count = {nullptr, 0};
    memory.take(count, call, layer, n);
    return count.used;
}

template <class T> static Layer<T> planned(const LayerCall<T> &call, Arena &arena, bool trains) {
    Layer<T> layer;
    Split<T> split(call.N, true);
    layer.plan(arena, (int)call.cell, call.is_relu, call.F, call.H, split.size, trains);
    return layer;
}

// Bytes that the forward pass keeps for the backward pass.
template <class T> static int64_t record_size(const LayerCall<T> &call) {
    Arena arena = {nullptr, 0};
    Layer<T> layer = planned(call, arena, true);
    Split<T> split(call.N, true);
    return split.n_parts * (int64_t)part_size(call, layer, split.size);
}

template <class T> static void forward_phase(void *of, int thread, int n_threads) {
    LayerRun<T> &run = *(LayerRun<T> *)of;
    LayerCall<T> &call = *run.call;
    const Layer<T> &layer = run.layer;
    const int64_t L = call.L, F = call.F, H = call.H;
    for (int64_t part = thread; part < run.split.n_parts; part += n_threads) {
        const int64_t n = run.split.lanes(part), first = run.split.first(part);
        const int64_t count = run.split.count(part);
        const size_t size = part_size(call, layer, run.split.size);
        char *base = call.needs_record ? call.record + part * size : run.kept.part_of[thread].at_least(size);
        if (!base) {
            run.is_short_of_memory = 1;
            return;
        }
        LayerMemory<T> memory;
        Arena arena = {base, 0};
        memory.take(arena, call, layer, n);
        Input in = {call.x, sizeof(T) == 4 ? FLOAT32 : FLOAT64, nullptr, nullptr, nullptr};
        read_lanes<T>(in, first, count, L, F, n, memory.x);
        if (call.lengths)
            fill_masks(call.lengths + first, count, L, n, memory.masks, memory.is_masked);
        rows_to_lanes(call.h0 ? call.h0 + first * H : nullptr, count, H, n, memory.record.h);
        if (memory.record.c)
            rows_to_lanes(call.c0 ? call.c0 + first * H : nullptr, count, H, n, memory.record.c);
        const Masks<T> masks = {memory.masks, memory.is_masked};
        run_forward(layer, memory.record, memory.x, masks, L, n, call.is_reversed, !call.h0);
        for (int64_t s = 0; s < L; s++) {
            const int64_t t = call.is_reversed ? L - 1 - s : s;
            const T *h = memory.record.h + (s + 1) * H * n;
            for (int64_t i = 0; i < count; i++) {
                T *to = call.states + ((first + i) * L + t) * H;
                const bool is_there = !call.lengths || t < call.lengths[first + i];
                for (int64_t k = 0; k < H; k++) to[k] = is_there ? h[k * n + i] : T(0);
            }
        }
        lanes_to_rows(memory.record.h + L * H * n, count, H, n, call.h_end + first * H);
        if (memory.record.c)
            lanes_to_rows(memory.record.c + L * H * n, count, H, n, call.c_end + first * H);
    }
}

template <class T> static void backward_phase(void *of, int thread, int n_threads) {
    LayerRun<T> &run = *(LayerRun<T> *)of;
    LayerCall<T> &call = *run.call;
    const Layer<T> &layer = run.layer;
    const int64_t L = call.L, F = call.F, H = call.H;
    for (int64_t sum = thread; sum < run.n_sums; sum += n_threads) {
        const Sums<T> &sums = run.sums[sum];
        layer.clear(sums);
        for (int64_t part = sum; part < run.split.n_parts; part += run.n_sums) {
            const int64_t n = run.split.lanes(part), first = run.split.first(part);
            const int64_t count = run.split.count(part);
            LayerMemory<T> memory;
            Arena kept = {call.record + part * part_size(call, layer, run.split.size), 0};
            memory.take(kept, call, layer, n);
            Scratch<T> scratch;
            T *dy = nullptr, *d_end = nullptr, *dx = nullptr;
            auto lay_out = [&](Arena &arena) {
                scratch.take(arena, layer, n);
                if (call.d_states) dy = arena.take<T>(L * H * n);
                if (call.d_end) d_end = arena.take<T>(H * n);
                if (call.dx) dx = arena.take<T>(L * F * n);
            };
            Arena size = {nullptr, 0};
            lay_out(size);
            char *base = run.kept.part_of[thread].at_least(size.used);
            if (!base) {
                run.is_short_of_memory = 1;
                return;
            }
            Arena arena = {base, 0};
            lay_out(arena);
            if (dy) rows_to_lanes(call.d_states + first * L * H, count, L * H, n, dy);
            if (d_end) rows_to_lanes(call.d_end + first * H, count, H, n, d_end);
            const Masks<T> masks = {memory.masks, memory.is_masked};
            run_backward<T>(layer, memory.record, scratch, memory.x, masks, L, n, call.is_reversed, !call.h0,
                            dy, d_end, nullptr, dx, sums);
            if (dx) lanes_to_rows(dx, count, L * F, n, call.dx + first * L * F);
        }
    }
}

template <class T> static bool open_layer(LayerRun<T> &run, LayerCall<T> &call, bool trains) {
    Arena count = {nullptr, 0};
    planned(call, count, trains);
    char *base = run.kept.packed.at_least(count.used);
    if (!base) return false;
    Arena arena = {base, 0};
    run.layer = planned(call, arena, trains);
    for (int64_t b = 0; b < run.layer.n_blocks; b++)
        if (trains)
            run.layer.pack_backward(b, call.weights, call.dx);
        else
            run.layer.pack_forward(b, call.weights);
    return true;
}

static void run_phase(LayerPool *of, Work work, void *run) {
    if (of) return run_pool(of->threads, work, run);
    uint64_t before = flush_denormals();
    work(run, 0, 1);
    restore_denormals(before);
}

template <class T>
static bool layer_forward(LayerPool *pool, LayerCall<T> &call, LayerMemories &kept) {
    LayerRun<T> run(call, kept);
    if (!open_layer(run, call, false)) return false;
    run_phase(pool, forward_phase<T>, &run);
    return !run.is_short_of_memory;
}

template <class T>
static bool layer_backward(LayerPool *pool, LayerCall<T> &call, LayerMemories &kept) {
    LayerRun<T> run(call, kept);
    if (!open_layer(run, call, true)) return false;
    run.n_sums = run.split.n_parts < MAX_SUMS ? run.split.n_parts : MAX_SUMS;
    auto lay_out = [&](Arena &arena) {
        for (int64_t a = 0; a < run.n_sums; a++) run.sums[a] = run.layer.take_sums(arena);
    };
    Arena count = {nullptr, 0};
    lay_out(count);
    char *base = kept.summed.at_least(count.used);
    if (!base) return false;
    Arena arena = {base, 0};
    lay_out(arena);
    run_phase(pool, backward_phase<T>, &run);
    if (run.is_short_of_memory) return false;
    for (int64_t b = 0; b < run.layer.n_blocks; b++)
        run.layer.reduce(b, run.sums, run.n_sums, call.d_weights);
    return true;
}

// Without a pool the calling thread works alone, in memory of this call.
template <class T> static bool run_layer(LayerPool *pool, LayerCall<T> &call, bool forward) {
    LayerMemories own;
    LayerMemories &kept = pool ? pool->kept : own;
    bool is_done = forward ? layer_forward(pool, call, kept) : layer_backward(pool, call, kept);
    if (!pool) own.clear();
    return is_done;
}
