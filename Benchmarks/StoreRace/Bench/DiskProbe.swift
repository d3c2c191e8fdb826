// How long the disk itself keeps somebody waiting, so that nobody else is blamed for it.

internal import Glibc
internal import Platform
internal import RaceWords
internal import Vocabulary

/// Writes over one page beside a race, again and again, and syncs it, as a store's log does.
enum DiskProbe {
    /// The longest sync until the task is cancelled, in milliseconds.
    static func longestSync(in folder: String) async throws -> Double {
        let page = [UInt8](repeating: 0, count: 4_096)
        let path = "\(folder)/probe"
        try FileStore.replace(path, with: page)
        let file = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw RaceFailure("\(path) cannot be opened") }
        defer { close(file) }
        var longest = 0.0
        while !Task.isCancelled {
            let begin = SystemClock.monotonic
            guard unsafe pwrite(file, page, page.count, 0) == page.count, fdatasync(file) == 0
            else { throw RaceFailure("\(path) cannot be written") }
            longest = max(longest, begin.duration(to: SystemClock.monotonic).inMilliseconds)
            try? await Task.sleep(for: .milliseconds(20))
        }
        return longest
    }
}
