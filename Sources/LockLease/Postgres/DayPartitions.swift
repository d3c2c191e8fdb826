// Closed runs and skips by the day, so that an old day goes as a whole and not row by row.

internal import Postgres
internal import Vocabulary

/// The partitions of `closed_run` and `skip`: one for each day, and one for what has no day.
///
/// A run's day is that of its id, a ULID; so its id alone is its key, and one id leads to one
/// partition. Rows of a day that has no partition, the first ones of a store among them, lie in the
/// default one: without these partitions everything works, only pruning is dearer.
struct DayPartitions {
    private struct Table: Sendable {
        let name: String
        /// Where a day begins, as a literal of the partition key.
        let bound: @Sendable (_ day: Int64) -> String
    }

    let link: ServerLink
    let now: Instant
    private var today: Int64 { now.unixMilliseconds / Self.dayLength }

    private static let dayLength: Int64 = 86_400_000
    private static let daysAhead: Int64 = 3
    private static let tables = [
        Table(name: "closed_run") { "'\(RunID.first(at: start(of: $0)))'" },
        Table(name: "skip") { "\(start(of: $0).unixMilliseconds)" },
    ]

    init(link: ServerLink, now: Instant) {
        self.link = link
        self.now = now
    }

    private static func start(of day: Int64) -> Instant {
        Instant(unixMilliseconds: day * dayLength)
    }

    // MARK: Making

    /// Makes the partitions of the days to come, where none of their rows is elsewhere yet.
    ///
    /// What fails here is tried again with the next pruning.
    func makeNext() {
        for table in Self.tables {
            for day in (today + 1)...(today + Self.daysAhead) {
                let sql = """
                    CREATE TABLE IF NOT EXISTS \(table.name)_\(day) PARTITION OF \(table.name)
                    FOR VALUES FROM (\(table.bound(day))) TO (\(table.bound(day + 1)))
                    """
                _ = try? link.read([.once(sql)])
            }
        }
    }

    // MARK: Dropping

    /// Drops every day of which nothing is kept any longer; answers how many rows went.
    func dropOld(skips retention: Duration) throws(StoreError) -> Int {
        let longest = try link.read("SELECT max(keep_ms) FROM cursor").first?.integer(0) ?? 0
        let runs = now.advanced(by: .zero - .milliseconds(longest))
        let skips = now.advanced(by: .zero - retention)
        return try drop("closed_run", before: runs, unless: "finished_at")
            + drop("skip", before: skips, unless: "at")
    }

    private func drop(
        _ table: String,
        before oldest: Instant,
        unless kept: String
    ) throws(StoreError) -> Int {
        let sql = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent=$1::regclass"
        let names = try link.read([.once(sql, [.text(table)])])[0].all("a table") { $0.text() }
        var count = 0
        for name in names {
            guard let day = name.split(separator: "_").last.flatMap({ Int64($0) }),
                Self.start(of: day + 1) <= oldest
            else { continue }
            count += (try? dropWhole(name, unless: "\(kept)>=$1", oldest)) ?? 0
        }
        return count
    }
}

extension DayPartitions {
    /// Drops one partition unless a row in it is to be kept, be it one that comes in just now: a
    /// run that took days lies with the day it began on.
    private func dropWhole(
        _ name: String,
        unless isKept: String,
        _ oldest: Instant
    ) throws(LinkFailure) -> Int {
        let deadline = link.deadline(link.settings.sweepLimit)
        do throws(LinkFailure) {
            try link.prepare(until: deadline)
            let answers = try link.round(
                [
                    ServerLink.begin,
                    .once("LOCK TABLE \(name) IN ACCESS EXCLUSIVE MODE"),
                    .once(
                        "SELECT count(*), count(*) FILTER (WHERE \(isKept)) FROM \(name)",
                        [.instant(oldest)]
                    ),
                ],
                until: deadline
            )
            guard let all = answers[2].first?.integer(0), answers[2].first?.integer(1) == 0 else {
                link.rollBack()
                return 0
            }
            _ = try link.commit([.once("DROP TABLE \(name)")], until: deadline)
            return Int(all)
        } catch {
            link.rollBack()
            throw error
        }
    }
}

extension RunID {
    /// What every id of this millisecond and later ones is not less than.
    fileprivate static func first(at instant: Instant) -> String {
        struct Zeros: RandomNumberGenerator {
            mutating func next() -> UInt64 { 0 }
        }
        var zeros = Zeros()
        return RunID.make(at: instant, using: &zeros).text
    }
}
