// One look at all processes, shared by everybody who asks in one turn.

internal import Glibc

/// The processes of one moment, in an order that answers questions about trees.
///
/// `/proc` is read by the first question and not before; a look that nobody asks costs nothing. Use
/// a look for one turn of the loop only: what it saw is over.
///
/// - Complexity: The first question reads `/proc`, about 10 µs for each process of the machine; for
///   all others there are dictionaries.
package final class ProcessLook {
    private struct Index {
        var byID: [Int32: ProcessEntry] = [:]
        var bySession: [Int32: [ProcessEntry]] = [:]
        var byParent: [Int32: [ProcessEntry]] = [:]

        init(_ entries: [ProcessEntry]) {
            byID.reserveCapacity(entries.count)
            for entry in entries {
                byID[entry.processID] = entry
                bySession[entry.session, default: []].append(entry)
                byParent[entry.parent, default: []].append(entry)
            }
        }
    }

    private let take: () -> [ProcessEntry]
    private let readMark: (ProcessEntry) -> ProcessMark?
    private let reaper: Int32
    private lazy var index = Index(take())
    private lazy var strays = Dictionary(grouping: children(of: reaper), by: readMark)
    /// Whether anybody has asked.
    package private(set) var isTaken = false

    /// A look at this machine; orphans are looked for among this process's children.
    package convenience init() {
        self.init(
            reaper: getpid(),
            mark: { ProcessMark(of: $0.processID) },
            entries: { ProcessTable.snapshot() }
        )
    }

    /// A look at any table.
    ///
    /// - Parameters:
    ///   - reaper: Whose children those become that lose their parents.
    ///   - mark: Asked once for each child of the reaper.
    ///   - entries: Asked once, by the first question.
    package init(
        reaper: Int32,
        mark: @escaping (ProcessEntry) -> ProcessMark?,
        entries: @escaping () -> [ProcessEntry]
    ) {
        self.reaper = reaper
        readMark = mark
        take = entries
    }

    package func entry(_ processID: Int32) -> ProcessEntry? { asked.byID[processID] }

    /// The process only if it started at `startTime`: another one of that number is somebody else.
    func entry(_ processID: Int32, startTime: UInt64) -> ProcessEntry? {
        entry(processID).flatMap { $0.startTime == startTime ? $0 : nil }
    }

    func session(_ session: Int32) -> [ProcessEntry] { asked.bySession[session] ?? [] }

    func children(of processID: Int32) -> [ProcessEntry] { asked.byParent[processID] ?? [] }

    /// Children of the reaper with `mark`: a leader, or what has lost its parent.
    package func strays(marked mark: ProcessMark) -> [ProcessEntry] { strays[mark] ?? [] }

    /// The reaper's children that have ended, `leaders` left out.
    package func endedStrays(sparing leaders: Set<Int32>) -> [ProcessEntry] {
        children(of: reaper).filter { $0.isZombie && !leaders.contains($0.processID) }
    }

    private var asked: Index {
        isTaken = true
        return index
    }
}
