// What a member does for its copy of the list when nothing happens: floors, reading, comparing.

internal import Gossip
internal import LockLease
internal import Platform
package import Vocabulary

/// When the upkeep of a copy is due.
package struct UpkeepTuning: Equatable, Sendable {
    /// How often a few rows are read and compared with what was written; zero: never by itself.
    package var scrubInterval = Duration.seconds(2)
    package var rowsPerScrub = 250
    /// Not sooner after the end of one reading of all rows does the next one begin.
    package var scrubPause = Duration.seconds(600)
    /// How often the copy is compared with another member's, and the floors are looked at.
    package var auditInterval = Duration.seconds(60)

    package init() {}
}

/// When which part of the upkeep is due; touched only on gossip's thread.
struct UpkeepCalendar {
    var nextScrub: MonotonicInstant?
    var nextAudit: MonotonicInstant?
}

extension GossipDriver {
    /// Buckets asked about at a time; a whole list's differ only if it is another one.
    private static let bucketsPerQuestion = 64
    private static let questionsPerAudit = 64

    func planUpkeep() {
        let interval = settings.upkeep.scrubInterval
        guard interval > .zero else { return }
        loop.call(at: SystemClock.monotonic.advanced(by: interval)) { [weak self] in
            self?.assumeIsolated { $0.startUpkeep() }
        }
    }

    private func startUpkeep() {
        errands.yield(.tend)
    }

    /// Fetches from the store what no member could give.
    func catchUp() async {
        guard let store else { return }
        let report = await store.catchUp()
        switch report {
        case .current(let position): handle(.advanced(position))
        case .underWay: break
        case .storeAway, .replicaFailed, .regressed:
            log.warning("gossip.store-asked-in-vain", ["report": "\(report)"])
        }
    }

    func tend() async {
        defer { planUpkeep() }
        guard let list = list as? any AuditedList else { return }
        let now = SystemClock.monotonic
        if upkeep.nextScrub.map({ $0 <= now }) ?? true { await scrub(list) }
        guard let due = upkeep.nextAudit else {
            // Members that start together do not compare together.
            upkeep.nextAudit = now.advanced(by: settings.upkeep.auditInterval * jitter)
            return
        }
        guard due <= now else { return }
        upkeep.nextAudit = now.advanced(by: settings.upkeep.auditInterval)
        await keepFloors(of: list)
        let peers = members.filter { $0.isPresent && $0.name != settings.name }
        if let peer = peers.randomElement() { _ = await audit(with: peer.name) }
    }

    private var jitter: Double { Double.random(in: 0.1..<1) }

    /// Has the list keep what members that are there, or were within the hour, still need.
    ///
    /// One that stands at the very start needs a snapshot and no changes.
    private func keepFloors(of list: any AuditedList) async {
        let seen = machine.positionsSeen(within: .seconds(3_600), at: SystemClock.monotonic)
        let needs = seen.map(\.revision).filter { $0 > .zero }
        do throws(ReplicaError) { try await list.keep(neededAfter: needs.min()) } catch {
            log.warning("gossip.floors-not-kept", ["why": "\(error)"])
        }
    }

    // The copy and its disk.

    private func scrub(_ list: any AuditedList) async {
        do throws(ReplicaError) {
            guard let report = try await list.scrub(limit: settings.upkeep.rowsPerScrub) else {
                return
            }
            upkeep.nextScrub = SystemClock.monotonic.advanced(by: settings.upkeep.scrubPause)
            guard !report.isClean else { return }
            log.error(
                "gossip.list-damaged",
                [
                    "rows": report.damaged.map(\.description).joined(separator: " "),
                    "buckets": "\(report.changedBuckets.count)",
                ]
            )
            if !report.damaged.isEmpty { await mend(report.damaged, of: list, isOurFault: true) }
            // Which rows they are shows beside another copy.
            if !report.changedBuckets.isEmpty { upkeep.nextAudit = SystemClock.monotonic }
        } catch {
            log.error("gossip.list-not-read", ["why": "\(error)"])
        }
    }

    // The copy and another member's.

