// What a task is told about the run it is.

internal import LockLease
internal import Platform
internal import Vocabulary

/// Environment variables and headers for one run.
enum TaskVariables {
    /// The environment of a shell task: the node's minimum, the job's own, and Rota's over both.
    ///
    /// - Parameters:
    ///   - order: The run.
    ///   - task: What it runs.
    ///   - user: As whom the task runs if it says so itself.
    ///   - secrets: Their values by name.
    /// - Returns: The whole environment.
    static func environment(
        for order: RunOrder,
        task: ShellTask,
        user: HostUser? = nil,
        secrets: [String: String] = [:]
    ) -> [String: String] {
        let home = ProcessVariables.value(of: "HOME") ?? "/"
        let path = ProcessVariables.value(of: "PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        let language = ProcessVariables.value(of: "LANG") ?? "C.UTF-8"
        var variables = ["PATH": path, "HOME": home, "LANG": language, "SHELL": task.shell]
        if let user {
            variables["HOME"] = user.home.isEmpty ? "/" : user.home
            variables["USER"] = user.name
            variables["LOGNAME"] = user.name
            if case .program = task.form, !user.shell.isEmpty { variables["SHELL"] = user.shell }
        }
        variables.merge(task.environment) { _, own in own }
        variables.merge(secrets) { _, secret in secret }
        let key = order.grant.key
        variables.merge([
            "ROTA_JOB": order.name.name,
            "ROTA_TENANT": order.name.tenant,
            "ROTA_RUN_ID": order.grant.run.text,
            "ROTA_SCHEDULED_AT": key.instant.description,
            "ROTA_ATTEMPT": "\(key.attempt)",
            "ROTA_SHARD": key.shard.description,
            "ROTA_FENCE": "\(order.grant.fence.rawValue)",
            "ROTA_NODE": order.node.text,
        ]) { _, ours in ours }
        return variables
    }

    /// The headers of an HTTP task: the job's own, and Rota's over them.
    ///
    /// The idempotency key is the same for every attempt at a run and another for every shard.
    static func headers(for order: RunOrder, task: HTTPTask) -> [(name: String, value: String)] {
        let key = order.grant.key
        let part = key.shard == .whole ? "" : "/\(key.shard)"
        let ours = [
            (name: "Idempotency-Key", value: "\(key.job)/\(key.instant)\(part)"),
            (name: "Rota-Fence", value: "\(order.grant.fence.rawValue)"),
            (name: "Rota-Run-ID", value: order.grant.run.text),
        ]
        let names = Set(ours.map { $0.name.lowercased() })
        let own = task.headers.sorted { $0.key < $1.key }
            .filter { !names.contains($0.key.lowercased()) }
        return own.map { (name: $0.key, value: $0.value) } + ours
    }
}
