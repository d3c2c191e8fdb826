// One thread, one epoll set, one queue of jobs: where a peer's actors run.

internal import CLinux
internal import Glibc
internal import Synchronization
package import Vocabulary

/// A thread that runs Swift actors and sleeps in `epoll_wait(2)` between their jobs.
///
/// Pin an actor to it through `unownedExecutor`; its code then never leaves this thread, so it
/// may call `Platform` directly and never waits for the cooperative pool. Descriptors and timers
/// registered here call back on the same thread; such a callback may use `assumeIsolated`.
package final class EventLoop: SerialExecutor, Sendable {
    package typealias Callback = @Sendable () -> Void

    private struct State {
        var jobs: [UnownedJob] = []
        var calls: [Callback] = []
        var readers: [Int32: Callback] = [:]
        var timers: [Timer] = []
        var timerCount: UInt64 = 0
        var isStopping = false
        /// Whether the thread sleeps, or is about to: only then does anybody pay for a wake-up.
        var isAsleep = false

        /// Notes that there is something to do; `true` if the thread has to be woken for it.
        mutating func rouse() -> Bool {
            defer { isAsleep = false }
            return isAsleep
        }
    }

    private struct Timer {
        let due: MonotonicInstant
        let number: UInt64
        let callback: Callback
    }

    private let state = Mutex(State())
    private let name: String
    private let epoll: Int32
    private let wakeup: Int32
    private let alarm: Int32
    private let thread = Mutex<pthread_t?>(nil)

    /// - Parameter name: The thread's name; the kernel keeps 15 bytes of it.
    package init(name: String) {
        self.name = name
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        alarm = timerfd_create(CLOCK_BOOTTIME, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
        precondition(
            epoll >= 0 && wakeup >= 0 && alarm >= 0,
            "out of file descriptors at startup: errno \(errno)"
        )
        for descriptor in [wakeup, alarm] {
            let code = clinux_epoll_set(epoll, EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue)
            precondition(code == 0, "epoll_ctl refused descriptor \(descriptor): errno \(errno)")
        }
        start()
    }

    deinit {
        // Only now can nobody call `wake()` on a descriptor number that has been reused.
        close(alarm)
        close(wakeup)
        close(epoll)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        wake(
            if: state.withLock { state in
                state.jobs.append(job)
                return state.rouse()
            }
        )
    }

    package func checkIsolated() {
        precondition(isCurrent, "code isolated to this loop ran on another thread")
    }

    /// Whether the caller runs on this loop's thread.
    package var isCurrent: Bool {
        thread.withLock { $0.map { pthread_equal($0, pthread_self()) != 0 } } ?? false
    }

    /// Calls `callback` on the loop's thread, after what is queued already.
    package func call(_ callback: @escaping Callback) {
        wake(
            if: state.withLock { state in
                state.calls.append(callback)
                return state.rouse()
            }
        )
    }

    /// Calls `callback` on the loop's thread once `due` has passed; there is no cancel.
    package func call(at due: MonotonicInstant, _ callback: @escaping Callback) {
        wake(
            if: state.withLock { state in
                state.timerCount += 1
                let timer = Timer(due: due, number: state.timerCount, callback: callback)
                let place = state.timers.partitioningIndex { $0.due <= due }
                state.timers.insert(timer, at: place)
                // A later one rings after the one that the thread sleeps towards.
                return place == state.timers.count - 1 && state.rouse()
            }
        )
    }

    /// Calls `callback` on the loop's thread whenever `descriptor` can be read.
    ///
    /// Lasts until ``unwatch(_:)``.
    ///
    /// The caller keeps the descriptor open for as long as it is watched.
    package func watch(_ descriptor: Int32, readable callback: @escaping Callback) {
        state.withLock { $0.readers[descriptor] = callback }
        let code = clinux_epoll_set(epoll, EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue)
        precondition(code == 0, "epoll_ctl refused descriptor \(descriptor): errno \(errno)")
    }

    /// Ends ``watch(_:readable:)``; call it before closing the descriptor.
    package func unwatch(_ descriptor: Int32) {
        guard state.withLock({ $0.readers.removeValue(forKey: descriptor) }) != nil else { return }
        _ = clinux_epoll_set(epoll, EPOLL_CTL_DEL, descriptor, 0)
    }

    /// Runs what is queued, then ends the thread; jobs enqueued later never run.
    package func stop() {
        state.withLock {
            $0.isStopping = true
            $0.isAsleep = false
        }
        wake(if: true)
        guard let thread = thread.withLock({ $0 }), !isCurrent else { return }
        pthread_join(thread, nil)
    }

    private func wake(if isNeeded: Bool) {
        if isNeeded { eventfd_write(wakeup, 1) }
    }

    private func start() {
        let context = unsafe Unmanaged.passRetained(self)
        var started = pthread_t()
        let code = unsafe pthread_create(
            &started,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        precondition(code == 0, "pthread_create failed with \(code)")
        thread.withLock { $0 = started }
    }

    private func run() {
        thread.withLock { $0 = pthread_self() }
        unsafe clinux_name_thread(name)
        var ready = unsafe [epoll_event](repeating: epoll_event(), count: 64)
        var alarmDue: MonotonicInstant?
        while true {
            let (jobs, calls, isStopping) = takeQueued()
            for job in jobs { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
            for call in calls { call() }
            if isStopping, jobs.isEmpty, calls.isEmpty { break }
            let (isSleeping, due) = lieDown()
            if isSleeping, due != alarmDue {
                setAlarm(due)
                alarmDue = due
            }
            // Descriptors have their turn also while jobs keep coming.
            let count = unsafe epoll_wait(
                epoll,
                &ready,
                Int32(ready.count),
                isSleeping ? -1 : 0
            )
            state.withLock { $0.isAsleep = false }
            for index in 0..<max(0, Int(count)) {
                let descriptor = unsafe clinux_epoll_descriptor(&ready[index])
                if descriptor == alarm { alarmDue = nil }
                handle(descriptor)
            }
        }
    }

    /// Whether there is nothing to do, and when there will be.
    private func lieDown() -> (isSleeping: Bool, due: MonotonicInstant?) {
        state.withLock { state in
            let due = state.timers.last?.due
            guard state.jobs.isEmpty, state.calls.isEmpty, !state.isStopping else {
                return (false, due)
            }
            state.isAsleep = true
            return (true, due)
        }
    }

    /// Everything queued, with the timers that are due behind the rest.
    private func takeQueued() -> (jobs: [UnownedJob], calls: [Callback], isStopping: Bool) {
        let now = SystemClock.monotonic
        return state.withLock { state in
            while let next = state.timers.last, next.due <= now {
                state.timers.removeLast()
                state.calls.append(next.callback)
            }
            defer {
                state.jobs = []
                state.calls = []
            }
            return (state.jobs, state.calls, state.isStopping)
        }
    }

    private func handle(_ descriptor: Int32) {
        if descriptor == wakeup || descriptor == alarm {
            var count: UInt64 = 0
            _ = unsafe read(descriptor, &count, 8)
            return
        }
        state.withLock { $0.readers[descriptor] }?()
    }

    /// Arms the timer descriptor for `due`, or disarms it.
    private func setAlarm(_ due: MonotonicInstant?) {
        var setting = itimerspec()
        if let due {
            let (seconds, attoseconds) = due.sinceBoot.components
            setting.it_value.tv_sec = Int(seconds)
            // Zero would disarm the timer; one nanosecond since boot is always in the past.
            setting.it_value.tv_nsec = max(1, Int(attoseconds / 1_000_000_000))
        }
        _ = unsafe timerfd_settime(alarm, Int32(TFD_TIMER_ABSTIME), &setting, nil)
    }
}

extension Array {
    /// The first index whose element satisfies `belongsAfter`, in an array sorted by it.
    fileprivate func partitioningIndex(where belongsAfter: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = (low + high) / 2
            if belongsAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
