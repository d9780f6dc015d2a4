// What a network is composed of beyond the standard one, and the memory of a step of its
// training: both directions, normalisation, residuals, dropout, attention, steps in parts.
#pragma once

#include "attention.h"
#include "network.h"
#include "norms.h"
#include "random.h"

enum Norm { NO_NORM = 0, LAYER_NORM = 1, BATCH_NORM = 2 };

// Weights are, of each layer, four a direction and then, with a norm, its factor and shift;
// then four of attention; then weight and bias of the head.
struct Composition {
    int n_directions, norm, is_residual;
    double dropout, recurrent_dropout, epsilon, momentum;
    int64_t most_steps;      // so many steps are run back at a time; 0 for all
    const uint64_t *keys;    // of random numbers, in the order in which dropout draws them
    void *const *moments;    // of each layer running mean and variance (C,), or null
    const void *shares;      // (N,): how much a step of each sample counts; null for all alike
    double count;            // of the steps that count
};

// Where things of a network are among its weights, and what follows from its sizes.
template <class T> struct Plan {
    const Shape *shape;
    const Composition *of;
    int64_t N, L, D, C, W, n_parts_of_steps, first_steps, columns;

    Plan(const Shape &s, const Composition &composition, int64_t N_, int64_t L_)
        : shape(&s), of(&composition), N(N_), L(L_), D(composition.n_directions), C(D * s.H) {
        const int64_t most = composition.most_steps;
        W = most > 0 && most < L ? most : L;
        n_parts_of_steps = W > 0 ? (L + W - 1) / W : 1;
        first_steps = L - (n_parts_of_steps - 1) * W;  // the newest parts are whole
        columns = round_up(C, GROUP_BYTES / (int64_t)sizeof(T));
    }
    int64_t n_layers() const { return shape->n_layers; }
    int64_t of_layer() const { return 4 * D + (of->norm ? 2 : 0); }
    int64_t cell_at(int64_t l, int64_t d) const { return l * of_layer() + 4 * d; }
    int64_t norm_at(int64_t l) const { return l * of_layer() + 4 * D; }
    int64_t attention_at() const { return n_layers() * of_layer(); }
    bool attends() const { return shape->pooling == ATTENTION; }
    int64_t head_at() const { return attention_at() + (attends() ? 4 : 0); }
    int64_t n_weights() const { return head_at() + 2; }
    int64_t features(int64_t l) const { return l ? C : shape->F; }
    int64_t begin(int64_t part) const { return part ? first_steps + (part - 1) * W : 0; }
    int64_t steps(int64_t part) const { return part ? W : first_steps; }
    // The maximum is taken of all units where some are to be their last state.
    int pool_kind() const { return shape->pooling == MIXED ? MAX : attends() ? LAST : shape->pooling; }
    bool is_last(int64_t c) const {
        return shape->pooling == LAST || (shape->pooling == MIXED && c % shape->H < shape->H / 2);
    }
    bool reads_last() const { return shape->pooling == LAST || shape->pooling == MIXED; }
    bool is_by_step() const { return shape->pooling != LAST; }

    // Keys of random numbers: recurrent weights, then inputs of the layers for each part of
    // the steps, then what the head reads.
    int64_t keys_of_weights() const { return of->recurrent_dropout > 0 ? n_layers() * D : 0; }
    Dropout<T> of_weights(int64_t l, int64_t d) const { return {of->recurrent_dropout, of->keys[l * D + d]}; }
    Dropout<T> of_inputs(int64_t part, int64_t l) const {
        return {of->dropout, of->keys[keys_of_weights() + part * (n_layers() - 1) + l - 1]};
    }
    Dropout<T> of_head() const {
        return {of->dropout, of->keys[keys_of_weights() + n_parts_of_steps * (n_layers() - 1)]};
    }
    int64_t n_keys() const {
        return keys_of_weights() + (of->dropout > 0 ? n_parts_of_steps * (n_layers() - 1) + 1 : 0);
    }
};

// Of one layer in a part of a batch.
template <class T> struct LayerStates {
    Record<T> records[2];
    Scratch<T> scratch[2];
    T *entered;           // (W, C, n): what it reads; null where that is the layer below
    T *values;            // (slots, C, n): what it gives
    T *normal, *inverse;  // (slots, C, n), (slots, n)
    T *begins[2];         // (parts of steps, H, n): states, and of an LSTM its cells
};

