// Whether what Python hands over can be right: sizes, addresses, kinds and lengths.
//
// How large an array is behind an address nobody can tell here; the Python side checks
// that. Here ends what would otherwise be read or written at addresses out of nowhere.
#pragma once

#include <initializer_list>

#include "competition.h"
#include "composed_call.h"
#include "convolutions.h"
#include "network.h"
#include "optimizer.h"
#include "smoothing.h"
#include "whole.h"

// What a function of the library returns; Python makes an error of all but DONE, and does
// itself what is LEFT to it.
enum Answer { NO_MEMORY = 0, DONE = 1, LEFT = 2, MISFIT = -1 };

INLINE Answer answer(bool has_memory) { return has_memory ? DONE : NO_MEMORY; }

// More bytes than any machine has, and few enough that sums of some such numbers do not
// overflow.
constexpr int64_t MOST_BYTES = int64_t(1) << 47;

// Collects what is found of one call.
struct Check {
    bool is_fit = true, is_small = true;

    Answer answer() const { return !is_fit ? MISFIT : !is_small ? NO_MEMORY : DONE; }
    void need(bool is_right) { is_fit &= is_right; }

    // Room for a product of sizes, none of which is negative, of numbers of 8 bytes.
    template <class... Sizes> void room(Sizes... sizes) {
        int64_t bytes = 8;
        for (int64_t size : {(int64_t)sizes...}) {
            need(size >= 0);
            // A size of nothing makes no other one small.
            if (__builtin_mul_overflow(bytes, size > 0 ? size : 1, &bytes)) bytes = MOST_BYTES + 1;
            bytes = bytes > MOST_BYTES ? MOST_BYTES + 1 : bytes;
        }
        is_small &= bytes <= MOST_BYTES;
    }

    // An array of so many numbers; null where there are none, or where it may be left out.
    template <class T> void array(const T *at, int64_t count, bool is_optional = false) {
        need((at || count == 0 || is_optional) && (uintptr_t)at % alignof(T) == 0);
    }

    // Integers from 0 to most, or null.
    void integers(const int64_t *at, int64_t count, int64_t most) {
        array(at, count, true);
        if (at && is_fit && is_small)
            for (int64_t i = 0; i < count; i++) need(at[i] >= 0 && at[i] <= most);
    }
};

// What padding to whole lanes, panels and lines adds to a size at most.
constexpr int64_t PADDING = 64;
// Lanes of a part of a batch, times the arrays that a layer has of one step's states.
constexpr int64_t STATES = 64 * 16;

INLINE Answer checked(const Shape &s) {
    Check check;
    check.need(s.cell >= LSTM && s.cell <= RNN && s.pooling >= LAST && s.pooling <= ATTENTION);
    check.need(s.n_layers > 0 && s.F > 0 && s.H > 0 && s.K > 0);
    for (int64_t size : {s.n_layers, s.F, s.H, s.K}) check.room(size, PADDING);
    if (check.answer() != DONE) return check.answer();
    check.room(s.n_layers, 4 * STATES, s.H + PADDING, s.H + PADDING + s.F);
    check.room(MAX_SUMS, s.H + PADDING, s.K + PADDING);
    return check.answer();
}

// Codes that are none would be read far from any table.
template <class S>
static void check_values(Check &check, const S *values, const Codes &codes, int64_t n_steps) {
    check.array(values, n_steps * codes.n_given);
    for (int64_t f = 0; check.is_fit && f < codes.n_given; f++) {
        const int64_t n_codes = codes.n_codes[f];
        if (!n_codes) continue;
        bool is_fine = true;
        for (int64_t i = 0; i < n_steps; i++) {
            const S value = values[i * codes.n_given + f];
            is_fine &= value >= 0 && value < n_codes;  // NaN is not
        }
        check.need(is_fine);
    }
}

template <class T>
static void check_codes(Check &check, const Input &in, const Shape &s, int64_t N, int64_t L) {
    const Codes &codes = *in.codes;
    check.need(codes.segment > 0 && codes.n_given > 0 && codes.n_given <= s.F && codes.segment <= s.F);
    check.array(codes.n_codes, codes.n_given);
    check.array(codes.sizes, codes.n_given);
    check.array(codes.tables, codes.n_given);
    check.array(codes.gradients, codes.n_given, true);
    for (int64_t f = 0; check.is_fit && f < codes.n_given; f++) {
        const int64_t n_codes = codes.n_codes[f], size = codes.sizes[f];
        check.need(n_codes >= 0 && size > 0 && size <= s.F && (n_codes || size == 1));
        check.room(n_codes, size);
        if (check.answer() != DONE) return;
        check.array((const T *)codes.tables[f], n_codes * size);
        if (codes.gradients) check.array((const T *)codes.gradients[f], n_codes * size, true);
    }
    if (check.is_fit) check.need(codes.width() * codes.segment == s.F);
    check.room(N, L, codes.segment, codes.n_given);
    if (check.answer() != DONE) return;
    check.integers(codes.padding, N, codes.segment - 1);
    // Without a step there is nothing that could be padding.
    if (codes.padding && L == 0) check.integers(codes.padding, N, 0);
    if (in.kind == FLOAT32)
        check_values(check, (const float *)in.values, codes, N * L * codes.segment);
    else
        check_values(check, (const double *)in.values, codes, N * L * codes.segment);
}

