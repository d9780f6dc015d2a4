// A step of training a composed network: memory, packed weights, the parts of a batch on
// all threads, and the sums of their gradients.
#pragma once

#include "composed.h"

// Have the threads do numbered pieces: piece(thread, n_threads).
template <class Do> static void do_piece(void *of, int thread, int n_threads) {
    (*(Do *)of)(thread, n_threads);
}
template <class Do> static void on_threads(ThreadPool &pool, Do piece) { run_pool(pool, do_piece<Do>, &piece); }

template <class T> struct PlacedPart {
    PartOfComposed<T> memory;
    size_t size;
};

template <class T> static PlacedPart<T> memory_of(const ComposedCall<T> &call, Arena arena, int64_t part) {
    PlacedPart<T> placed;
    placed.memory.take(arena, call.plan, call.layers, call.in.lengths, call.dx, call.split.lanes(part));
    placed.size = arena.used;
    return placed;
}

// A sum takes the same parts in the same order whichever thread has it.
template <class T, class Do> static void each_part(ComposedCall<T> &call, Do piece) {
    on_threads(call.net->threads, [&](int thread, int n_threads) {
        in_turns(thread, n_threads, call.n_sums, [&](int64_t sum) {
            for (int64_t part = sum; part < call.split.n_parts; part += call.n_sums) {
                char *base = call.memory + (call.has_batch_norm() ? part : thread) * call.memory_size;
                const PartOfComposed<T> memory = memory_of(call, {base, 0}, part).memory;
                ComposedPart<T> of(call, memory, call.composed_sums[sum], part);
                piece(of);
            }
        });
    });
}

template <class T> static void lay_out(ComposedCall<T> &call, Arena &arena) {
    const Plan<T> &p = call.plan;
    const Shape &s = *p.shape;
    const int64_t count = s.n_layers * p.D, n = call.split.size;
    // Layers are planned twice over: without memory there is nowhere to keep them.
    call.layers = (Layer<T> *)arena.take<char>(count * sizeof(Layer<T>));
    for (int64_t i = 0; i < count; i++) {
        Layer<T> layer;
        layer.plan(arena, s.cell, s.is_relu, p.features(i / p.D), s.H, n, true);
        if (call.layers) call.layers[i] = layer;
    }
    call.head = arena.take<T>(panels_of(s.K) * PANEL * p.C);
    call.head_back = arena.take<T>(panels_of(p.C) * PANEL * s.K);
    call.project = call.project_back = nullptr;
    if (p.attends()) {
        call.project = arena.take<T>(panels_of(p.C) * PANEL * p.C);
        call.project_back = arena.take<T>(panels_of(p.C) * PANEL * p.C);
    }
    call.recurrent = nullptr;
    if (p.of->recurrent_dropout > 0) {
        call.recurrent = (T **)arena.take<char>(count * sizeof(T *));
        for (int64_t i = 0; i < count; i++) {
            T *weights = arena.take<T>(4 * s.H * s.H);
            if (call.recurrent) call.recurrent[i] = weights;
        }
    }
    call.moments = (BatchMoments<T> *)arena.take<char>(s.n_layers * sizeof(BatchMoments<T>));
    for (int64_t l = 0; l < s.n_layers; l++) {
        BatchMoments<T> moments;
        moments.take(arena, p.C);
        if (call.moments) call.moments[l] = moments;
    }
    call.losses = arena.take<double>(call.split.n_parts);
    call.part_moments = arena.take<double>(call.split.n_parts * 2 * p.C);
}

// What depends on the layers' plans.
template <class T> static void lay_out_parts(ComposedCall<T> &call, Arena &arena) {
    call.composed_sums = (ComposedSums<T> *)arena.take<char>(call.n_sums * sizeof(ComposedSums<T>));
    for (int64_t a = 0; a < call.n_sums; a++) {
        ComposedSums<T> sums;
        sums.take(arena, call.plan, call.layers);
        if (call.composed_sums) call.composed_sums[a] = sums;
    }
    const int64_t of_threads = call.net->threads.size < call.n_sums ? call.net->threads.size : call.n_sums;
    const int64_t n_memories = call.has_batch_norm() ? call.split.n_parts : of_threads;
    // The last part may have fewer lanes, and need more for each of them.
    const size_t first = memory_of(call, {nullptr, 0}, 0).size;
    const size_t last = memory_of(call, {nullptr, 0}, call.split.n_parts - 1).size;
    call.memory_size = first > last ? first : last;
    call.memory = arena.take<char>(n_memories * call.memory_size);
}

template <class T> static bool make_memory(ComposedCall<T> &call) {
    call.n_sums = call.split.n_parts < MAX_SUMS ? call.split.n_parts : MAX_SUMS;
    Network<T> &net = *call.net;
    Arena planned = {nullptr, 0};
    lay_out(call, planned);
    char *base = net.packed.at_least(planned.used);
    net.packed_for = 0;  // whoever predicts with this network packs anew
    if (!base) return false;
    Arena of_weights = {base, 0};
    lay_out(call, of_weights);
    Arena size = {nullptr, 0};
    lay_out_parts(call, size);
    base = net.composed.at_least(size.used);
    if (!base) return false;
    Arena arena = {base, 0};
    lay_out_parts(call, arena);
    return true;
}

