// How often `next` and `previous` ask for memory.

internal import CronEval
package import Platform
internal import Vocabulary

/// Counts allocations in a child process with a counting allocator.
///
/// The child does the same calls once or many times; the difference is what calls allocate, free of
/// what parsing and starting allocate.
package struct Allocations: Sendable {
    /// Calls of `next` and of `previous` that one repetition makes for each text.
    private static let callsPerText = 256
    private static let repetitions = 20

    private let list: [String]
    private let root: String

    /// - Parameters:
    ///   - list: The texts.
    ///   - root: The package's folder, as an absolute path.
    package init(list: [String], root: String) {
        self.list = list
        self.root = root
    }

    /// The number of allocations, and of calls that they are spread over.
    package func count(on loop: EventLoop) async throws(ChildFailure) -> (found: Int, calls: Int) {
        let once = try await total(repetitions: 1, on: loop)
        let often = try await total(repetitions: 1 + Self.repetitions, on: loop)
        return (often - once, list.count * Self.callsPerText * Self.repetitions)
    }

    private func total(
        repetitions: Int,
        on loop: EventLoop
    ) async throws(ChildFailure) -> Int {
        let command = ChildCommand(
            program: "/proc/self/exe",
            arguments: ["work", "\(repetitions)"],
            environment: ["LD_PRELOAD": "\(root)/.build/judges/count_allocations.so"],
            input: Array(list.map { $0 + "\n" }.joined().utf8)
        )
        let words = try await ChildOutput.of(command, on: loop).errorText
        guard let total = Int(words.filter { !$0.isWhitespace }) else {
            throw .strangeLine(program: command.program, line: words)
        }
        return total
    }

    /// What the child does: calls `next` and `previous` of all texts, so often.
    package static func work(input: String, repetitions: Int) {
        let zones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))
        let schedules = input.split(separator: "\n").flatMap { text in
            ["UTC", "America/New_York"].compactMap { zone in
                try? Schedule(parsing: String(text), zone: zone, in: zones)
            }
        }
        let instants = BenchMode.randomUTC.instants.map { Instant(unixSeconds: $0) }
        for _ in 0..<repetitions {
            for schedule in schedules {
                for instant in instants {
                    _ = schedule.next(after: instant)
                    _ = schedule.previous(before: instant)
                }
            }
        }
    }
}
