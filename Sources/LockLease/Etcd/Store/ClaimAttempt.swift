// How far one claim has come: which items have their outcome, and what a repetition finds.

internal import Vocabulary

/// How the items of one claim are cut into transactions: by their number of jobs and of runs
/// alone, so that a repetition is cut alike; into parts of like size, since they are sent at the
/// same time.
struct ClaimParts {
    /// Jobs of one transaction: one inside of it for each, beside what it writes itself.
    static let jobs = 100
    /// Runs of one transaction: each is some 800 bytes of the 1.5 MiB that etcd takes.
    static let runs = 700

    let ranges: [Range<Int>]
    /// Whether a job has items in several parts, which then have to follow each other.
    let shareJobs: Bool

    init(_ items: [ClaimItem]) {
        var ranges: [Range<Int>] = []
        var start = 0
        var jobs: Set<UID> = []
        var runs = 0
        let total = Set(items.map(\.job)).count
        let parts = max(1, (total + Self.jobs - 1) / Self.jobs)
        let share = (total + parts - 1) / parts
        for (index, item) in items.enumerated() {
            let more = item.runIDs.count + 1
            let isNew = !jobs.contains(item.job)
            if index > start, jobs.count + (isNew ? 1 : 0) > share || runs + more > Self.runs {
                ranges.append(start..<index)
                (start, jobs, runs) = (index, [], 0)
            }
            jobs.insert(item.job)
            runs += more
        }
        // An empty claim still tells whether the session lives.
        ranges.append(start..<items.count)
        self.ranges = ranges
        let each = ranges.map { Set(items[$0].map(\.job)).count }
        shareJobs = each.reduce(0, +) > total
    }
}

/// One claim while it is decided, in as many rounds as it takes.
struct ClaimAttempt {
    let session: SessionID
    let id: RequestID
    let items: [ClaimItem]
    private(set) var outcomes: [ClaimOutcome?]
    /// Where this claim is remembered, once it has written anything.
    var place: (key: EtcdKey, revision: Int64)?

    init(session: SessionID, id: RequestID, items: [ClaimItem]) {
        self.session = session
        self.id = id
        self.items = items
        outcomes = items.map { _ in nil }
    }

    /// The places of the items without an outcome.
    var open: [Int] { outcomes.indices.filter { outcomes[$0] == nil } }
    var openItems: [ClaimItem] { open.map { items[$0] } }

    /// Gives the open items what was decided for them, where `holds` says that it came true.
    mutating func settle(_ decided: [ClaimOutcome], where holds: (ClaimItem) -> Bool) {
        for (index, outcome) in zip(open, decided) where holds(items[index]) {
            outcomes[index] = outcome
        }
    }

    /// What a repetition is to find: outcomes there are, and those that are being written.
    func memory(with decided: [ClaimOutcome]) -> RememberedValue {
        var all = outcomes
        for (index, outcome) in zip(open, decided) { all[index] = outcome }
        return .claim(
            zip(all, items).map { outcome, item in
                RememberedOutcome(outcome ?? .gone, of: item)
            }
        )
    }

    /// Takes the outcomes of an earlier attempt that came true.
    ///
    /// It may have won less than it had planned. A win shows in its runs, or, if it started none,
    /// in the cursor; where it does not, the item is decided afresh: either it was never won, or
    /// its runs are over and forgotten and need no second start.
    mutating func recall(_ kept: RememberedValue, _ slice: EtcdSlice) throws(StoreError) {
        guard case .claim(let remembered) = kept, remembered.count == items.count else {
            throw .incompatible("request \(id) was used for something else before")
        }
        for (index, known) in remembered.enumerated() {
            switch known {
            case .other(let outcome): outcomes[index] = outcome
            case .won(let digest, let granted):
                outcomes[index] = grants(granted, digest, of: items[index], slice)
            }
        }
    }

    private func grants(
        _ granted: [RememberedOutcome.Granted],
        _ digest: Digest,
        of item: ClaimItem,
        _ slice: EtcdSlice
    ) -> ClaimOutcome? {
        guard !granted.isEmpty else {
            guard case .instants(from: _, let to, runs: _, skips: _) = item.subject,
                let cursor = slice.rooms[item.job]?.cursor, cursor.at >= to
            else { return nil }
            return .won([])
        }
        let ids = item.runIDs
        var grants: [Grant] = []
        for one in granted {
            guard ids.indices.contains(one.place),
                let run = slice.model.runs[ids[one.place]]?.record, run.session == session
            else { return nil }
            grants.append(
                Grant(
                    run: run.id,
                    key: run.key,
                    cause: run.cause,
                    fence: one.fence,
                    digest: digest
                )
            )
        }
        return .won(grants)
    }
}