// Factors of dropout on recurrent weights, or on their gradients.
template <class T> static void drop_weights(ComposedCall<T> &call, bool is_gradient) {
    const Plan<T> &p = call.plan;
    const int64_t H = p.shape->H, rows = (p.shape->cell == LSTM ? 4 : p.shape->cell == GRU ? 3 : 1) * H;
    on_threads(call.net->threads, [&](int thread, int n_threads) {
        in_turns(thread, n_threads, p.n_layers() * p.D * rows, [&](int64_t number) {
            const int64_t i = number / rows, row = number % rows, at = p.cell_at(i / p.D, i % p.D) + 1;
            T *gradient = call.gradients[at] + row * H;
            const T *from = is_gradient ? gradient : call.weights[at] + row * H;
            drop_row(p.of_weights(i / p.D, i % p.D), row, 0, H, from, is_gradient ? gradient : call.recurrent[i] + row * H);
        });
    });
}

template <class T> static void pack_composed(ComposedCall<T> &call) {
    const Plan<T> &p = call.plan;
    const int64_t C = p.C, K = p.shape->K;
    if (call.recurrent) drop_weights(call, false);
    on_threads(call.net->threads, [&](int thread, int n_threads) {
        int64_t number = 0;
        const auto is_mine = [&] { return number++ % n_threads == thread; };
        for (int64_t i = 0; i < p.n_layers() * p.D; i++) {
            const Layer<T> &layer = call.layers[i];
            const Weights<T> weights = call.weights_at(i / p.D, i % p.D);
            for (int64_t b = 0; b < layer.n_blocks; b++) {
                if (is_mine()) layer.pack_forward(b, weights);
                if (is_mine()) layer.pack_backward(b, weights, i >= p.D || call.dx);
            }
        }
        const T *head = call.weights[p.head_at()];
        if (is_mine()) {
            pack(call.head, K, C, [&](int64_t k, int64_t c) { return head[k * C + c]; });
            pack(call.head_back, C, K, [&](int64_t c, int64_t k) { return head[k * C + c]; });
        }
        if (p.attends() && is_mine()) {
            const T *w = call.weights[p.attention_at()];
            pack(call.project, C, C, [&](int64_t k, int64_t c) { return w[k * C + c]; });
            pack(call.project_back, C, C, [&](int64_t c, int64_t k) { return w[k * C + c]; });
        }
    });
}

// -- normalisation by batch --------------------------------------------------------

// Sum over the parts, in their order, of what they have of each unit.
template <class T> static double sum_of_parts(const ComposedCall<T> &call, int64_t c) {
    double total = 0;
    for (int64_t part = 0; part < call.split.n_parts; part++) total += call.part_moments[part * 2 * call.plan.C + c];
    return total;
}

template <class T> static void add_moments(ComposedCall<T> &call, int64_t l, const T *means) {
    each_part(call, [&](ComposedPart<T> &of) {
        if (!means) of.run_layer(l);
        add_moments(of.states(l), of.masks(), of.m.shares, means, of.steps(), of.plan.C, of.n, of.moments());
    });
}

template <class T> static void find_moments(ComposedCall<T> &call, int64_t l) {
    const Composition &of = *call.plan.of;
    const BatchMoments<T> &moments = call.moments[l];
    T *const running_mean = (T *)of.moments[2 * l], *const running_variance = (T *)of.moments[2 * l + 1];
    const bool is_any = of.count > 0;  // else what was there before serves
    add_moments<T>(call, l, nullptr);
    for (int64_t c = 0; c < call.plan.C; c++)
        moments.mean[c] = is_any ? (T)sum_of_parts(call, c) : running_mean[c];
    add_moments<T>(call, l, moments.mean);
    // No more than one step, or a fraction of it, has no unbiased variance.
    const double rest = of.count - 1 > 1 ? of.count - 1 : 1, unbiased = of.count / rest > 1 ? of.count / rest : 1;
    for (int64_t c = 0; c < call.plan.C; c++) {
        const double variance = is_any ? sum_of_parts(call, c) : (double)running_variance[c];
        moments.inverse[c] = (T)(1 / __builtin_sqrt(variance + of.epsilon));
        if (!is_any) continue;
        running_mean[c] += (T)(of.momentum * (moments.mean[c] - running_mean[c]));
        running_variance[c] += (T)(of.momentum * (variance * unbiased - running_variance[c]));
    }
}

template <class T> static void find_moments_back(ComposedCall<T> &call, int64_t l) {
    const BatchMoments<T> &moments = call.moments[l];
    T *const *gradients = call.gradients + call.plan.norm_at(l);
    for (int64_t c = 0; c < call.plan.C; c++) {
        gradients[1][c] = moments.of_shift[c] = (T)sum_of_parts(call, c);
        gradients[0][c] = moments.of_factor[c] = (T)sum_of_parts(call, call.plan.C + c);
    }
}

