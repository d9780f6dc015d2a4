// Replays calls that `record.py` wrote, with a library of another platform, and compares.
//
//     replay LIBRARY FILE
//
// The largest differences of float32 and float64 numbers are printed, relative to the
// largest number of each array, or to 1.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
static void *open_library(const char *path) { return (void *)LoadLibraryA(path); }
static void *find(void *library, const char *name) {
    return (void *)GetProcAddress((HMODULE)library, name);
}
static void *aligned(size_t size) { return _aligned_malloc(size, 64); }
#else
#include <dlfcn.h>
static void *open_library(const char *path) { return dlopen(path, RTLD_NOW); }
static void *find(void *library, const char *name) { return dlsym(library, name); }
static void *aligned(size_t size) {
    void *memory = nullptr;
    return posix_memalign(&memory, 64, size) ? nullptr : memory;
}
#endif

enum { A_NUMBER, AN_ADDRESS, A_HANDLE };
enum { NOT_COMPARED, FLOAT32, FLOAT64, BYTES };
constexpr int MOST = 256;

struct Buffer {
    int64_t number, compared, size, is_kept, n_addresses;
    char *now, *wanted;
    int64_t addresses[MOST][3];
};

// Places of handles, and what one pass leaves for the other, from call to call.
struct Kept {
    int64_t number, size;
    char *memory;
};
static Kept kept[100000];
static int n_kept = 0;
static FILE *file;

static int64_t number() {
    int64_t value;
    if (fread(&value, 8, 1, file) != 1) exit(3);
    return value;
}

static char *bytes(int64_t size) {
    char *memory = (char *)aligned(size + 64);
    if (size && fread(memory, size, 1, file) != 1) exit(3);
    return memory;
}

static char *memory_of(int64_t number, int64_t size) {
    for (int i = n_kept - 1; i >= 0; i--)
        if (kept[i].number == number && kept[i].size == size) return kept[i].memory;
    char *memory = (char *)aligned(size + 64);
    memset(memory, 0, size);
    kept[n_kept++] = {number, size, memory};
    return memory;
}

template <class T> static double difference(const Buffer &buffer) {
    const T *a = (const T *)buffer.now, *b = (const T *)buffer.wanted;
    double most = 0, size = 1;
    for (int64_t i = 0; i < buffer.size / (int64_t)sizeof(T); i++) {
        if (isnan((double)a[i]) != isnan((double)b[i])) return 1e300;
        if (isnan((double)b[i])) continue;
        const double apart = fabs((double)a[i] - (double)b[i]);
        most = apart > most ? apart : most;
        size = fabs((double)b[i]) > size ? fabs((double)b[i]) : size;
    }
    return most / size;
}

static char *find_buffer(Buffer *buffers, int64_t count, int64_t number) {
    for (int64_t i = 0; i < count; i++)
        if (buffers[i].number == number) return buffers[i].now;
    exit(4);
}

int main(int, char **arguments) {
    void *library = open_library(arguments[1]);
    file = fopen(arguments[2], "rb");
    if (!library || !file) {
        printf("The library or the file cannot be opened.\n");
        return 2;
    }
    double most[3] = {0, 0, 0};
    int n_calls = 0, n_faults = 0;
    char name[64];
    static Buffer buffers[MOST];
    while (fread(name, 64, 1, file) == 1) {
        const bool is_double = number();
        double answer;
        if (fread(&answer, 8, 1, file) != 1) return 3;
        const int64_t count = number();
        for (int64_t i = 0; i < count; i++) {
            Buffer &buffer = buffers[i];
            buffer.number = number(), buffer.compared = number();
            buffer.size = number(), buffer.is_kept = number();
            buffer.now = bytes(buffer.size), buffer.wanted = bytes(buffer.size);
            if (buffer.is_kept) {
                buffer.now = memory_of(buffer.number, buffer.size);
            }
            buffer.n_addresses = number();
            for (int64_t j = 0; j < buffer.n_addresses; j++)
                for (int k = 0; k < 3; k++) buffer.addresses[j][k] = number();
        }
        for (int64_t i = 0; i < count; i++)
            for (int64_t j = 0; j < buffers[i].n_addresses; j++) {
                const int64_t *place = buffers[i].addresses[j];
                char *target = find_buffer(buffers, count, place[1]) + place[2];
                memcpy(buffers[i].now + place[0], &target, 8);
            }
        int64_t given[10] = {0};
        const int64_t n_given = number();
        for (int64_t i = 0; i < n_given; i++) {
            const int64_t kind = number(), value = number(), inner = number();
            given[i] = value;
            if (kind != A_NUMBER) given[i] = (int64_t)(find_buffer(buffers, count, value) + inner);
            if (kind == A_HANDLE) memcpy(&given[i], (void *)given[i], 8);
        }
        void *function = find(library, name);
        if (!function) {
            printf("There is no %s.\n", name);
            return 2;
        }
        typedef int64_t Whole(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                              int64_t, int64_t, int64_t);
        typedef double Real(int64_t, int64_t, int64_t, int64_t);
        typedef int Factors(int64_t, double, int64_t, int64_t, int64_t, int64_t);
        double answered;
        const int64_t *g = given;
        double second;  // which the only function with a double among its arguments has
        memcpy(&second, &g[1], 8);
        if (strstr(name, "keep_factors"))
            answered = ((Factors *)function)(g[0], second, g[2], g[3], g[4], g[5]);
        else if (is_double)
            answered = ((Real *)function)(g[0], g[1], g[2], g[3]);
        else
            answered = (double)((Whole *)function)(g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7],
                                                   g[8], g[9]);
        if (!is_double && strstr(name, "layer_size") == nullptr) answered = (int)(int64_t)answered;
        const bool is_single = strstr(name, "float32") || !strstr(name, "float64");
        const bool returns = strstr(name, "close") == nullptr;
        if (returns && fabs(answered - answer) > (is_single ? 1e-4 : 1e-10) * (1 + fabs(answer))) {
            printf("%s answers %g, not %g.\n", name, answered, answer);
            n_faults++;
        }
        for (int64_t i = 0; i < count; i++) {
            const Buffer &buffer = buffers[i];
            if (buffer.is_kept) continue;
            double apart = 0;
            if (buffer.compared == FLOAT32) apart = difference<float>(buffer);
            if (buffer.compared == FLOAT64) apart = difference<double>(buffer);
            if (buffer.compared == BYTES && memcmp(buffer.now, buffer.wanted, buffer.size))
                apart = 1e300;
            // What single precision has computed may be written as double.
            const int of = is_single ? 1 : 2;
            most[of] = apart > most[of] ? apart : most[of];
        }
        n_calls++;
    }
    printf("%d calls; largest difference %.2g in float32, %.2g in float64\n", n_calls, most[1],
           most[2]);
    return n_faults || most[1] > 3e-6 || most[2] > 1e-13;
}
