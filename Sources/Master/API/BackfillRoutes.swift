// Past instants that are to run after all.

internal import CronEval
internal import Documents
internal import Gossip
internal import HTTPService
internal import JobList
internal import LockLease
internal import Platform
internal import Vocabulary

/// `POST /v1/jobs/{name}:backfill`: triggers for the instants of a stretch of the past.
struct BackfillRoutes: Sendable {
    /// More than this have to be asked for by number.
    static let unasked = 1_000
    /// At most so many in one request.
    static let most = 10_000

    let master: MasterParts

    var routes: [Route] {
        [
            Route("POST", "/v1/jobs/{name}:backfill", .role(.operator)) {
                call async throws(Problem) in
                try await backfill(call)
            }
        ]
    }

    private func backfill(_ call: Call) async throws(Problem) -> HTTPResponse {
        let document = try call.document()
        let wish = try BackfillWish(document, at: SystemClock.wall)
        let (record, job) = try await master.editor.job(call.capture("name"), tenant: call.tenant)
        let timeline = JobTimeline(
            record: record,
            job: job,
            calendars: await calendars(of: job, tenant: call.tenant),
            zones: master.zones
        )
        guard timeline.spans.contains(where: { $0.stretch.schedule != nil }) else {
            throw Problem(
                .fieldInvalid,
                "\(record.key.name) has no schedule, so no instants were due.",
                hint: "rota job run \(record.key.name)"
            )
        }
        var instants = timeline.instants(
            from: wish.from,
            through: wish.to,
            limit: (wish.limit ?? Self.unasked) + 1
        )
        var next: Instant?
        if instants.count > wish.limit ?? Self.unasked {
            next = instants.removeLast()
            if wish.limit == nil { throw Self.tooMany(next ?? wish.to) }
        }
        var verdicts: [BackfillVerdict] = []
        let request = try call.requestID().text
        for start in stride(from: 0, to: instants.count, by: BackfillOrder.limit) {
            let order = BackfillOrder(
                job: record.key,
                instants: Array(instants[start..<min(start + BackfillOrder.limit, instants.count)]),
                isAgain: wish.isAgain,
                isPlan: wish.isPlan
            )
            let id = RequestID("\(request)+\(start)")
            verdicts += try await write(order, id: id, author: call.principal.name)
        }
        if !wish.isPlan, verdicts.contains(where: \.isStart) {
            await master.gossip.send(.triggers, to: nil)
        }
        return .json(
            answer(wish, record, job, Array(zip(instants, verdicts)), next: next),
            status: wish.isPlan ? 200 : 201
        )
    }

    /// Sends the same request again if nobody can tell what became of it.
    private func write(
        _ order: BackfillOrder,
        id: RequestID,
        author: String
    ) async throws(Problem) -> [BackfillVerdict] {
        var attempt = 0
        while true {
            do throws(StoreError) {
                return try await master.store.backfill(order, id: id, author: author)
            } catch {
                attempt += 1
                guard case .unknown = error, attempt < 5 else { throw Problem(error) }
            }
        }
    }

    private func calendars(of job: Job, tenant: String) async -> [String: DatedCalendar] {
        var found: [String: DatedCalendar] = [:]
        for use in Set(job.stretches.compactMap(\.rules.calendar)) {
            found.merge(await master.calendars.all(of: use, in: tenant)) { $1 }
        }
        return found
    }

    private static func tooMany(_ next: Instant) -> Problem {
        Problem(
            .tooLarge,
            """
            That stretch has more than \(unasked) instants: number \(unasked + 1) is \(next). \
            Shorten it, or say how many you want, at most \(most).
            """,
            hint: "--limit \(most), or --to \(next)"
        )
    }

    private func answer(
        _ wish: BackfillWish,
        _ record: ObjectRecord,
        _ job: Job,
        _ found: [(instant: Instant, verdict: BackfillVerdict)],
        next: Instant?
    ) -> Value {
        var counts: [String: Value] = [:]
        for verdict in BackfillVerdict.allCases {
            counts[verdict.word] = .integer(Int64(found.count { $0.verdict == verdict }))
        }
        return [
            "job": .string(record.key.name), "plan": .bool(wish.isPlan),
            "from": .string(wish.from.description), "to": .string(wish.to.description),
            "starts": .integer(Int64(found.count { $0.verdict.isStart })),
            "counts": .object(counts),
            "items": .array(
                found.map {
                    [
                        "instant": .string($0.instant.description),
                        "outcome": .string($0.verdict.word),
                    ]
                }
            ),
            "next": Views.optional(next),
            "paused": Views.pause(job.pause(at: SystemClock.wall)),
        ]
    }
}

/// What a backfill's body says.
struct BackfillWish: Equatable, Sendable {
    let from: Instant
    let to: Instant
    /// The oldest so many; `nil`: all, unless they are too many.
    let limit: Int?
    let isAgain: Bool
    let isPlan: Bool

    init(_ document: Value, at now: Instant) throws(Problem) {
        try JobRoutes.check(members: document, known: ["from", "to", "limit", "again", "plan"])
        from = try Self.instant("from", document)
        to = try Self.instant("to", document)
        guard from <= to else {
            throw Self.fault("to", "to is \(to), which is before from, \(from)")
        }
        guard to <= now else {
            throw Self.fault("to", "to is \(to), which is still to come; it is \(now) now")
        }
        if let value = document["limit"] {
            guard let number = value.integer, (1...Int64(BackfillRoutes.most)).contains(number)
            else {
                throw Self.fault("limit", "limit is a number from 1 to \(BackfillRoutes.most)")
            }
            limit = Int(number)
        } else {
            limit = nil
        }
        isAgain = try Self.flag("again", document)
        isPlan = try Self.flag("plan", document)
    }

    private static func instant(_ name: String, _ document: Value) throws(Problem) -> Instant {
        guard let text = document[name]?.string, let instant = Instant(rfc3339: text) else {
            throw fault(name, "\(name) is an instant, as in 2026-12-01T06:00:00Z")
        }
        return instant
    }

    private static func flag(_ name: String, _ document: Value) throws(Problem) -> Bool {
        switch document[name] {
        case nil: return false
        case .bool(let flag)?: return flag
        case _?: throw fault(name, "\(name) is true or false")
        }
    }

    private static func fault(_ name: String, _ detail: String) -> Problem {
        Problem(
            .fieldInvalid,
            "\(detail).",
            faults: [.init(pointer: "#/\(name)", detail: detail)]
        )
    }
}

extension BackfillVerdict {
    /// As in the API.
    var word: String {
        switch self {
        case .starts: "start"
        case .startsAgain: "start-again"
        case .hasRun: "has-run"
        case .isUnderWay: "under-way"
        case .isToCome: "to-come"
        case .isUnknown: "unknown"
        }
    }
}
