// Gradients of the vectors that stand in the place of codes.
#pragma once

#include "network.h"

// So many gradients of inputs one thread sums as fast as several that wait for each
// other. Chosen by hand, not by a search.
constexpr int64_t FEW_GRADIENTS = 1 << 16;

// Whether vectors of codes learn.
template <class T> static bool learns_tables(const Call<T> &call) {
    const Codes *codes = call.in.codes;
    if (!call.trains || !codes || !codes->gradients) return false;
    for (int64_t f = 0; f < codes->n_given; f++)
        if (codes->gradients[f]) return true;
    return false;
}

// Room for the gradients of the inputs, where somebody needs them; false without memory.
template <class T> static bool make_input_gradients(Call<T> &call) {
    if (!learns_tables(call)) return true;
    call.dx = (T *)call.net->inputs.at_least(call.split.n_samples * call.L * call.net->shape.F * sizeof(T));
    return call.dx;
}

// Sums of the gradients of vectors, a step after the other. A code is of one thread.
template <class T, class S>
static void sum_vectors(const Call<T> &call, const S *values, int thread, int n_threads) {
    const Codes &codes = *call.in.codes;
    const int64_t steps = call.L * codes.segment, R = codes.n_given, width = codes.width();
    int64_t column = 0;
    for (int64_t f = 0; f < R; column += codes.sizes[f++]) {
        T *to = (T *)codes.gradients[f];
        if (!to) continue;
        const int64_t size = codes.sizes[f];
        for (int64_t code = thread; code < codes.n_codes[f]; code += n_threads)
            memset(to + code * size, 0, size * sizeof(T));
        for (int64_t i = 0; i < call.split.n_samples; i++)
            for (int64_t t = codes.padding ? codes.padding[i] : 0; t < steps; t++) {
                const int64_t row = i * steps + t, code = (int64_t)values[row * R + f];
                if (code % n_threads != thread) continue;
                const T *from = call.dx + row * width + column;
                for (int64_t e = 0; e < size; e++) to[code * size + e] += from[e];
            }
    }
}

template <class T> static void vector_phase(void *of, int thread, int n_threads) {
    const Call<T> &call = *(const Call<T> *)of;
    if (call.in.kind == FLOAT32)
        sum_vectors(call, (const float *)call.in.values, thread, n_threads);
    else
        sum_vectors(call, (const double *)call.in.values, thread, n_threads);
}

// Gradients of the vectors of codes, from those of the inputs.
template <class T> static void give_table_gradients(Call<T> &call) {
    if (!call.dx) return;
    const int64_t size = call.split.n_samples * call.L * call.net->shape.F;
    if (size > FEW_GRADIENTS) return run_pool(call.net->threads, vector_phase<T>, &call);
    vector_phase<T>(&call, 0, 1);
}
