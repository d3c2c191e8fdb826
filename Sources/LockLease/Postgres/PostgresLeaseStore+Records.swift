// Records: what ran, and what was skipped.

internal import Postgres
package import Vocabulary

extension PostgresLeaseStore {
    package func run(_ id: RunID) throws(StoreError) -> RunRecord? {
        let columns = StoredRun.postgresColumns.names()
        return try link.read(
            """
            SELECT \(columns) FROM open_run WHERE id=$1
            UNION ALL SELECT \(columns) FROM closed_run WHERE id=$1 LIMIT 1
            """,
            [.text(id.text)]
        ).first("run \(id)") { StoredRun(&$0)?.record }
    }

    package func runs(_ filter: RunFilter) throws(StoreError) -> [RunRecord] {
        var conditions: [String] = []
        var values: [Parameter] = [.integer(bounded(filter.limit))]
        func require(_ condition: String, _ value: Parameter?) {
            guard let value else { return }
            values.append(value)
            conditions.append("\(condition)$\(values.count)")
        }
        require("tenant=", filter.tenant.map { .text($0) })
        require("uid=", filter.job.map { .text($0) })
        require("node=", filter.node.map { .text($0.text) })
        require("session=", filter.session.map { .integer($0) })
        require("instant>=", filter.from.map { .instant($0) })
        require("instant<=", filter.through.map { .instant($0) })
        require("id<", filter.before.map { .text($0.text) })
        if !filter.states.isEmpty {
            values.append(.texts(filter.states.map(\.rawValue)))
            conditions.append("state=ANY($\(values.count))")
        }
        let isWanted = conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND "))"
        let wantsOpen = filter.states.isEmpty || filter.states.contains(.open)
        let wantsClosed = filter.states != [.open]
        let columns = StoredRun.postgresColumns.names()
        let parts = [wantsOpen ? "open_run" : nil, wantsClosed ? "closed_run" : nil]
            .compactMap { $0 }.map { table in
                "(SELECT \(columns) FROM \(table) \(isWanted) ORDER BY id DESC LIMIT $1)"
            }
        let sql = """
            SELECT \(columns) FROM (\(parts.joined(separator: " UNION ALL "))) AS run
            ORDER BY id DESC LIMIT $1
            """
        return try link.read([.once(sql, values)])[0].all("a run") { StoredRun(&$0)?.record }
    }

    package func skips(
        of job: UID,
        from: Instant,
        through: Instant,
        limit: Int
    ) throws(StoreError) -> [SkipRange] {
        try link.read(
            """
            SELECT since, through, count, reason FROM skip
            WHERE uid=$1 AND through>=$2 AND since<$3 ORDER BY through LIMIT $4
            """,
            [.text(job), .instant(from), .instant(through), .integer(bounded(limit))]
        ).all("a skip") { SkipRange(&$0) }
    }
}
