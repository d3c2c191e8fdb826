// The questions asked first: is all well, what comes next, and why not.

internal import CommandTable
internal import Vocabulary

/// The commands `status`, `next` and `why`.
enum Overview {
    /// So many jobs are looked at for what comes next; a list may have millions.
    private static let scanLimit = 20_000

    static func status(_ session: Session) async throws(Failure) -> ExitCode {
        let cluster = try await session.api.get("/v1/cluster")
        if let text = session.settings.format.text(of: cluster) {
            session.print(text)
            return .done
        }
        session.print(headline(cluster, session))
        let attention = cluster["attention"]?.array ?? []
        if !attention.isEmpty {
            session.print("\n" + session.settings.paint.apply(.bold, "NEEDS YOU") + "\n")
            session.print(attentionText(attention, session))
        }
        let (jobs, _) = try await soonest(5, session)
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
        let (jobs, isCut) = try await soonest(session.invocation.number("limit") ?? 20, session)
        if let text = session.settings.format.text(ofAll: jobs) {
            session.print(text)
            return .done
        }
        if isCut { session.note("Only the first \(scanLimit) jobs were looked at.") }
        guard !jobs.isEmpty else {
            session.note("Nothing is due.")
            return .done
        }
        let isWide = session.settings.format == .wide
        var table = TextTable(
            [.fixed("NEXT"), .fixed("LEFT")] + (isWide ? [.fixed("LAST")] : [])
                + [.fixed("PASSED"), .elastic("JOB"), .elastic("WORDS")]
        )
        for job in jobs {
            let status = job["status"] ?? .null
            let next = status["next"]?.instant
            let last = status["last"]?["instant"]?.instant
            var row = [
                Cell(next.map { absolute($0, session) } ?? "-"),
                Cell(next.map { TimeText.short(session.times.now.duration(to: $0)) } ?? "-"),
            ]
            if isWide { row.append(Cell(last.map { absolute($0, session) } ?? "-")) }
            table.rows.append(
                row + [
                    Cell(last.map { TimeText.short($0.duration(to: session.times.now)) } ?? "-"),
                    Cell(job.text("name"), .bold), Cell(status.text("words")),
                ]
            )
        }
        session.print(table)
        return .done
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
        if let text = session.settings.format.text(of: answer) {
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
        if let text = session.settings.format.text(of: answer) {
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

    /// Jobs by their next start, the soonest first, and whether some were not looked at.
    private static func soonest(
        _ count: Int,
        _ session: Session
    ) async throws(Failure) -> ([Value], Bool) {
        let jobs = try await session.api.list("/v1/jobs", limit: scanLimit)
        let due = jobs.compactMap { job in
            job["status"]?["next"]?.instant.map { (next: $0, job: job) }
        }.sorted { ($0.next, $0.job.text("name")) < ($1.next, $1.job.text("name")) }
        return (due.prefix(count).map(\.job), jobs.count == scanLimit)
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
        let width = jobs.map { $0.text("name").plain.displayWidth }.max() ?? 0
        let starts = jobs.map { $0["status"]?["next"]?.instant ?? .epoch }
        let startWidth = starts.map { absolute($0, session).displayWidth }.max() ?? 0
        return zip(jobs, starts).map { job, next in
            let status = job["status"] ?? .null
            let near = session.times.isRelative ? "  \(session.times.near(next).filled(to: 8))" : ""
            return "  \(absolute(next, session).filled(to: startWidth))\(near)  "
                + job.text("name").plain.filled(to: width) + "  \(status.text("words").plain)\n"
        }.joined()
    }
}
