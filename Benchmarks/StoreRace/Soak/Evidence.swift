// What racers and the editor write down themselves: evidence from outside of the store.

internal import Foundation
internal import Platform
internal import RaceWords
internal import Vocabulary

/// One line of evidence.
///
/// Times are microseconds since the machine booted, so that those of all processes compare.
enum Evidence: Equatable {
    /// A racer started a run, by a claim that it first sent at `sentAt`.
    case start(Start)
    /// A racer won a run and did not start it, since its session was no longer to be trusted.
    case drop(RunID)
    /// An edit was acknowledged.
    case edit(UID, Revision, at: Int64)
    /// A run by hand was acknowledged.
    case trigger(UID, Instant)
    /// The answer to a call was lost.
    case unknown(call: String)

    struct Start: Equatable {
        var run: RunID
        var job: UID
        var instant: Instant
        var attempt: Int
        var fence: Fence
        var revision: Revision
        var sentAt: Int64
        var node: String
    }

    /// Now, on the clock of evidence.
    static var now: Int64 {
        SystemClock.monotonic.sinceBoot.milliseconds * 1_000
    }

    var line: String {
        switch self {
        case .start(let start):
            """
            start \(start.run) \(start.job) \(start.instant.unixMilliseconds) \(start.attempt) \
            \(start.fence.rawValue) \(start.revision) \(start.sentAt) \(start.node)
            """
        case .drop(let run): "drop \(run)"
        case .edit(let job, let revision, let at): "edit \(job) \(revision) \(at)"
        case .trigger(let job, let instant): "trigger \(job) \(instant.unixMilliseconds)"
        case .unknown(let call): "unknown \(call)"
        }
    }

    /// `nil` for a line that was cut off when its writer was killed.
    init?(_ line: Substring) {
        let words = line.split(separator: " ").map(String.init)
        switch (words.first, words.count) {
        case ("start", 9):
            guard let instant = Int64(words[3]), let attempt = Int(words[4]),
                let fence = Int64(words[5]), let revision = Revision(words[6]),
                let sentAt = Int64(words[7])
            else { return nil }
            self = .start(
                Start(
                    run: RunID(words[1]),
                    job: UID(words[2]),
                    instant: Instant(unixMilliseconds: instant),
                    attempt: attempt,
                    fence: Fence(fence),
                    revision: revision,
                    sentAt: sentAt,
                    node: words[8]
                )
            )
        case ("drop", 2): self = .drop(RunID(words[1]))
        case ("edit", 4):
            guard let revision = Revision(words[2]), let at = Int64(words[3]) else { return nil }
            self = .edit(UID(words[1]), revision, at: at)
        case ("trigger", 3):
            guard let instant = Int64(words[2]) else { return nil }
            self = .trigger(UID(words[1]), Instant(unixMilliseconds: instant))
        case ("unknown", 2): self = .unknown(call: words[1])
        case _: return nil
        }
    }
}

/// A file of evidence; each line is one write, so that it is there whole or not at all.
final class EvidenceFile: Sendable {
    private let handle: FileHandle

    /// Appends to the file at `path`.
    init(path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw RaceFailure("cannot open \(path)") }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func write(_ evidence: Evidence) {
        try? handle.write(contentsOf: Data("\(evidence.line)\n".utf8))
    }

    /// All evidence in the files of `folder`.
    static func read(_ folder: String) throws -> [Evidence] {
        var found: [Evidence] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            found += text.split(separator: "\n").compactMap { Evidence($0) }
        }
        return found
    }
}
