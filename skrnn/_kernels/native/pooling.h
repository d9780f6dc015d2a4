// How the states of all present steps become one, and where its gradient goes.
#pragma once

#include "cells.h"

// MIXED: the last state of the first half of the units, the maximum of the others.
// ATTENTION is no sum or maximum, and has a file of its own.
enum Pooling { LAST = 0, MEAN = 1, MAX = 2, MIXED = 3, ATTENTION = 4 };

// Sums or maxima of the states so far, in the order of the states of one step; nothing
// for LAST, which is there already.
//
// Absent steps follow all present ones and repeat the state before, or the zeros of the
// begin. So they neither raise a maximum nor have one first.
template <class T> struct Pool {
    int kind;
    T *states, *gradients;
    T *reached;    // bits of integers: the first step that has the maximum, or the last
    T *is_newest;  // bits set where each state takes the place of the one before
    T *counts;   // a sample: its present steps, 1 where there is none

    // size: of the states of n samples.
    void take(Arena &arena, int kind_, int64_t size, int64_t n, bool trains) {
        kind = kind_;
        const bool is_kept = kind != LAST;
        states = is_kept ? arena.take<T>(size) : nullptr;
        gradients = is_kept && trains ? arena.take<T>(size) : nullptr;
        reached = kind == MAX || kind == MIXED ? arena.take<T>(size) : nullptr;
        is_newest = kind == MIXED ? arena.take<T>(size) : nullptr;
        counts = kind == MEAN ? arena.take<T>(n) : nullptr;
    }

    // lengths (count,), or null; lanes without a sample follow the others. States are
    // (H, n), or (n, pitch) for rows.
    void begin(const int64_t *lengths, int64_t count, int64_t L, int64_t size, int64_t n, int64_t H,
               bool is_rows) const {
        if (kind == LAST) return;
        memset(states, 0, size * sizeof(T));
        if (kind == MIXED) {
            const int64_t pitch = size / n;
            for (int64_t j = 0; j < size; j++) {
                const int64_t unit = is_rows ? j % pitch : j / n;
                memset(is_newest + j, unit < H / 2 ? 0xff : 0, sizeof(T));
            }
        }
        if (kind != MEAN) return;
        for (int64_t i = 0; i < n; i++) {
            const int64_t present = lengths && i < count ? lengths[i] : L;
            counts[i] = (T)(present < 1 ? 1 : present);
        }
    }

    // Take in step t: `size` numbers h from place `at` on, n lanes of which have the mask.
    void add(int64_t t, const T *h, const T *mask, int64_t at, int64_t size, int64_t n) const {
        constexpr int64_t step = Simd<T>::n;
        T *to = states + at, *first = reached ? reached + at : nullptr;
        const IntVec<T> now = IntVec<T>{} + (int)t, is_begin = IntVec<T>{} - (t == 0);
        for (int64_t i = 0, lane = 0; i < size; i += step, lane = lane + step == n ? 0 : lane + step) {
            Vec<T> old = load<T>(to + i), value = load<T>(h + i);
            if (!first) {
                if (mask) value = select<T>(is_present(mask, lane), value, fill<T>(0));
                store<T>(to + i, old + value);
                continue;
            }
            // Whatever is not lower or equal: NaN stays.
            IntVec<T> is_new = is_begin | ~(value <= old);
            if (is_newest) is_new |= (IntVec<T>)load<T>(is_newest + at + i);
            store<T>(to + i, select<T>(is_new, value, old));
            store<T>(first + i, select<T>(is_new, (Vec<T>)now, load<T>(first + i)));
        }
    }

    // Make means of sums, or gradients of sums of those of means.
    void divide(T *values, int64_t H, int64_t n, int64_t unit_step, int64_t sample_step) const {
        if (kind != MEAN) return;
        for (int64_t h = 0; h < H; h++)
            for (int64_t i = 0; i < n; i++) values[h * unit_step + i * sample_step] /= counts[i];
    }

    // Add to dh, gradients of step t's states, what they get of the pooled ones'.
    void give(int64_t t, T *dh, const T *mask, int64_t at, int64_t size, int64_t n) const {
        constexpr int64_t step = Simd<T>::n;
        const T *from = gradients + at, *first = reached ? reached + at : nullptr;
        const IntVec<T> now = IntVec<T>{} + (int)t;
        for (int64_t i = 0, lane = 0; i < size; i += step, lane = lane + step == n ? 0 : lane + step) {
            Vec<T> d = load<T>(from + i);
            if (first)
                d = select<T>((IntVec<T>)load<T>(first + i) == now, d, fill<T>(0));
            else if (mask)
                d = select<T>(is_present(mask, lane), d, fill<T>(0));
            store<T>(dh + i, load<T>(dh + i) + d);
        }
    }
};