inline void check_loss(Check &check, const Loss &loss, int64_t K) {
    check.need(loss.kind >= SQUARED_ERROR && loss.kind <= STUDENT_T);
    if (!check.is_fit) return;
    const int64_t width = width_of(loss.kind);
    check.need(width ? loss.width == width : loss.width > 0 && loss.width <= MOST_LEVELS);
    if (check.is_fit) check.need(K % loss.width == 0);
    if (check.is_fit && !width) check.array(loss.levels, loss.width);
}

// Of a network whose weights are so many tensors.
template <class T>
static Answer checked(const Call<T> &call, int64_t N, int64_t L, int64_t n_weights) {
    Check check;
    check.need(call.net);
    check.room(N);
    check.room(L, PADDING);
    if (check.answer() != DONE) return check.answer();
    const Shape &s = call.net->shape;
    const Input &in = call.in;
    check.need(in.kind == FLOAT32 || in.kind == FLOAT64);
    check.room(N, L, s.F);
    check.room(N, s.K);
    check.room(L + 1, s.n_layers, STATES, s.H + s.F + s.K + PADDING);
    if (check.answer() != DONE) return check.answer();
    check.array(in.codes, 1, true);
    if (check.answer() != DONE) return check.answer();
    if (in.codes) {
        check_codes<T>(check, in, s, N, L);
        if (check.answer() != DONE) return check.answer();
    }
    const int64_t n_given = in.codes ? in.codes->n_given * in.codes->segment : s.F;
    if (in.kind == FLOAT32)
        check.array((const float *)in.values, N * L * n_given);
    else
        check.array((const double *)in.values, N * L * n_given);
    check.integers(in.lengths, N, L);
    check.need(!in.mean == !in.scale);
    check.array(in.mean, s.F, true);
    check.array(in.scale, s.F, true);
    check.array(call.outputs, N * s.K);
    check.array(call.weights, 1);
    for (int64_t i = 0; check.is_fit && i < n_weights; i++) check.array(call.weights[i], 1);
    if (!call.trains) return check.answer();
    check.need(N > 0);
    check_loss(check, call.loss, s.K);
    check.array(call.gradients, 1);
    for (int64_t i = 0; check.is_fit && i < n_weights; i++) check.array(call.gradients[i], 1);
    if (check.answer() != DONE) return check.answer();
    if (call.loss.kind == CROSS_ENTROPY) {
        check.need(call.loss.targets);
        check.integers((const int64_t *)call.loss.targets, N, s.K - 1);
    } else {
        check.array((const T *)call.loss.targets, N * (s.K / call.loss.width));
    }
    check.array((const T *)call.loss.weights, N, true);
    check.need(!call.loss.scales == !call.loss.shifts && !(call.loss.scales && call.loss.kind == CROSS_ENTROPY));
    for (const void *units : {call.loss.scales, call.loss.shifts})
        check.array((const T *)units, N * (s.K / call.loss.width), true);
    return check.answer();
}

template <class T> static Answer checked(const Call<T> &call, int64_t N, int64_t L) {
    Check check;
    check.need(call.net && call.net->shape.pooling <= MIXED);
    if (!check.is_fit) return check.answer();
    return checked(call, N, L, 4 * call.net->shape.n_layers + 2);
}

// The steps that a call of a network with all around it reads, and what that is.
template <class T>
static Answer checked(const Call<T> &call, const Whole &of, int64_t N, int64_t L, const T *before,
                      const T *after, const double *outputs) {
    Check check;
    const Answer found = checked(call, N, L);
    if (found != DONE) return found;
    const Shape &s = call.net->shape;
    check.need(L > 0 && of.n_path >= 0);
    check.room(N + s.K, of.n_path, s.F);
    check.need(!of.row_mean == !of.row_scale);
    if (check.answer() != DONE) return check.answer();
    const int64_t size = of.n_path * s.F;
    check.array(of.row_mean, s.F, true);
    check.array(of.row_scale, s.F, true);
    check.array(of.center, size);
    check.array(of.weight, s.K * size);
    check.array(of.bias, size ? s.K : 0);
    check.array(of.y_mean, s.K);
    check.array(of.y_scale, s.K);
    check.array(outputs, N * s.K);
    check.array(before, N * width_of_states(s), true);
    check.array(after, N * width_of_states(s), true);
    return check.answer();
}

