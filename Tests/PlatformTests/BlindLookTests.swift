// Who cannot look does not say that nobody is left.

import Foundation
import Platform
import TestSupport
import Testing

@Suite(.tags(.integration), .timeLimit(.minutes(1))) struct BlindLookTests {
    @Test func `a group that is there and cannot be read counts as populated`() async throws {
        // In a process of its own, whose descriptors run out.
        await #expect(processExitsWith: .success) {
            let folder = NSTemporaryDirectory() + "rota-" + UUID().uuidString
            try FileStore.makeFolder(folder)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let group = CgroupFolder(path: folder)
            try #require(group.isPopulated, "it does not say that it is empty")
            try FileStore.replace(folder + "/cgroup.events", with: Array("populated 0\n".utf8))
            try #require(!group.isPopulated)
            try withoutDescriptors { try #require(group.isPopulated) }
            try #require(!CgroupFolder(path: folder + "/gone").isPopulated)
        }
    }

    @Test func `a tree is not gone as long as this process sees not even itself`() async throws {
        await #expect(processExitsWith: .success) {
            let loop = EventLoop(name: "blind")
            let watch = Watch()
            let child = try ChildProcess.spawn(.shell("exit 0"), on: loop) { watch.add($0) }
            try await requireEventually { watch.result.exit == .code(0) }
            try withoutDescriptors { try #require(!child.isTreeGone()) }
            try #require(child.isTreeGone())
            child.release()
            loop.stop()
        }
    }
}

/// Runs `body` while this process can open nothing.
private func withoutDescriptors(_ body: () throws -> Void) throws {
    var before = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
    var none = rlimit(rlim_cur: 0, rlim_max: before.rlim_max)
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
    defer { unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) }
    try body()
}
