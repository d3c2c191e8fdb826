// Brings the whole list into the scheduler's index, from columns.

package import JobList
internal import Platform
package import Scheduler
internal import Vocabulary

/// Reads all calendars and the columns of all jobs, and hands them to the holder.
struct ListLoader: Sendable {
    private static let pageLimit = 20_000

    private let replica: Replica
    private let holder: any ListHolder
    private let log: DaemonLog

    init(replica: Replica, holder: any ListHolder, log: DaemonLog) {
        self.replica = replica
        self.holder = holder
        self.log = log
    }

    /// Loads the list; answers from where its changes have to be followed.
    ///
    /// What is known of an earlier loading and is not in the list any more is removed.
    func load() async throws(ReplicaError) -> Revision {
        let began = SystemClock.monotonic
        // Whatever changes while the list is read comes again with its changes.
        let start = await replica.position().revision
        try await loadCalendars()
        let count = try await loadJobs()
        let seconds = began.duration(to: SystemClock.monotonic).inSeconds
        log.info(
            "list.loaded",
            ["revision": "\(start)", "jobs": "\(count)", "seconds": "\(seconds)"]
        )
        return start
    }

    /// Jobs that name them come after them.
    private func loadCalendars() async throws(ReplicaError) {
        var found: Set<ObjectKey> = []
        var key: ObjectKey?
        while true {
            let records = try await replica.records(
                kind: .calendar,
                tenant: nil,
                after: key,
                limit: 1_000
            )
            guard let last = records.last else { break }
            key = last.key
            let entries = records.compactMap { CalendarEntry($0, log: log) }
            found.formUnion(entries.map(\.name))
            await holder.load(entries)
        }
        await holder.calendarsRemoved(allBut: found)
    }

    private func loadJobs() async throws(ReplicaError) -> Int {
        let counts = try await ListColumns.read(from: replica, limit: Self.pageLimit) { page in
            await holder.load(page)
        }
        if counts.unreadable > 0 {
            log.error("jobs.unreadable", ["count": "\(counts.unreadable)"])
        }
        return counts.read
    }
}

/// Reads the list's columns as the scheduler takes them.
package enum ListColumns {
    /// Hands over all jobs of `replica`, so many a page.
    ///
    /// - Returns: How many were read, and how many this release cannot read.
    package static func read(
        from replica: Replica,
        limit: Int,
        _ take: (JobPage) async -> Void
    ) async throws(ReplicaError) -> (read: Int, unreadable: Int) {
        var numbering = OutlineNumbering()
        var next: Int64? = 0
        var counts = (read: 0, unreadable: 0)
        var isFirst = true
        while let start = next {
            let rows = try await replica.entries(
                from: start,
                limit: limit,
                known: numbering.known
            )
            next = rows.next
            var page = JobPage(
                outlines: [],
                rows: [],
                others: try await others(rows.others, in: replica),
                total: rows.total,
                isFirst: isFirst,
                isLast: next == nil
            )
            counts.unreadable += numbering.take(rows, into: &page)
            counts.read += page.rows.count + page.others.count
            await take(page)
            isFirst = false
        }
        return counts
    }

    private static func others(
        _ uids: [UID],
        in replica: Replica
    ) async throws(ReplicaError) -> [JobEntry] {
        var entries: [JobEntry] = []
        for uid in uids {
            guard let record = try await replica.record(uid: uid),
                let job = try? JobDocument.decodeBody(record.body)
            else { continue }
            entries.append(
                JobEntry(
                    uid: uid,
                    name: record.key,
                    revision: record.revision,
                    job: job,
                    createdAt: record.createdAt
                )
            )
        }
        return entries
    }
}

/// Numbers outlines from 0 in the order in which they come.
private struct OutlineNumbering {
    private var places: [Int64: Int] = [:]
    private var count = 0
    /// All numbers that came, readable or not.
    private(set) var known: Set<Int64> = []

    /// Fills `page`; answers how many rows are left out because they cannot be read.
    mutating func take(_ rows: EntryPage, into page: inout JobPage) -> Int {
        for (number, outline) in rows.outlines.sorted(by: { $0.key < $1.key }) {
            known.insert(number)
            guard case .success(let outline) = outline else { continue }
            places[number] = count
            count += 1
            page.outlines.append(outline)
        }
        page.rows.reserveCapacity(rows.entries.count)
        var leftOut = 0
        for entry in rows.entries {
            guard let number = entry.outline, let place = places[number] else {
                leftOut += 1
                continue
            }
            page.rows.append(
                JobPage.Row(
                    uid: entry.uid,
                    outline: place,
                    revision: entry.revision,
                    createdAt: entry.createdAt
                )
            )
        }
        return leftOut
    }
}
