// A whole list at once, from columns rather than documents.

internal import Vocabulary

/// A list on its way in.
struct Loading: Sendable {
    /// A plan as rows go by it, without a look at the plan itself.
    struct Entry: Sendable {
        enum First: Sendable {
            /// Nothing is ever due.
            case never
            /// All jobs are first due then; where those were filed that came before.
            case at(Instant)
            /// It depends on the job's hash alone.
            case spread(ScheduleLibrary.Index)
            /// A closer look is needed.
            case other
        }

        let plan: JobPlan.Index
        var first: First
        var place: FireQueue.ListPlace?
        /// Jobs of this page that have taken it.
        var users = 0
    }

    /// A row with what is worked out of it alone.
    struct Row {
        let key: JobKey
        let hash: UInt64
        var seed: StableHash
    }

    /// Says of a record whether the list that is being loaded, or was last, has the job.
    var mark = false
    /// The plans of the outlines so far, each with one share; `nil`: it could not be taken.
    var entries: [Entry?] = []
    /// For which time the first fires are.
    var since: Instant?
    /// Means nothing: it is there so that what is touched is read.
    var touched: UInt32 = 0
}

extension SchedulerMachine {
    /// Takes a page in: new jobs are entered, changed ones defined anew, the others left as they
    /// are; behind the last page, jobs that no page had are removed.
    ///
    /// - Complexity: O(rows), without reading a document; behind the last page O(jobs).
    mutating func load(_ page: JobPage, at now: Moment) {
        if page.isFirst {
            finishLoading()
            loading.mark.toggle()
            jobs.reserve(max(0, page.total - jobs.count))
        }
        for outline in page.outlines {
            let plan = plans.take(outline, &library, &ranking, &calendars)
            loading.entries.append(plan.map { Loading.Entry(plan: $0, first: .other) })
        }
        findFirsts(from: page.outlines.count, at: now)
        load(page.rows, at: now)
        for entry in page.others { put(entry, at: now) }
        guard page.isLast else { return }
        for slot in 0..<jobs.end
        where jobs.plan(of: slot) != nil && jobs[record: slot].mark != loading.mark {
            remove(slot)
        }
        finishLoading()
    }

    /// Works out the first fires of plans that are asked for the first time, or at another time.
    private mutating func findFirsts(from fresh: Int, at now: Moment) {
        let count = loading.entries.count
        let start = loading.since == now.wall ? count - fresh : 0
        loading.since = now.wall
        for place in start..<count {
            guard let plan = loading.entries[place]?.plan else { continue }
            let first = first(of: plan, at: now)
            loading.entries[place] = Loading.Entry(plan: plan, first: first)
        }
    }

    private mutating func first(of plan: JobPlan.Index, at now: Moment) -> Loading.Entry.First {
        guard plans.fault(of: plan) == nil, let schedule = plans.onlySchedule(of: plan) else {
            return .other
        }
        switch library.spreading(of: schedule) {
        case .none:
            // Whose it is makes no difference.
            let seed = JobSeed.text("")
            return library.next(schedule, for: seed, after: now.wall).map { .at($0) } ?? .never
        case .hash: return .spread(schedule)
        case .other: return .other
        }
    }

    /// Takes rows in, some at a time: what each has to fetch from afar is fetched for all at once.
    private mutating func load(_ rows: [JobPage.Row], at now: Moment) {
        let limit = 64
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
            for place in ahead.indices { block[start + place].uid.add(to: &ahead[place].seed) }
            for place in ahead.indices { load(block[start + place], ahead[place], at: now) }
        }
        for place in loading.entries.indices {
            guard let entry = loading.entries[place], entry.users > 0 else { continue }
            plans.share(entry.plan, by: entry.users)
            loading.entries[place]?.users = 0
        }
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
            sum &+= UInt32(truncatingIfNeeded: loading.entries[row.outline]?.users ?? 0)
        }
        loading.touched = sum
    }

    private mutating func load(_ row: JobPage.Row, _ ahead: Loading.Row, at now: Moment) {
        guard loading.entries.indices.contains(row.outline),
            let entry = loading.entries[row.outline]
        else { return refuse(row.uid.uid) }
        let key = ahead.key
        if !key.isOdd, let startedAt, !(startedAt < row.createdAt),
            let origin = jobs.origin(entry.plan, row.revision),
            jobs.slot(of: key, hash: ahead.hash) == nil
        {
            let isLoaded = enter(row, ahead, origin, entry.first, at: now)
            if isLoaded { return }
        }
        look(at: row, entry.plan, at: now)
    }

    /// Enters a new job that has nothing special about it; answers whether that was so.
    private mutating func enter(
        _ row: JobPage.Row,
        _ ahead: Loading.Row,
        _ origin: UInt64,
        _ first: Loading.Entry.First,
        at now: Moment
    ) -> Bool {
        let due: Instant?
        switch first {
        case .other: return false
        case .never: due = nil
        case .at(let instant): due = instant
        case .spread(let schedule):
            due = library.next(
                schedule,
                for: .bits(row.uid),
                hash: ahead.seed,
                after: now.wall
            )
        }
        var record = JobRecord(key: ahead.key, shard: VirtualShard(of: ahead.seed))
        var state = JobState()
        state.position = now.wall
        state.phase = .unread
        guard record.pack(state) == nil else { return false }
        record.origin = origin
        record.mark = loading.mark
        guard let slot = jobs.insert(record, hash: ahead.hash) else {
            refuse(row.uid.uid)
            return true
        }
        if !jobs.unreadable.isEmpty { jobs.unreadable[row.uid.uid] = nil }
        loading.entries[row.outline]?.users += 1
        settlement.count(record.shard, undecided: 1)
        unreadSlot = min(unreadSlot ?? slot, slot)
        guard let due else { return true }
        if case .spread = first {
            fires.file(slot, at: due, &jobs)
        } else {
            file(slot, at: due, with: row.outline)
        }
        return true
    }

    private mutating func file(_ slot: JobSlot, at due: Instant, with outline: Int) {
        var place = loading.entries[outline]?.place
        fires.file(slot, at: due, in: &place, &jobs)
        loading.entries[outline]?.place = place
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

    /// Gives back the shares that kept plans alive between two pages.
    private mutating func finishLoading() {
        for entry in loading.entries {
            if let entry { plans.release(entry.plan, &library, &ranking, &calendars) }
        }
        loading.entries = []
        loading.since = nil
    }
}
