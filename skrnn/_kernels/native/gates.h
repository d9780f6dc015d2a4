// The functions of the gates of a cell, forwards and backwards, for a block of units and
// samples side by side. How the rows of the gates are ordered cells.h says.
#pragma once

#include "gemm.h"

enum Cell { LSTM = 0, GRU = 1, RNN = 2 };

// Where the units of a block and their lanes are, in the arrays of one step.
template <class T> struct Span {
    int64_t size, n;   // numbers of a gate here; lanes
    int64_t gap;       // from one gate to the next
    const T *mask;  // (n,): 1 where the sample has this step; null where all have
    T *gates;
    const T *h_prev, *c_prev;
    T *h, *c;
};

template <class T> INLINE IntVec<T> is_present(const T *mask, int64_t lane) {
    return load<T>(mask + lane) > fill<T>(0);
}

#define EACH_VECTOR(span)                                                     \
    const int64_t size = (span).size, gap = (span).gap;                          \
    (void)gap;                                                                \
    constexpr int64_t step = Simd<T>::n;                                         \
    for (int64_t i = 0, lane = 0; i < size;                                      \
         i += step, lane = lane + step == (span).n ? 0 : lane + step)

template <class T, bool MASKED> static void lstm_forward(const Span<T> &s) {
    T *gates = s.gates;
    EACH_VECTOR(s) {
        Vec<T> in = sigmoid<T>(load<T>(gates + i));
        Vec<T> forget = sigmoid<T>(load<T>(gates + gap + i));
        Vec<T> cell = tanh_of(load<T>(gates + 2 * gap + i));
        Vec<T> out = sigmoid<T>(load<T>(gates + 3 * gap + i));
        Vec<T> c = forget * load<T>(s.c_prev + i) + in * cell;
        Vec<T> h = out * tanh_of(c);
        if (MASKED) {
            IntVec<T> present = is_present(s.mask, lane);
            c = select<T>(present, c, load<T>(s.c_prev + i));
            h = select<T>(present, h, load<T>(s.h_prev + i));
        }
        store<T>(gates + i, in);
        store<T>(gates + gap + i, forget);
        store<T>(gates + 2 * gap + i, cell);
        store<T>(gates + 3 * gap + i, out);
        store<T>(s.c + i, c);
        store<T>(s.h + i, h);
    }
}

template <class T, bool MASKED> static void gru_forward(const Span<T> &s) {
    T *gates = s.gates;
    EACH_VECTOR(s) {
        Vec<T> of_h = load<T>(gates + i);
        Vec<T> reset = sigmoid<T>(load<T>(gates + gap + i));
        Vec<T> update = sigmoid<T>(load<T>(gates + 2 * gap + i));
        Vec<T> fresh = tanh_of(load<T>(gates + 3 * gap + i) + reset * of_h);
        Vec<T> h_prev = load<T>(s.h_prev + i);
        Vec<T> h = fresh + update * (h_prev - fresh);
        if (MASKED) h = select<T>(is_present(s.mask, lane), h, h_prev);
        store<T>(gates + gap + i, reset);
        store<T>(gates + 2 * gap + i, update);
        store<T>(gates + 3 * gap + i, fresh);
        store<T>(s.h + i, h);
    }
}

template <class T, bool MASKED, bool RELU> static void rnn_forward(const Span<T> &s) {
    EACH_VECTOR(s) {
        Vec<T> a = load<T>(s.gates + i);
        // Not NaN > 0 is false, so the negative side is asked for: NaN stays.
        Vec<T> h = RELU ? select<T>(a < fill<T>(0), fill<T>(0), a) : tanh_of(a);
        if (MASKED) h = select<T>(is_present(s.mask, lane), h, load<T>(s.h_prev + i));
        store<T>(s.h + i, h);
    }
}

// Gradients with respect to the rows of the gates, before their functions.
template <class T, bool MASKED>
static void lstm_backward(const Span<T> &s, const T *dh_in, T *dc_in, T *to) {
    const T *gates = s.gates;
    EACH_VECTOR(s) {
        Vec<T> in = load<T>(gates + i), forget = load<T>(gates + gap + i);
        Vec<T> cell = load<T>(gates + 2 * gap + i), out = load<T>(gates + 3 * gap + i);
        Vec<T> bent = tanh_of(load<T>(s.c + i));
        Vec<T> dh = load<T>(dh_in + i), dc_old = load<T>(dc_in + i);
        Vec<T> dc = dc_old + dh * out * (T(1) - bent * bent);
        Vec<T> d_out = dh * bent * out * (T(1) - out);
        Vec<T> d_in = dc * cell * in * (T(1) - in);
        Vec<T> d_cell = dc * in * (T(1) - cell * cell);
        Vec<T> d_forget = dc * load<T>(s.c_prev + i) * forget * (T(1) - forget);
        Vec<T> dc_prev = dc * forget;
        if (MASKED) {
            IntVec<T> present = is_present(s.mask, lane);
            Vec<T> zero = fill<T>(0);
            d_out = select<T>(present, d_out, zero), d_in = select<T>(present, d_in, zero);
            d_cell = select<T>(present, d_cell, zero);
            d_forget = select<T>(present, d_forget, zero);
            dc_prev = select<T>(present, dc_prev, dc_old);
        }
        store<T>(to + i, d_in);
        store<T>(to + gap + i, d_forget);
        store<T>(to + 2 * gap + i, d_cell);
        store<T>(to + 3 * gap + i, d_out);
        store<T>(dc_in + i, dc_prev);
    }
}

