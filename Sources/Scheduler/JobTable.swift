// All jobs, by slot: the hot index, in less than 48 bytes per job.

internal import Vocabulary

/// What the scheduler holds of each job: uid, revision, position, phase, and which plan it has.
///
/// What decides when a job is due is in its plan, which it shares with all that have the same; what
/// it does is on the disk. Records live in pages, so that growing copies nothing.
struct JobTable: Sendable {
    /// What does not fit into a record.
    private struct Odd {
        var position: Int64?
        var revision: Revision?
    }

    static let pageBits = 10
    static let pageSize = 1 << pageBits
    private static let nobody = UInt32.max

    private var pages: [[JobRecord]] = []
    private var table = UIDTable()
    private(set) var uids = OddUIDs()
    private var odd: [JobSlot: Odd] = [:]
    /// Beginnings of revisions; a record says which, and how much later its own is.
    private var revisionBases: [Revision] = []
    /// The last slot that was vacated; its record's links name the one before.
    private var vacant = nobody
    /// Slots that were ever taken: all jobs are below.
    private(set) var end = 0
    private(set) var count = 0
    /// Jobs whose schedule this node cannot read, with the reason.
    var unreadable: [UID: String] = [:]

    private static func hash(of slot: JobSlot, in pages: [[JobRecord]]) -> UInt64 {
        pages[slot >> pageBits][slot & (pageSize - 1)].key.hash
    }

    subscript(record slot: JobSlot) -> JobRecord {
        _read { yield pages[slot >> Self.pageBits][slot & (Self.pageSize - 1)] }
        _modify { yield &pages[slot >> Self.pageBits][slot & (Self.pageSize - 1)] }
    }

    subscript(slot: JobSlot) -> JobState {
        get { self[record: slot].unpacked { odd[slot]?.position } }
        set {
            let position = self[record: slot].pack(newValue)
            if position != nil || !odd.isEmpty { keep(slot) { $0.position = position } }
        }
    }

    private mutating func keep(_ slot: JobSlot, _ change: (inout Odd) -> Void) {
        var kept = odd[slot] ?? Odd()
        change(&kept)
        odd[slot] = kept.position == nil && kept.revision == nil ? nil : kept
    }

    // MARK: Finding

    func slot(of uid: UID) -> JobSlot? { uids.key(of: uid).flatMap { slot(of: $0) } }

    func slot(of key: JobKey) -> JobSlot? { slot(of: key, hash: key.hash) }

    func slot(of key: JobKey, hash: UInt64) -> JobSlot? {
        guard case .slot(let slot) = find(key, hash) else { return nil }
        return slot
    }

    /// Looks for a job whose key has that hash.
    func find(_ key: JobKey, _ hash: UInt64) -> UIDTable.Found {
        table.find(hash) { self[record: $0].key == key }
    }

    /// Begins a search early; see ``UIDTable/touchPart(_:)``.
    func touchPart(_ hash: UInt64) -> UInt32 { table.touchPart(hash) }

    /// Begins a search early; see ``UIDTable/touch(_:)``.
    func touch(_ hash: UInt64) -> UInt32 { table.touch(hash) }

    func uid(of slot: JobSlot) -> UID { uids.uid(of: self[record: slot].key) }
    func seed(of slot: JobSlot) -> JobSeed { uids.seed(of: self[record: slot].key) }

    /// Whether `slot` still holds the job of `key`, and that job is in `phase`.
    func holds(_ slot: JobSlot, _ key: JobKey, in phase: JobState.Phase) -> Bool {
        let record = self[record: slot]
        return record.key == key && record.phase == phase && plan(of: slot) != nil
    }

    // MARK: Coming and going

    /// Makes room for about `count` more jobs.
    mutating func reserve(_ more: Int) {
        let pages = pages
        table.reserve(count + more) { Self.hash(of: $0, in: pages) }
        self.pages.reserveCapacity((end + more) >> Self.pageBits + 1)
    }

    /// A slot for a job that is not there yet; `nil` if the table is full.
    ///
    /// The job has no plan: ``setPlan(of:to:)`` must follow.
    mutating func insert(_ uid: UID) -> JobSlot? {
        insert(uids.take(uid))
    }

    mutating func insert(_ key: JobKey) -> JobSlot? {
        let shard = VirtualShard(of: uids.seed(of: key).hash)
        var record = JobRecord(key: key, shard: shard)
        record.origin = Self.noPlan
        return insert(record, hash: key.hash)
    }

    /// Enters a job with its record; `hash` is its key's.
    mutating func insert(_ record: JobRecord, hash: UInt64) -> JobSlot? {
        guard let slot = enter(hash, at: nil) else { return nil }
        self[record: slot] = record
        return slot
    }

