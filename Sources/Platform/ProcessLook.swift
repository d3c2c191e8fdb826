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
    private let isStray: ((ProcessEntry) -> Bool)?
    private lazy var strays = Dictionary(grouping: candidates, by: readMark)
    /// Whether anybody has asked.
    package private(set) var isTaken = false

    /// A look at this machine; orphans are looked for among this process's children.
    package convenience init() {
        self.init(
            reaper: getpid(),
            mark: { ProcessMark(of: $0.processID) },
            entries: { ProcessTable.wholeSnapshot() ?? [] }
        )
    }

    /// A look at this machine after the runs' reaper has died: an orphan may be anybody's child.
    package static func forLeftovers() -> ProcessLook {
        let own = getpid()
        return ProcessLook(
            reaper: own,
            isStray: { $0.processID != own },
            mark: { ProcessMark(of: $0.processID) },
            entries: { ProcessTable.wholeSnapshot() ?? [] }
        )
    }

    /// A look at any table.
    ///
    /// - Parameters:
    ///   - reaper: The process that looks, whose children those become that lose their parents.
    ///   - isStray: Who may be a stray; `nil`: the reaper's children.
    ///   - mark: Asked once for each that may be a stray.
    ///   - entries: Asked once, by the first question.
    package init(
        reaper: Int32,
        isStray: ((ProcessEntry) -> Bool)? = nil,
        mark: @escaping (ProcessEntry) -> ProcessMark?,
        entries: @escaping () -> [ProcessEntry]
    ) {
        self.reaper = reaper
        self.isStray = isStray
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

    /// `entries` with all that came out of them.
    func withOffspring(of entries: [ProcessEntry]) -> [ProcessEntry] {
        var found: [Int32: ProcessEntry] = [:]
        var unasked: [ProcessEntry] = []
        func take(_ entries: [ProcessEntry]) {
            for entry in entries where found.updateValue(entry, forKey: entry.processID) == nil {
                unasked.append(entry)
            }
        }
        take(entries)
        while let next = unasked.popLast() {
            // A child is never older than its parent; one that seems to be is somebody else's.
            take(children(of: next.processID).filter { $0.startTime >= next.startTime })
        }
        return found.values.sorted { $0.processID < $1.processID }
    }

    /// Whether it shows even the process that looks; one that does not proves nobody's end.
    package var isWhole: Bool { entry(reaper) != nil }

    /// Children of the reaper with `mark`: a leader, or what has lost its parent.
    package func strays(marked mark: ProcessMark) -> [ProcessEntry] { strays[mark] ?? [] }

    /// The strays with `mark`, with all that came out of them.
    package func marked(_ mark: ProcessMark) -> [ProcessEntry] {
        withOffspring(of: strays(marked: mark))
    }

    /// The reaper's children that have ended, `leaders` left out.
    package func endedStrays(sparing leaders: Set<Int32>) -> [ProcessEntry] {
        children(of: reaper).filter { $0.isZombie && !leaders.contains($0.processID) }
    }

    private var candidates: [ProcessEntry] {
        isStray.map { asked.byID.values.filter($0) } ?? children(of: reaper)
    }

    private var asked: Index {
        isTaken = true
        return index
    }
}
