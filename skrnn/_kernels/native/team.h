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

constexpr int MAX_THREADS = 64;
constexpr int N_SPINS = 4000;

struct Team {
    int size;
#ifndef _WIN32
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

static void open_team(Team &team, int) { team.size = 1; }
static void close_team(Team &) {}
static void run_team(Team &, Work work, void *argument) {
    uint64_t before = flush_denormals();
    work(argument, 0, 1);
    restore_denormals(before);
}

#else

static void *follow(void *of) {
    Team &team = *(Team *)of;
    const int number = ++team.n_numbered;
    uint64_t n_done = 0;
    flush_denormals();
    for (;;) {
        for (int i = 0; i < N_SPINS && team.n_begun.load(std::memory_order_acquire) == n_done; i++)
            pause_briefly();
        if (team.n_begun.load(std::memory_order_acquire) == n_done) {
            pthread_mutex_lock(&team.mutex);
            while (team.n_begun.load(std::memory_order_acquire) == n_done)
                pthread_cond_wait(&team.begun, &team.mutex);
            pthread_mutex_unlock(&team.mutex);
        }
        n_done++;
        if (team.is_closing) return nullptr;
        team.work(team.argument, number, team.size);
        if (team.n_busy.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&team.mutex);
            pthread_cond_signal(&team.ended);
            pthread_mutex_unlock(&team.mutex);
        }
    }
}

static void hand_out(Team &team) {
    pthread_mutex_lock(&team.mutex);
    team.n_begun.fetch_add(1, std::memory_order_acq_rel);
    pthread_cond_broadcast(&team.begun);
    pthread_mutex_unlock(&team.mutex);
}

static void open_team(Team &team, int size) {
    team.size = 1;
    team.n_begun = 0, team.n_busy = 0, team.n_numbered = 0;
    team.is_closing = false;
    pthread_mutex_init(&team.mutex, nullptr);
    pthread_cond_init(&team.begun, nullptr);
    pthread_cond_init(&team.ended, nullptr);
    size = size > MAX_THREADS ? MAX_THREADS : size;
    // Where the system gives no more threads, there are fewer.
    while (team.size < size &&
           pthread_create(&team.threads[team.size], nullptr, follow, &team) == 0)
        team.size++;
}

static void close_team(Team &team) {
    if (team.size > 1) {
        team.is_closing = true;
        hand_out(team);
        for (int i = 1; i < team.size; i++) pthread_join(team.threads[i], nullptr);
    }
    pthread_mutex_destroy(&team.mutex);
    pthread_cond_destroy(&team.begun);
    pthread_cond_destroy(&team.ended);
}

// Run work on every thread of the team, the calling one included; denormal numbers are
// zeros meanwhile.
static void run_team(Team &team, Work work, void *argument) {
    uint64_t before = flush_denormals();
    if (team.size > 1) {
        team.work = work, team.argument = argument;
        team.n_busy.store(team.size - 1, std::memory_order_release);
        hand_out(team);
    }
    work(argument, 0, team.size);
    if (team.size > 1) {
        for (int i = 0; i < N_SPINS && team.n_busy.load(std::memory_order_acquire); i++)
            pause_briefly();
        if (team.n_busy.load(std::memory_order_acquire)) {
            pthread_mutex_lock(&team.mutex);
            while (team.n_busy.load(std::memory_order_acquire))
                pthread_cond_wait(&team.ended, &team.mutex);
            pthread_mutex_unlock(&team.mutex);
        }
    }
    restore_denormals(before);
}

#endif
