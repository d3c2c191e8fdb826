// The questions asked first: is all well, what comes next, and why not.

internal import CommandTable
internal import Vocabulary

/// The commands `status`, `next` and `why`.
enum Overview {
    /// How often a master is asked that has not looked at all jobs yet; a list may have millions.
    private static let patience = 20

    static func status(_ session: Session) async throws(Failure) -> ExitCode {
        let cluster = try await session.api.get("/v1/cluster")
        let context = session.settings.contextName ?? session.settings.cluster.urls.first
        let title = "cluster/\(context ?? "")"
        if let text = session.settings.format.text(of: cluster, as: [title]) {
            session.print(text)
            return .done
        }
        session.print(headline(cluster, session))
        let attention = cluster["attention"]?.array ?? []
        if !attention.isEmpty {
            session.print("\n" + session.settings.paint.apply(.bold, "NEEDS YOU") + "\n")
            session.print(attentionText(attention, session))
        }
        let jobs = try await soonest([("limit", "5")], session)["items"]?.array ?? []
        if !jobs.isEmpty {
            session.print("\n" + session.settings.paint.apply(.bold, "NEXT") + "\n")
            session.print(nextText(jobs, session))
        }
        return .done
    }

    static func next(_ session: Session) async throws(Failure) -> ExitCode {
        if let name = session.invocation.argument("JOB") {
            return try await oneJob(name, session)
        }
        let answer = try await soonest(try filters(session), session)
        let rows = answer["items"]?.array ?? []
        if let text = session.settings.format.text(
            ofAll: rows,
            as: OutputFormat.titles("job", by: "job")
        ) {
            session.print(text)
            return .done
        }
        if answer["complete"]?.bool == false {
            session.note("Not all jobs have been looked at: there may be others before these.")
        }
        guard !rows.isEmpty else {
            session.note("Nothing is due.")
            return .done
        }
        session.print(table(rows, session))
        return .done
    }

    /// What was asked for, as the API has it.
    private static func filters(_ session: Session) throws(Failure) -> [(String, String)] {
        let given = session.invocation
        var query = [("limit", "\(given.number("limit") ?? 20)")]
        query += given.text("match").map { [("q", $0)] } ?? []
        query += given.text("label").map { [("label", $0)] } ?? []
        query += given.text("node").map { [("node", $0)] } ?? []
        if let until = try ScheduleQuestions.bound("until", session.times, session) {
            query.append(("until", until.description))
        }
        if given.flag("each") { query.append(("each", "1")) }
        return query
    }

    private static func table(_ rows: [Value], _ session: Session) -> TextTable {
        let isWide = session.settings.format == .wide
        var table = TextTable(
            [.fixed("NEXT"), .fixed("LEFT"), .fixed("NODE")] + (isWide ? [.fixed("THEN")] : [])
                + [.elastic("JOB"), .elastic("WORDS")]
        )
        for row in rows {
            let next = row["instant"]?.instant
            let nodes = (row["nodes"]?.array ?? []).compactMap(\.string)
            let others = nodes.dropFirst().joined(separator: ",")
            table.rows.append(
                [
                    Cell(next.map { absolute($0, session) } ?? "-"),
                    Cell(next.map { TimeText.short(session.times.now.duration(to: $0)) } ?? "-"),
                    nodes.first.map { Cell($0) } ?? Cell("none", .warning),
                ] + (isWide ? [Cell(others.isEmpty ? "-" : others)] : []) + [
                    Cell(row.text("job"), .bold), Cell(row.text("words")),
                ]
            )
        }
        return table
    }

    static func why(_ session: Session) async throws(Failure) -> ExitCode {
        let name = session.invocation.argument("JOB") ?? ""
        var query: [(String, String)] = []
        if let text = session.invocation.text("at") {
            guard let at = Instant(rfc3339: text) else {
                throw .usage("--at is \"\(text.plain)\". Write a time such as 2026-11-21T03:00:00Z")
            }
            query = [("at", at.description)]
        }
        let answer: Value
        do throws(Failure) {
            answer = try await session.api.get(JobEditing.path(name) + "/why", query)
        } catch {
            throw await session.suggesting(nearestTo: name, on: error)
        }
        if let text = session.settings.format.text(of: answer, as: ["job/\(name)"]) {
            session.print(text)
        } else {
            let lines = (answer["text"]?.array ?? []).compactMap(\.string)
            session.print(lines.map { $0.plain + "\n" }.joined())
        }
        return .done
    }

