import Foundation
import Glibc
import Platform
import Synchronization
import Testing

@Suite struct `A file lock` {
    let path = FileManager.default.temporaryDirectory.path + "/lock-" + UUID().uuidString

    @Test(.timeLimit(.minutes(1)))
    func `excludes others until it is let go`() throws {
        defer { FileSystemKind.remove(path) }
        let (first, second) = (try FileLock(path: path), try FileLock(path: path))
        #expect(try FileLock.isHeld(path: path) == false)
        #expect(try first.tryLock())
        #expect(try FileLock.isHeld(path: path) == true)
        #expect(try !second.tryLock())
        #expect(second.holder()?.processID == ProcessInfo.processInfo.processIdentifier)
        #expect(try !second.lock(within: .milliseconds(20)))
        first.unlock()
        // The wait given up above has left the kernel's queue.
        #expect(try second.tryLock())
        #expect(try !first.tryLock())
        second.unlock()
        #expect(try first.tryLock())
    }

    @Test(.timeLimit(.minutes(1)))
    func `is got by a thread that waits for it, whatever signals the thread has blocked`() throws {
        defer { FileSystemKind.remove(path) }
        let (holder, path) = (try FileLock(path: path), path)
        #expect(try holder.tryLock())
        let waits = Mutex<[Result<Bool, any Error>]>([])
        let threads = [Duration.milliseconds(30), .seconds(30)].map { limit in
            let thread = Thread {
                var every = sigset_t()
                unsafe sigfillset(&every)
                unsafe pthread_sigmask(SIG_SETMASK, &every, nil)
                let wait = Result { try FileLock(path: path).lock(within: limit) }
                waits.withLock { $0.append(wait) }
            }
            thread.start()
            return thread
        }
        while waits.withLock(\.isEmpty) { sched_yield() }
        holder.unlock()
        while threads.contains(where: { !$0.isFinished }) { sched_yield() }
        #expect(try waits.withLock(\.self).map { try $0.get() } == [false, true])
    }

    @Test func `goes with its object`() throws {
        defer { FileSystemKind.remove(path) }
        do {
            let lock = try FileLock(path: path)
            #expect(try lock.tryLock())
            #expect(try FileLock.isHeld(path: path) == true)
        }
        #expect(try FileLock.isHeld(path: path) == false)
    }

    @Test func `on a file that is not there is not known to be held`() throws {
        #expect(try FileLock.isHeld(path: path) == nil)
    }
}