    /// Compares our copy with a member's that stands where we do, and mends ours from the store.
    ///
    /// - Returns: How many of our rows the store did not agree with; `nil` if there was nothing to
    ///   compare.
    package func audit(with name: NodeName) async -> Int? {
        guard let list = list as? any AuditedList,
            let peer = members.first(where: { $0.name == name }),
            let address = await names.resolved(peer.address).first
        else { return nil }
        var mended = 0
        for _ in 0..<Self.questionsPerAudit {
            let mine = await list.audit()
            do throws(AuditFault) {
                guard
                    let buckets = try await differingBuckets(from: address, mine),
                    !buckets.isEmpty
                else { return mended }
                log.error(
                    "gossip.lists-differ",
                    [
                        "member": name.text, "position": mine.position.description,
                        "buckets": "\(buckets.count)",
                    ]
                )
                let some = Array(buckets.prefix(Self.bucketsPerQuestion))
                let keys = try await differingKeys(in: some, address, list, at: mine.position)
                let count = await mend(keys, of: list, isOurFault: false)
                mended += count ?? 0
                // It is the other copy that is wrong; it finds out by itself.
                guard let count, count > 0 else { return mended }
            } catch {
                log.debug("gossip.audit-ended", ["member": name.text, "why": "\(error)"])
                return mended > 0 ? mended : nil
            }
        }
        return mended
    }

    private enum AuditFault: Error {
        case moved
        case stream(StreamFault)
        case list(ReplicaError)
        case nonsense
    }

    private func ask(
        _ question: AuditQuestion,
        _ address: SocketAddress
    ) async throws(AuditFault) -> AuditAnswer {
        do throws(StreamFault) {
            let reply = try await desk.ask(
                .audit(question),
                at: address,
                patience: StreamDesk.auditPatience
            )
            if case .audit(let answer) = reply { return answer }
        } catch {
            throw .stream(error)
        }
        throw .nonsense
    }

    /// `nil`: the other copy stands elsewhere.
    private func differingBuckets(
        from address: SocketAddress,
        _ mine: (position: Position, sums: BucketSums)
    ) async throws(AuditFault) -> [Int]? {
        switch try await ask(.root(mine.sums.root, at: mine.position), address) {
        case .same: return []
        case .elsewhere: return nil
        case .sums(let bytes):
            guard let theirs = BucketSums(bytes: bytes) else { throw .nonsense }
            return mine.sums.differences(from: theirs)
        case .marks: throw .nonsense
        }
    }

    private func differingKeys(
        in buckets: [Int],
        _ address: SocketAddress,
        _ list: any AuditedList,
        at position: Position
    ) async throws(AuditFault) -> [ObjectKey] {
        let mine: (marks: [RowMark], position: Position)
        do throws(ReplicaError) { mine = try await list.marks(in: buckets) } catch {
            throw .list(error)
        }
        guard case .marks(let theirs, let at) = try await ask(.marks(buckets), address) else {
            throw .nonsense
        }
        guard mine.position == position, at == position else { throw .moved }
        return RowMark.differences(mine.marks, theirs)
    }

    /// Puts the store's rows in place of ours.
    ///
    /// `isOurFault`: Our own disk is to blame for certain, so that another member's copy is better
    /// than ours when the store is away.
    ///
    /// - Returns: How many of our rows were others; `nil` if the store is away.
    @discardableResult
    private func mend(
        _ keys: [ObjectKey],
        of list: any AuditedList,
        isOurFault: Bool
    ) async -> Int? {
        let truth: [(key: ObjectKey, record: ObjectRecord?)]
        do throws(StoreError) {
            guard let store else { throw .unavailable("there is none here") }
            truth = try await store.truth(of: keys)
        } catch {
            log.error("gossip.store-asked-in-vain", ["why": "\(error)"])
            if isOurFault { await replaceList() }
            return nil
        }
        do throws(ReplicaError) {
            let mended = try await list.mend(truth)
            guard !mended.isEmpty else { return 0 }
            let rows = mended.map(\.description).joined(separator: " ")
            log.error("gossip.list-mended", ["rows": rows])
            return mended.count
        } catch {
            log.error("gossip.list-not-mended", ["why": "\(error)"])
            return nil
        }
    }

    /// Takes over a member's copy that is at least as far as ours: ours is known to be damaged.
    private func replaceList() async {
        let have = await list.position()
        let able = members.filter {
            $0.isPresent && $0.name != settings.name && $0.position.revision >= have.revision
        }
        guard let peer = able.randomElement(),
            let address = await names.resolved(peer.address).first
        else { return }
        do throws(FetchFault) {
            handle(.advanced(try await fetchList(from: address, above: .zero)))
            log.error("gossip.list-mended", ["from": peer.name.text])
        } catch {
            log.error("gossip.list-not-mended", ["from": peer.name.text, "why": "\(error)"])
        }
    }
}

extension RowMark {
    /// The keys of rows that only one of two copies has, or each has otherwise; in order.
    static func differences(_ mine: [RowMark], _ theirs: [RowMark]) -> [ObjectKey] {
        var others: [ObjectKey: RowMark] = [:]
        for mark in theirs { others[mark.key] = mark }
        var keys: [ObjectKey] = []
        for mark in mine where others.removeValue(forKey: mark.key) != mark {
            keys.append(mark.key)
        }
        keys += others.keys
        return keys.sorted()
    }
}