// Layer by layer, since all of a batch have to come to a normalisation before any goes on.
template <class T> static void train_by_layer(ComposedCall<T> &call) {
    const int64_t top = call.plan.n_layers() - 1;
    each_part(call, [](ComposedPart<T> &of) { of.open(); });
    for (int64_t l = 0; l <= top; l++) {
        find_moments(call, l);
        each_part(call, [&](ComposedPart<T> &of) { of.finish_layer(l); });
    }
    each_part(call, [](ComposedPart<T> &of) {
        of.pool_steps(false);
        of.pool_all();
        of.compare();
        of.spread();
    });
    for (int64_t l = top; l >= 0; l--) {
        each_part(call, [&](ComposedPart<T> &of) {
            of.pass_below(l);
            of.add_batch_norm(l);
        });
        find_moments_back(call, l);
        each_part(call, [&](ComposedPart<T> &of) {
            of.through_batch_norm(l);
            of.run_layer_back(l);
        });
    }
    each_part(call, [](ComposedPart<T> &of) { of.close(); });
}

// -- gradients ---------------------------------------------------------------------

// Sum over all sums of a number that each has, `at(sum)`.
template <class T, class At> static T total_of(const ComposedCall<T> &call, At at) {
    T total = 0;
    for (int64_t a = 0; a < call.n_sums; a++) total += at(call.composed_sums[a]);
    return total;
}

// Rows (n_rows, C) of what each has in rows of `columns`.
template <class T, class At>
static void add_rows_of(const ComposedCall<T> &call, int64_t n_rows, T *to, At rows_of) {
    const int64_t C = call.plan.C, columns = call.plan.columns;
    for (int64_t k = 0; k < n_rows; k++)
        for (int64_t c = 0; c < C; c++)
            to[k * C + c] = total_of(call, [&](const ComposedSums<T> &sums) { return rows_of(sums)[k * columns + c]; });
}

template <class T> static void reduce_rest(const ComposedCall<T> &call) {
    const Plan<T> &p = call.plan;
    constexpr int64_t n = Simd<T>::n;
    for (int64_t l = 0; p.of->norm == LAYER_NORM && l < p.n_layers(); l++)
        for (int64_t c = 0; c < p.C; c++) {
            T *const *to = call.gradients + p.norm_at(l);
            to[0][c] = total_of(call, [&](const ComposedSums<T> &sums) { return sums.norms[l].of_factor(c); });
            to[1][c] = total_of(call, [&](const ComposedSums<T> &sums) { return sums.norms[l].of_shift(c); });
        }
    T *const *to = call.gradients + p.attention_at();
    if (p.attends()) {
        add_rows_of(call, p.C, to[0], [](const ComposedSums<T> &sums) { return sums.attention.project; });
        for (int64_t c = 0; c < p.C; c++) {
            to[1][c] = total_of(call, [&](const ComposedSums<T> &s) { return sum_of<T>(load<T>(s.attention.bias + c * n)); });
            to[2][c] = total_of(call, [&](const ComposedSums<T> &s) { return sum_of<T>(load<T>(s.attention.score + c * n)); });
        }
        *to[3] = total_of(call, [](const ComposedSums<T> &s) { return sum_of<T>(load<T>(s.attention.score_bias)); });
    }
    to = call.gradients + p.head_at();
    add_rows_of(call, p.shape->K, to[0], [](const ComposedSums<T> &sums) { return sums.head; });
    for (int64_t k = 0; k < p.shape->K; k++)
        to[1][k] = total_of(call, [&](const ComposedSums<T> &sums) { return sums.head_bias[k]; });
}

template <class T> static void reduce_composed(ComposedCall<T> &call) {
    const Plan<T> &p = call.plan;
    on_threads(call.net->threads, [&](int thread, int n_threads) {
        int64_t number = 0;
        for (int64_t i = 0; i < p.n_layers() * p.D; i++) {
            Sums<T> sums[MAX_SUMS];
            for (int64_t a = 0; a < call.n_sums; a++) sums[a] = call.composed_sums[a].layers[i];
            T *const *g = call.gradients + p.cell_at(i / p.D, i % p.D);
            for (int64_t b = 0; b < call.layers[i].n_blocks; b++)
                if (number++ % n_threads == thread)
                    call.layers[i].reduce(b, sums, call.n_sums, {g[0], g[1], g[2], g[3]});
        }
        if (number % n_threads == thread) reduce_rest(call);
    });
    if (call.recurrent) drop_weights(call, true);
}

// Gradients and loss of a batch; false if memory ran out.
template <class T> static bool train_composed(ComposedCall<T> &call, double *loss) {
    if (!make_memory(call)) return false;
    pack_composed(call);
    on_threads(call.net->threads, [&](int thread, int n_threads) {
        in_turns(thread, n_threads, call.n_sums, [&](int64_t sum) { call.composed_sums[sum].clear(call.plan, call.layers); });
    });
    if (call.has_batch_norm())
        train_by_layer(call);
    else
        each_part(call, [](ComposedPart<T> &of) { of.train(); });
    reduce_composed(call);
    double total = 0;
    for (int64_t part = 0; part < call.split.n_parts; part++) total += call.losses[part];
    *loss = total / call.split.n_samples;
    return true;
}
