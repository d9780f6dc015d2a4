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

// Bits of a where the mask is set, of b elsewhere.
template <class T> INLINE Vec<T> select(IntVec<T> mask, Vec<T> a, Vec<T> b) {
    return (Vec<T>)((mask & (IntVec<T>)a) | (~mask & (IntVec<T>)b));
}

template <class T> INLINE Vec<T> clamp(Vec<T> x, T low, T high) {
    // NaN compares false and stays what it is.
    x = select<T>(x < fill<T>(low), fill<T>(low), x);
    return select<T>(x > fill<T>(high), fill<T>(high), x);
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

// Exponential: x = n log 2 + r, a polynomial in r, and n into the exponent's bits.
// Polynomial of single precision after Cephes (Moshier 1989); Taylor's in double.
INLINE Vec<float> exponential(Vec<float> x) {
    const float magic = 12582912.0f;  // 1.5 * 2**23: adding it rounds to an integer
    x = clamp<float>(x, -87.0f, 88.0f);
    Vec<float> shifted = x * 1.44269504088896341f + magic;
    IntVec<float> n = (IntVec<float>)shifted - (IntVec<float>)fill<float>(magic);
    Vec<float> whole = shifted - magic;
    Vec<float> r = x - whole * 0.693359375f;
    r = r + whole * 2.12194440e-4f;
    Vec<float> p = fill<float>(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    return p * (Vec<float>)((n + 127) << 23);
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

// tanh: near zero a polynomial (Cephes), so that small numbers keep their digits.
INLINE Vec<float> tanh_near_zero(Vec<float> x) {
    Vec<float> z = x * x;
    Vec<float> p = fill<float>(-5.70498872745e-3f);
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    return p * z * x + x;
}

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

template <class T> INLINE Vec<T> tanh_of(Vec<T> x) {
    Vec<T> far = T(1) - reciprocal(exponential(x + x) + T(1)) * T(2);
    IntVec<T> is_near = (x < fill<T>(T(0.625))) & (x > fill<T>(T(-0.625)));
    return select<T>(is_near, tanh_near_zero(x), far);
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
