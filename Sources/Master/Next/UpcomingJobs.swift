// What comes next of all jobs, without working out all of them for each question.

internal import CronEval
internal import JobList
internal import Platform
internal import Vocabulary

/// An index of jobs by when they are due next, made when somebody first asks.
///
/// Making it costs one reading of the list and one evaluation per job: the only time at which all
/// of them are worked out. From then on a question costs what was edited since the last one, one
/// evaluation for each job that has been due since, and a step per row of its answer. All of that
/// is done within the asker's time; what is left over waits for the next question, and the answer
/// says that it is not complete.
actor UpcomingJobs {
    private let feed: ChangeFeed
    private let replica: Replica
    private let schedules: JobSchedules
    private var tables: [String: UpcomingTable] = [:]
    private var cursor: FeedCursor?
    private var isListed = false
    private var isReading = false

    init(feed: ChangeFeed, replica: Replica, schedules: JobSchedules) {
        self.feed = feed
        self.replica = replica
        self.schedules = schedules
    }

    /// The jobs of `tenant` from the soonest after `now` on, and whether that is all of them.
    func order(
        of tenant: String,
        after now: Instant,
        until deadline: MonotonicInstant
    ) async -> (order: UpcomingTable.Order, jobs: Int, isComplete: Bool) {
        // One asker at a time brings the index up to date; another has what it brings.
        while isReading, SystemClock.monotonic < deadline {
            try? await Task.sleep(for: .milliseconds(5))
        }
        var isComplete = false
        if !isReading {
            isReading = true
            let isRead = await read(at: now, until: deadline)
            isComplete = await renew(tenant, at: now, until: deadline) && isRead
            isReading = false
        }
        let table = tables[tenant] ?? UpcomingTable()
        return (table.inOrder(after: now), table.count, isComplete)
    }

    /// Takes in the list, or what has changed in it; answers whether that is all.
    private func read(at now: Instant, until deadline: MonotonicInstant) async -> Bool {
        let kinds: Set<ObjectKind> = [.job, .calendar]
        let cursor =
            self.cursor
            ?? feed.cursor(since: nil, filter: FeedFilter(kinds: kinds), mode: .latest)
        self.cursor = cursor
        while SystemClock.monotonic < deadline {
            let items: [FeedItem]
            do throws(FeedError) {
                items = try await cursor.next(timeout: .zero)
            } catch {
                // The copy was mended, restored or is too far ahead: read it anew.
                self.cursor = nil
                tables = [:]
                isListed = false
                return false
            }
            for item in items {
                switch item {
                case .put(let record): await put(record, at: now)
                case .delete(let record): remove(record)
                case .lagging: break
                case .bookmark:
                    isListed = true
                    return true
                }
            }
        }
        return false
    }

    private func put(_ record: ObjectRecord, at now: Instant) async {
        guard record.key.kind == .job else {
            tables[record.key.tenant]?.doubtCalendars()
            return
        }
        guard let job = try? Editor.decode(record) else { return }
        let schedule = await schedules.schedule(of: record, job)
        tables[record.key.tenant, default: UpcomingTable()].put(
            record.key.name,
            due: job.next(after: now, by: schedule),
            hasCalendar: job.spec.rules.calendar != nil
        )
    }

    private func remove(_ record: ObjectRecord) {
        if record.key.kind == .job {
            tables[record.key.tenant]?.remove(record.key.name)
        } else {
            tables[record.key.tenant]?.doubtCalendars()
        }
    }

    /// Works out again when the jobs are due whose time has passed; answers whether that is all.
    private func renew(
        _ tenant: String,
        at now: Instant,
        until deadline: MonotonicInstant
    ) async -> Bool {
        while let name = tables[tenant]?.passed(at: now) {
            guard SystemClock.monotonic < deadline else { return false }
            let key = ObjectKey(tenant: tenant, kind: .job, name: name)
            if let record = try? await replica.record(key) {
                await put(record, at: now)
            } else {
                tables[tenant]?.remove(name)
            }
        }
        return isListed
    }
}
