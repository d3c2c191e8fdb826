// The secrets of a job: their names and where nodes find them, never their values.

internal import Vocabulary

/// Reads and writes `secrets`.
enum SecretsForm {
    /// Reads them, and checks that `task` asks for no others.
    static func read(_ members: MemberReader, for task: TaskSpec?) -> [String: SecretReference] {
        let limits = (count: Limits.secrets, bytes: Limits.pathBytes)
        let texts =
            members.textMap("secrets", count: limits.count, limit: limits.bytes) { name, text in
                if let flaw = ShellTaskReader.variableFlaw(name) { return flaw }
                if case .shell(let task)? = task, task.environment[name] != nil {
                    return "the environment sets \(name) as well; write one of the two"
                }
                guard SecretReference(text: text) == nil else { return nil }
                return "this is no place for a secret; write one such as "
                    + #""file:/etc/rota/secrets/db""#
            } ?? [:]
        let declared = Set((members["secrets"]?.object ?? [:]).keys)
        for name in (task?.secrets ?? []).subtracting(declared).sorted() {
            members.fault(
                "secrets",
                "{{secret.\(name)}} is asked for and not here; write "
                    + "\(name): file:/etc/rota/secrets/\(name.lowercased())"
            )
        }
        return texts.compactMapValues(SecretReference.init(text:))
    }

    static func value(of secrets: [String: SecretReference]) -> Value? {
        SpecWriter.map(secrets.mapValues(\.text))
    }
}

extension TaskSpec {
    /// The secrets that the task's templates ask for.
    fileprivate var secrets: Set<String> {
        let texts: [String?]
        switch self {
        case .shell: texts = []
        case .http(let task):
            var credentials: [String] = []
            switch task.credentials {
            case .basic(let user, let password)?: credentials = [user, password]
            case .bearer(let token)?: credentials = [token]
            case nil: break
            }
            texts = Array(task.headers.values) + [task.body] + credentials
        case .sql(let task): texts = [task.connection, task.password] + task.parameters
        }
        return texts.reduce(into: []) { names, text in
            names.formUnion((try? TaskTemplate(text ?? ""))?.secrets ?? [])
        }
    }
}
