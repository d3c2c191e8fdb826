import Foundation
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// What these catch, each tried by breaking it: a wake-up spared that was needed, a timer that
/// waits for a later one, descriptors that starve while calls keep coming.
@Suite struct `A loop` {
    @Test(.timeLimit(.minutes(1)))
    func `sleeps through nothing, however many threads call while it falls asleep`() async {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        // Each call waits for the one before, so that the loop falls asleep in between.
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5_000 {
                        await withCheckedContinuation { continuation in
                            loop.call { continuation.resume() }
                        }
                    }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `rings an earlier timer that is set while it sleeps towards a later one`() async {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        let order = Mutex<[Int]>([])
        // One round may find the loop awake; hardly all of them do.
        for _ in 0..<20 {
            await withCheckedContinuation { continuation in loop.call { continuation.resume() } }
            order.withLock { $0 = [] }
            let begin = SystemClock.monotonic
            await withCheckedContinuation { continuation in
                for place in [3, 2, 1] {
                    loop.call(at: begin.advanced(by: .milliseconds(15 * place))) {
                        order.withLock { $0.append(place) }
                        if place == 3 { continuation.resume() }
                    }
                }
            }
            #expect(order.withLock(\.self) == [1, 2, 3])
            #expect(begin.duration(to: SystemClock.monotonic) >= .milliseconds(45))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `looks at its descriptors also while calls keep coming`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        let isRead = Mutex(false)
        let again = Again(loop) { !isRead.withLock(\.self) }
        loop.watch(descriptor) {
            isRead.withLock { $0 = true }
            loop.unwatch(descriptor)
        }
        again.call()
        try pipe.fileHandleForWriting.write(contentsOf: Data([1]))
        await eventually("it is read") { isRead.withLock(\.self) }
        loop.unwatch(descriptor)
        again.isOver.withLock { $0 = true }
    }
}

/// Calls itself on a loop for as long as a condition holds.
private final class Again: Sendable {
    let isOver = Mutex(false)
    private let loop: EventLoop
    private let condition: @Sendable () -> Bool

    init(_ loop: EventLoop, while condition: @escaping @Sendable () -> Bool) {
        self.loop = loop
        self.condition = condition
    }

    func call() {
        loop.call { if self.condition(), !self.isOver.withLock(\.self) { self.call() } }
    }
}
