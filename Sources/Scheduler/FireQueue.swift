// When each job needs attention: lists by the second, and a heap of alarms.

internal import Vocabulary

/// Slots by time, without a byte of its own per job.
///
/// Instants that a job's plan names are *filed*: all slots of one second are a list, linked through
/// the jobs' records, and a heap has one entry per second. Many jobs share few seconds, so filing
/// and taking one out costs nothing that grows with their number. The list forgets milliseconds;
/// whoever opens it works them out anew. Everything else is an *alarm*, exact, in a heap; there are
/// only as many as jobs that are being dealt with.
///
/// Equal times come out by slot, so that a replay finds the same order.
struct FireQueue: Sendable {
    struct Fire: Comparable, Sendable {
        let at: Int64
        let slot: UInt32

        static func < (lhs: Self, rhs: Self) -> Bool { (lhs.at, lhs.slot) < (rhs.at, rhs.slot) }
    }

    /// All slots of one second.
    private struct Bucket: Sendable {
        var second: Int64
        var head = FireQueue.nobody
        /// The least milliseconds that were filed; those of jobs that have left may be less.
        var least: UInt16 = 999
        /// Whether none was filed but at the full second.
        var isWhole = true
    }

    private struct Second: Comparable, Sendable {
        let second: Int64
        let bucket: UInt32

