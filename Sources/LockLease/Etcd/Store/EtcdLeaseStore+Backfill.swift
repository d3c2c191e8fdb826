// Backfills in etcd.

package import Vocabulary

extension EtcdLeaseStore {
    package func backfill(
        _ order: BackfillOrder,
        id: RequestID,
        author: String
    ) async throws(StoreError) -> [BackfillVerdict] {
        order.check()
        try await ready()
        var rounds = 0
        while true {
            let places = requestKeys(id)
            let object = keys.object(order.job)
            let first = try await read(
                [.one(object), .one(keys.counters)] + places.map(KeyRange.one)
            )
            var slice = slice()
            switch try remembered(places, first.answers[2..<4], in: &slice) {
            case .backfill(let kept): return kept
            case .claim, .commit, .trigger:
                throw .incompatible("request \(id) was used for something else before")
            case nil: break
            }
            try note(counters: first.answers[1], in: &slice)
            try reading("\(order.job)") { () throws(UnreadableValue) in
                try slice.note(object: order.job, at: object, first.answers[0])
            }
            if let record = slice.model.objects[order.job], !record.isDeleted {
                try await load(order, of: record.uid, at: first.revision, into: &slice)
            }
            var model = slice.model
            let now = gateway.clock
            let verdicts = try model.backfill(order, id: id, author: author, at: now)
            guard model.counters != slice.model.counters else { return verdicts }
            let failed = try await write(
                slice,
                model,
                if: places.map(slice.unchanged),
                with: [.put(places[0], RememberedValue.backfill(verdicts).bytes)],
                together: true
            )
            if failed == [] { return verdicts }
            rounds += 1
            try await rest(rounds, "backfill of \(order.job.name)")
        }
    }

    /// Loads what is recorded of the order's instants: runs, triggers and skips.
    private func load(
        _ order: BackfillOrder,
        of uid: UID,
        at revision: Int64,
        into slice: inout EtcdSlice
    ) async throws(StoreError) {
        let reading = try await read([.all(under: keys.job(uid))], at: revision)
        try note([uid], reading.answers, in: &slice)
        guard let first = order.instants.first, let last = order.instants.last else { return }
        var wanted = try await openRuns(of: uid, in: slice, at: revision)
        try await pages(under: keys.closed(of: uid), at: revision, size: 1_000) {
            entries throws(StoreError) in
            for entry in entries {
                let (id, mark) = try closedRun(entry)
                if first <= mark.instant, mark.instant <= last { wanted.append(id) }
            }
            return true
        }
        try await load(runs: wanted, at: revision, into: &slice)
        try await load(allWaitingFor: uid, at: revision, into: &slice)
        try await pages(
            under: keys.skips(of: uid),
            from: keys.skip(of: uid, through: first),
            at: revision
        ) { entries throws(StoreError) in
            for entry in entries {
                let skip = try skip(entry)
                guard skip.range.from < last else { return false }
                slice.model.jobs[uid]?.skips[skip.range.through] = skip
            }
            return true
        }
    }
}
