// What the tasks themselves wrote down: nothing else says whether and when something started.

internal import Platform
internal import Vocabulary

/// One start, by the word of `stamp`.
struct Stamp: Sendable {
    /// The wall clock when its program began, in nanoseconds since 1970.
    let nanoseconds: Int64
    let job: String
    /// The nominal time, if the scheduler told it.
    let instant: Instant?
    let attempt: Int
    let node: NodeName

    init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count == 5, let nanoseconds = Int64(words[0]) else { return nil }
        self.nanoseconds = nanoseconds
        job = String(words[1])
        instant = Instant(rfc3339: String(words[2]))
        attempt = Int(words[3]) ?? 1
        node = NodeName(String(words[4]))
    }

    /// How long after `instant` it began, in seconds.
    func lag(after instant: Instant) -> Double {
        Double(nanoseconds - instant.unixMilliseconds * 1_000_000) / 1e9
    }
}

/// A file of stamps.
struct Evidence: Sendable {
    let path: String

    /// Whole lines only.
    var stamps: [Stamp] {
        let bytes = (try? FileStore.read(path, limit: 64 << 20)) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .compactMap { Stamp($0) }
    }

    /// Cheap to ask often: who looks must not take the time of those that are looked at.
    private var lineCount: Int {
        ((try? FileStore.read(path, limit: 64 << 20)) ?? []).count { $0 == 0x0A }
    }

    func wait(for count: Int, within limit: Duration) async throws -> [Stamp] {
        _ = try await until(within: limit) { () -> Bool? in lineCount >= count ? true : nil }
        return stamps
    }
}

/// Figures in order.
struct Samples {
    private let sorted: [Double]

    init(_ values: [Double]) {
        sorted = values.sorted()
    }

    var count: Int { sorted.count }
    var median: Double { at(0.5) }
    var worst: Double { sorted.last ?? .nan }

    /// The value that this share of all do not exceed.
    func at(_ share: Double) -> Double {
        guard !sorted.isEmpty else { return .nan }
        let place = Int((Double(sorted.count) * share).rounded(.up)) - 1
        return sorted[min(max(0, place), sorted.count - 1)]
    }
}
