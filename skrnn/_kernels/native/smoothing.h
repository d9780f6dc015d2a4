// Exponential smoothing of many series by many models at once, and the averages of their
// forecasts by how likely each model is.
//
// The slow twin is in Python (smoothing_filter.py of the forecasts), where the words are
// explained. Sums over models have as many parts as a group has lanes, whatever the
// register, and a series is worked on alone: what comes out depends neither on the other
// series nor on the number of threads.
#pragma once

#include "convolutions.h"

struct SmoothingCall {
    int64_t N, T;       // series, and rows that a series has room for
    int64_t M, E, S;    // models, seasonal effects of each, rows of a season
    int64_t H, G;       // steps ahead, kinds of damping
    int64_t R;          // forecasts that are asked for
    int64_t begin;      // the row to be taken in next; 0 but where `state` goes on
    const double *values;            // (N, T); NaN where nothing was observed
    const double *gain;              // (T, 2 + E, M)
    const double *variance, *log_variance;  // (T, M)
    const double *damping, *prior;   // (M,)
    const double *basis;             // (S, E)
    const double *damped;            // (H, G): how far a trend goes in so many steps
    const int64_t *kinds;            // (G + 1,): where models of each begin, and the end
    const int64_t *steps;            // (H,)
    const int64_t *asked;            // (N + 1,): where the forecasts of each series begin
    const int64_t *rows;             // (R,): from which row, rising within a series
    double most_surprise, least_variance, power;
    int64_t rows_of_scale;
    double *state;                   // (2 + E + 3, M) and the rows seen (1,), or null
    double *path, *evidence;         // (R, H), (R,)
    double *shares;                  // (R, M) of the models, or null
};

constexpr int64_t SUMS_OF_MODELS = GROUP_BYTES / sizeof(double);

// Natural logarithm of positive numbers: that of two to the exponent, and for what is
// left, between the roots of 1/2 and 2, the series of the inverse hyperbolic tangent.
// Infinity and NaN stay what they are.
INLINE Vec<double> logarithm(Vec<double> x) {
    const int64_t half_root = 0x3fe6a09e667f3bcd, magic_bits = 0x4338000000000000;
    const double magic = 6755399441055744.0;  // 1.5 * 2**52
    IntVec<double> n = ((IntVec<double>)x - half_root) >> 52;
    Vec<double> m = (Vec<double>)((IntVec<double>)x - (n << 52));
    Vec<double> exponent = (Vec<double>)(n + magic_bits) - magic;
    Vec<double> s = (m - 1.0) / (m + 1.0), z = s * s;
    Vec<double> p = fill<double>(1.0 / 23);
    UNROLL
    for (int k = 21; k >= 3; k -= 2) p = p * z + 1.0 / k;
    s = s + s;
    Vec<double> low = exponent * 1.42860682030941723212e-6 + s * z * p;
    Vec<double> sum = exponent * 6.93145751953125e-1 + (s + low);
    return select<double>(x < fill<double>(__builtin_inf()), sum, x);
}

// What a thread keeps of one series; rows of models are filled up to whole groups.
struct SmoothingMemory {
    int64_t width;
    double *state;                          // (2 + E, width)
    double *squares, *sizes, *logs;         // (width,)
    double *surprise, *weight, *mean;       // (width,), (width,), (2 + E,)
    double *trend;                          // (G,)
    double count;

    void take(Arena &arena, const SmoothingCall &call) {
        width = (call.M + SUMS_OF_MODELS - 1) / SUMS_OF_MODELS * SUMS_OF_MODELS;
        state = arena.take<double>((2 + call.E) * width);
        for (double **row : {&squares, &sizes, &logs, &surprise, &weight}) *row = arena.take<double>(width);
        mean = arena.take<double>(2 + call.E);
        trend = arena.take<double>(call.G);
    }

    void begin(const SmoothingCall &call) const {
        memset(state, 0, (2 + call.E) * width * sizeof(double));
        for (double *row : {squares, sizes, logs, surprise, weight}) memset(row, 0, width * sizeof(double));
        // Models that there are not are never the likeliest.
        for (int64_t m = call.M; m < width; m++) logs[m] = __builtin_inf();
    }

