// A whole list at once, from columns rather than documents.

internal import Vocabulary

/// A list on its way in.
struct Loading: Sendable {
    /// When a plan's jobs are first due after now.
    enum First: Sendable {
        /// Nothing is ever due.
        case never
        /// All at once, and there they are filed.
        case at(FireQueue.Spot)
        /// It depends on the job's hash alone: the number of the spread.
        case spread(UInt32)
        /// A closer look is needed, or nobody has looked yet.
        case other

        var isOther: Bool { if case .other = self { true } else { false } }
    }

    /// A plan as rows go by it, without a look at the plan itself.
    struct Entry: Sendable {
        let plan: UInt32
        /// How many of the plan's ``shares`` jobs have taken.
        var used: UInt32 = 0
        var first = First.other
    }

    /// What depends on the hash, for each setting of one schedule.
    struct Spread: Sendable {
        let schedule: ScheduleLibrary.Index
        var firsts: [First]
    }

    /// A row with what is worked out of it alone.
    struct Row {
        let key: JobKey
        let hash: UInt64
        var seed: StableHash
    }

    /// So many shares of each plan are lent out at first: more than there can be jobs.
    static let shares = UIDTable.limit + 1

    /// Says of a record whether the list that is being loaded, or was last, has the job.
    var mark = false
    /// Whether the last page is still to come; it never does if the list could not be read on.
    var isUnderWay = false
    /// The plans of the outlines so far, each with all its shares; `nil`: it could not be taken.
    var entries: [Entry?] = []
    var spreads: [Spread] = []
    var spreadNumbers: [ScheduleLibrary.Index: UInt32] = [:]
    /// When the last page came: the first fires are those after that, or an earlier time.
    var since = Instant.startOfTime
    /// Means nothing: it is there so that what is touched is read.
    var touched: UInt32 = 0
}

extension SchedulerMachine {
    /// Takes a page in: new jobs are entered, changed ones defined anew, the others left as they
    /// are; behind the last page, jobs that no page had are removed.
    ///
    /// - Complexity: O(rows), without reading a document; behind the last page O(jobs).
    mutating func load(_ page: JobPage, at now: Moment) {
        if page.isFirst { beginLoading(of: page.total) }
        for outline in page.outlines {
            let plan = plans.take(outline, &library, &ranking, &calendars)
            if let plan { plans.share(plan, by: Loading.shares - 1) }
            loading.entries.append(plan.map { Loading.Entry(plan: UInt32($0)) })
        }
        if now.wall < loading.since { forgetFirsts() }
        loading.since = now.wall
        load(page.rows, at: now)
        for entry in page.others { load(entry, at: now) }
        guard page.isLast else { return }
        for slot in 0..<jobs.end
        where jobs.plan(of: slot) != nil && jobs[record: slot].mark != loading.mark {
            remove(slot)
        }
        finishLoading()
    }

    private mutating func beginLoading(of total: Int) {
        let hasBrokenOff = loading.isUnderWay
        finishLoading()
        loading.mark.toggle()
        loading.isUnderWay = true
        jobs.reserve(max(0, total - jobs.count))
        guard hasBrokenOff else { return }
        // Half of the marks are of the list that broke off, the others of the one before it, which
        // had the mark that is used now.
        for slot in 0..<jobs.end where jobs.plan(of: slot) != nil {
            jobs[record: slot].mark = !loading.mark
        }
    }

    // MARK: First fires

    /// When the job of a row is first due, which is never ``Loading/First/spread(_:)``.
    ///
    /// What was found for a page before holds until that time has come.
    private mutating func first(
        of row: JobPage.Row,
        _ entry: Loading.Entry,
        _ seed: StableHash,
        at now: Moment
    ) -> Loading.First {
        var first = entry.first
        if isOver(first, at: now) {
            first = findFirst(of: JobPlan.Index(entry.plan), at: now)
            loading.entries[row.outline]?.first = first
        }
        guard case .spread(let number) = first else { return first }
        let spread = Int(number)
        let schedule = loading.spreads[spread].schedule
        let setting = library.setting(schedule, for: seed)
        first = loading.spreads[spread].firsts[setting]
        if isOver(first, at: now) {
            first = findFirst(of: schedule, for: .bits(row.uid), at: now)
            loading.spreads[spread].firsts[setting] = first
        }
        return first
    }

