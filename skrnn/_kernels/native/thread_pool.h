// Threads that wait for work by spinning for some microseconds, then asleep.
//
// A step of training takes tenths of a millisecond and has three parts that must follow
// each other; to wake a sleeping thread for each would take as long as the work.
#pragma once

#include <atomic>

#include "simd.h"
#include "threads.h"

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
            if (i % 1024 == 1023) yield_core();  // the others may have none
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
    int process;  // whose threads they are
    Thread threads[MAX_THREADS];
    Mutex mutex;
    Condition begun, ended;
    std::atomic<uint64_t> n_begun;  // jobs handed out so far
    std::atomic<int> n_busy;
    std::atomic<int> n_numbered;
    Work work;
    void *argument;
    bool is_closing;
};

static void follow(void *of) {
    ThreadPool &pool = *(ThreadPool *)of;
    const int number = ++pool.n_numbered;
    uint64_t n_done = 0;
    flush_denormals();
    for (;;) {
        for (int i = 0; i < N_SPINS && pool.n_begun.load(std::memory_order_acquire) == n_done; i++)
            pause_briefly();
        if (pool.n_begun.load(std::memory_order_acquire) == n_done) {
            pool.mutex.lock();
            while (pool.n_begun.load(std::memory_order_acquire) == n_done)
                pool.begun.wait(pool.mutex);
            pool.mutex.unlock();
        }
        n_done++;
        if (pool.is_closing) return;
        pool.work(pool.argument, number, pool.size);
        if (pool.n_busy.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            pool.mutex.lock();
            pool.ended.wake_all();  // only one thread waits for it
            pool.mutex.unlock();
        }
    }
}

static void hand_out(ThreadPool &pool) {
    pool.mutex.lock();
    pool.n_begun.fetch_add(1, std::memory_order_acq_rel);
    pool.begun.wake_all();
    pool.mutex.unlock();
}

// A process that was forked has the pool, but of the threads only that which forked. The
// mutex may be held, and the conditions waited for, by threads that there are not.
static bool is_of_parent(const ThreadPool &pool) { return pool.process != process_id(); }

static void leave_to_parent(ThreadPool &pool) {
    if (is_of_parent(pool)) pool.size = 1;
}

static void open_pool(ThreadPool &pool, int size) {
    pool.size = 1;
    pool.process = process_id();
    pool.n_begun = 0, pool.n_busy = 0, pool.n_numbered = 0;
    pool.is_closing = false;
    pool.mutex.open();
    pool.begun.open();
    pool.ended.open();
    size = size > MAX_THREADS ? MAX_THREADS : size;
    // Where the system gives no more threads, there are fewer.
    while (pool.size < size && pool.threads[pool.size].start(follow, &pool)) pool.size++;
}

static void close_pool(ThreadPool &pool) {
    if (is_of_parent(pool)) return;
    if (pool.size > 1) {
        pool.is_closing = true;
        hand_out(pool);
        for (int i = 1; i < pool.size; i++) pool.threads[i].join();
    }
    pool.mutex.close();
    pool.begun.close();
    pool.ended.close();
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
            pool.mutex.lock();
            while (pool.n_busy.load(std::memory_order_acquire)) pool.ended.wait(pool.mutex);
            pool.mutex.unlock();
        }
    }
    restore_denormals(before);
}
