// Threads, and how one waits for another: of POSIX, and of Windows.
#pragma once

#if defined(_WIN32)

#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
// Words that are names here.
#undef far
#undef near
#undef small

struct Mutex {
    SRWLOCK place;
    void open() { InitializeSRWLock(&place); }
    void close() {}
    void lock() { AcquireSRWLockExclusive(&place); }
    void unlock() { ReleaseSRWLockExclusive(&place); }
};

struct Condition {
    CONDITION_VARIABLE place;
    void open() { InitializeConditionVariable(&place); }
    void close() {}
    void wait(Mutex &mutex) { SleepConditionVariableSRW(&place, &mutex.place, INFINITE, 0); }
    void wake_all() { WakeAllConditionVariable(&place); }
};

struct Thread {
    HANDLE handle;
    void (*work)(void *argument);
    void *argument;

    static DWORD WINAPI begin(void *of) {
        Thread *thread = (Thread *)of;
        thread->work(thread->argument);
        return 0;
    }
    bool start(void (*what)(void *argument), void *of) {
        work = what, argument = of;
        handle = CreateThread(nullptr, 0, begin, this, 0, nullptr);
        return handle != nullptr;
    }
    void join() {
        WaitForSingleObject(handle, INFINITE);
        CloseHandle(handle);
    }
};

inline void yield_core() { SwitchToThread(); }
// There are no forks.
inline int process_id() { return 0; }

#else

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

struct Mutex {
    pthread_mutex_t place;
    void open() { pthread_mutex_init(&place, nullptr); }
    void close() { pthread_mutex_destroy(&place); }
    void lock() { pthread_mutex_lock(&place); }
    void unlock() { pthread_mutex_unlock(&place); }
};

struct Condition {
    pthread_cond_t place;
    void open() { pthread_cond_init(&place, nullptr); }
    void close() { pthread_cond_destroy(&place); }
    void wait(Mutex &mutex) { pthread_cond_wait(&place, &mutex.place); }
    void wake_all() { pthread_cond_broadcast(&place); }
};

struct Thread {
    pthread_t handle;
    void (*work)(void *argument);
    void *argument;

    static void *begin(void *of) {
        Thread *thread = (Thread *)of;
        thread->work(thread->argument);
        return nullptr;
    }
    bool start(void (*what)(void *argument), void *of) {
        work = what, argument = of;
        return pthread_create(&handle, nullptr, begin, this) == 0;
    }
    void join() { pthread_join(handle, nullptr); }
};

inline void yield_core() { sched_yield(); }
inline int process_id() { return getpid(); }

#endif