    private func isOver(_ first: Loading.First, at now: Moment) -> Bool {
        switch first {
        case .never, .spread: false
        case .at(let spot): spot.instant <= now.wall
        case .other: true
        }
    }

    private mutating func findFirst(of plan: JobPlan.Index, at now: Moment) -> Loading.First {
        guard plans.fault(of: plan) == nil, let schedule = plans.onlySchedule(of: plan) else {
            return .other
        }
        switch library.spreading(of: schedule) {
        // Whose it is makes no difference.
        case .none: return findFirst(of: schedule, for: .text(""), at: now)
        case .hash: return .spread(spread(of: schedule))
        case .other: return .other
        }
    }

    private mutating func findFirst(
        of schedule: ScheduleLibrary.Index,
        for seed: JobSeed,
        at now: Moment
    ) -> Loading.First {
        guard let due = library.next(schedule, for: seed, after: now.wall) else { return .never }
        return .at(fires.spot(at: due))
    }

    private mutating func spread(of schedule: ScheduleLibrary.Index) -> UInt32 {
        if let known = loading.spreadNumbers[schedule] { return known }
        let number = UInt32(loading.spreads.count)
        let firsts = Array(repeating: Loading.First.other, count: library.settings(of: schedule))
        loading.spreads.append(Loading.Spread(schedule: schedule, firsts: firsts))
        loading.spreadNumbers[schedule] = number
        return number
    }

    /// The clock was set back: what was found may lie behind other fires.
    private mutating func forgetFirsts() {
        for place in loading.entries.indices { loading.entries[place]?.first = .other }
        loading.spreads = []
        loading.spreadNumbers = [:]
    }

    // MARK: Rows

    /// Takes rows in, some at a time: what each has to fetch from afar is fetched for all at once.
    private mutating func load(_ rows: [JobPage.Row], at now: Moment) {
        let limit = 64
        let fresh = freshRecord(at: now)
        var ahead: [Loading.Row] = []
        ahead.reserveCapacity(limit)
        for start in stride(from: 0, to: rows.count, by: limit) {
            let block = rows[start..<min(start + limit, rows.count)]
            ahead.removeAll(keepingCapacity: true)
            for row in block {
                let key = JobKey(high: row.uid.high, low: row.uid.low)
                ahead.append(Loading.Row(key: key, hash: key.hash, seed: StableHash()))
            }
            touch(block, ahead)
            hash(block, &ahead)
            for place in ahead.indices {
                load(block[start + place], ahead[place], like: fresh, at: now)
            }
        }
    }

    private func hash(_ rows: ArraySlice<JobPage.Row>, _ ahead: inout [Loading.Row]) {
        let start = rows.startIndex
        var place = 0
        while place + 4 <= ahead.count {
            let hashes = UIDBits.hashes(of: InlineArray { rows[start + place + $0].uid })
            for lane in 0..<4 { ahead[place + lane].seed = hashes[lane] }
            place += 4
        }
        for place in place..<ahead.count { rows[start + place].uid.add(to: &ahead[place].seed) }
    }

    /// What the records of new jobs have in common; `nil`: it does not fit into a record.
    private func freshRecord(at now: Moment) -> JobRecord? {
        var state = JobState()
        state.position = now.wall
        state.phase = .unread
        var record = JobRecord(key: JobKey(high: 0, low: 0), shard: VirtualShard(number: 0))
        guard record.pack(state) == nil else { return nil }
        record.mark = loading.mark
        return record
    }

    /// Reads what rows will need, one kind after the other.
    ///
    /// In loops as short as these a processor waits for many reads at once; where each row is dealt
    /// with before the next is looked at, it waits for each alone.
    private mutating func touch(_ rows: ArraySlice<JobPage.Row>, _ ahead: [Loading.Row]) {
        var sum: UInt32 = 0
        for row in ahead { sum &+= jobs.touchPart(row.hash) }
        for row in ahead { sum &+= jobs.touch(row.hash) }
        for row in rows where loading.entries.indices.contains(row.outline) {
            sum &+= loading.entries[row.outline]?.used ?? 0
        }
        loading.touched = sum
    }

