// Vectors of one register, and the functions of the gates on them.
//
// Everything is written once for float and double and for every register width: the
// compiler's vector types turn into AVX-512, AVX2, SSE or NEON.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define HAS_32_REGISTERS 1
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#define HAS_32_REGISTERS 0
#elif defined(__aarch64__)
#define VECTOR_BYTES 16
#define HAS_32_REGISTERS 1
#else
#define VECTOR_BYTES 16
#define HAS_32_REGISTERS 0
#endif

// Loops over registers must be gone before registers are given out.
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

#define INLINE static inline __attribute__((always_inline))

// Lanes come in groups of one cache line, whatever the register is: the split of a
// batch, and so the rounding of its sums, is then the same on every machine.
constexpr int GROUP_BYTES = 64;

template <class T> struct Simd;

template <> struct Simd<float> {
    typedef float V __attribute__((vector_size(VECTOR_BYTES)));
    typedef int32_t I __attribute__((vector_size(VECTOR_BYTES)));
    static constexpr int n = VECTOR_BYTES / 4;
};

template <> struct Simd<double> {
    typedef double V __attribute__((vector_size(VECTOR_BYTES)));
    typedef int64_t I __attribute__((vector_size(VECTOR_BYTES)));
    static constexpr int n = VECTOR_BYTES / 8;
};

template <class T> using Vec = typename Simd<T>::V;
template <class T> using IntVec = typename Simd<T>::I;

template <class T> INLINE Vec<T> load(const T *p) {
    Vec<T> v;
    memcpy(&v, p, sizeof v);
    return v;
}

template <class T> INLINE void store(T *p, Vec<T> v) { memcpy(p, &v, sizeof v); }

template <class T> INLINE Vec<T> fill(T x) { return Vec<T>{} + x; }

template <class T> INLINE T sum_of(Vec<T> v) {
    T total = 0;
    for (int i = 0; i < Simd<T>::n; i++) total += v[i];
    return total;
}

// a where the mask is set, b elsewhere.
template <class T> INLINE Vec<T> select(IntVec<T> mask, Vec<T> a, Vec<T> b) { return mask ? a : b; }

// The larger and the smaller of two; b where one of them is NaN, as the instructions of
// x86 have it, which compilers do not find behind a comparison.
#if defined(__AVX512F__)
#define OF_REGISTER(name, type) _mm512_##name##_##type
#elif defined(__AVX2__)
#define OF_REGISTER(name, type) _mm256_##name##_##type
#elif defined(__SSE2__)
#define OF_REGISTER(name, type) _mm_##name##_##type
#endif
#if defined(OF_REGISTER)
INLINE Vec<float> larger(Vec<float> a, Vec<float> b) { return (Vec<float>)OF_REGISTER(max, ps)(a, b); }
INLINE Vec<float> smaller(Vec<float> a, Vec<float> b) { return (Vec<float>)OF_REGISTER(min, ps)(a, b); }
INLINE Vec<double> larger(Vec<double> a, Vec<double> b) { return (Vec<double>)OF_REGISTER(max, pd)(a, b); }
INLINE Vec<double> smaller(Vec<double> a, Vec<double> b) { return (Vec<double>)OF_REGISTER(min, pd)(a, b); }
#else
template <class V> INLINE V larger(V a, V b) { return a > b ? a : b; }
template <class V> INLINE V smaller(V a, V b) { return a < b ? a : b; }
#endif

// NaN stays what it is.
template <class T> INLINE Vec<T> clamp(Vec<T> x, T low, T high) {
    return smaller(fill<T>(high), larger(fill<T>(low), x));
}

INLINE Vec<float> reciprocal(Vec<float> x) {
#if defined(__AVX512F__)
    // 14 bits, then one step of Newton: a division takes as long as 16 products.
    Vec<float> y = (Vec<float>)_mm512_rcp14_ps((__m512)x);
    return y * (2.0f - x * y);
#else
    return 1.0f / x;
#endif
}

INLINE Vec<double> reciprocal(Vec<double> x) { return 1.0 / x; }

