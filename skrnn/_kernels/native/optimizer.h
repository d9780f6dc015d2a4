// Clipping and Adam (Kingma and Ba 2015), also with decoupled decay (Loshchilov and
// Hutter 2019), over tensors that torch owns.
#pragma once

#include "thread_pool.h"

struct AdamOptions {
    double rate, beta1, beta2, epsilon, decay;
    int64_t is_decoupled;
    double l1, max_value, max_norm;  // max_value, max_norm: 0 for none
};

template <class T> struct Tensors {
    int64_t count;
    const int64_t *sizes, *is_matrix;  // numbers in each; whether the L1 penalty counts
    T *const *weights, *const *gradients, *const *first, *const *second;
    float *const *steps;
};

// Numbers that one thread takes at a time: 64 KiB of float32, enough to be worth a turn.
// Sums are made a piece at a time, so that they round alike whatever the number of
// threads. Chosen by hand; library.py has the same number.
constexpr int64_t PIECE = 1 << 14;

template <class T> struct Update {
    const Tensors<T> *tensors;
    const AdamOptions *options;
    double factor;      // to clip by
    double *squares;    // of each piece
};

// Hand the pieces of all tensors to the threads: piece(tensor, begin, end, number).
template <class T, class Do>
static void each_piece(const Tensors<T> &tensors, int thread, int n_threads, Do piece) {
    int64_t number = 0;
    for (int64_t i = 0; i < tensors.count; i++)
        for (int64_t begin = 0; begin < tensors.sizes[i]; begin += PIECE, number++)
            if (number % n_threads == thread) {
                int64_t left = tensors.sizes[i] - begin;
                piece(i, begin, begin + (left < PIECE ? left : PIECE), number);
            }
}

// Sum of squares in double precision, in sixteen columns that are added at the end.
template <class T> static double sum_of_squares(const T *x, int64_t count) {
    double columns[16] = {};
    int64_t j = 0;
    for (; j + 16 <= count; j += 16)
        for (int k = 0; k < 16; k++) columns[k] += (double)x[j + k] * (double)x[j + k];
    for (; j < count; j++) columns[j % 16] += (double)x[j] * (double)x[j];
    double total = 0;
    for (double column : columns) total += column;
    return total;
}

template <class T> static void norm_phase(void *of, int thread, int n_threads) {
    Update<T> &update = *(Update<T> *)of;
    const Tensors<T> &tensors = *update.tensors;
    const AdamOptions &o = *update.options;
    const T l1 = (T)o.l1, most = (T)o.max_value;
    each_piece(tensors, thread, n_threads, [&](int64_t i, int64_t begin, int64_t end, int64_t number) {
        T *g = tensors.gradients[i];
        const T *w = tensors.weights[i];
        if (l1 && tensors.is_matrix[i])
            for (int64_t j = begin; j < end; j++) g[j] += l1 * (T)((w[j] > 0) - (w[j] < 0));
        if (most)
            for (int64_t j = begin; j < end; j++) {
                g[j] = g[j] > most ? most : g[j];
                g[j] = g[j] < -most ? -most : g[j];
            }
        update.squares[number] = sum_of_squares(g + begin, end - begin);
    });
}

template <class T> static void clip_phase(void *of, int thread, int n_threads) {
    Update<T> &update = *(Update<T> *)of;
    const T factor = (T)update.factor;
    each_piece(*update.tensors, thread, n_threads, [&](int64_t i, int64_t begin, int64_t end, int64_t) {
        T *g = update.tensors->gradients[i];
        for (int64_t j = begin; j < end; j++) g[j] *= factor;
    });
}

template <class T> static void adam_phase(void *of, int thread, int n_threads) {
    Update<T> &update = *(Update<T> *)of;
    const Tensors<T> &tensors = *update.tensors;
    const AdamOptions &o = *update.options;
    const T b1 = (T)o.beta1, b2 = (T)o.beta2, c1 = (T)(1 - o.beta1), c2 = (T)(1 - o.beta2);
    const T epsilon = (T)o.epsilon, l2 = o.is_decoupled ? T(0) : (T)o.decay;
    const T shrink = o.is_decoupled ? (T)(1 - o.rate * o.decay) : T(1);
    each_piece(tensors, thread, n_threads, [&](int64_t i, int64_t begin, int64_t end, int64_t) {
        const double step = *tensors.steps[i];
        const T rate = (T)(o.rate / (1 - __builtin_pow(o.beta1, step)));
        const T root = (T)(1 / __builtin_sqrt(1 - __builtin_pow(o.beta2, step)));
        T *__restrict w = tensors.weights[i], *__restrict m = tensors.first[i];
        T *__restrict v = tensors.second[i];
        const T *__restrict g = tensors.gradients[i];
        for (int64_t j = begin; j < end; j++) {
            const T slope = g[j] + l2 * w[j];
            m[j] = b1 * m[j] + c1 * slope;
            v[j] = b2 * v[j] + c2 * slope * slope;
            T size;
            if constexpr (sizeof(T) == 4)
                size = __builtin_sqrtf(v[j]);
            else
                size = __builtin_sqrt(v[j]);
            w[j] = w[j] * shrink - rate * m[j] / (size * root + epsilon);
        }
    });
}

// Small networks are not worth a second thread.
template <class T> static void run_pieces(ThreadPool &pool, Work work, Update<T> &update) {
    int64_t total = 0;
    for (int64_t i = 0; i < update.tensors->count; i++) total += update.tensors->sizes[i];
    if (total > 4 * PIECE) return run_pool(pool, work, &update);
    uint64_t before = flush_denormals();
    work(&update, 0, 1);
    restore_denormals(before);
}

// Penalty and clipping; returns the norm of the gradient before it is clipped to
// max_norm. `squares` has room for one number a piece.
template <class T>
static double clip(ThreadPool &pool, const Tensors<T> &tensors, const AdamOptions &o, double *squares) {
    Update<T> update = {&tensors, &o, 1.0, squares};
    run_pieces(pool, norm_phase<T>, update);
    double total = 0;
    int64_t number = 0;
    for (int64_t i = 0; i < tensors.count; i++)
        for (int64_t begin = 0; begin < tensors.sizes[i]; begin += PIECE) total += squares[number++];
    const double norm = __builtin_sqrt(total);
    if (o.max_norm) {
        update.factor = o.max_norm / (norm + 1e-6);
        // NaN goes on to the weights and is found there.
        if (!(update.factor >= 1)) run_pieces(pool, clip_phase<T>, update);
    }
    return norm;
}

template <class T>
static void adam(ThreadPool &pool, const Tensors<T> &tensors, const AdamOptions &o) {
    for (int64_t i = 0; i < tensors.count; i++) *tensors.steps[i] += 1;
    Update<T> update = {&tensors, &o, 1.0, nullptr};
    run_pieces(pool, adam_phase<T>, update);
}

// Both in turn; a gradient beyond all numbers, if it is to be clipped, counts as none.
template <class T>
static double clip_and_adam(ThreadPool &pool, const Tensors<T> &tensors, const AdamOptions &o, double *squares) {
    const bool is_clipped = o.l1 || o.max_value || o.max_norm;
    const double norm = is_clipped ? clip(pool, tensors, o, squares) : 0.0;
    if (o.max_norm && !__builtin_isfinite(norm))
        for (int64_t i = 0; i < tensors.count; i++) memset(tensors.gradients[i], 0, tensors.sizes[i] * sizeof(T));
    adam(pool, tensors, o);
    return norm;
}