// What a network is composed of, before its weights are looked at.
template <class T>
static Answer checked(const Shape &s, const Composition &of, int64_t N, int64_t L) {
    Check check;
    check.need(of.n_directions == 1 || of.n_directions == 2);
    check.need(of.norm >= NO_NORM && of.norm <= BATCH_NORM);
    for (double p : {of.dropout, of.recurrent_dropout}) check.need(p >= 0 && p < 1);
    check.need(N > 0 && L > 0 && of.most_steps >= 0 && of.count >= 0);
    check.room(N);
    check.room(L, PADDING);
    if (check.answer() != DONE) return check.answer();
    const bool is_whole = of.most_steps == 0 || of.most_steps >= L;
    check.need(is_whole || (of.n_directions == 1 && of.norm != BATCH_NORM));
    check.room(N + PADDING, L + 1, s.n_layers, 16, 2 * s.H + s.F + PADDING);
    check.room(MAX_SUMS, 2 * s.H + PADDING, 2 * s.H + PADDING, s.n_layers);
    check.array((const T *)of.shares, N, true);
    check.array(of.moments, of.norm == BATCH_NORM ? 2 * s.n_layers : 0);
    for (int64_t l = 0; check.is_fit && of.norm == BATCH_NORM && l < 2 * s.n_layers; l++)
        check.array((const T *)of.moments[l], 1);
    if (check.answer() == DONE) check.array(of.keys, Plan<T>(s, of, N, L).n_keys());
    return check.answer();
}

template <class T> static Answer checked(const Tensors<T> &tensors, bool is_adam) {
    Check check;
    check.room(tensors.count);
    check.array(tensors.sizes, tensors.count);
    check.array(tensors.is_matrix, tensors.count);
    check.array(tensors.weights, tensors.count);
    check.array(tensors.gradients, tensors.count);
    if (is_adam) {
        check.array(tensors.first, tensors.count);
        check.array(tensors.second, tensors.count);
        check.array(tensors.steps, tensors.count);
    }
    for (int64_t i = 0; check.answer() == DONE && i < tensors.count; i++) {
        check.room(tensors.sizes[i]);
        check.array(tensors.weights[i], tensors.sizes[i]);
        check.array(tensors.gradients[i], tensors.sizes[i]);
        if (!is_adam) continue;
        check.array(tensors.first[i], tensors.sizes[i]);
        check.array(tensors.second[i], tensors.sizes[i]);
        check.array(tensors.steps[i], 1);
    }
    return check.answer();
}

template <class T> static Answer checked(const LayerCall<T> &call) {
    Check check;
    check.need(call.cell >= LSTM && call.cell <= RNN);
    check.need(call.F > 0 && call.H > 0);
    for (int64_t size : {call.N, call.L, call.F, call.H}) check.room(size, PADDING);
    if (check.answer() != DONE) return check.answer();
    check.room(call.N, call.L, call.F);
    check.room(call.N + PADDING, call.L + 1, 16, call.H + PADDING);
    check.room(call.L + 1, STATES, call.F + call.H + PADDING);
    check.room(4 * STATES, call.H + PADDING, call.H + PADDING + call.F);
    return check.answer();
}

// Of both passes; `trains` is the second.
template <class T> static Answer checked(const LayerCall<T> &call, bool trains) {
    const Answer sizes = checked(call);
    if (sizes != DONE) return sizes;
    Check check;
    const int64_t n_states = call.N * call.L * call.H;
    const auto &w = call.weights;
    const auto &d = call.d_weights;
    for (const T *weight : {w.w_ih, w.w_hh, w.b_ih, w.b_hh}) check.array(weight, 1);
    check.integers(call.lengths, call.N, call.L);
    if (trains) {
        for (const T *gradient : {d.w_ih, d.w_hh, d.b_ih, d.b_hh}) check.array(gradient, 1);
        check.array(call.d_states, n_states, true);
        check.array(call.d_end, call.N * call.H, true);
        check.array(call.dx, call.N * call.L * call.F, true);
    } else {
        check.array(call.x, call.N * call.L * call.F);
        check.array(call.states, n_states);
        for (const T *begin : {call.h0, call.c0}) check.array(begin, call.N * call.H, true);
        check.array(call.h_end, call.N * call.H);
        check.array(call.c_end, call.cell == LSTM ? call.N * call.H : 0);
    }
    check.need((call.record || !(trains || call.needs_record) || call.N == 0) &&
               (uintptr_t)call.record % GROUP_BYTES == 0);
    return check.answer();
}

