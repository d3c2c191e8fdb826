// Is every member well?

internal import Vocabulary

/// The command `cluster status`.
enum ClusterStatus {
    static func show(_ session: Session) async throws(Failure) -> ExitCode {
        let cluster = try await session.api.get("/v1/cluster/members")
        let members = cluster["items"]?.array ?? []
        let troubles = members.flatMap { member in
            (member["troubles"]?.array ?? []).compactMap(\.string).map { (member, $0) }
        }
        let code: ExitCode = troubles.isEmpty ? .done : .failed
        let format = session.settings.format
        let isByMember = format == .name || format == .jsonl
        let text =
            isByMember
            ? format.text(ofAll: members, as: OutputFormat.titles("node"))
            : format.text(of: cluster, as: [])
        if let text {
            session.print(text)
            return code
        }
        session.print(headline(cluster, members, troubles.count, session) + "\n")
        let breadth: MemberTable.Breadth = session.settings.format == .wide ? .whole : .brief
        session.print(MemberTable(breadth, clocks: true).table(members))
        if !troubles.isEmpty {
            session.print("\n" + session.settings.paint.apply(.bold, "NEEDS YOU") + "\n")
            let width = troubles.map { $0.0.text("name").plain.displayWidth }.max() ?? 0
            let lines = troubles.map { member, trouble in
                "  " + session.settings.paint.apply(.warning, "!") + " "
                    + member.text("name").plain.filled(to: width) + "  \(trouble.plain)\n"
            }
            session.print(lines.joined())
        }
        return code
    }

    private static func headline(
        _ cluster: Value,
        _ members: [Value],
        _ troubles: Int,
        _ session: Session
    ) -> String {
        let states = ["alive", "suspect", "failed", "left"].compactMap { state -> String? in
            let count = members.count { $0.text("state") == state }
            return count == 0 ? nil : "\(count) \(state)"
        }
        let facts = [
            states.joined(separator: ", "), "as \(cluster.text("seen_by")) sees it",
            "revision \(cluster.text("revision"))", "key \(cluster["use"]?.integer ?? 0)",
        ]
        let verdict = troubles == 0 ? "all are well" : troubles.counted("trouble")
        return facts.joined(separator: " · ").plain + " · "
            + session.settings.paint.apply(troubles == 0 ? .good : .warning, verdict) + "\n"
    }
}
