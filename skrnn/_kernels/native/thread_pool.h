// Threads that wait for work by spinning for some microseconds, then asleep.
//
// A step of training takes tenths of a millisecond and has three parts that must follow
// each other; to wake a sleeping thread for each would take as long as the work.
#pragma once

#include <atomic>

#include "simd.h"

#ifndef _WIN32
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#endif

INLINE void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Where threads wait for each other, many times a millisecond.
struct Barrier {
    std::atomic<int> n_waiting{0};
    std::atomic<uint64_t> n_passed{0};

    void wait(int n_threads) {
        if (n_threads == 1) return;
        const uint64_t passed = n_passed.load(std::memory_order_acquire);
        if (n_waiting.fetch_add(1, std::memory_order_acq_rel) == n_threads - 1) {
            n_waiting.store(0, std::memory_order_relaxed);
            n_passed.store(passed + 1, std::memory_order_release);
            return;
        }
        for (int i = 0; n_passed.load(std::memory_order_acquire) == passed; i++) {
            pause_briefly();
#ifndef _WIN32
            if (i % 1024 == 1023) sched_yield();  // the others may have no core
#endif
        }
    }
};

typedef void (*Work)(void *argument, int thread, int n_threads);

constexpr int MAX_THREADS = 64;  // more ask for more arrays, and share few parts
// How often a thread looks for work before it falls asleep: longer than the gaps within
// a step of training, and nothing beside the time slice of a core. Chosen by hand.
constexpr int N_SPINS = 4000;

struct ThreadPool {
    int size;
#ifndef _WIN32
    pid_t process;  // whose threads they are
    pthread_t threads[MAX_THREADS];
    pthread_mutex_t mutex;
    pthread_cond_t begun, ended;
    std::atomic<uint64_t> n_begun;  // jobs handed out so far
    std::atomic<int> n_busy;
    std::atomic<int> n_numbered;
    Work work;
    void *argument;
    bool is_closing;
#endif
};

#ifdef _WIN32

static void open_pool(ThreadPool &pool, int) { pool.size = 1; }
static void close_pool(ThreadPool &) {}
static void leave_to_parent(ThreadPool &) {}
static void run_pool(ThreadPool &, Work work, void *argument) {
    uint64_t before = flush_denormals();
    work(argument, 0, 1);
    restore_denormals(before);
}

#else

static void *follow(void *of) {
    ThreadPool &pool = *(ThreadPool *)of;
    const int number = ++pool.n_numbered;
    uint64_t n_done = 0;
    flush_denormals();
    for (;;) {
        for (int i = 0; i < N_SPINS && pool.n_begun.load(std::memory_order_acquire) == n_done; i++)
            pause_briefly();
        if (pool.n_begun.load(std::memory_order_acquire) == n_done) {
            pthread_mutex_lock(&pool.mutex);
            while (pool.n_begun.load(std::memory_order_acquire) == n_done)
                pthread_cond_wait(&pool.begun, &pool.mutex);
            pthread_mutex_unlock(&pool.mutex);
        }
        n_done++;
        if (pool.is_closing) return nullptr;
        pool.work(pool.argument, number, pool.size);
        if (pool.n_busy.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&pool.mutex);
            pthread_cond_signal(&pool.ended);
            pthread_mutex_unlock(&pool.mutex);
        }
    }
}

static void hand_out(ThreadPool &pool) {
    pthread_mutex_lock(&pool.mutex);
    pool.n_begun.fetch_add(1, std::memory_order_acq_rel);
    pthread_cond_broadcast(&pool.begun);
    pthread_mutex_unlock(&pool.mutex);
}

// A process that was forked has the pool, but of the threads only that which forked. The
// mutex may be held, and the conditions waited for, by threads that there are not.
static bool is_of_parent(const ThreadPool &pool) { return pool.process != getpid(); }

static void leave_to_parent(ThreadPool &pool) {
    if (is_of_parent(pool)) pool.size = 1;
}

static void open_pool(ThreadPool &pool, int size) {
    pool.size = 1;
    pool.process = getpid();
    pool.n_begun = 0, pool.n_busy = 0, pool.n_numbered = 0;
    pool.is_closing = false;
    pthread_mutex_init(&pool.mutex, nullptr);
    pthread_cond_init(&pool.begun, nullptr);
    pthread_cond_init(&pool.ended, nullptr);
    size = size > MAX_THREADS ? MAX_THREADS : size;
    // Where the system gives no more threads, there are fewer.
    while (pool.size < size &&
           pthread_create(&pool.threads[pool.size], nullptr, follow, &pool) == 0)
        pool.size++;
}

static void close_pool(ThreadPool &pool) {
    if (is_of_parent(pool)) return;
    if (pool.size > 1) {
        pool.is_closing = true;
        hand_out(pool);
        for (int i = 1; i < pool.size; i++) pthread_join(pool.threads[i], nullptr);
    }
    pthread_mutex_destroy(&pool.mutex);
    pthread_cond_destroy(&pool.begun);
    pthread_cond_destroy(&pool.ended);
}

// Run work on every thread of the pool, the calling one included; denormal numbers are
// zeros meanwhile.
static void run_pool(ThreadPool &pool, Work work, void *argument) {
    uint64_t before = flush_denormals();
    if (pool.size > 1) {
        pool.work = work, pool.argument = argument;
        pool.n_busy.store(pool.size - 1, std::memory_order_release);
        hand_out(pool);
    }
    work(argument, 0, pool.size);
    if (pool.size > 1) {
        for (int i = 0; i < N_SPINS && pool.n_busy.load(std::memory_order_acquire); i++)
            pause_briefly();
        if (pool.n_busy.load(std::memory_order_acquire)) {
            pthread_mutex_lock(&pool.mutex);
            while (pool.n_busy.load(std::memory_order_acquire))
                pthread_cond_wait(&pool.ended, &pool.mutex);
            pthread_mutex_unlock(&pool.mutex);
        }
    }
    restore_denormals(before);
}

#endif
