// The store of several hosts in etcd, through its JSON gateway.

internal import Sealing
internal import Synchronization
package import Vocabulary

/// The store in an etcd cluster, under one prefix.
///
/// No decision is made here: a call reads the slice of the store that it needs, has
/// ``StoreModel`` decide by it, and writes the difference under the condition that what was read
/// still holds (`docs/decisions/0030-etcd-layout.md`). If that fails, it reads and decides again.
/// What is written is one transaction of etcd's, with one inside of it for each job, so that jobs
/// do not stand in each other's way.
///
/// Nothing here blocks, so it has no thread of its own, which would cost a single claim a sixth
/// of its speed; renewals have one, and connections of their own. Nothing is sent before the
/// first call. After a call that could not reach etcd only ``identify()`` is sent.
package actor EtcdLeaseStore: LeaseStore {
    let settings: EtcdSettings
    let keys: StoreKeys
    let gateway: EtcdGateway
    let reach = StoreReach()
    var cache = RoomCache()
    var identity: IdentityValue?
    var random = SeededGenerator(seed: SecureRandom.seed())
    var housekeeping = Housekeeping()
    private let renewals: EtcdRenewals

    /// A store that is reached at the first call.
    package init(_ settings: EtcdSettings) {
        self.settings = settings
        keys = StoreKeys(prefix: settings.prefix)
        gateway = EtcdGateway(settings, callLimit: settings.callLimit)
        renewals = EtcdRenewals(settings, keys, reach)
    }

    package nonisolated func renew(_ session: SessionID) async throws(StoreError) -> Renewal {
        try await renewals.renew(session)
    }

    /// Looks at the store afresh, whatever could not be reached before.
    func lookAgain() {
        gateway.forgetHistory()
        renewals.forgetHistory()
        cache.forgetAll()
        identity = nil
    }

    // MARK: Reading

    /// Some ranges as they were at one revision.
    struct Reading {
        var answers: [RangeAnswer]
        let revision: Int64
    }

    /// Reads `ranges` as they are at one revision: at `revision`, or now.
    func read(_ ranges: [KeyRange], at revision: Int64 = 0) async throws(StoreError) -> Reading {
        var answers: [RangeAnswer] = []
        var revision = revision
        for start in stride(from: 0, to: ranges.count, by: Self.rangesPerRead) {
            let steps = ranges[start..<min(start + Self.rangesPerRead, ranges.count)].map { range in
                var range = range
                range.revision = revision
                return KeyOperation.read(range)
            }
            let answer = try await send(EtcdTransaction(success: steps))
            guard answer.ranges.count == steps.count else {
                throw .unavailable("etcd answered \(answer.ranges.count) of \(steps.count) reads")
            }
            answers += answer.ranges
            if revision == 0 { revision = answer.header.revision ?? 0 }
        }
        return Reading(answers: answers, revision: revision)
    }

    private static let rangesPerRead = 120

    /// Goes through all keys under `prefix` in order, page by page, as they are at one revision.
    ///
    /// `page` answers whether it wants more.
    @discardableResult
    func pages(
        under prefix: EtcdKey,
        from first: EtcdKey? = nil,
        at revision: Int64 = 0,
        size: Int? = nil,
        _ what: KeyRange.Content = .values,
        _ page: ([KeyEntry]) async throws(StoreError) -> Bool
    ) async throws(StoreError) -> Int64 {
        var range = KeyRange.all(under: prefix, from: first, limit: size ?? settings.pageSize, what)
        range.revision = revision
        while true {
            let answer: RangeAnswer
            let found: Int64
            do throws(GatewayError) {
                (answer, found) = try await gateway.read(range)
            } catch {
                if case .answerTooLarge = error, range.limit > 1 {
                    range.limit = max(1, range.limit / 4)
                    continue
                }
                throw reach.failed(error)
            }
            if range.revision == 0 { range.revision = found }
            let wantsMore = try await page(answer.entries)
            guard wantsMore, answer.hasMore, let last = answer.entries.last else {
                return range.revision
            }
            range.start = EtcdKey(last.key.bytes + [0])
        }
    }

    // MARK: Writing

    /// Carries out `transaction`; its outcome is certain unless this throws
    /// ``StoreError/unknown(_:)``.
    func send(_ transaction: EtcdTransaction) async throws(StoreError) -> TransactionAnswer {
        do throws(GatewayError) {
            return try await gateway.transact(transaction)
        } catch {
            throw reach.failed(error)
        }
    }

    /// A random wait before a decision is made anew, longer the more often others were faster.
    func rest(_ attempt: Int, _ what: String) async throws(StoreError) {
        guard attempt < settings.attemptLimit else {
            throw .unavailable("\(what): others were faster \(attempt) times; try again later")
        }
        let bound = Int64(min(200, 2 << min(attempt, 7)))
        try? await Task.sleep(for: .milliseconds(Int64.random(in: 0...bound, using: &random)))
    }

    /// What `read` makes of stored bytes, or that the store is damaged.
    func reading<Value>(
        _ what: @autoclosure () -> String,
        _ read: () throws(UnreadableValue) -> Value
    ) throws(StoreError) -> Value {
        do throws(UnreadableValue) {
            return try read()
        } catch {
            throw .corrupt("etcd, prefix \(settings.prefix): \(what()) makes no sense")
        }
    }

    /// `limit`, at least nothing and at most ``EtcdSettings/rowLimit``.
    func bounded(_ limit: Int) -> Int {
        min(max(0, limit), settings.rowLimit)
    }

    func slice() -> EtcdSlice {
        EtcdSlice(storeID: identity?.id ?? "", settings: settings)
    }
}

/// Whether the store has been reached since it was last looked at; shared with the renewals.
final class StoreReach: Sendable {
    private let lost = Mutex<String?>(nil)

    /// Throws unless the store may be used without being looked at.
    func check() throws(StoreError) {
        if let why = lost.withLock({ $0 }) {
            throw .unavailable("etcd has to be looked at first, since it was away: \(why)")
        }
    }

    /// The error to throw; from here on ``check()`` throws, if the store was not reached.
    func failed(_ error: GatewayError) -> StoreError {
        let error = StoreError(error)
        switch error {
        case .unavailable(let why), .unknown(let why): lost.withLock { $0 = why }
        case .sessionLost, .nodeNameInUse, .conflict, .compacted, .noSuchJob, .jobBusy,
            .historyRegressed, .anotherStore, .tooLarge, .full, .corrupt, .incompatible:
            break
        }
        return error
    }

    func restore() {
        lost.withLock { $0 = nil }
    }
}