    private mutating func load(
        _ row: JobPage.Row,
        _ ahead: Loading.Row,
        like fresh: JobRecord?,
        at now: Moment
    ) {
        guard loading.entries.indices.contains(row.outline),
            let entry = loading.entries[row.outline]
        else { return refuse(row.uid.uid) }
        let plan = JobPlan.Index(entry.plan)
        if let fresh, !ahead.key.isOdd, let startedAt, !(startedAt < row.createdAt),
            let origin = jobs.origin(plan, row.revision),
            case .vacancy(let vacancy) = jobs.find(ahead.key, ahead.hash)
        {
            let first = first(of: row, entry, ahead.seed, at: now)
            if !first.isOther {
                var record = fresh.copied(for: ahead.key, shard: VirtualShard(of: ahead.seed))
                record.origin = origin
                return enter(row, record, ahead.hash, at: vacancy, first)
            }
        }
        look(at: row, plan, at: now)
    }

    /// Enters a new job that has nothing special about it.
    private mutating func enter(
        _ row: JobPage.Row,
        _ fresh: JobRecord,
        _ hash: UInt64,
        at vacancy: UIDTable.Vacancy,
        _ first: Loading.First
    ) {
        guard let slot = jobs.enter(hash, at: vacancy) else { return refuse(row.uid.uid) }
        var record = fresh
        if case .at(var spot) = first { fires.file(slot, &record, in: &spot, &jobs) }
        jobs[record: slot] = record
        loading.entries[row.outline]?.used += 1
        settlement.count(record.shard, undecided: 1)
        unreadSlot = min(unreadSlot ?? slot, slot)
        if !jobs.unreadable.isEmpty { jobs.unreadable[row.uid.uid] = nil }
    }

    /// Takes in a row whose job may be there already, or needs more than a record.
    private mutating func look(at row: JobPage.Row, _ plan: JobPlan.Index, at now: Moment) {
        let key = JobKey(row.uid)
        let present = if let key { jobs.slot(of: key) } else { jobs.slot(of: row.uid.uid) }
        if let slot = present {
            jobs[record: slot].mark = loading.mark
            // What the list says counts, also if that is older than what is known: its history may
            // have gone back. A row that was mended has another outline under the same revision.
            guard row.revision != jobs.revision(of: slot) || jobs.plan(of: slot) != plan
            else { return }
            plans.share(plan)
            return redefine(slot, plan, row.revision, at: now)
        }
        let fresh = if let key { jobs.insert(key) } else { jobs.insert(row.uid.uid) }
        guard let slot = fresh else { return refuse(row.uid.uid) }
        plans.share(plan)
        begin(slot, plan, row.revision, createdAt: row.createdAt, at: now)
    }

    /// Takes in a job whose uid is of no usual form; what the list says of it counts as well.
    private mutating func load(_ entry: JobEntry, at now: Moment) {
        guard let slot = jobs.slot(of: entry.uid) else { return put(entry, at: now) }
        jobs[record: slot].mark = loading.mark
        let outline = JobOutline(of: entry.job, in: entry.name.tenant)
        guard let plan = plans.take(outline, &library, &ranking, &calendars) else {
            remove(slot)
            return refuse(entry.uid)
        }
        guard entry.revision != jobs.revision(of: slot) || jobs.plan(of: slot) != plan else {
            return plans.release(plan, &library, &ranking, &calendars)
        }
        redefine(slot, plan, entry.revision, at: now)
    }

    /// Gives back the shares that no job has taken.
    private mutating func finishLoading() {
        for case let entry? in loading.entries {
            let rest = Loading.shares - Int(entry.used)
            plans.release(JobPlan.Index(entry.plan), by: rest, &library, &ranking, &calendars)
        }
        let mark = loading.mark
        loading = Loading()
        loading.mark = mark
    }
}