    /// A slot for a new job whose key has that hash; `nil` if the table is full.
    ///
    /// The caller writes its record, before anything else is asked of the table. `vacancy`: where a
    /// search for the job has just ended.
    mutating func enter(_ hash: UInt64, at vacancy: UIDTable.Vacancy?) -> JobSlot? {
        guard let slot = takeSlot() else { return nil }
        count += 1
        if table.isFull(for: hash) {
            table.grow(for: hash) { [pages] in Self.hash(of: $0, in: pages) }
        } else if let vacancy {
            table.insert(slot, hash, at: vacancy)
            return slot
        }
        table.insert(slot, hash)
        return slot
    }

    private mutating func takeSlot() -> JobSlot? {
        if vacant != Self.nobody {
            let slot = JobSlot(vacant)
            vacant = UInt32(truncatingIfNeeded: self[record: slot].links)
            return slot
        }
        guard end < UIDTable.limit else { return nil }
        if end & (Self.pageSize - 1) == 0 {
            let empty = JobRecord(key: JobKey(high: 0, low: 0), shard: VirtualShard(number: 0))
            pages.append(Array(repeating: empty, count: Self.pageSize))
        }
        end += 1
        return end - 1
    }

    /// Forgets a job that no queue holds and that has no plan any more.
    mutating func remove(_ slot: JobSlot) {
        let key = self[record: slot].key
        if !unreadable.isEmpty { unreadable[uid(of: slot)] = nil }
        if !odd.isEmpty { odd[slot] = nil }
        table.remove(slot, key.hash) { [pages] in Self.hash(of: $0, in: pages) }
        uids.release(key)
        var record = JobRecord(key: JobKey(high: 0, low: 0), shard: VirtualShard(number: 0))
        record.origin = Self.noPlan
        record.links = UInt64(vacant)
        self[record: slot] = record
        vacant = UInt32(slot)
        count -= 1
    }

    // MARK: Plans and revisions

    private static let planMask: UInt64 = 1 << 28 - 1
    private static let noPlan = planMask
    /// Which base, in bits 28 to 31; 15 stands for none.
    private static let baseShift: UInt64 = 28
    private static let offsetShift: UInt64 = 32
    private static let noBase: UInt64 = 15

    /// Plans have numbers below this.
    static let planLimit = Int(noPlan)

    /// The number of the job's plan; `nil` for a slot that is vacant.
    func plan(of slot: JobSlot) -> JobPlan.Index? {
        let plan = self[record: slot].origin & Self.planMask
        return plan == Self.noPlan ? nil : JobPlan.Index(plan)
    }

    mutating func setPlan(of slot: JobSlot, to plan: JobPlan.Index?) {
        let number = plan.map { UInt64($0) } ?? Self.noPlan
        self[record: slot].origin = self[record: slot].origin & ~Self.planMask | number
    }

    /// Both as a record has them; `nil` if that takes a place elsewhere, or a new beginning.
    func origin(_ plan: JobPlan.Index, _ revision: Revision) -> UInt64? {
        let base = revisionBases.firstIndex {
            $0.epoch == revision.epoch && $0.sequence == revision.sequence & ~0xFFFF_FFFF
        }
        guard let base else { return nil }
        let offset = revision.sequence & 0xFFFF_FFFF
        return UInt64(plan) | UInt64(base) << Self.baseShift | offset << Self.offsetShift
    }

    func revision(of slot: JobSlot) -> Revision {
        let origin = self[record: slot].origin
        let base = origin >> Self.baseShift & 0xF
        guard base != Self.noBase else { return odd[slot]?.revision ?? .zero }
        let start = revisionBases[Int(base)]
        return Revision(
            epoch: start.epoch,
            sequence: start.sequence + origin >> Self.offsetShift
        )
    }

    mutating func setRevision(of slot: JobSlot, to revision: Revision) {
        let start = Revision(
            epoch: revision.epoch,
            sequence: revision.sequence & ~0xFFFF_FFFF
        )
        var base = revisionBases.firstIndex(of: start)
        if base == nil, revisionBases.count < Self.noBase {
            base = revisionBases.count
            revisionBases.append(start)
        }
        let offset = base == nil ? 0 : revision.sequence & 0xFFFF_FFFF
        let number = base.map { UInt64($0) } ?? Self.noBase
        self[record: slot].origin =
            self[record: slot].origin & Self.planMask | number << Self.baseShift
            | offset << Self.offsetShift
        if base == nil || !odd.isEmpty { keep(slot) { $0.revision = base == nil ? revision : nil } }
    }

    // MARK: Size

    /// How many bytes it takes, what was reserved included; schedules and plans are not.
    var footprint: Int {
        let page = Self.pageSize * MemoryLayout<JobRecord>.stride + 32
        let texts = unreadable.count * 128 + uids.count * 128
        return pages.count * page + pages.capacity * 8 + table.footprint
            + odd.capacity * (MemoryLayout<Odd>.stride + 8) + texts
    }
}
