import Foundation
import Platform
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
        // The wait given up above may still be in the kernel's queue; this one takes its place.
        #expect(try second.lock(within: .seconds(30)))
        #expect(try !first.tryLock())
        second.unlock()
        #expect(try first.lock(within: .seconds(30)))
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