        static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.second, lhs.bucket) < (rhs.second, rhs.bucket)
        }
    }

    /// The second of a bucket that is vacant: no instant of a plan lies in it.
    private static let never = Int64.min / 1_000
    fileprivate static let nobody = UInt32.max >> 1
    /// Set in the link that leads back from a list's first slot to its bucket.
    private static let toBucket: UInt32 = 1 << 31

    private var buckets: [Bucket] = []
    private var vacant: [UInt32] = []
    private var places: [Int64: UInt32] = [:]
    private var seconds = BinaryHeap<Second>()
    private var alarms = BinaryHeap<Fire>()
    private var alarmCount = 0
    /// What was filed and is due, latest first.
    private var run: [Fire] = []

    /// How many slots it holds.
    private(set) var count = 0

    // MARK: Putting in and taking out

    /// Files `slot`, which the queue does not hold, at an instant that its plan names.
    mutating func file(_ slot: JobSlot, at instant: Instant, _ jobs: inout JobTable) {
        var spot = spot(at: instant)
        var record = jobs[record: slot]
        file(slot, &record, in: &spot, &jobs)
        jobs[record: slot] = record
    }

    /// An instant, and the list that slots are filed in at it; that may be there no more.
    struct Spot: Sendable {
        let instant: Instant
        fileprivate var bucket: UInt32
    }

    /// Where to file what is due at `instant`.
    mutating func spot(at instant: Instant) -> Spot {
        Spot(instant: instant, bucket: bucket(of: instant.unixSeconds))
    }

    /// As ``file(_:at:_:)``, for many at the same instant.
    ///
    /// `record` is the slot's, which the caller puts into the table when it is complete.
    mutating func file(
        _ slot: JobSlot,
        _ record: inout JobRecord,
        in spot: inout Spot,
        _ jobs: inout JobTable
    ) {
        var bucket = buckets[Int(spot.bucket)]
        var rest = spot.instant.unixMilliseconds &- bucket.second &* 1_000
        if !(0..<1_000).contains(rest) {
            spot = self.spot(at: spot.instant)
            bucket = buckets[Int(spot.bucket)]
            rest = spot.instant.unixMilliseconds &- bucket.second &* 1_000
        }
        record.links = Self.links(next: bucket.head, previous: spot.bucket | Self.toBucket)
        record.place = .bucket
        if bucket.head != Self.nobody {
            jobs[record: JobSlot(bucket.head)].setPrevious(UInt32(slot))
        }
        bucket.head = UInt32(slot)
        bucket.least = min(bucket.least, UInt16(truncatingIfNeeded: rest))
        bucket.isWhole = bucket.isWhole && rest == 0
        buckets[Int(spot.bucket)] = bucket
        count += 1
    }

    /// Calls for `slot`, which the queue does not hold, at any time.
    mutating func alarm(_ slot: JobSlot, at instant: Instant, _ jobs: inout JobTable) {
        let time = instant.unixMilliseconds
        jobs[record: slot].links = UInt64(bitPattern: time)
        jobs[record: slot].place = .alarm
        if alarms.count > 64, alarms.count > 4 * alarmCount { forgetStale(jobs) }
        alarms.insert(Fire(at: time, slot: UInt32(slot)))
        alarmCount += 1
        count += 1
    }

    mutating func remove(_ slot: JobSlot, _ jobs: inout JobTable) {
        let record = jobs[record: slot]
        switch record.place {
        case .unfiled: return
        case .bucket: unlink(record, &jobs)
        case .alarm: alarmCount -= 1
        case .run: break
        }
        jobs[record: slot].place = .unfiled
        count -= 1
    }

    private mutating func unlink(_ record: JobRecord, _ jobs: inout JobTable) {
        let (next, previous) = (record.next, record.previous)
        if next != Self.nobody { jobs[record: JobSlot(next)].setPrevious(previous) }
        guard previous & Self.toBucket != 0 else {
            return jobs[record: JobSlot(previous)].setNext(next)
        }
        let bucket = previous & ~Self.toBucket
        buckets[Int(bucket)].head = next
        if next == Self.nobody { vacate(bucket) }
    }

    // MARK: Asking

    /// What comes next: a slot, or a list that has to be opened first.
    enum First {
        case slot(JobSlot, at: Instant)
        /// Nothing in it is due before.
        case list(at: Instant)

        var at: Instant {
            switch self {
            case .slot(_, let at), .list(let at): at
            }
        }
    }

    /// What comes next; forgets on the way what does not count any more.
    mutating func first(_ jobs: JobTable) -> First? {
        while let fire = run.last, !isCurrent(fire, .run, jobs) { run.removeLast() }
        while let fire = alarms.first, !isCurrent(fire, .alarm, jobs) { _ = alarms.popFirst() }
        while let entry = seconds.first, places[entry.second] != entry.bucket {
            _ = seconds.popFirst()
        }
        var fire = run.last
        if let alarm = alarms.first, fire.map({ alarm < $0 }) ?? true { fire = alarm }
        if let entry = seconds.first {
            let time = entry.second * 1_000 + Int64(buckets[Int(entry.bucket)].least)
            // A list goes before a slot of the same time: there may be lower ones in it.
            if fire.map({ time <= $0.at }) ?? true {
                return .list(at: Instant(unixMilliseconds: time))
            }
        }
        return fire.map { .slot(JobSlot($0.slot), at: Instant(unixMilliseconds: $0.at)) }
    }

    /// When an alarm was asked for `slot`; `nil` if none was.
    func alarm(of slot: JobSlot, _ jobs: JobTable) -> Instant? {
        let record = jobs[record: slot]
        guard record.place == .alarm else { return nil }
        return Instant(unixMilliseconds: Int64(bitPattern: record.links))
    }

    /// All slots with an alarm, in order.
    func alarmed(_ jobs: JobTable) -> [JobSlot] {
        Set(alarms.all.filter { isCurrent($0, .alarm, jobs) }.map { JobSlot($0.slot) }).sorted()
    }

    private func isCurrent(_ fire: Fire, _ place: JobRecord.Place, _ jobs: JobTable) -> Bool {
        let record = jobs[record: JobSlot(fire.slot)]
        return record.place == place && record.links == UInt64(bitPattern: fire.at)
    }

    // MARK: Opening a list

    /// Slots that were filed at instants of one second.
    struct List {
        let second: Int64
        /// Whether all were filed at the full second.
        let isWhole: Bool
        var slots: [JobSlot] = []
    }

    /// The earliest list, whose slots the queue then holds no more.
    mutating func takeList(_ jobs: inout JobTable) -> List? {
        while let entry = seconds.popFirst() {
            guard places[entry.second] == entry.bucket else { continue }
            let bucket = buckets[Int(entry.bucket)]
            vacate(entry.bucket)
            var list = List(second: bucket.second, isWhole: bucket.isWhole)
            var next = bucket.head
            while next != Self.nobody {
                list.slots.append(JobSlot(next))
                let record = jobs[record: JobSlot(next)]
                jobs[record: JobSlot(next)].place = .unfiled
                next = record.next
            }
            count -= list.slots.count
            return list
        }
        return nil
    }

    /// Takes the slots of a list back, each at its own time.
    mutating func takeBack(_ list: [(slot: JobSlot, at: Instant)], _ jobs: inout JobTable) {
        // A few go better into the heap than many others to new places.
        guard run.count < 8 * list.count else {
            for (slot, at) in list { alarm(slot, at: at, &jobs) }
            return
        }
        run.reserveCapacity(run.count + list.count)
        for (slot, at) in list {
            jobs[record: slot].links = UInt64(bitPattern: at.unixMilliseconds)
            jobs[record: slot].place = .run
            run.append(Fire(at: at.unixMilliseconds, slot: UInt32(slot)))
        }
        run.sort(by: >)
        count += list.count
    }

    // MARK: Buckets

    private mutating func bucket(of second: Int64) -> UInt32 {
        if let known = places[second] { return known }
        let bucket: UInt32
        if let last = vacant.popLast() {
            bucket = last
            buckets[Int(bucket)] = Bucket(second: second)
        } else {
            bucket = UInt32(buckets.count)
            buckets.append(Bucket(second: second))
        }
        places[second] = bucket
        if seconds.count > 64, seconds.count > 4 * places.count {
            seconds = BinaryHeap(seconds.all.filter { places[$0.second] == $0.bucket })
        }
        seconds.insert(Second(second: second, bucket: bucket))
        return bucket
    }

    private mutating func vacate(_ bucket: UInt32) {
        places[buckets[Int(bucket)].second] = nil
        buckets[Int(bucket)].second = Self.never
        vacant.append(bucket)
    }

    private mutating func forgetStale(_ jobs: JobTable) {
        let current = Set(alarms.all.filter { isCurrent($0, .alarm, jobs) }.map(\.slot))
        alarms = BinaryHeap(
            current.map { slot in
                let links = jobs[record: JobSlot(slot)].links
                return Fire(at: Int64(bitPattern: links), slot: slot)
            }
        )
    }

    private static func links(next: UInt32, previous: UInt32) -> UInt64 {
        UInt64(previous) << 32 | UInt64(next)
    }

    /// How many bytes it takes, what was reserved included.
    var footprint: Int {
        buckets.capacity * MemoryLayout<Bucket>.stride + vacant.capacity * 4
            + places.capacity * 16 + seconds.footprint + alarms.footprint
            + run.capacity * MemoryLayout<Fire>.stride
    }
}

extension JobRecord {
    /// The neighbours in a list.
    fileprivate var next: UInt32 { UInt32(truncatingIfNeeded: links) }
    fileprivate var previous: UInt32 { UInt32(truncatingIfNeeded: links >> 32) }

    fileprivate mutating func setNext(_ slot: UInt32) {
        links = links & 0xFFFF_FFFF_0000_0000 | UInt64(slot)
    }

    fileprivate mutating func setPrevious(_ slot: UInt32) {
        links = links & 0xFFFF_FFFF | UInt64(slot) << 32
    }
}