// Of a part of a batch.
template <class T> struct PartOfComposed {
    T *x, *dx, *masks, *has_step, *shares, *d[3], *pooled, *d_pooled, *dropped, *raw, *of_sample, *turned;
    char *is_masked;
    LayerStates<T> *layers;
    Pool<T> pool;
    Attention<T> attention;

    // Slots of states: of each step, and with two directions where both end.
    static int64_t slots(const Plan<T> &p) { return p.W + (p.D > 1); }

    // Of n lanes, which not all parts of a batch have.
    void take(Arena &arena, const Plan<T> &p, const Layer<T> *planned, bool has_lengths, bool with_dx, int64_t n) {
        const Shape &s = *p.shape;
        const int64_t size = p.C * n;
        x = arena.take<T>(p.L * s.F * n);
        dx = with_dx ? arena.take<T>(p.L * s.F * n) : nullptr;
        masks = has_lengths ? arena.take<T>(p.L * n) : nullptr;
        is_masked = has_lengths ? arena.take<char>(p.L) : nullptr;
        has_step = arena.take<T>(n), shares = arena.take<T>(n);
        layers = (LayerStates<T> *)arena.take<char>(s.n_layers * sizeof(LayerStates<T>));
        for (int64_t l = 0; l < s.n_layers; l++) {
            LayerStates<T> of;
            take_layer(arena, of, p, planned + l * p.D, l, n);
            if (layers) layers[l] = of;
        }
        for (int64_t i = 0; i < 3; i++) {
            const bool is_needed = i == 0 || (s.n_layers > 1 && (i == 1 || (p.of->is_residual && p.of->dropout > 0)));
            d[i] = is_needed ? arena.take<T>((p.W + 1) * size) : nullptr;
        }
        for (T **array : {&pooled, &d_pooled, &dropped}) *array = arena.take<T>(size);
        raw = arena.take<T>(s.K * n), of_sample = arena.take<T>(s.K);
        turned = arena.take<T>(n * p.columns);
        pool.take(arena, p.pool_kind(), size, n, true);
        if (p.attends()) attention.take(arena, p.L, p.W, p.C, p.columns, n);
    }

    static void take_layer(Arena &arena, LayerStates<T> &of, const Plan<T> &p, const Layer<T> *planned, int64_t l,
                           int64_t n) {
        const bool has_norm = p.of->norm != NO_NORM, adds = p.of->is_residual && l > 0;
        const int64_t size = p.C * n;
        for (int64_t d = 0; d < p.D; d++) {
            of.records[d].take(arena, planned[d], p.W, n);
            of.scratch[d].take(arena, planned[d], n);
        }
        of.entered = l > 0 && p.of->dropout > 0 ? arena.take<T>(p.W * size) : nullptr;
        const bool is_record = p.D == 1 && !has_norm && !adds;  // what it gives lies there
        of.values = is_record ? of.records[0].h : arena.take<T>(slots(p) * size);
        if (is_record && arena.base) of.values += size;
        of.normal = has_norm ? arena.take<T>(slots(p) * size) : nullptr;
        of.inverse = p.of->norm == LAYER_NORM ? arena.take<T>(slots(p) * n) : nullptr;
        const bool is_kept = p.n_parts_of_steps > 1;
        of.begins[0] = is_kept ? arena.take<T>(p.n_parts_of_steps * p.shape->H * n) : nullptr;
        of.begins[1] = is_kept && p.shape->cell == LSTM ? arena.take<T>(p.n_parts_of_steps * p.shape->H * n) : nullptr;
    }
};

// Gradients that the parts of a batch sum up.
template <class T> struct ComposedSums {
    Sums<T> *layers;       // (n_layers, D)
    NormSums<T> *norms;    // (n_layers,)
    AttentionSums<T> attention;
    T *head, *head_bias;   // (K, columns), (K,)

    void take(Arena &arena, const Plan<T> &p, const Layer<T> *planned) {
        const int64_t count = p.n_layers() * p.D;
        layers = (Sums<T> *)arena.take<char>(count * sizeof(Sums<T>));
        norms = (NormSums<T> *)arena.take<char>(p.n_layers() * sizeof(NormSums<T>));
        for (int64_t i = 0; i < count; i++) {
            Sums<T> sums = planned[i].take_sums(arena);
            if (layers) layers[i] = sums;
        }
        for (int64_t l = 0; p.of->norm && l < p.n_layers(); l++) {
            NormSums<T> sums;
            sums.take(arena, p.C);
            if (norms) norms[l] = sums;
        }
        if (p.attends()) attention.take(arena, p.C, p.columns);
        head = arena.take<T>(p.shape->K * p.columns), head_bias = arena.take<T>(p.shape->K);
    }

    void clear(const Plan<T> &p, const Layer<T> *planned) const {
        for (int64_t i = 0; i < p.n_layers() * p.D; i++) planned[i].clear(layers[i]);
        for (int64_t l = 0; p.of->norm && l < p.n_layers(); l++) norms[l].clear(p.C);
        if (p.attends()) attention.clear(p.C, p.columns);
        memset(head, 0, p.shape->K * p.columns * sizeof(T));
        memset(head_bias, 0, p.shape->K * sizeof(T));
    }
};
