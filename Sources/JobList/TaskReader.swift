// What a job does, read from a document: `shell`, `http` or `sql`.

internal import Vocabulary

/// Reads the task of a spec.
enum TaskReader {
    static func read(_ members: MemberReader) -> TaskSpec? {
        let named = ["shell", "http", "sql"].filter { members[$0] != nil }
        guard let kind = named.first, let value = members[kind] else {
            members.faults.add(
                members.pointer,
                "the job does nothing; write shell with a command, http with a url, "
                    + "or sql with a statement"
            )
            return nil
        }
        guard named.count == 1 else {
            members.fault(named[1], "the job has \(kind) as well; write one of the two")
            return nil
        }
        switch kind {
        case "http": return HTTPTaskForm.read(value, in: members).map { .http($0) }
        case "sql": return SQLTaskForm.read(value, in: members).map { .sql($0) }
        case _: return readShell(value, in: members).map { .shell($0) }
        }
    }

    private static func readShell(_ value: Value, in members: MemberReader) -> ShellTask? {
        if case .string = value {
            guard let command = members.text("shell", limit: Limits.commandBytes) else {
                return nil
            }
            return checked(command, "shell", members).map { ShellTask(command: $0) }
        }
        let known = ["command", "shell", "directory", "environment", "input"]
        guard
            let inner = MemberReader(
                value,
                at: members.place("shell"),
                known: known,
                faults: members.faults
            )
        else { return nil }
        let command = inner.text("command", limit: Limits.commandBytes)
        if inner["command"] == nil { inner.fault("command", "this is missing; write a command") }
        var task = ShellTask(command: command ?? "")
        task.shell = path("shell", inner) ?? task.shell
        task.directory = path("directory", inner)
        task.environment =
            inner.textMap(
                "environment",
                count: Limits.environmentEntries,
                limit: Limits.environmentBytes
            ) { name, _ in variableFlaw(name) } ?? [:]
        task.input = inner.text("input", limit: Limits.inputBytes)
        return command.flatMap { checked($0, "command", inner) }.map { _ in task }
    }

    private static func checked(
        _ command: String,
        _ name: String,
        _ members: MemberReader
    ) -> String? {
        guard command.contains(where: { !$0.isWhitespace }) else {
            members.fault(name, "the command is empty; write what to run")
            return nil
        }
        return command
    }

    static func path(_ name: String, _ members: MemberReader) -> String? {
        guard let path = members.text(name, limit: Limits.pathBytes) else { return nil }
        guard path.hasPrefix("/") else {
            members.wrong(name, .string(path), write: "a path that starts with /")
            return nil
        }
        return path
    }

    static func variableFlaw(_ name: String) -> String? {
        let letters = name.utf8.allSatisfy {
            $0 == UInt8(ascii: "_") || Character(Unicode.Scalar($0)).isASCIILetterOrDigit
        }
        guard let first = name.first, letters, !first.isNumber else {
            return """
                \(Value.string(name).quoted) cannot name a variable; write letters, digits and _, \
                a digit not first
                """
        }
        return name.hasPrefix("ROTA_") ? "names with ROTA_ are set by Rota; choose another" : nil
    }
}

extension Character {
    var isASCIILetterOrDigit: Bool { isASCII && (isLetter || isNumber) }
}
