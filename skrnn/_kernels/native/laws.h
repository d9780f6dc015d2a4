// Losses whose outputs are several numbers a target, or one on another scale: quantiles,
// laws, rates. How outputs become parameters and parameters a loss, skrnn/_targets/
// heads.py says in the same way, and for predictions.
#pragma once

#include <math.h>
#include <stdint.h>

constexpr double LEAST_SCALE = 1e-4, LEAST_FREEDOM = 2.1;  // as in heads.py
constexpr double HALF_LOG_TAU = 0.91893853320467274178;    // log(2 pi) / 2
constexpr int64_t MOST_LEVELS = 256;

struct WithSlope {
    double value, slope;
};

// As torch has it: the identity above 20.
inline WithSlope softplus(double x) {
    if (x > 20) return {x, 1};
    const double e = exp(x);
    return {log1p(e), e / (1 + e)};
}

// Logarithm of the gamma function for x > 1, and its derivative. Stirling's series, after
// the recurrence has brought x beyond 10 (Abramowitz and Stegun 1964, 6.1.41, 6.3.18).
inline WithSlope log_gamma(double x) {
    double product = 1, slope = 0;
    for (; x < 10; x += 1) product *= x, slope -= 1 / x;
    const double y = 1 / (x * x), log_x = log(x);
    const double series =
        (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y * (1.0 / 1188 - y * 691.0 / 360360))))) / x;
    const double of_slope =
        y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132 - y * 691.0 / 32760)))));
    return {(x - 0.5) * log_x - x + HALF_LOG_TAU + series - log(product), slope + log_x - 0.5 / x - of_slope};
}

// The functions below give the loss of one target, and put the gradient of each of its
// outputs into their place.
inline double poisson_loss(double target, double *z) {
    const double rate = exp(z[0]), loss = rate - target * z[0];
    z[0] = rate - target;
    return loss;
}

inline double gaussian_loss(double target, double *z) {
    const WithSlope positive = softplus(z[1]);
    const double deviation = positive.value + LEAST_SCALE, standard = (target - z[0]) / deviation;
    z[0] = -standard / deviation;
    z[1] = (1 - standard * standard) / deviation * positive.slope;
    return standard * standard / 2 + log(deviation) + HALF_LOG_TAU;
}

inline double student_t_loss(double target, double *z) {
    const WithSlope positive = softplus(z[1]), more = softplus(z[2]);
    const double scale = positive.value + LEAST_SCALE, freedom = more.value + LEAST_FREEDOM;
    const double standard = (target - z[0]) / scale, square = standard * standard;
    WithSlope norm;
    if (freedom < 50) {
        const WithSlope one = log_gamma(freedom / 2), other = log_gamma((freedom + 1) / 2);
        norm.value = one.value - other.value + log(freedom * 3.14159265358979323846) / 2;
        norm.slope = (one.slope - other.slope + 1 / freedom) / 2;
    } else {
        const double cube = freedom * freedom * freedom;
        norm.value = HALF_LOG_TAU + 1 / (4 * freedom) - 1 / (24 * cube);
        norm.slope = -1 / (4 * freedom * freedom) + 1 / (8 * cube * freedom);
    }
    const double away = log1p(square / freedom), total = freedom + square;
    const double pull = (freedom + 1) * standard / total;  // along the standardised error
    z[0] = -pull / scale;
    z[1] = (1 - pull * standard) / scale * positive.slope;
    z[2] = (norm.slope + away / 2 - (freedom + 1) / 2 * square / (freedom * total)) * more.slope;
    return norm.value + log(scale) + (freedom + 1) / 2 * away;
}

// Levels ascend; the output at that of one half is the median, the others are steps away
// from it.
inline double quantile_loss(double target, double *z, const double *levels, int64_t width) {
    int64_t median = 0;
    while (median + 1 < width && levels[median] < 0.5) median++;
    double slopes[MOST_LEVELS], to_median = 0, total = 0;
    // Away from the median, first downwards and then upwards.
    for (int64_t direction = -1; direction <= 1; direction += 2) {
        const int64_t end = direction < 0 ? -1 : width;
        double at = z[median];
        for (int64_t q = direction < 0 ? median : median + 1; q != end; q += direction) {
            double step = 1;
            if (q != median) {
                const WithSlope positive = softplus(z[q]);
                at += direction * positive.value;
                step = direction * positive.slope;
            }
            const double error = target - at, level = levels[q];
            total += (error > 0 ? level : level - 1) * error;
            const double slope = error > 0 ? -level : error < 0 ? 1 - level : error == 0 ? 0.5 - level : error;
            slopes[q] = slope;
            to_median += slope;
            z[q] = q == median ? z[q] : step;
        }
    }
    // A step moves all quantiles beyond it as well.
    double beyond = 0;
    for (int64_t q = 0; q < median; q++) beyond += slopes[q], z[q] *= beyond / width;
    beyond = 0;
    for (int64_t q = width - 1; q > median; q--) beyond += slopes[q], z[q] *= beyond / width;
    z[median] = to_median / width;
    return total / width;
}