    private static func oneJob(
        _ name: String,
        _ session: Session
    ) async throws(Failure) -> ExitCode {
        let count = session.invocation.number("limit") ?? 5
        let job = try await session.job(name)
        let answer = try await session.api.get(JobEditing.path(name) + "/next", [("n", "\(count)")])
        if let text = session.settings.format.text(of: answer, as: ["job/\(name)"]) {
            session.print(text)
            return .done
        }
        let found = (answer["items"]?.array ?? []).compactMap(\.instant)
        if found.isEmpty { session.note("Nothing is due.") }
        let times = session.times(in: job["spec"]?["time_zone"]?.string ?? "UTC")
        var table = TextTable([.fixed("NEXT"), .fixed("LEFT")])
        table.rows = found.map { next in
            [
                Cell(session.times.isRelative ? times.withWeekday(next) : times.iso(next)),
                Cell(TimeText.short(times.now.duration(to: next))),
            ]
        }
        if !found.isEmpty { session.print(table) }
        return .done
    }

    private static func absolute(_ instant: Instant, _ session: Session) -> String {
        session.times.isRelative
            ? session.times.withWeekday(instant) : session.times.iso(instant)
    }

    /// The next starts of all jobs, the soonest first.
    ///
    /// A master that was not asked before looks at the jobs some thousands at a time.
    private static func soonest(
        _ query: [(String, String)],
        _ session: Session
    ) async throws(Failure) -> Value {
        var answer = Value.null
        for _ in 0..<patience {
            let before = answer["jobs"]?.integer
            answer = try await session.api.get("/v1/next", query)
            let jobs = answer["jobs"]?.integer
            guard answer["complete"]?.bool == false, jobs != before else { break }
            session.note("\((jobs ?? 0).counted("job")) looked at so far")
        }
        return answer
    }

    private static func headline(_ cluster: Value, _ session: Session) -> String {
        let settings = session.settings
        let nodes = cluster["nodes"]?.object ?? [:]
        let alive = nodes["alive"]?.integer ?? 0
        let all = nodes.values.compactMap(\.integer).reduce(0, +)
        let attention = cluster["attention"]?.array?.count ?? 0
        let place = [settings.cluster.tenant, settings.cluster.urls.first].compactMap { $0 }
        let needs =
            attention == 0 ? "all is well" : "\(attention) need\(attention == 1 ? "s" : "") you"
        let facts = [
            "\(alive) of \(all) nodes alive", (cluster["jobs"]?.integer ?? 0).counted("job"),
            "revision \(cluster.text("revision"))", "\(cluster["running"]?.integer ?? 0) running",
        ]
        let sound = alive == all && attention == 0
        return settings.paint.apply(.bold, place.joined(separator: " @ ").plain) + "    "
            + facts.joined(separator: " · ").plain + " · "
            + settings.paint.apply(sound ? .good : .warning, needs) + "\n"
    }

    private static func attentionText(_ items: [Value], _ session: Session) -> String {
        let width = items.map { $0.text("job").plain.displayWidth }.max() ?? 0
        return items.map { item in
            let hint = item.text("hint").plain
            return "  " + session.settings.paint.apply(.warning, "!") + " "
                + item.text("job").plain.filled(to: width) + "  " + item.text("what").plain
                + (hint.isEmpty ? "" : "    \(session.settings.paint.apply(.dim, hint))") + "\n"
        }.joined()
    }

    private static func nextText(_ jobs: [Value], _ session: Session) -> String {
        let width = jobs.map { $0.text("job").plain.displayWidth }.max() ?? 0
        let starts = jobs.map { $0["instant"]?.instant ?? .epoch }
        let startWidth = starts.map { absolute($0, session).displayWidth }.max() ?? 0
        return zip(jobs, starts).map { job, next in
            let near = session.times.isRelative ? "  \(session.times.near(next).filled(to: 8))" : ""
            return "  \(absolute(next, session).filled(to: startWidth))\(near)  "
                + job.text("job").plain.filled(to: width) + "  \(job.text("words").plain)\n"
        }.joined()
    }
}