// What both sorts of convolutions have: sequences, dilations, outputs.
template <class T>
static void check_sequences(Check &check, const T &call, int64_t n_dilations, int64_t n_kernels) {
    for (int64_t size : {call.N, call.L, call.F, n_dilations, n_kernels}) check.room(size, PADDING);
    check.room(call.N, call.L, call.F);
    check.room(call.L + PADDING, call.F + 1, PADDING);
    check.room(n_dilations, n_kernels, 2 * N_TRIPLES, call.F + PADDING);
    check.room(call.N, n_dilations, n_kernels, N_TRIPLES * N_POOLINGS);
    if (check.answer() != DONE) return;
    check.array(call.x, call.N * call.L * call.F);
    check.integers(call.lengths, call.N, call.L);
    check.array(call.dilations, n_dilations);
    check.array(call.channels, n_dilations * n_kernels * call.F);
    check.array(call.to, call.N * n_dilations * n_kernels);
}

INLINE Answer checked(const ConvolutionCall &call) {
    Check check;
    check_sequences(check, call, call.D, call.B);
    if (check.answer() == DONE) check.array(call.biases, call.D * call.B);
    return check.answer();
}

INLINE Answer checked(const CompetitionCall &call) {
    Check check;
    check_sequences(check, call, call.S, call.G);
    if (check.answer() != DONE) return check.answer();
    check.array(call.is_change, call.S);
    check.array(call.weights, call.S * call.G);
    return check.answer();
}

INLINE Answer checked(const SmoothingCall &call) {
    Check check;
    const int64_t D = 2 + call.E;
    check.need(call.M > 0 && call.S > 0 && call.G > 0 && call.begin >= 0 && call.begin <= call.T);
    check.need(!call.state || call.N == 1);
    for (int64_t size : {call.N, call.T, call.M, call.E, call.S, call.H, call.G, call.R}) check.room(size, PADDING);
    if (check.answer() != DONE) return check.answer();
    check.room(call.N, call.T);
    check.room(call.T, D, call.M);
    check.room(4 * PADDING, D + PADDING, call.M + PADDING);
    check.room(call.S, call.E);
    check.room(call.G, call.H);
    check.room(call.R, call.H);
    check.room(call.R, call.M);
    if (check.answer() != DONE) return check.answer();
    check.array(call.values, call.N * call.T);
    check.array(call.gain, call.T * D * call.M);
    for (const double *by_row : {call.variance, call.log_variance}) check.array(by_row, call.T * call.M);
    for (const double *by_model : {call.damping, call.prior}) check.array(by_model, call.M);
    check.array(call.basis, call.S * call.E);
    check.array(call.damped, call.G * call.H);
    check.integers(call.kinds, call.G + 1, call.M);
    check.integers(call.steps, call.H, MOST_BYTES);
    check.integers(call.asked, call.N + 1, call.R);
    check.integers(call.rows, call.R, call.T - 1);
    check.need(call.kinds && call.asked && (call.steps || !call.H) && (call.rows || !call.R));
    check.array(call.state, 1, true);
    check.array(call.path, call.R * call.H);
    check.array(call.evidence, call.R);
    check.array(call.shares, call.R * call.M, true);
    return check.answer();
}

template <class T>
static Answer checked_linear(const T *x, int64_t N, int64_t K, const T *weight, const T *bias,
                             int64_t M, const T *to) {
    Check check;
    for (int64_t size : {N, K, M}) check.room(size, PADDING);
    check.room(N, K);
    check.room(N, M);
    check.room(K + PADDING, M + PADDING, 4);
    if (check.answer() != DONE) return check.answer();
    check.array(x, N * K);
    check.array(weight, K * M);
    check.array(bias, M);
    check.array(to, N * M);
    return check.answer();
}

template <class T>
static Answer checked_sums(const T *values, const T *factors, const int64_t *lengths, int64_t N,
                           int64_t L, int64_t H, const T *to) {
    Check check;
    for (int64_t size : {N, L, H}) check.room(size);
    check.room(N, L, H);
    if (check.answer() != DONE) return check.answer();
    check.array(values, N * L * H);
    check.array(factors, N * L, true);
    check.integers(lengths, N, L);
    check.array(to, N * H);
    return check.answer();
}

template <class T>
static Answer checked_factors(double p, int64_t N, int64_t L, int64_t C, const T *to) {
    Check check;
    check.need(p >= 0 && p < 1);
    for (int64_t size : {N, L, C}) check.room(size);
    check.room(N, L, C);
    if (check.answer() == DONE) check.array(to, N * L * C);
    return check.answer();
}
