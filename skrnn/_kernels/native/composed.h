// Forward and backward pass of a part of a batch through a network that is composed of
// more than the standard one. What each operation does is in the files of its own; here is
// in which order they come.
#pragma once

#include "composition.h"

template <class T> struct ComposedCall : Call<T> {
    Plan<T> plan;
    Layer<T> *layers;             // (n_layers, D)
    T *head, *head_back, *project, *project_back;  // packed
    T **recurrent;                // (n_layers, D) of recurrent weights, some of them dropped
    char *memory;                 // a thread, or a part where a batch has something in common
    size_t memory_size;           // of each of those
    double *part_moments;         // (parts, 2 C): sums of a layer
    ComposedSums<T> *composed_sums;
    BatchMoments<T> *moments;     // (n_layers,)

    ComposedCall(const Call<T> &call, const Composition &of, int64_t N)
        : Call<T>(call.net, call.weights, call.gradients, call.in, call.loss, N, call.L, call.outputs, true),
          plan(call.net->shape, of, N, call.L) {}

    bool has_batch_norm() const { return plan.of->norm == BATCH_NORM; }
    Weights<T> weights_at(int64_t l, int64_t d) const {
        const T *const *w = this->weights + plan.cell_at(l, d);
        return {w[0], recurrent ? recurrent[l * plan.D + d] : w[1], w[2], w[3]};
    }
    AttentionWeights<T> attention() const {
        const T *const *w = this->weights + plan.attention_at();
        return {w[0], w[1], w[2], *w[3]};
    }
    // Whether a gradient comes to where the sequences of a layer end.
    bool has_end(int64_t l) const {
        return plan.reads_last() && (l == plan.n_layers() - 1 || plan.of->is_residual);
    }
};