template <class T, bool MASKED>
static void gru_backward(const Span<T> &s, const T *dh_in, T *to) {
    const T *gates = s.gates;
    EACH_VECTOR(s) {
        Vec<T> of_h = load<T>(gates + i), reset = load<T>(gates + gap + i);
        Vec<T> update = load<T>(gates + 2 * gap + i), fresh = load<T>(gates + 3 * gap + i);
        Vec<T> dh = load<T>(dh_in + i);
        Vec<T> d_fresh = dh * (T(1) - update) * (T(1) - fresh * fresh);
        Vec<T> d_update = dh * (load<T>(s.h_prev + i) - fresh) * update * (T(1) - update);
        Vec<T> d_reset = d_fresh * of_h * reset * (T(1) - reset);
        Vec<T> d_of_h = d_fresh * reset;
        if (MASKED) {
            IntVec<T> present = is_present(s.mask, lane);
            Vec<T> zero = fill<T>(0);
            d_fresh = select<T>(present, d_fresh, zero);
            d_update = select<T>(present, d_update, zero);
            d_reset = select<T>(present, d_reset, zero);
            d_of_h = select<T>(present, d_of_h, zero);
        }
        store<T>(to + i, d_of_h);
        store<T>(to + gap + i, d_reset);
        store<T>(to + 2 * gap + i, d_update);
        store<T>(to + 3 * gap + i, d_fresh);
    }
}

template <class T, bool MASKED, bool RELU>
static void rnn_backward(const Span<T> &s, const T *dh_in, T *to) {
    EACH_VECTOR(s) {
        Vec<T> h = load<T>(s.h + i), dh = load<T>(dh_in + i);
        Vec<T> d = RELU ? select<T>(h > fill<T>(0), dh, fill<T>(0)) : dh * (T(1) - h * h);
        if (MASKED) d = select<T>(is_present(s.mask, lane), d, fill<T>(0));
        store<T>(to + i, d);
    }
}

// What of the gradient of the new state goes to the old one, the products aside.
template <class T> static void pass_on(int cell, const Span<T> &s, const T *dh, T *dh_prev) {
    EACH_VECTOR(s) {
        Vec<T> d = load<T>(dh + i);
        Vec<T> kept = cell == GRU ? d * load<T>(s.gates + 2 * gap + i) : fill<T>(0);
        if (s.mask) kept = select<T>(is_present(s.mask, lane), kept, d);
        store<T>(dh_prev + i, kept);
    }
}

template <class T> static void gates_forward(int cell, bool is_relu, const Span<T> &s) {
    if (cell == LSTM)
        s.mask ? lstm_forward<T, true>(s) : lstm_forward<T, false>(s);
    else if (cell == GRU)
        s.mask ? gru_forward<T, true>(s) : gru_forward<T, false>(s);
    else if (is_relu)
        s.mask ? rnn_forward<T, true, true>(s) : rnn_forward<T, false, true>(s);
    else
        s.mask ? rnn_forward<T, true, false>(s) : rnn_forward<T, false, false>(s);
}

// dh, dc: of the step's state; dc becomes that of the state before.
template <class T>
static void gates_backward(int cell, bool is_relu, const Span<T> &s, const T *dh, T *dc, T *to) {
    if (cell == LSTM)
        s.mask ? lstm_backward<T, true>(s, dh, dc, to) : lstm_backward<T, false>(s, dh, dc, to);
    else if (cell == GRU)
        s.mask ? gru_backward<T, true>(s, dh, to) : gru_backward<T, false>(s, dh, to);
    else if (is_relu)
        s.mask ? rnn_backward<T, true, true>(s, dh, to) : rnn_backward<T, false, true>(s, dh, to);
    else
        s.mask ? rnn_backward<T, true, false>(s, dh, to) : rnn_backward<T, false, false>(s, dh, to);
}
