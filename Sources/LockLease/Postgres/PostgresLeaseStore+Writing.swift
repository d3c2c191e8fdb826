// One transaction: read, decide, write, and again if somebody came in between.

internal import Postgres
internal import Vocabulary

/// A call that may change something.
struct WriteCall<Answer> {
    /// Whose row counts the write.
    var counter: WriteCounter
    /// How the first attempt holds what it reads; later ones lock.
    var first = Holding.locking
    /// What a claim asks for.
    var items: [ClaimItem] = []
    /// Makes the call on a slice.
    let decide: (inout StoreModel, Instant) throws(StoreError) -> Answer
}

/// What a call makes of a slice.
private struct Decision<Answer> {
    let answer: Answer
    let delta: StoreDelta
    let after: StoreModel
}

extension PostgresLeaseStore {
    /// Makes a call that may change something.
    ///
    /// A transaction that stood in another's way is made again, with a little chance in between; a
    /// call that changes nothing ends without waiting for a disk. But where its answer rests on a
    /// commit whose outcome was unknown, it writes something all the same: then its own commit
    /// waits for the standbys, and with it the earlier one has reached them.
    ///
    /// `load` reads what the decision needs, behind BEGIN where it is to lock.
    func write<Answer>(
        _ call: WriteCall<Answer>,
        until deadline: Connection.Deadline,
        load: (Holding) throws(LinkFailure) -> Slice
    ) throws(StoreError) -> Answer {
        var (attempt, holding) = (0, call.first)
        while true {
            do throws(LinkFailure) {
                try link.prepare(until: deadline)
                let slice = try load(holding)
                return try settle(call, slice, holding, deadline)
            } catch {
                if !error.isBeforeAnything { link.rollBack() }
                guard case .collision = error, attempt < Self.attemptLimit,
                    ContinuousClock.now < deadline
                else { throw link.inStoreWords(error) }
                if holding == .locking { link.pause(Int64.random(in: 1...(2 << attempt))) }
                attempt += 1
                holding = .locking
            }
        }
    }

    private static let attemptLimit = 6

    /// Makes a call on jobs as this store last saw them, in a single round trip; `nil`: that did
    /// not do, and nothing was changed.
    ///
    /// Only an answer for which `isWon` holds counts, since nothing else is looked at again.
    func write<Answer>(
        _ call: WriteCall<Answer>,
        until deadline: Connection.Deadline,
        remembered slice: Slice,
        isWon: (Answer) -> Bool
    ) throws(StoreError) -> Answer? {
        do throws(LinkFailure) {
            let decision = try Self.decide(call, slice)
            guard isWon(decision.answer), decision.delta.needsNoIDs else { return nil }
            try commit(decision, call, slice, deadline)
            return decision.answer
        } catch {
            link.rollBack()
            memory.forget(slice)
            guard case .collision = error else { throw link.inStoreWords(error) }
            return nil
        }
    }

    private func settle<Answer>(
        _ call: WriteCall<Answer>,
        _ loaded: Slice,
        _ holding: Holding,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Answer {
        var slice = loaded
        var decision = try Self.decide(call, slice)
        if !decision.delta.needsNoIDs {
            // The decision is the same again, only the numbers are now the store's.
            try number(decision.delta.newIDs, &slice, deadline)
            decision = try Self.decide(call, slice)
        }
        if !decision.delta.isEmpty {
            try commit(decision, call, slice, deadline)
        } else if slice.isRepeated || link.line.isUnconfirmed {
            _ = try link.commit([Self.touch], until: deadline)
        } else if holding == .locking {
            link.rollBack()
        }
        return decision.answer
    }

    private static let touch = Step("UPDATE meta SET touched=touched+1")

    private static func decide<Answer>(
        _ call: WriteCall<Answer>,
        _ slice: Slice
    ) throws(LinkFailure) -> Decision<Answer> {
        var after = slice.model
        do throws(StoreError) {
            let answer = try call.decide(&after, slice.now)
            let delta = StoreDelta(from: slice.model, to: after)
            return Decision(answer: answer, delta: delta, after: after)
        } catch {
            throw .store(error)
        }
    }

    private func commit<Answer>(
        _ decision: Decision<Answer>,
        _ call: WriteCall<Answer>,
        _ slice: Slice,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) {
        var steps = DeltaWriter.steps(
            for: decision.delta,
            from: slice,
            counter: call.counter,
            items: call.items,
            types: link.types
        )
        if memory.isSweepDue(requests: decision.delta.requests.count) {
            let oldest = slice.now.advanced(by: .zero - settings.requestMemory)
            steps.insert(Self.forgetRequests(before: oldest, limit: 1_000), at: 0)
        }
        memory.forget(slice)
        let answers = try link.commit(steps, until: deadline)
        if decision.delta.batches.isEmpty {
            memory.remember(decision.delta.cursors.put.map(\.value), slice)
        }
        // The clock is the last thing that the store's session or own row answers.
        if let reading = answers.last?.first?.integer(0) {
            memory.read(Instant(unixMilliseconds: reading))
        }
        if decision.delta.movesPulse { pulses.hint() }
    }

    /// Takes ids for `new` triggers in a row, or for a session.
    ///
    /// A sequence and not a row, whose lock would last until the commit. Its lock here is held only
    /// while the server does these three statements, so that nobody's numbers come in between.
    private func number(
        _ new: (triggers: Int64, sessions: Int64),
        _ slice: inout Slice,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) {
        if new.triggers > 0 {
            let take = [
                Step("SELECT pg_advisory_lock($1::int4, -1)", [lockSpace]),
                Step(
                    "SELECT setval('trigger_id', nextval('trigger_id') + $1 - 1)",
                    [.integer(new.triggers)]
                ),
                Step("SELECT pg_advisory_unlock($1::int4, -1)", [lockSpace]),
            ]
            let rows: [Rows]
            do throws(LinkFailure) {
                rows = try link.round(take, until: deadline)
            } catch {
                // The lock may have been taken, and outlives the transaction.
                link.rollBack()
                _ = try? link.round([Step("SELECT pg_advisory_unlock_all()")], until: deadline)
                throw error
            }
            slice.model.counters.triggers = (rows[1].first?.integer(0) ?? 0) - new.triggers
        }
        if new.sessions > 0 {
            let next = Step("SELECT nextval('session_id')")
            let rows = try link.round([next], until: deadline)
            slice.model.counters.sessions = (rows[0].first?.integer(0) ?? 0) - new.sessions
        }
    }
}

extension StoreDelta {
    fileprivate var newIDs: (triggers: Int64, sessions: Int64) {
        let (before, after) = (counters.before, counters.after)
        return (after.triggers - before.triggers, after.sessions - before.sessions)
    }

    fileprivate var needsNoIDs: Bool { newIDs == (0, 0) }

    fileprivate var movesPulse: Bool {
        head.isChanged || counters.before.triggerPulse != counters.after.triggerPulse
            || counters.before.killPulse != counters.after.killPulse
    }
}
