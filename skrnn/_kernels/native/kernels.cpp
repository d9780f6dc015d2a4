// What Python calls, through ctypes: plain pointers and numbers, for float and double.
//
// This file is compiled once for every level of instructions that a processor may have;
// the names are the same in each library, and Python loads the one that fits.

#include <new>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "checks.h"
#include "narrow_network.h"
#include "narrow_predict.h"
#include "rows.h"
#include "vectors.h"
#include "whole.h"

#if defined(_WIN32)
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

// The number of the instruction level of the machine: 4 and 3 as in x86-64-v4 and -v3.
//
// The processor itself is asked: what compilers offer for that needs a part of their
// runtime, and answers "none" where a linker has left it out.
EXPORT int skrnn_level() {
#if defined(__x86_64__)
    unsigned a, b, c, d, basic;
    if (!__get_cpuid(1, &a, &b, &basic, &d)) return 0;
    if (!(basic & bit_OSXSAVE) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    unsigned kept, kept_above;  // the registers that the system keeps for a thread
    __asm__("xgetbv" : "=a"(kept), "=d"(kept_above) : "c"(0));
    const auto has = [](unsigned word, unsigned bits) { return (word & bits) == bits; };
    const unsigned v3 = bit_AVX2 | bit_BMI2;
    const unsigned v4 = bit_AVX512F | bit_AVX512DQ | bit_AVX512VL | bit_AVX512BW | bit_AVX512CD;
    const unsigned ymm = 0x6, zmm = 0xe6;
    if (!has(kept, ymm) || !has(b, v3) || !has(basic, bit_FMA)) return 0;
    return has(kept, zmm) && has(b, v4) ? 4 : 3;
#endif
    return 0;
}

// What is opened is noted at a place of the caller's, and forgotten there before it is
// closed: Python may be interrupted before and after a call, but not within.
template <class T> static T *forget(void **place) {
    return (T *)__atomic_exchange_n(place, nullptr, __ATOMIC_ACQ_REL);
}

static LayerPool *usable(void *pool) {
    if (pool) leave_to_parent(((LayerPool *)pool)->threads);
    return (LayerPool *)pool;
}

template <class T> static Network<T> *usable_network(void *net) {
    leave_to_parent(((Network<T> *)net)->threads);
    return (Network<T> *)net;
}

// The functions return an `Answer` of checks.h; what does not fit leaves all as it was.
EXPORT int skrnn_open_pool(int size, void **place) {
    if (!place || *place) return MISFIT;
    LayerPool *pool = (LayerPool *)allocate(sizeof(LayerPool));
    if (!pool) return NO_MEMORY;
    new (pool) LayerPool();
    open_pool(pool->threads, size);
    *place = pool;
    return DONE;
}

EXPORT int skrnn_close_pool(void **place) {
    if (!place) return MISFIT;
    LayerPool *pool = forget<LayerPool>(place);
    if (!pool) return DONE;
    close_pool(pool->threads);
    pool->kept.clear();
    release(pool);
    return DONE;
}

EXPORT int skrnn_convolve(void *pool, const ConvolutionCall *call) {
    const Answer found = call ? checked(*call) : MISFIT;
    return found == DONE ? answer(convolve(usable(pool), *call)) : found;
}

EXPORT int skrnn_compete(void *pool, const CompetitionCall *call) {
    const Answer found = call ? checked(*call) : MISFIT;
    return found == DONE ? answer(compete(usable(pool), *call)) : found;
}

EXPORT int skrnn_smooth(void *pool, const SmoothingCall *call) {
    const Answer found = call ? checked(*call) : MISFIT;
    return found == DONE ? answer(smooth(usable(pool), *call)) : found;
}

template <class T> static Answer open_network(const Shape *shape, void **place) {
    const Answer found = shape && place && !*place ? checked(*shape) : MISFIT;
    if (found != DONE) return found;
    void *memory = allocate(sizeof(Network<T>));
    if (!memory) return NO_MEMORY;
    Network<T> *net = new (memory) Network<T>();
    net->shape = *shape;
    open_pool(net->threads, shape->n_threads);
    *place = net;
    return DONE;
}

template <class T> static Answer close_network(void **place) {
    if (!place) return MISFIT;
    Network<T> *net = forget<Network<T>>(place);
    if (!net) return DONE;
    close_pool(net->threads);
    release(net->packed.memory);
    release(net->summed.memory);
    release(net->inputs.memory);
    release(net->composed.memory);
    for (Workspace &workspace : net->part_of) release(workspace.memory);
    release(net);
    return DONE;
}

template <class T>
static Answer train(void *net, const T *const *weights, T *const *gradients, const Input *in,
                    int64_t N, int64_t L, const Loss *loss, T *outputs, double *value) {
    if (!net || !in || !loss || !value || N < 0) return MISFIT;
    if (N > MOST_BYTES) return NO_MEMORY;
    Call<T> call(usable_network<T>(net), weights, gradients, *in, *loss, N, L, outputs, true);
    const Answer found = checked(call, N, L);
    if (found != DONE) return found;
    if (!make_input_gradients(call)) return NO_MEMORY;
    const bool is_few = is_narrow(N, L, call.net->shape.H);
    if (!(is_few ? train_few(call, value) : train_batch(call, value))) return NO_MEMORY;
    give_table_gradients(call);
    return DONE;
}

// Go on to the samples from `first` on, of those that lie one behind the other.
template <class T>
static void move_to(int64_t first, const Shape &shape, int64_t L, Input &in, Loss &loss) {
    const int64_t number = first * L * shape.F, target = first * (shape.K / loss.width);
    in.values = in.kind == FLOAT32 ? (const void *)((const float *)in.values + number)
                                   : (const void *)((const double *)in.values + number);
    if (in.lengths) in.lengths += first;
    if (loss.kind == CROSS_ENTROPY)
        loss.targets = (const int64_t *)loss.targets + first;
    else
        loss.targets = (const T *)loss.targets + target;
    if (loss.weights) loss.weights = (const T *)loss.weights + first;
    if (loss.scales) loss.scales = (const T *)loss.scales + target, loss.shifts = (const T *)loss.shifts + target;
}

// Train on batches of `size` samples, one behind the other, a step of Adam after each, up
// to one whose loss is not finite; says of how many it knows `losses` and `norms`.
template <class T>
static int64_t train_batches(void *net, const T *const *weights, T *const *gradients, const Input *in,
                             int64_t N, int64_t L, const Loss *loss, T *outputs, int64_t size,
                             const Tensors<T> *tensors, const AdamOptions *options, double *squares,
                             double *losses, double *norms) {
    if (!net || !in || !loss || N <= 0 || size <= 0 || in->codes) return MISFIT;
    if (N > MOST_BYTES || size > MOST_BYTES) return NO_MEMORY;
    const Call<T> all(usable_network<T>(net), weights, gradients, *in, *loss, N, L, outputs, true);
    const Answer found = checked(all, N, L);
    if (found != DONE) return found;
    if (!tensors || !options || checked(*tensors, true) != DONE) return MISFIT;
    Check check;
    const int64_t n_batches = (N + size - 1) / size;
    for (double *numbers : {squares, losses, norms}) check.array(numbers, n_batches);
    if (check.answer() != DONE) return check.answer();
    for (int64_t i = 0; i < n_batches; i++) {
        const int64_t first = i * size, count = N - first < size ? N - first : size;
        Input own_in = *in;
        Loss own_loss = *loss;
        move_to<T>(first, all.net->shape, L, own_in, own_loss);
        const Answer is_done = train(net, weights, gradients, &own_in, count, L, &own_loss, outputs, losses + i);
        if (is_done != DONE) return is_done;
        norms[i] = clip_and_adam(all.net->threads, *tensors, *options, squares);
        if (!__builtin_isfinite(losses[i])) return i + 1;
    }
    return n_batches;
}

template <class T>
static Answer train_of(void *net, const T *const *weights, T *const *gradients, const Input *in,
                       int64_t N, int64_t L, const Loss *loss, const Composition *of, T *outputs,
                       double *value) {
    if (!net || !in || !loss || !of || !value) return MISFIT;
    const Shape &shape = usable_network<T>(net)->shape;
    Answer found = checked<T>(shape, *of, N, L);
    if (found != DONE) return found;
    const Call<T> given((Network<T> *)net, weights, gradients, *in, *loss, N, L, outputs, true);
    ComposedCall<T> call(given, *of, N);
    found = checked(given, N, L, call.plan.n_weights());
    if (found != DONE) return found;
    if (!make_input_gradients(call) || !train_composed(call, value)) return NO_MEMORY;
    give_table_gradients(call);
    return DONE;
}

// Factors of dropout (N, L, C): 0 or 1 / (1 - p).
template <class T>
static Answer keep_factors(uint64_t key, double p, int64_t N, int64_t L, int64_t C, T *to) {
    const Answer found = checked_factors(p, N, L, C, to);
    if (found != DONE) return found;
    const Dropout<T> dropout(p, key);
    for (int64_t i = 0; i < N * L * C; i++) to[i] = 1;
    for (int64_t i = 0; i < N; i++)
        for (int64_t t = 0; t < L; t++) drop_row(dropout, i, t, C, to + (i * L + t) * C, to + (i * L + t) * C);
    return DONE;
}

template <class T>
static Answer predict(void *net, const T *const *weights, const Input *in, int64_t N, int64_t L,
                      T *outputs) {
    if (!net || !in || N < 0) return MISFIT;
    if (N > MOST_BYTES) return NO_MEMORY;
    Call<T> call(usable_network<T>(net), weights, nullptr, *in, Loss(), N, L, outputs, false);
    const Answer found = checked(call, N, L);
    if (found != DONE) return found;
    return answer(N <= FEW_TO_PREDICT ? predict_few(call) : predict_batch(call));
}

// With states, of the newest step alone, from those before it to those after it.
template <class T>
static Answer predict_in_units(void *net, const T *const *weights, const Input *like, const Whole *of,
                               const void *values, int kind, double largest, int64_t N, int64_t L,
                               const T *before, T *after, double *outputs) {
    if (!net || !like || !of || N < 0 || N > FEW_TO_PREDICT || !before != !after) return MISFIT;
    Input in = *like;
    if (in.values || in.kind || in.lengths || in.codes) return MISFIT;  // they are not of all calls
    in.values = values, in.kind = kind;
    const Shape &s = usable_network<T>(net)->shape;
    // Outputs of the network have another place, which is not there yet.
    Call<T> call((Network<T> *)net, weights, nullptr, in, Loss(), N, L, (T *)outputs, false);
    const Answer found = checked(call, *of, N, L, before, after, outputs);
    if (found != DONE) return found;
    if (L < of->n_path || !is_near(*of, s.F, largest)) return LEFT;
    return answer(predict_whole(call, *of, N, outputs, [&] {
        return before ? take_step(call, N, before, after) : predict_few(call);
    }));
}

// The norm is no negative number, so that one can say what an answer else says.
template <class T>
static double clip_or_refuse(void *net, const Tensors<T> *tensors, const AdamOptions *options,
                             double *squares) {
    if (!net || !tensors || !options || checked(*tensors, false) != DONE) return MISFIT;
    if (!squares || (uintptr_t)squares % alignof(double)) return MISFIT;
    return clip(usable_network<T>(net)->threads, *tensors, *options, squares);
}

template <class T>
static double clip_and_update(void *net, const Tensors<T> *tensors, const AdamOptions *options,
                              double *squares) {
    if (!net || !tensors || !options || checked(*tensors, true) != DONE) return MISFIT;
    if (!squares || (uintptr_t)squares % alignof(double)) return MISFIT;
    return clip_and_adam(usable_network<T>(net)->threads, *tensors, *options, squares);
}

template <class T>
static Answer update(void *net, const Tensors<T> *tensors, const AdamOptions *options) {
    if (!net || !tensors || !options) return MISFIT;
    const Answer found = checked(*tensors, true);
    if (found == DONE) adam(usable_network<T>(net)->threads, *tensors, *options);
    return found;
}

template <class T>
static Answer linear_rows(const T *x, int64_t N, int64_t K, const T *weight, const T *bias,
                          int64_t M, T *to) {
    const Answer found = checked_linear(x, N, K, weight, bias, M, to);
    return found == DONE ? answer(linear(x, N, K, weight, bias, M, to)) : found;
}

template <class T>
static Answer sums_of_steps(const T *values, const T *factors, const int64_t *lengths, int64_t N,
                            int64_t L, int64_t H, T *to) {
    const Answer found = checked_sums(values, factors, lengths, N, L, H, to);
    if (found == DONE) sum_over_steps(values, factors, lengths, N, L, H, to);
    return found;
}

template <class T> static Answer layer(void *pool, LayerCall<T> *call, bool forward) {
    const Answer found = call ? checked(*call, !forward) : MISFIT;
    return found == DONE ? answer(run_layer(usable(pool), *call, forward)) : found;
}

#define FOR_TYPE(T, SUFFIX)                                                                      \
    EXPORT int skrnn_open_network_##SUFFIX(const Shape *shape, void **place) {                   \
        return open_network<T>(shape, place);                                                    \
    }                                                                                            \
    EXPORT int skrnn_close_network_##SUFFIX(void **place) { return close_network<T>(place); }    \
    EXPORT int skrnn_train_##SUFFIX(void *net, const T *const *weights, T *const *gradients,     \
                                    const Input *in, int64_t n_samples, int64_t n_steps,         \
                                    const Loss *loss, T *outputs, double *value) {               \
        return train(net, weights, gradients, in, n_samples, n_steps, loss, outputs, value);     \
    }                                                                                            \
    EXPORT int64_t skrnn_train_batches_##SUFFIX(                                                 \
        void *net, const T *const *weights, T *const *gradients, const Input *in,                \
        int64_t n_samples, int64_t n_steps, const Loss *loss, T *outputs, int64_t size,          \
        const Tensors<T> *tensors, const AdamOptions *options, double *squares, double *losses,  \
        double *norms) {                                                                         \
        return train_batches(net, weights, gradients, in, n_samples, n_steps, loss, outputs,     \
                             size, tensors, options, squares, losses, norms);                    \
    }                                                                                            \
    EXPORT int skrnn_train_composed_##SUFFIX(                                                    \
        void *net, const T *const *weights, T *const *gradients, const Input *in,                \
        int64_t n_samples, int64_t n_steps, const Loss *loss, const Composition *of, T *outputs, \
        double *value) {                                                                         \
        return train_of(net, weights, gradients, in, n_samples, n_steps, loss, of, outputs,      \
                        value);                                                                  \
    }                                                                                            \
    EXPORT int skrnn_keep_factors_##SUFFIX(uint64_t key, double p, int64_t n_rows,               \
                                           int64_t n_steps, int64_t n_columns, T *to) {          \
        return keep_factors(key, p, n_rows, n_steps, n_columns, to);                             \
    }                                                                                            \
    EXPORT int skrnn_predict_##SUFFIX(void *net, const T *const *weights, const Input *in,       \
                                      int64_t n_samples, int64_t n_steps, T *outputs) {          \
        return predict(net, weights, in, n_samples, n_steps, outputs);                           \
    }                                                                                            \
    EXPORT int skrnn_predict_whole_##SUFFIX(void *net, const T *const *weights, const Input *like, \
                                            const Whole *of, const void *values, int kind,       \
                                            double largest, int64_t n_samples, int64_t n_steps,  \
                                            const T *before, T *after, double *outputs) {        \
        return predict_in_units(net, weights, like, of, values, kind, largest, n_samples,        \
                                n_steps, before, after, outputs);                                \
    }                                                                                            \
    EXPORT double skrnn_clip_##SUFFIX(void *net, const Tensors<T> *tensors,                      \
                                      const AdamOptions *options, double *squares) {             \
        return clip_or_refuse(net, tensors, options, squares);                                   \
    }                                                                                            \
    EXPORT int skrnn_adam_##SUFFIX(void *net, const Tensors<T> *tensors,                         \
                                   const AdamOptions *options) {                                 \
        return update(net, tensors, options);                                                    \
    }                                                                                            \
    EXPORT double skrnn_clip_and_adam_##SUFFIX(void *net, const Tensors<T> *tensors,             \
                                               const AdamOptions *options, double *squares) {    \
        return clip_and_update(net, tensors, options, squares);                                  \
    }                                                                                            \
    EXPORT int skrnn_linear_##SUFFIX(const T *x, int64_t N, int64_t K, const T *weight,          \
                                     const T *bias, int64_t M, T *to) {                          \
        return linear_rows(x, N, K, weight, bias, M, to);                                        \
    }                                                                                            \
    EXPORT int skrnn_sum_over_steps_##SUFFIX(const T *values, const T *factors,                  \
                                             const int64_t *lengths, int64_t N, int64_t L,       \
                                             int64_t H, T *to) {                                 \
        return sums_of_steps(values, factors, lengths, N, L, H, to);                             \
    }                                                                                            \
    EXPORT int64_t skrnn_layer_size_##SUFFIX(const LayerCall<T> *call) {                         \
        return call && checked(*call) == DONE ? record_size(*call) : MISFIT;                     \
    }                                                                                            \
    EXPORT int skrnn_layer_forward_##SUFFIX(void *pool, LayerCall<T> *call) {                    \
        return layer(pool, call, true);                                                          \
    }                                                                                            \
    EXPORT int skrnn_layer_backward_##SUFFIX(void *pool, LayerCall<T> *call) {                   \
        return layer(pool, call, false);                                                         \
    }

FOR_TYPE(float, float32)
FOR_TYPE(double, float64)