    // From, or to, where the state of one series is kept.
    template <class Move> void move(const SmoothingCall &call, Move move_row) {
        for (int64_t d = 0; d < 2 + call.E; d++) move_row(call.state + d * call.M, state + d * width);
        double *sums = call.state + (2 + call.E) * call.M;
        for (double *row : {squares, sizes, logs}) move_row(sums, row), sums += call.M;
    }
    void read(const SmoothingCall &call) {
        move(call, [&](double *kept, double *own) { memcpy(own, kept, call.M * sizeof(double)); });
        count = call.state[(5 + call.E) * call.M];
    }
    void write(const SmoothingCall &call) {
        move(call, [&](double *kept, double *own) { memcpy(kept, own, call.M * sizeof(double)); });
        call.state[(5 + call.E) * call.M] = count;
    }
};

// Take surprises into what is known of how likely each model is, gross ones as less.
static void learn_from(const SmoothingCall &call, SmoothingMemory &memory, int64_t t) {
    const double *__restrict variance = call.variance + t * call.M;
    const double *__restrict log_variance = call.log_variance + t * call.M;
    double *__restrict surprise = memory.surprise, *__restrict squares = memory.squares;
    double *__restrict sizes = memory.sizes, *__restrict logs = memory.logs;
    double *__restrict size = memory.weight;  // which nobody reads before it is written
    const double seen = memory.count > 1 ? memory.count : 1;
    const double most = t > call.rows_of_scale ? call.most_surprise * call.most_surprise / seen : 0;
    int64_t n_gross = 0;
    for (int64_t m = 0; m < call.M; m++) {
        size[m] = surprise[m] * surprise[m] / variance[m];
        const double bound = most * sizes[m];
        n_gross += (size[m] > bound) & (bound > 0);
        logs[m] += log_variance[m];
    }
    if (!n_gross) {
        for (int64_t m = 0; m < call.M; m++) sizes[m] += size[m], squares[m] += size[m];
    } else {
        for (int64_t m = 0; m < call.M; m++) {
            const double bound = most * sizes[m];
            const bool is_gross = (size[m] > bound) & (bound > 0);
            sizes[m] += size[m];
            squares[m] += is_gross ? bound : size[m];
            surprise[m] = is_gross ? surprise[m] * __builtin_sqrt(bound / size[m]) : surprise[m];
        }
    }
    memory.count += 1;
}

static void take_in(const SmoothingCall &call, SmoothingMemory &memory, int64_t t, double value, double first) {
    const int64_t M = call.M, width = memory.width;
    double *__restrict level = memory.state, *__restrict trend = memory.state + width;
    double *__restrict surprise = memory.surprise;
    const double *__restrict damping = call.damping;
    if (t)
        for (int64_t m = 0; m < M; m++) {
            level[m] += damping[m] * trend[m];
            trend[m] *= damping[m];
        }
    if (!(value == value)) return;  // Of what is not there nobody is surprised.
    for (int64_t m = 0; m < M; m++) surprise[m] = level[m] + first;
    const double *effects = call.basis + t % call.S * call.E;
    for (int64_t e = 0; e < call.E; e++) {
        const double share = effects[e];
        const double *__restrict effect = memory.state + (2 + e) * width;
        if (share != 0)
            for (int64_t m = 0; m < M; m++) surprise[m] += share * effect[m];
    }
    for (int64_t m = 0; m < M; m++) surprise[m] = value - surprise[m];
    if (t) learn_from(call, memory, t);  // Of the first row no model says how likely it is.
    const double *__restrict gain = call.gain + t * (2 + call.E) * M;
    for (int64_t d = 0; d < 2 + call.E; d++, gain += M) {
        double *__restrict row = memory.state + d * width;
        for (int64_t m = 0; m < M; m++) row[m] += gain[m] * surprise[m];
    }
}

// Sum over the models from the first one on.
template <class F> INLINE double over_models(int64_t first, int64_t after, F number) {
    double parts[SUMS_OF_MODELS] = {}, sum = 0;
    int64_t m = first;
    for (; m + SUMS_OF_MODELS <= after; m += SUMS_OF_MODELS)
        for (int64_t i = 0; i < SUMS_OF_MODELS; i++) parts[i] += number(m + i);
    for (int64_t i = 0; m < after; i++, m++) parts[i] += number(m);
    for (double part : parts) sum += part;
    return sum;
}

