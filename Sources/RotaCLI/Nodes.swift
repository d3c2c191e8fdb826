// The machines that run jobs.

internal import CommandTable
internal import Vocabulary

/// Commands about nodes.
enum Nodes {
    static func list(_ session: Session) async throws(Failure) -> ExitCode {
        let items = try await session.api.list("/v1/nodes")
        if let text = session.settings.format.text(ofAll: items) {
            session.print(text)
            return .done
        }
        guard !items.isEmpty else {
            session.note("There are no nodes.")
            return .done
        }
        session.print(table(items, session))
        return .done
    }

    static func drain(_ session: Session) async throws(Failure) -> ExitCode {
        let name = session.invocation.argument("NODE") ?? ""
        let runs = try await session.api.list(
            "/v1/runs",
            [("node", name), ("state", "open")],
            limit: 100
        )
        let effect =
            runs.isEmpty ? "" : ", which has \(runs.count.counted("open run")) that may end"
        try session.confirm("Drain node \(name)\(effect)")
        return try await act("drain", name, done: "drains: it starts nothing more", session)
    }

    static func undrain(_ session: Session) async throws(Failure) -> ExitCode {
        let name = session.invocation.argument("NODE") ?? ""
        return try await act("undrain", name, done: "runs jobs again", session)
    }

    private static func act(
        _ verb: String,
        _ name: String,
        done: String,
        _ session: Session
    ) async throws(Failure) -> ExitCode {
        let (node, revision) = try await session.api.change(
            "POST",
            "/v1/nodes/\(name.percentEncoded):\(verb)",
            body: [:]
        )
        session.report("node/\(name) \(done)", revision: revision, object: node)
        return .done
    }

    private static func table(_ nodes: [Value], _ session: Session) -> TextTable {
        let isWide = session.settings.format == .wide
        var table = TextTable(
            [
                .fixed("NAME"), .fixed("ROLE"), .fixed("STATE"), .fixed("RUNS"), .fixed("REVISION"),
                .fixed("LAG"),
            ] + (isWide ? [.fixed("ADDRESS"), .fixed("VERSION"), .elastic("TAGS")] : [])
        )
        for node in nodes {
            let isDraining = node["draining"]?.bool == true
            let slots = node["slots"]?.integer.map { "/\($0)" } ?? ""
            var row = [
                Cell(node.text("name"), .bold), Cell(node.text("role")),
                StateSign.cell(isDraining ? "draining" : node.text("state")),
                Cell(node["open_runs"]?.integer.map { "\($0)\(slots)" } ?? "-"),
                Cell(node.text("revision")), Cell(lag(node["applied_lag"])),
            ]
            if isWide {
                let tags = (node["tags"]?.object ?? [:]).sorted { $0.key < $1.key }
                    .map { "\($0.key)=\($0.value.string ?? "")" }
                row += [
                    Cell(node.text("address")), Cell(node.text("version")),
                    Cell(tags.joined(separator: ",")),
                ]
            }
            table.rows.append(row)
        }
        return table
    }

    private static func lag(_ value: Value?) -> String {
        value?.integer.map { "\($0)" } ?? value?.string ?? "-"
    }
}
