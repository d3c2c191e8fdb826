// Edits of the list: checked, committed to the store, then told to everybody.

internal import CronEval
internal import Gossip
package import JobList
package import LockLease
internal import Platform
internal import Sealing
package import Vocabulary

/// Commits edits; once a call returns, the edit is law.
package struct Editor: Sendable {
    let store: any LeaseStore
    let replica: Replica
    let feed: ChangeFeed
    let gossip: GossipDriver
    let zones: ZoneCatalog

    /// Commits `edits` as one revision and spreads it.
    ///
    /// `id`: Kept by the store: a repetition with the same id changes nothing and answers
    ///   the first outcome. An answer that was lost is asked for again here, up to five times.
    package func commit(
        _ edits: [ObjectEdit],
        id: RequestID,
        author: String
    ) async throws(Problem) -> ChangeBatch {
        var attempt = 0
        while true {
            do throws(StoreError) {
                let batch = try await store.commit(edits, id: id, author: author)
                await spread(batch)
                return batch
            } catch {
                attempt += 1
                guard case .unknown = error, attempt < 5 else { throw Problem(error) }
            }
        }
    }

    /// Puts the batch into this master's copy and hands it to gossip.
    ///
    /// A failure here costs speed only: the store's log is the outbox, and the nodes tail it.
    private func spread(_ batch: ChangeBatch) async {
        _ = try? await replica.apply([batch])
        gossip.publish(batch)
    }

    /// The object as the store has it, deleted ones left out.
    package func current(_ key: ObjectKey) async throws(Problem) -> ObjectRecord? {
        do throws(StoreError) {
            guard let record = try await store.object(key), !record.isDeleted else { return nil }
            return record
        } catch {
            throw Problem(error)
        }
    }

    /// The job called `name`, with what it says.
    package func job(
        _ name: String,
        tenant: String
    ) async throws(Problem) -> (record: ObjectRecord, job: Job) {
        let key = ObjectKey(tenant: tenant, kind: .job, name: name)
        guard let record = try await current(key) else { throw await nothing(called: key) }
        return (record, try Self.decode(record))
    }

    package static func decode(_ record: ObjectRecord) throws(Problem) -> Job {
        do {
            return try JobDocument.decodeBody(record.body)
        } catch {
            throw Problem(
                .unavailable,
                "\(record.key.name) was written by a newer release and cannot be read: \(error)"
            )
        }
    }

    /// What people wrote, as a typed spec whose calendars are there and leave it something to do.
    ///
    /// `value` is the mapping under `spec`, which `pointer` places in the request. `besides` are
    /// calendars of the same request, by name: they go before those that `tenant` has.
    package func spec(
        _ value: Value,
        tenant: String,
        besides: [String: CalendarSpec] = [:],
        at pointer: String = "#/spec"
    ) async throws(Problem) -> JobSpec {
        let spec: JobSpec
        do {
            spec = try JobDocument.decodeSpec(value, zones: zones)
        } catch {
            throw Problem(error, pointer: pointer)
        }
        guard let use = spec.rules.calendar else { return spec }
        let faults = CalendarCheck.faults(
            of: spec,
            calendars: try await calendars(use, tenant: tenant, besides: besides),
            known: await names(of: .calendar, tenant: tenant) + besides.keys.sorted(),
            zones: zones
        )
        guard faults.isEmpty else { throw Problem(DocumentFaults(faults), pointer: pointer) }
        return spec
    }

    /// The calendars that `use` names, by name, as the store has them; those missing are left out.
    func calendars(
        _ use: CalendarUse,
        tenant: String,
        besides: [String: CalendarSpec] = [:]
    ) async throws(Problem) -> [String: DayCalendar] {
        var found = besides.mapValues(\.calendar)
        for name in use.names where found[name] == nil {
            let key = ObjectKey(tenant: tenant, kind: .calendar, name: name)
            guard let record = try await current(key) else { continue }
            found[name] = try Self.decodeCalendar(record).spec.calendar
        }
        return found
    }

    /// The calendar called `name`, with what it says.
    func calendar(
        _ name: String,
        tenant: String
    ) async throws(Problem) -> (record: ObjectRecord, body: CalendarBody) {
        let key = ObjectKey(tenant: tenant, kind: .calendar, name: name)
        guard let record = try await current(key) else { throw await nothing(called: key) }
        return (record, try Self.decodeCalendar(record))
    }

    static func decodeCalendar(_ record: ObjectRecord) throws(Problem) -> CalendarBody {
        do {
            return try CalendarDocument.decodeBody(record.body)
        } catch {
            throw Problem(
                .unavailable,
                "\(record.key.name) was written by a newer release and cannot be read: \(error)"
            )
        }
    }

    /// The edit that makes `body` the state of `key`.
    static func put(
        _ body: CalendarBody,
        as key: ObjectKey,
        expecting: EditExpectation
    ) -> ObjectEdit {
        ObjectEdit(
            key: key,
            expecting: expecting,
            uid: newUID(),
            change: .put(body: CalendarDocument.encodeBody(body), gate: nil)
        )
    }

    /// The edit that makes `job` the state of `key`.
    package static func put(
        _ job: Job,
        as key: ObjectKey,
        expecting: EditExpectation
    ) -> ObjectEdit {
        ObjectEdit(
            key: key,
            expecting: expecting,
            uid: newUID(),
            change: .put(body: JobDocument.encodeBody(job), gate: JobGate(job))
        )
    }

    package static func newUID() -> UID {
        UID(Hashing.digest(SecureRandom.bytes(16)).description)
    }

    /// "There is no job etl-order", with the nearest name that there is.
    private func nothing(called key: ObjectKey) async -> Problem {
        let near = key.name.nearest(among: await names(of: key.kind, tenant: key.tenant))
        let noun = key.kind.rawValue
        return Problem(
            .notFound,
            "There is no \(noun) \(key.name) in tenant \(key.tenant).",
            hint: near.map { "Did you mean \($0)?  rota \(noun) show \($0)" }
                ?? "rota \(noun) list"
        )
    }

    /// The first names of a kind, to find the one that was meant.
    private func names(of kind: ObjectKind, tenant: String) async -> [String] {
        let records = try? await replica.records(
            kind: kind,
            tenant: tenant,
            after: nil,
            limit: 1_000
        )
        return (records ?? []).map(\.key.name)
    }
}
