// Runs for instants of the past.

internal import CommandTable
internal import Vocabulary

/// The command `job backfill`: shows what it would do, asks, and does it part by part.
enum Backfilling {
    /// Instants in one request, so that there is progress to tell of.
    private static let part = 500

    private static let words: [(outcome: String, words: String)] = [
        ("start", "will run"),
        ("start-again", "will run, though they have run or may have"),
        ("has-run", "left out: they have run; --again runs them once more"),
        ("under-way", "left out: under way, or waiting to start"),
        ("to-come", "left out: the nodes have not decided about them yet"),
        ("unknown", "left out: no record of them is kept, so they may have run; see --again"),
    ]

    static func run(_ session: Session) async throws(Failure) -> ExitCode {
        let given = session.invocation
        let name = given.argument("JOB") ?? ""
        guard let from = try ScheduleQuestions.bound("from", session.times, session) else {
            throw .usage("Say from when: --from 2026-11-20, or --from 2026-11-20T03:00:00+08:00")
        }
        let to = try ScheduleQuestions.bound("to", session.times, session)
        var wish: [String: Value] = [
            "from": .string(from.description),
            "to": .string((to ?? session.world.clock.now).description), "plan": true,
        ]
        if given.flag("again") { wish["again"] = true }
        wish["limit"] = given.number("limit").map { .integer(Int64($0)) }
        let plan: Value
        do throws(Failure) {
            plan = try await send(wish, for: name, session)
        } catch {
            throw await session.suggesting(nearestTo: name, on: error)
        }
        let starts = plan["starts"]?.integer ?? 0
        if given.flag("plan") || starts == 0 {
            let text = session.settings.format.text(of: plan, as: ["job/\(name)"])
            session.print(text ?? table(plan, session))
            return .done
        }
        if !given.flag("yes") { session.note(table(plan, session).trimmed) }
        try session.confirm("Run job/\(name) for \(starts.counted("instant")) of the past")
        wish["plan"] = nil
        return try await write(wish, plan, for: name, session)
    }

    /// Sends the instants of `plan` part by part; what was sent stays if a later part fails, and
    /// the same command again goes on from there.
    private static func write(
        _ wish: [String: Value],
        _ plan: Value,
        for name: String,
        _ session: Session
    ) async throws(Failure) -> ExitCode {
        var wish = wish
        let all = plan["items"]?.array?.count ?? 0
        var sum: Value?
        while true {
            let done = sum?["items"]?.array?.count ?? 0
            wish["limit"] = .integer(Int64(min(part, all - done)))
            let answer: Value
            do throws(Failure) {
                answer = try await send(wish, for: name, session)
            } catch {
                if let sum {
                    let started = sum["starts"]?.integer ?? 0
                    session.note("\(started.counted("run")) had been asked for")
                    if let text = session.settings.format.text(of: sum, as: ["job/\(name)"]) {
                        session.print(text)
                    }
                }
                throw error
            }
            let total = sum.map { Self.sum($0, answer) } ?? answer
            sum = total
            let count = total["items"]?.array?.count ?? 0
            if all > part { session.note("\(count) of \(all) instants") }
            // An answer without an instant would be asked for over and over.
            if let next = answer["next"]?.string, count < all, count > done {
                wish["from"] = .string(next)
                continue
            }
            let started = total["starts"]?.integer ?? 0
            let paused = total["paused"]?.object == nil ? "" : " once it is resumed"
            session.report(
                "job/\(name) will run for \(started.counted("instant"))\(paused)",
                revision: nil,
                object: total,
                as: ["job/\(name)"]
            )
            return .done
        }
    }

    /// Two parts as one answer: their instants and counts together, all else as it is now.
    private static func sum(_ first: Value, _ second: Value) -> Value {
        var members = second.object ?? [:]
        members["from"] = first["from"]
        members["items"] = .array((first["items"]?.array ?? []) + (second["items"]?.array ?? []))
        members["starts"] = .integer(
            (first["starts"]?.integer ?? 0) + (second["starts"]?.integer ?? 0)
        )
        var counts = first["counts"]?.object ?? [:]
        for (outcome, count) in second["counts"]?.object ?? [:] {
            counts[outcome] = .integer(
                (counts[outcome]?.integer ?? 0) + (count.integer ?? 0)
            )
        }
        members["counts"] = .object(counts)
        return .object(members)
    }

    private static func send(
        _ wish: [String: Value],
        for name: String,
        _ session: Session
    ) async throws(Failure) -> Value {
        try await session.api.change(
            "POST",
            JobEditing.path(name) + ":backfill",
            body: .object(wish),
            key: session.world.clock.uniqueKey()
        ).object
    }

    /// How many instants have which outcome, and from when to when they reach.
    private static func table(_ plan: Value, _ session: Session) -> String {
        let items = plan["items"]?.array ?? []
        guard let first = items.first?["instant"]?.instant,
            let last = items.last?["instant"]?.instant
        else { return "job/\(plan.text("job")): nothing was due then\n" }
        let reach = "\(session.times.iso(first)) … \(session.times.iso(last))"
        var text = "job/\(plan.text("job").plain)  \(items.count) due in \(reach)\n"
        for (outcome, words) in Self.words {
            let count = plan["counts"]?[outcome]?.integer ?? 0
            if count > 0 { text += "  \(count)".filled(to: 8) + "\(words)\n" }
        }
        if let next = plan["next"]?.instant {
            text += "  --limit ends it there; the next is \(session.times.iso(next))\n"
        }
        if plan["paused"]?.object != nil { text += "  paused: nothing starts before it resumes\n" }
        return text
    }
}

extension String {
    /// Without its last line break.
    fileprivate var trimmed: String { hasSuffix("\n") ? String(dropLast()) : self }
}
