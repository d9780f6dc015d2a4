// A layer over whole sequences of a block of samples.
#pragma once

#include "pooling.h"

// Steps whose outer products are summed in one go: enough lanes to be worth it.
template <class T> INLINE int64_t steps_at_once(int64_t n) {
    int64_t steps = 128 * (int64_t)sizeof(float) / (n * (int64_t)sizeof(T));
    return steps < 1 ? 1 : steps;
}

// What the forward pass of one layer leaves for the backward pass.
template <class T> struct Record {
    T *gates;  // (L, rows, n); one step only where the cell needs none later
    T *h, *c;  // (L + 1, H, n) in the order of processing, the first being the begin

    void take(Arena &arena, const Layer<T> &layer, int64_t L, int64_t n) {
        gates = arena.take<T>((layer.is_saved() ? L : 1) * layer.rows() * n);
        h = arena.take<T>((L + 1) * layer.H * n);
        c = layer.cell == LSTM ? arena.take<T>((L + 1) * layer.H * n) : nullptr;
    }
};

template <class T> struct Scratch {
    T *dh[2], *dc, *d_gates, *turned;

    void take(Arena &arena, const Layer<T> &layer, int64_t n) {
        dh[0] = arena.take<T>(layer.H * n);
        dh[1] = arena.take<T>(layer.H * n);
        dc = arena.take<T>(layer.H * n);
        int64_t steps = steps_at_once<T>(n);
        d_gates = arena.take<T>(steps * layer.rows() * n);
        turned = arena.take<T>(steps * n * layer.columns);
    }
};

// Which samples have which steps, as factors 0 and 1.
template <class T> struct Masks {
    const T *values;      // (L, n)
    const char *is_used;  // (L,): whether some sample lacks the step

    const T *at(int64_t t, int64_t n) const {
        return values && is_used[t] ? values + t * n : nullptr;
    }
};

template <class T>
static void fill_masks(const int64_t *lengths, int64_t count, int64_t L, int64_t n, T *values, char *is_used) {
    for (int64_t t = 0; t < L; t++) {
        bool is_any = false;
        for (int64_t i = 0; i < n; i++) {
            // Lanes without a sample follow the others.
            bool is_there = i >= count || t < lengths[i];
            values[t * n + i] = is_there;
            is_any |= !is_there;
        }
        is_used[t] = is_any;
    }
}

template <class T>
Step<T> step_at(const Layer<T> &layer, const Record<T> &record, const T *x, const Masks<T> &masks,
                int64_t L, int64_t n, int64_t s, bool reverse) {
    int64_t t = reverse ? L - 1 - s : s, size = layer.H * n;
    Step<T> step;
    step.x = x + t * layer.F * n;
    step.h_prev = record.h + s * size, step.h = record.h + (s + 1) * size;
    step.c_prev = step.c = nullptr;
    if (record.c) step.c_prev = record.c + s * size, step.c = record.c + (s + 1) * size;
    step.gates = record.gates + (layer.is_saved() ? s * layer.rows() * n : 0);
    step.mask = masks.at(t, n);
    return step;
}

// x (L, F, n); the begin lies in the record already, and may be said to be zero.
template <class T>
static void run_forward(const Layer<T> &layer, const Record<T> &record, const T *x,
                        const Masks<T> &masks, int64_t L, int64_t n, bool reverse, bool from_zero) {
    for (int64_t s = 0; s < L; s++)
        step_forward(layer, step_at(layer, record, x, masks, L, n, s, reverse), n, from_zero && s == 0);
}

// dh (H, n) += dy (H, n), where the sample has the step.
template <class T>
static void add_present(const T *dy, const T *mask, int64_t H, int64_t n, T *dh) {
    for (int64_t h = 0; h < H; h++, dy += n, dh += n)
        for (int64_t i = 0; i < n; i += Simd<T>::n) {
            const Vec<T> more = load<T>(dy + i);
            store<T>(dh + i, load<T>(dh + i) + (mask ? more * load<T>(mask + i) : more));
        }
}

// dy (L, H, n): gradients of the states, by time, or null; d_final (H, n) or null; those
// of pooled states, or null; dx (L, F, n) or null; it may be dy. Where dy has more than
// these states its steps are dy_step apart; dx may be added to.
template <class T>
static void run_backward(const Layer<T> &layer, const Record<T> &record, const Scratch<T> &scratch,
                         const T *x, const Masks<T> &masks, int64_t L, int64_t n, bool reverse,
                         bool from_zero, const T *dy, const T *d_final, const Pool<T> *pool, T *dx,
                         const Sums<T> &sums, int64_t dy_step = 0, bool adds_dx = false) {
    int64_t size = layer.H * n, at_once = steps_at_once<T>(n), gathered = 0;
    T *dh = scratch.dh[0], *dh_prev = scratch.dh[1];
    memset(scratch.dc, 0, size * sizeof(T));
    if (d_final)
        memcpy(dh, d_final, size * sizeof(T));
    else
        memset(dh, 0, size * sizeof(T));
    memset(scratch.turned, 0, at_once * n * layer.columns * sizeof(T));
    for (int64_t s = L - 1; s >= 0; s--) {
        int64_t t = reverse ? L - 1 - s : s;
        Step<T> step = step_at(layer, record, x, masks, L, n, s, reverse);
        if (dy) add_present(dy + t * (dy_step ? dy_step : size), step.mask, layer.H, n, dh);
        if (pool) pool->give(t, dh, step.mask, 0, size, n);
        T *d_gates = scratch.d_gates + gathered * layer.rows() * n;
        T *turned = scratch.turned + gathered * n * layer.columns;
        step_backward(layer, step, n, dh, dh_prev, scratch.dc, dx ? dx + t * layer.F * n : nullptr,
                      d_gates, sums, adds_dx, s == 0);
        if (!layer.is_by_lane) turn(step.x, n, layer.F, n, turned, layer.columns);
        turn(step.h_prev, n, layer.H, n, turned + layer.h_column, layer.columns);
        if (++gathered == at_once || s == 0) {
            const int64_t with_h = s || !from_zero ? gathered : gathered - 1;
            add_outer_products(layer, with_h, n, scratch.d_gates, scratch.turned, sums, true);
            if (with_h < gathered) add_outer_products(layer, 1, n, d_gates, turned, sums, false);
            gathered = 0;
        }
        T *other = dh;
        dh = dh_prev, dh_prev = other;
    }
}