// Shares of the models, and the logarithm of the sum of their likelihoods' powers.
static double weigh(const SmoothingCall &call, SmoothingMemory &memory) {
    constexpr int n = Simd<double>::n;
    const int64_t M = call.M, width = memory.width;
    double *__restrict weight = memory.weight;
    const double seen = memory.count > 1 ? memory.count : 1;
    Vec<double> largest = fill<double>(-__builtin_inf());
    for (int64_t m = 0; m < width; m += n) {
        Vec<double> variance = load<double>(memory.squares + m) / seen + call.least_variance;
        Vec<double> fit = (logarithm(variance) * seen + load<double>(memory.logs + m)) * -0.5;
        fit = fit * call.power;
        store<double>(weight + m, fit);
        largest = larger(fit, largest);  // which no NaN is: that shows in the total
    }
    double best = largest[0];
    for (int i = 1; i < n; i++) best = largest[i] > best ? largest[i] : best;
    for (int64_t m = 0; m < width; m += n) store<double>(weight + m, exponential(load<double>(weight + m) - best));
    for (int64_t m = 0; m < M; m++) weight[m] *= call.prior[m];
    for (int64_t m = M; m < width; m++) weight[m] = 0;
    const double total = over_models(0, width, [&](int64_t m) { return weight[m]; });
    for (int64_t m = 0; m < width; m++) weight[m] /= total;
    return best + __builtin_log(total);
}

// The mean of the forecasts from row t.
static void look_ahead(const SmoothingCall &call, SmoothingMemory &memory, int64_t t, double first, double *path) {
    const int64_t width = memory.width, E = call.E;
    const double *__restrict weight = memory.weight;
    for (int64_t d = 0; d < 2 + E; d++) {
        const double *__restrict row = memory.state + d * width;
        memory.mean[d] = over_models(0, width, [&](int64_t m) { return weight[m] * row[m]; });
    }
    const double *__restrict trend = memory.state + width;
    for (int64_t g = 0; g < call.G; g++)
        memory.trend[g] =
            over_models(call.kinds[g], call.kinds[g + 1], [&](int64_t m) { return weight[m] * trend[m]; });
    for (int64_t h = 0; h < call.H; h++) {
        double trend = 0, season = 0;
        for (int64_t g = 0; g < call.G; g++) trend += memory.trend[g] * call.damped[h * call.G + g];
        const double *effects = call.basis + (t + call.steps[h]) % call.S * E;
        for (int64_t e = 0; e < E; e++) season += memory.mean[2 + e] * effects[e];
        path[h] = memory.mean[0] + trend + season + first;
    }
}

static void smooth_series(const SmoothingCall &call, SmoothingMemory &memory, int64_t i) {
    const double *values = call.values + i * call.T, first = values[0];
    memory.count = 0;
    memory.begin(call);
    if (call.state) memory.read(call);
    int64_t next = call.state ? call.begin : 0;
    for (int64_t r = call.asked[i]; r < call.asked[i + 1]; r++) {
        for (; next <= call.rows[r]; next++) take_in(call, memory, next, values[next], first);
        call.evidence[r] = weigh(call, memory);
        look_ahead(call, memory, call.rows[r], first, call.path + r * call.H);
        if (call.shares) memcpy(call.shares + r * call.M, memory.weight, call.M * sizeof(double));
    }
    if (call.state) memory.write(call);
}

struct SmoothingRun {
    const SmoothingCall &call;
    LayerMemories &kept;
    std::atomic<int64_t> next{0};
    std::atomic<int> is_short_of_memory{0};
};

static void smooth_some(void *of, int thread, int) {
    SmoothingRun &run = *(SmoothingRun *)of;
    SmoothingMemory memory;
    Arena count = {nullptr, 0};
    memory.take(count, run.call);
    char *base = run.kept.part_of[thread].at_least(count.used);
    if (!base) {
        run.is_short_of_memory = 1;
        return;
    }
    Arena arena = {base, 0};
    memory.take(arena, run.call);
    for (int64_t i = run.next++; i < run.call.N; i = run.next++) smooth_series(run.call, memory, i);
}

static bool smooth(LayerPool *pool, const SmoothingCall &call) {
    LayerMemories own;
    SmoothingRun run = {call, pool ? pool->kept : own};
    run_phase(pool, smooth_some, &run);
    if (!pool) own.clear();
    return !run.is_short_of_memory;
}