// Exponential: x = n log 2 + r, a polynomial in r, and n into the exponent's bits. In
// single precision its coefficients are those whose largest relative error is least
// (3e-9, next to a rounding of 6e-8); Taylor's in double.
INLINE Vec<float> exponential(Vec<float> x) {
    const float magic = 12582912.0f;  // 1.5 * 2**23: adding it rounds to an integer
    x = clamp<float>(x, -87.0f, 88.0f);
    Vec<float> shifted = x * 1.44269504088896341f + magic;
    Vec<float> whole = shifted - magic;
    Vec<float> r = x - whole * 0.693359375f;
    r = r + whole * 2.12194440e-4f;
    Vec<float> p = fill<float>(1.3821196e-3f);
    p = p * r + 8.36866628e-3f;
    p = p * r + 4.16682586e-2f;
    p = p * r + 1.66665211e-1f;
    p = p * r + 4.9999994e-1f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    // Of the bits of `shifted` those of the whole number alone are left.
    return p * (Vec<float>)(((IntVec<float>)shifted + 127) << 23);
}

INLINE Vec<double> exponential(Vec<double> x) {
    const double magic = 6755399441055744.0;  // 1.5 * 2**52
    x = clamp<double>(x, -708.0, 709.0);
    Vec<double> shifted = x * 1.4426950408889634074 + magic;
    IntVec<double> n = (IntVec<double>)shifted - (IntVec<double>)fill<double>(magic);
    Vec<double> whole = shifted - magic;
    Vec<double> r = x - whole * 6.93145751953125e-1;
    r = r - whole * 1.42860682030941723212e-6;
    static const double inverse_factorials[] = {
        1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0,
        1.0 / 362880.0,     1.0 / 40320.0,     1.0 / 5040.0,     1.0 / 720.0,
        1.0 / 120.0,        1.0 / 24.0,        1.0 / 6.0,        0.5,
        1.0,                1.0};
    Vec<double> p = fill<double>(inverse_factorials[0]);
    for (int i = 1; i < 14; i++) p = p * r + inverse_factorials[i];
    return p * (Vec<double>)((n + 1023) << 52);
}

template <class T> INLINE Vec<T> sigmoid(Vec<T> x) {
    return reciprocal(exponential(-x) + T(1));
}

// x times a quotient of polynomials in x * x, whose largest relative error is least
// between -9 and 9 (2e-8; with roundings 4e-7): small numbers keep their digits. Beyond
// lies 1.
INLINE Vec<float> tanh_of(Vec<float> x) {
    x = clamp<float>(x, -9.0f, 9.0f);
    Vec<float> z = x * x;
    Vec<float> p = fill<float>(1.33544848e-8f);
    p = p * z + 2.06089553e-5f;
    p = p * z + 3.49558046e-3f;
    p = p * z + 1.33810192e-1f;
    p = p * z + 0.99999998f;
    Vec<float> q = fill<float>(7.77648610e-7f);
    q = q * z + 3.28562224e-4f;
    q = q * z + 2.58769531e-2f;
    q = q * z + 4.67143348e-1f;
    q = q * z + 1.0f;
    return clamp<float>(p * x * reciprocal(q), -1.0f, 1.0f);
}

// In double near zero a quotient (Cephes), so that small numbers keep their digits.
INLINE Vec<double> tanh_near_zero(Vec<double> x) {
    Vec<double> z = x * x;
    Vec<double> p = fill<double>(-9.64399179425052238628e-1);
    p = p * z - 9.92877231001918586564e1;
    p = p * z - 1.61468768441708447952e3;
    Vec<double> q = z + 1.12811678491632931402e2;
    q = q * z + 2.23548839060100448583e3;
    q = q * z + 4.84406305325125486048e3;
    return x + x * z * (p / q);
}

INLINE Vec<double> tanh_of(Vec<double> x) {
    Vec<double> far = 1.0 - reciprocal(exponential(x + x) + 1.0) * 2.0;
    IntVec<double> is_near = (x < fill<double>(0.625)) & (x > fill<double>(-0.625));
    return select<double>(is_near, tanh_near_zero(x), far);
}

// Denormal numbers as zeros in the calling thread; returns the setting before.
INLINE uint64_t flush_denormals() {
#if defined(__SSE2__)
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);
    return before;
#elif defined(__aarch64__)
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | (1ull << 24)));
    return before;
#else
    return 0;
#endif
}

INLINE void restore_denormals(uint64_t before) {
#if defined(__SSE2__)
    _mm_setcsr((unsigned)before);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
    (void)before;
#endif
}
