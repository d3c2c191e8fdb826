// SQL tasks as documents.

internal import Vocabulary

/// Reads and writes `sql`.
enum SQLTaskForm {
    private static let fields = [
        "connection", "password", "statement", "parameters", "once", "transaction", "row_limit",
    ]

    static func read(_ value: Value, in members: MemberReader) -> SQLTask? {
        guard
            let inner = MemberReader(
                value,
                at: members.place("sql"),
                known: fields,
                faults: members.faults
            )
        else { return nil }
        let connection = required(
            "connection",
            Limits.connectionBytes,
            "write ODBC's connection string, or the name of a data source",
            inner
        )
        let statement = required(
            "statement",
            Limits.statementBytes,
            "write what the database is to do",
            inner
        )
        var task = SQLTask(connection: connection ?? "", statement: statement ?? "")
        if let connection { check(connection: connection, inner) }
        task.password = inner.secretTemplate("password", limit: Limits.parameterBytes)
        task.parameters = readParameters(inner)
        task.once = inner.bool("once") ?? task.once
        task.isTransaction = inner.bool("transaction") ?? task.isTransaction
        if task.once, !task.isTransaction {
            inner.fault("once", "without a transaction nothing is done once; remove one of the two")
        }
        task.rowLimit = inner.integer("row_limit", in: Limits.printedRows) ?? task.rowLimit
        return connection == nil || statement == nil ? nil : task
    }

    static func value(of task: SQLTask) -> Value {
        let plain = SQLTask(connection: "", statement: "")
        var members = Members()
        members["connection"] = .string(task.connection)
        members["password"] = task.password.map { .string($0) }
        members["statement"] = .string(task.statement)
        if !task.parameters.isEmpty {
            members["parameters"] = .array(task.parameters.map { $0.map { .string($0) } ?? .null })
        }
        if task.once { members["once"] = true }
        if !task.isTransaction { members["transaction"] = false }
        if task.rowLimit != plain.rowLimit {
            members["row_limit"] = .integer(Int64(task.rowLimit))
        }
        return .object(members.all)
    }

    private static func required(
        _ name: String,
        _ limit: Int,
        _ advice: String,
        _ members: MemberReader
    ) -> String? {
        guard members[name] != nil else {
            members.fault(name, "this is missing; \(advice)")
            return nil
        }
        guard let text = members.text(name, limit: limit) else { return nil }
        guard text.contains(where: { !$0.isWhitespace }) else {
            members.fault(name, "this is empty; \(advice)")
            return nil
        }
        return text
    }

    private static func check(connection: String, _ members: MemberReader) {
        members.checkTemplate(connection, at: "connection")
        do throws(ConnectionString.Flaw) {
            _ = try ConnectionString(template: connection)
        } catch {
            members.fault("connection", error.detail)
        }
    }

    private static func readParameters(_ members: MemberReader) -> [String?] {
        guard let value = members["parameters"] else { return [] }
        guard let items = value.array, items.count <= Limits.parameters else {
            members.wrong("parameters", value, write: "a list of at most \(Limits.parameters)")
            return []
        }
        return items.enumerated().map { index, item in
            let pointer = "\(members.place("parameters"))/\(index)"
            switch item {
            case .null: return nil
            case .string(let text):
                guard text.utf8.count <= Limits.parameterBytes, !text.utf8.contains(0) else {
                    members.faults.add(
                        pointer,
                        "this may have \(Limits.parameterBytes) bytes and no NUL; write less"
                    )
                    return nil
                }
                members.checkTemplate(text, pointer: pointer)
                return text
            // Databases are given the text that somebody wrote, and make of it what they want.
            case .integer, .number, .bool: return item.quoted
            case .array, .object:
                members.faults.add(
                    pointer,
                    "this is \(item.inMessage); write text, a number, true, false or null"
                )
                return nil
            }
        }
    }
}
