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
        case _: return ShellTaskReader.read(value, in: members).map { .shell($0) }
        }
    }
}