// One part of a batch while it is computed.
template <class T> struct ComposedPart {
    ComposedCall<T> &call;
    const PartOfComposed<T> &m;
    const ComposedSums<T> &sums;
    const Plan<T> &plan;
    int64_t part, n, first, count, size;
    int64_t piece;  // which of the parts of the steps

    ComposedPart(ComposedCall<T> &call_, const PartOfComposed<T> &m_, const ComposedSums<T> &sums_, int64_t part_)
        : call(call_), m(m_), sums(sums_), plan(call_.plan), part(part_), n(call_.split.lanes(part_)),
          first(call_.split.first(part_)), count(call_.split.count(part_)), size(plan.C * n), piece(0) {}

    const int64_t *lengths() const { return call.in.lengths ? call.in.lengths + first : nullptr; }
    int64_t top() const { return plan.n_layers() - 1; }
    int64_t steps() const { return plan.steps(piece); }
    int64_t begin() const { return plan.begin(piece); }
    int64_t slots() const { return steps() + (plan.D > 1); }
    Masks<T> masks() const {
        if (!m.masks) return {nullptr, nullptr};
        return {m.masks + begin() * n, m.is_masked + begin()};
    }
    T *states(int64_t l) const { return plan.D > 1 ? m.layers[l].values : m.layers[l].records[0].h + plan.shape->H * n; }
    const T *entering(int64_t l) const {
        if (l == 0) return m.x + begin() * plan.shape->F * n;
        return m.layers[l].entered ? m.layers[l].entered : m.layers[l - 1].values;
    }

    void open() {
        const Shape &s = *plan.shape;
        read_lanes<T>(call.in, first, count, call.L, s.F, n, m.x);
        if (lengths()) fill_masks(lengths(), count, call.L, n, m.masks, m.is_masked);
        for (int64_t i = 0; i < n; i++) {
            m.has_step[i] = !lengths() || i >= count || lengths()[i] > 0;
            const T *shares = (const T *)plan.of->shares;
            m.shares[i] = i >= count ? T(0) : shares ? shares[first + i] : (T)(1 / plan.of->count);
        }
        m.pool.begin(lengths(), count, call.L, size, n, plan.C, false);
        if (plan.attends()) m.attention.begin(plan.C, plan.columns, n);
    }

    double *moments() const { return call.part_moments + part * 2 * plan.C; }

    // -- forwards ------------------------------------------------------------------

    // Zeros, or where the part of the steps before ended.
    void set_begin(const LayerStates<T> &layer, int64_t d) const {
        const int64_t of_state = plan.shape->H * n;
        T *const begins[2] = {layer.records[d].h, layer.records[d].c};
        for (int64_t i = 0; i < 2; i++) {
            if (!begins[i]) continue;
            if (piece)
                memcpy(begins[i], layer.begins[i] + piece * of_state, of_state * sizeof(T));
            else
                memset(begins[i], 0, of_state * sizeof(T));
        }
    }

    void keep_end(const LayerStates<T> &layer) const {
        const int64_t of_state = plan.shape->H * n;
        const T *const ends[2] = {layer.records[0].h, layer.records[0].c};
        for (int64_t i = 0; i < 2; i++)
            if (ends[i])
                memcpy(layer.begins[i] + (piece + 1) * of_state, ends[i] + steps() * of_state, of_state * sizeof(T));
    }

    void run_layer(int64_t l) const {
        const LayerStates<T> &layer = m.layers[l];
        if (layer.entered) {
            const Dropout<T> dropout = plan.of_inputs(piece, l);
            for (int64_t t = 0; t < steps(); t++)
                drop(dropout, first, t, plan.C, n, m.layers[l - 1].values + t * size, layer.entered + t * size);
        }
        for (int64_t d = 0; d < plan.D; d++) {
            set_begin(layer, d);
            run_forward(call.layers[l * plan.D + d], layer.records[d], entering(l), masks(), steps(), n, d > 0,
                        piece == 0);
        }
        if (piece + 1 < plan.n_parts_of_steps) keep_end(layer);
        if (plan.D > 1) join(layer.records, masks(), steps(), plan.shape->H, n, layer.values);
    }

    void finish_layer(int64_t l) const {
        const LayerStates<T> &layer = m.layers[l];
        const int64_t C = plan.C;
        const T *const *w = call.weights + plan.norm_at(l);
        if (plan.of->norm == LAYER_NORM)
            for (int64_t t = 0; t < slots(); t++)
                normalise_sample(states(l) + t * size, C, n, w[0], w[1], plan.of->epsilon, layer.normal + t * size,
                                 layer.inverse + t * n, layer.values + t * size);
        if (plan.of->norm == BATCH_NORM)
            normalise_batch(states(l), slots(), C, n, call.moments[l], w[0], w[1], layer.normal, layer.values);
        if (l == 0 || !plan.of->is_residual) return;
        if (plan.D == 1 && !plan.of->norm) memcpy(layer.values, states(l), slots() * size * sizeof(T));
        add_to(layer.values, m.layers[l - 1].values, slots() * size);
    }

    void pool_steps(bool is_again) const {
        const T *values = m.layers[top()].values;
        if (plan.attends()) {
            m.attention.look(call.project, call.attention(), values, begin(), steps(), plan.C, n);
            if (!is_again) m.attention.add(values, masks(), begin(), steps(), plan.C, n);
        } else if (m.pool.kind != LAST && !is_again) {
            for (int64_t t = 0; t < steps(); t++)
                m.pool.add(begin() + t, values + t * size, masks().at(t, n), 0, size, n);
        }
    }

    void run_steps(bool is_again) const {
        for (int64_t l = 0; l <= top(); l++) run_layer(l), finish_layer(l);
        pool_steps(is_again);
    }

    // -- between the two -------------------------------------------------------------

    void by_presence(T *values) const {
        if (!lengths()) return;
        for (int64_t c = 0; c < plan.C; c++)
            for (int64_t i = 0; i < n; i++) values[c * n + i] = m.has_step[i] ? values[c * n + i] : T(0);
    }

    void pool_all() const {
        const T *end = m.layers[top()].values + (slots() - 1) * size;
        if (plan.attends()) m.attention.finish(plan.C, n);
        m.pool.divide(m.pool.states, plan.C, n, n, 1);
        const T *others = plan.attends() ? m.attention.states : m.pool.states;
        for (int64_t c = 0; c < plan.C; c++)
            memcpy(m.pooled + c * n, (plan.is_last(c) ? end : others) + c * n, n * sizeof(T));
        by_presence(m.pooled);
    }

    // Outputs, loss, and gradients of what was pooled.
    void compare() const {
        const Shape &s = *plan.shape;
        const bool drops = plan.of->dropout > 0;
        if (drops) drop(plan.of_head(), first, 0, plan.C, n, m.pooled, m.dropped);
        const T *given = drops ? m.dropped : m.pooled;
        const T *bias = call.weights[plan.head_at() + 1];
        multiply<T>({call.head, PANEL, given, plan.C, nullptr, 0, n, n, bias, m.raw, false}, s.K);
        double total = 0;
        for (int64_t i = 0; i < count; i++) {
            for (int64_t k = 0; k < s.K; k++) call.outputs[(first + i) * s.K + k] = m.of_sample[k] = m.raw[k * n + i];
            total += loss_of<T>(call.loss, first + i, s.K, 1.0 / call.split.n_samples, m.of_sample);
            for (int64_t k = 0; k < s.K; k++) {
                m.raw[k * n + i] = m.of_sample[k];
                sums.head_bias[k] += m.of_sample[k];
            }
        }
        for (int64_t k = 0; k < s.K; k++)
            for (int64_t i = count; i < n; i++) m.raw[k * n + i] = 0;
        call.losses[part] = total;
        memset(m.turned, 0, n * plan.columns * sizeof(T));
        turn(given, n, plan.C, n, m.turned, plan.columns);
        add_outer<T>({m.raw, 0, n, m.turned, 0, plan.columns, 1, n, sums.head, plan.columns}, s.K, plan.columns);
        multiply<T>({call.head_back, PANEL, m.raw, s.K, nullptr, 0, n, n, nullptr, m.d_pooled, false}, plan.C);
        if (drops) drop(plan.of_head(), first, 0, plan.C, n, m.d_pooled, m.d_pooled);
        by_presence(m.d_pooled);
        if (plan.attends()) {
            memcpy(m.attention.gradients, m.d_pooled, size * sizeof(T));
            m.attention.begin_back(plan.C, n);
        } else if (m.pool.kind != LAST) {
            for (int64_t c = 0; c < plan.C; c++)
                if (plan.is_last(c))
                    memset(m.pool.gradients + c * n, 0, n * sizeof(T));
                else
                    memcpy(m.pool.gradients + c * n, m.d_pooled + c * n, n * sizeof(T));
            m.pool.divide(m.pool.gradients, plan.C, n, n, 1);
        }
    }

    // -- backwards -------------------------------------------------------------------

    T *gradient(int64_t l) const { return m.d[(top() - l) % 2]; }
    T *below(int64_t l) const { return m.d[1 - (top() - l) % 2]; }

    // Whether a sample ends within the present part of the steps.
    bool ends_here(int64_t i) const {
        if (!lengths() || i >= count) return piece + 1 == plan.n_parts_of_steps;
        return lengths()[i] > begin() && lengths()[i] <= begin() + steps();
    }

    // Gradients of the states that the uppermost layer gave.
    void spread() const {
        T *to = gradient(top()), *end = to + steps() * size;
        if (plan.attends()) {
            m.attention.give(call.project_back, call.attention(), m.layers[top()].values, to, masks(), begin(),
                             steps(), plan.C, plan.columns, n, sums.attention);
        } else {
            memset(to, 0, steps() * size * sizeof(T));
            for (int64_t t = 0; m.pool.kind != LAST && t < steps(); t++)
                m.pool.give(begin() + t, to + t * size, masks().at(t, n), 0, size, n);
        }
        if (!plan.reads_last()) return;
        for (int64_t c = 0; c < plan.C; c++)
            for (int64_t i = 0; i < n; i++)
                end[c * n + i] = plan.is_last(c) && ends_here(i) ? m.d_pooled[c * n + i] : T(0);
    }

    // What a layer adds to its input gives its gradient to that as well.
    void pass_below(int64_t l) const {
        if (l > 0 && plan.of->is_residual)
            memcpy(below(l), gradient(l), (steps() + 1) * size * sizeof(T));
    }

    // Through the normalisation: piece(gradients, standardised states, place of the step).
    template <class Do> void each_slot(int64_t l, Do piece) const {
        T *d = gradient(l), *normal = m.layers[l].normal;
        for (int64_t t = 0; t < steps(); t++) piece(d + t * size, normal + t * size, t);
        if (call.has_end(l)) piece(d + steps() * size, normal + (slots() - 1) * size, slots() - 1);
    }

    void through_sample_norm(int64_t l) const {
        const T *weight = call.weights[plan.norm_at(l)];
        each_slot(l, [&](T *d, const T *normal, int64_t t) {
            normalise_sample_back(d, normal, m.layers[l].inverse + t * n, plan.C, n, weight, sums.norms[l]);
        });
    }

    // What the batch has to sum before.
    void add_batch_norm(int64_t l) const {
        sums.norms[l].clear(plan.C);
        each_slot(l, [&](T *d, const T *normal, int64_t) {
            for (int64_t c = 0; c < plan.C; c++)
                for (int64_t i = 0; i < n; i += Simd<T>::n)
                    sums.norms[l].add(c, load<T>(d + c * n + i), load<T>(normal + c * n + i));
        });
        for (int64_t c = 0; c < plan.C; c++) {
            moments()[c] = sums.norms[l].of_shift(c);
            moments()[plan.C + c] = sums.norms[l].of_factor(c);
        }
    }

    void through_batch_norm(int64_t l) const {
        const T *weight = call.weights[plan.norm_at(l)], *end = gradient(l) + steps() * size;
        each_slot(l, [&](T *d, const T *normal, int64_t t) {
            const T *mask = d == end ? nullptr : masks().at(t, n);
            normalise_batch_back(d, normal, call.moments[l], d == end ? nullptr : m.shares, mask, plan.C, n, weight);
        });
    }

    void run_layer_back(int64_t l) const {
        const LayerStates<T> &layer = m.layers[l];
        const bool adds = l > 0 && plan.of->is_residual, is_apart = adds && layer.entered;
        T *d = gradient(l), *end = d + steps() * size;
        T *dx = is_apart ? m.d[2] : l ? below(l) : m.dx ? m.dx + begin() * plan.shape->F * n : nullptr;
        for (int64_t i = 0; i < plan.D; i++) {
            const int64_t half = i * plan.shape->H * n;
            run_backward<T>(call.layers[l * plan.D + i], layer.records[i], layer.scratch[i], entering(l), masks(),
                            steps(), n, i > 0, piece == 0, d + half, call.has_end(l) ? end + half : nullptr, nullptr, dx,
                            sums.layers[l * plan.D + i], size, i > 0 || (adds && !is_apart));
        }
        if (!layer.entered) return;
        const Dropout<T> dropout = plan.of_inputs(piece, l);
        for (int64_t t = 0; t < steps(); t++) drop(dropout, first, t, plan.C, n, dx + t * size, dx + t * size);
        if (is_apart) add_to(below(l), dx, steps() * size);
    }

    void run_steps_back() const {
        spread();
        for (int64_t l = top(); l >= 0; l--) {
            pass_below(l);
            if (plan.of->norm == LAYER_NORM) through_sample_norm(l);
            run_layer_back(l);
        }
    }

    void close() const {
        if (call.dx) lanes_to_rows(m.dx, count, call.L * plan.shape->F, n, call.dx + first * call.L * plan.shape->F);
    }

    // All of a step of training, where a part of a batch needs nothing of the others.
    void train() {
        open();
        for (piece = 0; piece < plan.n_parts_of_steps; piece++) run_steps(false);
        piece = plan.n_parts_of_steps - 1;
        pool_all();
        compare();
        run_steps_back();
        // Nothing but the ends is read of earlier ones where no sample ends there.
        if (plan.is_by_step() || lengths() || call.dx)
            while (piece-- > 0) run_steps(true), run_steps_back();
        close();
    }
};
