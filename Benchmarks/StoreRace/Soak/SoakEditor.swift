// Somebody who edits, starts by hand and kills, and looks for overlap meanwhile.

internal import LockLease
internal import Platform
internal import Vocabulary

/// A master's part of a soak.
final class SoakEditor {
    private let store: any LeaseStore
    private let evidence: EvidenceFile
    private var random = SystemRandomNumberGenerator()
    private var count = 0
    /// A call whose answer is not known yet; nothing else is done before it is.
    private var unfinished: (() async throws -> Void)?
    private(set) var overlapFaults: [String] = []

    init(store: any LeaseStore, folder: String) throws {
        self.store = store
        evidence = try EvidenceFile(path: folder + "/evidence/editor")
    }

    /// Does one thing, or tries again what was not answered.
    func step() async {
        let call = unfinished ?? next()
        do {
            try await call()
            unfinished = nil
        } catch StoreError.unknown {
            unfinished = call
            evidence.write(.unknown(call: "edit"))
        } catch StoreError.unavailable {
            unfinished = call
        } catch {
            unfinished = nil
        }
        await lookForOverlap()
    }

    private func next() -> () async throws -> Void {
        count += 1
        let plan = RaceJobs.all.randomElement(using: &random) ?? RaceJobs.all[0]
        let id = RequestID("editor-\(RunID.make(at: SystemClock.wall, using: &random))")
        switch Int.random(in: 0..<6, using: &random) {
        case 0..<3: return edit(plan, id)
        case 3: return trigger(plan, id)
        case 4: return kill()
        case _: return {}
        }
    }

    private func edit(_ plan: RaceJobs.Plan, _ id: RequestID) -> () async throws -> Void {
        let isEnabled = Int.random(in: 0..<5, using: &random) > 0
        let edit = RaceJobs.edit(plan, isEnabled: isEnabled, body: count)
        let (store, evidence) = (store, evidence)
        return {
            let batch = try await store.commit([edit], id: id, author: "editor")
            for record in batch.records {
                evidence.write(.edit(record.uid, record.revision, at: Evidence.now))
            }
        }
    }

    private func trigger(_ plan: RaceJobs.Plan, _ id: RequestID) -> () async throws -> Void {
        let (store, evidence) = (store, evidence)
        let key = ObjectKey(tenant: RaceJobs.tenant, kind: .job, name: plan.name)
        return {
            let trigger = try await store.trigger(key, id: id, author: "editor")
            evidence.write(.trigger(trigger.key.job, trigger.key.instant))
        }
    }

    private func kill() -> () async throws -> Void {
        let store = store
        return {
            var filter = RunFilter()
            filter.states = [.open]
            guard let run = try await store.runs(filter).randomElement() else { return }
            _ = try await store.kill(
                KillOrder(run: run.id, author: "editor", grace: nil, requestedAt: SystemClock.wall)
            )
        }
    }

    /// No state of the store ever shows more open runs of a job than its policy allows.
    private func lookForOverlap() async {
        var filter = RunFilter()
        filter.states = [.open]
        filter.limit = 5_000
        guard let open = try? await store.runs(filter) else { return }
        for (name, runs) in Dictionary(grouping: open, by: \.name.name) {
            let limit: Int =
                switch RaceJobs.overlap(of: name) {
                case .forbid, .queue, .replace: 1
                case .allow(let limit): limit ?? .max
                }
            guard runs.count > limit else { continue }
            overlapFaults.append("\(runs.count) runs of \(name) are open: \(runs.map(\.id))")
        }
    }
}
