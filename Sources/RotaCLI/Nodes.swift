// The machines that run jobs.

internal import CommandTable
internal import Vocabulary

/// Commands about nodes.
enum Nodes {
    static func list(_ session: Session) async throws(Failure) -> ExitCode {
        let items = try await session.api.list("/v1/nodes")
        if let text = session.settings.format.text(ofAll: items, as: OutputFormat.titles("node")) {
            session.print(text)
            return .done
        }
        guard !items.isEmpty else {
            session.note("There are no nodes.")
            return .done
        }
        let breadth: MemberTable.Breadth = session.settings.format == .wide ? .whole : .brief
        session.print(MemberTable(breadth, clocks: false).table(items))
        return .done
    }

    static func drain(_ session: Session) async throws(Failure) -> ExitCode {
        let name = session.invocation.argument("NODE") ?? ""
        let runs = try await session.api.list(
            "/v1/runs",
            [("node", name), ("state", RunState.runningWord)],
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
        session.report(
            "node/\(name) \(done)",
            revision: revision,
            object: node,
            as: ["node/\(name)"]
        )
        return .done
    }
}
