// What etcd needs from whoever fills it: compaction, a look at its quota, and old requests removed.

internal import Platform
internal import Vocabulary

/// When to compact and up to where; a value without clock.
struct Housekeeping {
    /// How often room is looked after while the store is used.
    static let interval = Duration.seconds(60)

    private var lookedAt: MonotonicInstant?
    /// Revisions with when they were the newest, oldest first, a minute apart.
    private var marks: [(at: MonotonicInstant, revision: Int64)] = []
    private(set) var warning: String?

    /// Whether it is time to look; the first time is a full interval after the store was opened.
    mutating func isDue(at now: MonotonicInstant) -> Bool {
        guard let last = lookedAt else {
            lookedAt = now
            return false
        }
        guard last.duration(to: now) >= Self.interval else { return false }
        lookedAt = now
        return true
    }

    /// Takes note of the newest revision; answers the one that is `kept` old by now, if any.
    mutating func mark(
        _ revision: Int64,
        at now: MonotonicInstant,
        kept: Duration
    ) -> Int64? {
        marks.append((now, revision))
        let old = marks.prefix { $0.at.duration(to: now) >= kept }
        marks.removeFirst(max(0, old.count - 1))
        guard let oldest = old.last else { return nil }
        return oldest.revision
    }

    /// Takes note of how full etcd is.
    mutating func measure(_ status: GatewayStatus, quota: Int64) {
        let quota = status.quota > 0 ? status.quota : quota
        let percent = quota > 0 ? status.size * 100 / quota : 0
        warning =
            percent < 50
            ? nil
            : """
            etcd has used \(percent) % of its quota of \(quota >> 20) MiB \
            (\(status.sizeInUse >> 20) MiB hold something). At 100 % it takes no more writes: \
            defragment it, keep less, or raise --quota-backend-bytes
            """
    }
}

extension EtcdLeaseStore {
    /// Compacts what is old, forgets requests of old, and looks how full etcd is.
    package func examine() async throws(StoreError) -> [String] {
        try await ready()
        let status: GatewayStatus
        do throws(GatewayError) {
            status = try await gateway.status()
        } catch {
            throw reach.failed(error)
        }
        housekeeping.measure(status, quota: settings.quotaBytes)
        try await keepHouse()
        return housekeeping.warning.map { [$0] } ?? []
    }

    /// Looks after etcd's room now and then, beside the calls that fill it.
    ///
    /// Every process that uses the store does so, since nobody may call ``examine()`` as often as a
    /// full etcd needs it. Failures only mean that it is done later.
    func keepHouseIfDue() {
        guard housekeeping.isDue(at: SystemClock.monotonic) else { return }
        Task { [weak self] in try? await self?.keepHouse() }
    }

    private func keepHouse() async throws(StoreError) {
        let newest = try await read([.one(keys.head)]).revision
        let now = SystemClock.monotonic
        if let kept = settings.historyKept,
            let old = housekeeping.mark(newest, at: now, kept: kept)
        {
            do throws(GatewayError) {
                try await gateway.compact(at: old)
            } catch {
                // A user of etcd's may be without that right; then its operators see to it.
                guard case .refused = error else { throw reach.failed(error) }
            }
        }
        try await forgetRequests()
    }

    /// Removes the requests of stretches of time that are over.
    func forgetRequests() async throws(StoreError) {
        let end = keys.requests(in: requestBucket - 1)
        try await pages(under: keys.requests, size: 500, .keysOnly) { entries throws(StoreError) in
            let old = entries.filter { $0.key < end }
            for start in stride(from: 0, to: old.count, by: 100) {
                let part = old[start..<min(start + 100, old.count)]
                _ = try await send(
                    EtcdTransaction(success: part.map { .delete($0.key) })
                )
            }
            return old.count == entries.count
        }
    }
}
