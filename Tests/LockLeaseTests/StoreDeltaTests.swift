import Testing
import Vocabulary

@testable import LockLease

/// The difference between two states of a slice, as back ends write it down.
@Suite struct `What a call has changed` {
    private func model() throws -> (StoreModel, ObjectRecord, SessionID) {
        var model = StoreModel(
            storeID: "s",
            tolerance: .milliseconds(500),
            requestMemory: .seconds(900)
        )
        let edit = ObjectEdit(
            key: Bench.key("job"),
            expecting: .absent,
            uid: UID("uid"),
            change: .put(body: [], gate: Bench.gate(retries: 1))
        )
        let batch = try model.commit([edit], id: RequestID("1"), author: "a", at: Bench.start)
        let session = try model.openSession(
            Bench.node("a"),
            term: .seconds(10),
            at: Bench.start
        )
        return (model, batch.records[0], session)
    }

    private func item(_ job: ObjectRecord, from: Int64, to: Int64) -> ClaimItem {
        let skip = SkipRange(
            from: Bench.at(from),
            through: Bench.at(to),
            count: 1,
            reason: .misfire
        )
        let run = PlannedRun(instant: Bench.at(to), run: RunID("run-\(to)"), cause: .schedule)
        return ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .instants(
                from: Bench.at(from),
                to: Bench.at(to),
                runs: [run],
                skips: [skip]
            )
        )
    }

    @Test func `by a claim is a cursor, a run, a skip, a beat and a remembered request`() throws {
        var (model, job, session) = try model()
        let before = model
        let id = RequestID("2")
        let items = [item(job, from: 0, to: 60)]
        _ = try model.claim(session, id: id, items: items, at: Bench.at(60))
        let delta = StoreDelta(from: before, to: model)
        #expect(delta.cursors.put.map(\.value.at) == [Bench.at(60)])
        #expect(delta.cursors.put.map(\.isNew) == [false])
        #expect(delta.runs.put.map(\.key) == [RunID("run-60")])
        #expect(delta.runs.put.map(\.isNew) == [true])
        #expect(delta.skips.map(\.skip.range.through) == [Bench.at(60)])
        #expect(delta.sessions.put.map(\.value.view.beat) == [Beat(1)])
        #expect(delta.requests.map(\.id) == [id])
        #expect(delta.objects.isEmpty && delta.triggers.isEmpty && delta.batches.isEmpty)
        #expect(!delta.head.isChanged && !delta.isEmpty)
    }

    @Test func `by a lost claim is nothing`() throws {
        var (model, job, session) = try model()
        let before = model
        let items = [item(job, from: 10, to: 60)]
        _ = try model.claim(session, id: RequestID("2"), items: items, at: Bench.at(60))
        #expect(StoreDelta(from: before, to: model).isEmpty)
    }

    @Test func `by a finish that is retried, and by the claim of the retry, names the trigger`()
        throws
    {
        var (model, job, session) = try model()
        let items = [item(job, from: 0, to: 60)]
        let outcomes = try model.claim(session, id: RequestID("2"), items: items, at: Bench.at(60))
        let grant = try outcomes[0].grant()
        var before = model
        let completion = Completion(
            run: grant.run,
            fence: grant.fence,
            state: .failed,
            exit: .code(1),
            reason: "",
            retryDelay: .zero
        )
        _ = model.finish(session, completions: [completion], at: Bench.at(61))
        var delta = StoreDelta(from: before, to: model)
        let trigger = try #require(delta.triggers.put.first)
        #expect(trigger.isNew && delta.triggers.removed.isEmpty)
        #expect(delta.runs.put.map(\.value.retry) == [trigger.key])
        #expect(delta.counters.after.triggers == trigger.key.rawValue)
        before = model
        let retry = ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .trigger(trigger.key, run: RunID("run-again"))
        )
        _ = try model.claim(session, id: RequestID("3"), items: [retry], at: Bench.at(62))
        delta = StoreDelta(from: before, to: model)
        #expect(delta.triggers.removed == [trigger.key])
        #expect(delta.triggers.put.isEmpty)
        #expect(delta.runs.put.map(\.key) == [RunID("run-again")])
    }

    @Test func `by an edit is an object, its batch and the head`() throws {
        var (model, job, _) = try model()
        let before = model
        let edit = ObjectEdit(
            key: job.key,
            expecting: .any,
            uid: UID("other"),
            change: .delete
        )
        let batch = try model.commit([edit], id: RequestID("2"), author: "a", at: Bench.at(1))
        let delta = StoreDelta(from: before, to: model)
        #expect(delta.objects.put.map(\.value) == batch.records)
        #expect(delta.batches == [batch])
        #expect(delta.head.after == batch.position)
        #expect(delta.cursors.put.map(\.value.isDeleted) == [true])
    }
}
