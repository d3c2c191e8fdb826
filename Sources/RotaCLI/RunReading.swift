// Lists of runs, and single ones.

internal import CommandTable
internal import Vocabulary

/// Commands that read runs.
enum RunReading {
    static func list(_ session: Session) async throws(Failure) -> ExitCode {
        var query: [(String, String)] = []
        for option in ["job", "state", "node"] {
            if let value = session.invocation.text(option) { query.append((option, value)) }
        }
        let items = try await session.api.list(
            "/v1/runs",
            query,
            limit: session.invocation.number("limit") ?? 50
        )
        if let text = session.settings.format.text(
            ofAll: items,
            as: OutputFormat.titles("run", by: "id")
        ) {
            session.print(text)
            return .done
        }
        guard !items.isEmpty else {
            session.note("There are no such runs.")
            return .done
        }
        session.print(table(items, session))
        return .done
    }

    static func show(_ session: Session) async throws(Failure) -> ExitCode {
        let id = session.invocation.run
        let run = try await session.api.get(path(id))
        session.print(
            session.settings.format.text(of: run, as: ["run/\(id)"]) ?? page(run, session)
        )
        return .done
    }

    static func path(_ id: String) -> String { "/v1/runs/\(id.percentEncoded)" }

    static func table(_ runs: [Value], _ session: Session) -> TextTable {
        let isWide = session.settings.format == .wide
        var table = TextTable(
            [
                .fixed("RUN"), .elastic("JOB"), .fixed("STATE"), .fixed("NODE"),
                .fixed("STARTED"), .fixed("TOOK"), .fixed("EXIT"),
            ]
                + (isWide
                    ? [.fixed("CAUSE"), .fixed("DUE"), .fixed("FENCE"), .elastic("REASON")] : [])
        )
        for run in runs {
            var row = [
                Cell(run.text("id")), Cell(run.text("job"), .bold),
                StateSign.cell(run.text("state")), Cell(run.text("node")),
                Cell(session.times.near(run["claimed"]?.instant)), Cell(took(run)),
                Cell(exit(of: run)),
            ]
            if isWide {
                row += [
                    Cell(cause(of: run)),
                    Cell(run["instant"]?.instant.map { session.times.iso($0) } ?? "-"),
                    Cell(run["fence"]?.integer.map { "\($0)" } ?? "-"), Cell(run.text("reason")),
                ]
            }
            table.rows.append(row)
        }
        return table
    }

    static func took(_ run: Value) -> String {
        run["duration_ms"]?.integer.map { TimeText.took(milliseconds: $0) } ?? "-"
    }

    /// `exit 1`, `signal 9`, `HTTP 503`, or a dash.
    static func exit(of run: Value) -> String {
        guard let exit = run["exit"], let value = exit["value"]?.integer else { return "-" }
        return switch exit.text("kind") {
        case "signal": "signal \(value)"
        case "http", "http_status", "httpStatus": "HTTP \(value)"
        case _: "exit \(value)"
        }
    }

    private static func cause(of run: Value) -> String {
        let detail = run.text("cause_detail")
        return run.text("cause") + (detail.isEmpty ? "" : " \(detail)")
    }

    private static func page(_ run: Value, _ session: Session) -> String {
        let times = session.times
        var lines = [
            ("run", run.text("id")), ("job", run.text("job")), ("state", run.text("state")),
            ("reason", run.text("reason")), ("exit", exit(of: run)), ("node", run.text("node")),
            ("cause", cause(of: run)),
        ]
        for (key, member) in [("due", "instant"), ("started", "claimed"), ("ended", "finished")] {
            if let at = run[member]?.instant { lines.append((key, times.withWeekday(at))) }
        }
        lines.append(("took", took(run)))
        if let progress = run["progress"], let percent = progress["percent"]?.integer {
            let text = progress.text("text")
            lines.append(("progress", "\(percent)%" + (text.isEmpty ? "" : " \(text)")))
        }
        for (name, value) in (run["results"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            lines.append(("result", "\(name)=\(value.string ?? "")"))
        }
        if let attempt = run["attempt"]?.integer { lines.append(("attempt", "\(attempt)")) }
        if let shard = run["shard"]?.string, shard != "1/1" { lines.append(("shard", shard)) }
        if let fence = run["fence"]?.integer { lines.append(("fence", "\(fence)")) }
        lines.append(("revision", run.text("rev")))
        if let kill = run["kill"], kill != .null {
            lines.append(("kill", "ordered by \(kill.text("by"))"))
        }
        return lines.filter { !$0.1.isEmpty && $0.1 != "-" }.map { key, value in
            let gap = String(repeating: " ", count: max(1, 10 - key.count))
            return session.settings.paint.apply(.dim, key) + gap + value.plain + "\n"
        }.joined()
    }
}
