// Lists of jobs, and single ones.

internal import CommandTable
internal import Vocabulary

/// Commands that read jobs.
enum JobReading {
    static func list(_ session: Session) async throws(Failure) -> ExitCode {
        let match = session.invocation.text("match").map { [("q", $0)] } ?? []
        let items = try await session.api.list(
            "/v1/jobs",
            match,
            limit: session.invocation.number("limit") ?? .max
        )
        if let text = session.settings.format.text(ofAll: items, as: OutputFormat.titles("job")) {
            session.print(text)
            return .done
        }
        guard !items.isEmpty else {
            session.note(match.isEmpty ? "There are no jobs yet." : "No job matches.")
            if match.isEmpty {
                session.note("  Try: rota job add hello --every 1m --shell 'echo hello'")
            }
            return .done
        }
        session.print(table(items, session))
        return .done
    }

    static func show(_ session: Session) async throws(Failure) -> ExitCode {
        let job = try await session.job(session.invocation.argument("JOB") ?? "")
        if let text = session.settings.format.text(of: job, as: ["job/\(job.text("name"))"]) {
            session.print(text)
            return .done
        }
        session.print(page(job, session))
        return .done
    }

    private static func table(_ jobs: [Value], _ session: Session) -> TextTable {
        let isWide = session.settings.format == .wide
        var table = TextTable(
            [.elastic("NAME"), .fixed("STATE"), .fixed("NEXT"), .fixed("LAST"), .elastic("WORDS")]
                + (isWide
                    ? [
                        .fixed("SCHEDULE"), .fixed("ZONE"), .fixed("VERSION"), .fixed("REVISION"),
                        .fixed("OWNER"),
                    ] : [])
        )
        for job in jobs {
            let spec = job["spec"] ?? .null
            let status = job["status"] ?? .null
            var row = [
                Cell(job.text("name"), .bold), StateSign.cell(state(of: status)),
                Cell(session.times.near(status["next"]?.instant)), last(status["last"], session),
                Cell(status.text("words")),
            ]
            if isWide {
                row += [
                    Cell(spec["schedule"]?.string ?? "-"), Cell(spec["time_zone"]?.string ?? "UTC"),
                    Cell(job["version"]?.integer.map { "\($0)" } ?? "-"), Cell(job.text("rev")),
                    Cell(spec.text("owner")),
                ]
            }
            table.rows.append(row)
        }
        return table
    }

    /// One word: paused, running, or how the last run ended.
    static func state(of status: Value) -> String {
        if let pause = status["paused"], pause != .null { return "paused" }
        if let open = status["open_runs"]?.integer, open > 0 { return "running" }
        return status["last"]?["state"]?.string ?? "new"
    }

    private static func last(_ run: Value?, _ session: Session) -> Cell {
        guard let run, run != .null else { return Cell("-") }
        let at = run["claimed"]?.instant ?? run["instant"]?.instant
        return Cell(session.times.near(at))
    }

    private static func page(_ job: Value, _ session: Session) -> String {
        let status = job["status"] ?? .null
        let paint = session.settings.paint
        var lines: [(String, String)] = [
            ("job", job.text("name")), ("state", state(of: status)),
        ]
        if let pause = status["paused"], pause != .null {
            let until =
                pause["until"]?.instant.map { ", until \(session.times.absolute($0))" } ?? ""
            let since = pause["since"]?.instant.map { " since \(session.times.absolute($0))" } ?? ""
            lines.append(("paused", "\(pause.text("reason"))\(since)\(until)"))
        }
        lines.append(("when", status.text("words")))
        if let next = status["next"]?.instant {
            let near = session.times.isRelative ? " (\(session.times.near(next)))" : ""
            lines.append(("next", session.times.withWeekday(next) + near))
        }
        if let run = status["last"], run != .null {
            lines.append(("last", "\(run.text("state"))  \(run.text("id"))"))
        }
        let version = job["version"]?.integer.map { "\($0)" } ?? "?"
        lines.append(("version", "\(version), revision \(job.text("rev"))"))
        if let updated = job["updated"]?.instant {
            let author = job.text("updated_by")
            lines.append(("edited", "\(session.times.absolute(updated)) by \(author)"))
        }
        var text = ""
        for (key, value) in lines where !value.isEmpty {
            let gap = String(repeating: " ", count: max(1, 9 - key.count))
            text += paint.apply(.dim, key) + gap + value.plain + "\n"
        }
        return text + paint.apply(.dim, "spec") + "\n" + indented(job["spec"] ?? .null)
    }

    private static func indented(_ spec: Value) -> String {
        Wire.yaml(spec).split(separator: "\n", omittingEmptySubsequences: true)
            .map { "  \(String($0).plain)\n" }.joined()
    }
}

extension Session {
    /// The job called `name`; if there is none, the failure names the nearest.
    func job(_ name: String) async throws(Failure) -> Value {
        do throws(Failure) {
            return try await api.get("/v1/jobs/\(name.percentEncoded)")
        } catch {
            throw await suggesting(nearestTo: name, on: error)
        }
    }

    /// `failure` with the nearest job's name, if it says that there is no such job.
    func suggesting(nearestTo name: String, on failure: Failure) async -> Failure {
        guard failure.code == .notFound, failure.next.isEmpty,
            let jobs = try? await api.list(
                "/v1/jobs",
                [("q", String(name.prefix(3)))],
                limit: 1_000
            ),
            let near = name.nearest(among: jobs.map { $0.text("name") })
        else { return failure }
        return Failure(
            .notFound,
            failure.what,
            why: failure.why,
            next: near,
            requestID: failure.requestID
        )
    }
}
