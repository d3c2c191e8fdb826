// A job's specification as manifests and the API write it, made from options.

internal import CommandTable
internal import Vocabulary

/// Builds the `spec` of a job.
enum SpecDocument {
    /// The order in which YAML lists members; others follow by name.
    static let keyOrder = [
        "kind", "tenant", "name", "id", "job", "uid", "version", "rev", "created", "updated",
        "updated_by", "spec", "status", "description", "owner", "labels", "schedule", "time_zone",
        "jitter", "dst", "gap", "calendar", "only", "except", "shift",
        "weekdays", "include", "exclude", "periods",
        "shell", "http", "sql", "command", "argv", "url", "method", "headers", "body",
        "credentials", "tls", "redirects", "connect_timeout", "expect", "expect_body", "async",
        "connection", "password", "statement", "parameters", "once", "transaction", "row_limit",
        "directory", "environment", "input", "user", "umask", "nice", "limits", "memory", "cpu",
        "processes", "files", "file_size", "success", "secrets",
        "timeout", "kill_grace", "retries", "overlap", "misfire",
        "start_deadline", "catch_up_window", "node_loss", "store_loss", "where", "tags", "nodes",
        "route", "keep",
    ]

    /// The spec that `job add`'s options describe.
    static func make(_ given: Invocation) throws(Failure) -> Value {
        var spec: [String: Value] = [:]
        spec["schedule"] = try schedule(given).map { .string($0) }
        spec["time_zone"] = given.text("tz").map { .string($0) }
        spec["jitter"] = given.duration("jitter").map { .string(DurationText.format($0)) }
        spec["dst"] = dst(given)
        let (kind, task) = try task(given)
        spec[kind] = task
        let secrets = try pairs(given, "secret")
        if !secrets.isEmpty { spec["secrets"] = .object(secrets) }
        for (option, member) in [("description", "description"), ("owner", "owner")] {
            spec[member] = given.text(option).map { .string($0) }
        }
        let labels = given.texts("label")
        if !labels.isEmpty { spec["labels"] = .array(labels.map { .string($0) }) }
        for (option, member) in [
            ("timeout", "timeout"), ("kill-grace", "kill_grace"),
            ("start-deadline", "start_deadline"), ("catch-up", "catch_up_window"),
        ] {
            spec[member] = given.duration(option).map { .string(DurationText.format($0)) }
        }
        var retries: [String: Value] = [:]
        retries["limit"] = given.number("retries").map { .integer(Int64($0)) }
        retries["backoff"] = given.duration("backoff").map { .string(DurationText.format($0)) }
        if !retries.isEmpty { spec["retries"] = .object(retries) }
        for (option, member, words) in [
            ("overlap", "overlap", ["forbid", "queue", "allow", "allow(N)", "replace"]),
            ("misfire", "misfire", ["latest", "skip", "all(N)"]),
            ("node-loss", "node_loss", ["lost", "retry(N)"]),
        ] {
            spec[member] = try given.text(option).map { text throws(Failure) in
                .string(try policy(text, option: option, words: words))
            }
        }
        for (option, member) in [("store-loss", "store_loss"), ("route", "route")] {
            spec[member] = given.text(option).map { .string($0) }
        }
        var selector: [String: Value] = [:]
        let tags = try pairs(given, "on-tag")
        if !tags.isEmpty { selector["tags"] = .object(tags) }
        let nodes = given.texts("on-node")
        if !nodes.isEmpty { selector["nodes"] = .array(nodes.map { .string($0) }) }
        if !selector.isEmpty { spec["where"] = .object(selector) }
        return .object(spec)
    }

    /// The member `shell` of a spec: `command`, run by `shell`.
    static func shellTask(
        _ command: String,
        shell: String? = nil,
        directory: String? = nil,
        environment: [String: String] = [:],
        input: String? = nil
    ) -> Value {
        var task: [String: Value] = ["command": .string(command)]
        task["shell"] = shell.map { .string($0) }
        task["directory"] = directory.map { .string($0) }
        task["input"] = input.map { .string($0) }
        if !environment.isEmpty {
            task["environment"] = .object(environment.mapValues { .string($0) })
        }
        return .object(task)
    }

    private static func schedule(_ given: Invocation) throws(Failure) -> String? {
        let texts = [
            given.text("schedule"), given.text("every").map { "@every \($0)" },
            given.text("at").map { "@at \($0)" },
        ].compactMap { $0 }
        guard texts.count <= 1 else {
            throw .usage("--schedule, --every and --at exclude each other. Give one of them")
        }
        return texts.first
    }

    private static func dst(_ given: Invocation) -> Value? {
        var policy: [String: Value] = [:]
        policy["gap"] = given.text("dst-gap").map { .string($0) }
        policy["overlap"] = given.text("dst-overlap").map { .string($0) }
        return policy.isEmpty ? nil : .object(policy)
    }

    /// What the job does: the member of the spec and its value.
    private static func task(_ given: Invocation) throws(Failure) -> (String, Value) {
        let forHTTP = ["method", "header", "body", "expect"].filter { given.flag($0) }
        let forShell = ShellOptions.all.filter { given.flag($0) }
        let command = try ShellOptions.command(given)
        if let statement = given.text("sql") {
            guard command == nil, given.text("http") == nil else {
                throw .usage("--shell, --http and --sql exclude each other. Give one of them")
            }
            if let odd = (forHTTP + forShell).first {
                throw .usage("--\(odd) does not go with --sql")
            }
            return ("sql", try sqlTask(statement, given))
        }
        if let odd = sqlOptions.first(where: { given.flag($0) }) {
            throw .usage("--\(odd) goes with --sql")
        }
        switch (command, given.text("http")) {
        case (let command?, nil):
            if let odd = forHTTP.first {
                throw .usage("--\(odd) goes with --http, not with --shell")
            }
            return ("shell", try ShellOptions.task(command, given))
        case (nil, let url?):
            if let odd = forShell.first {
                throw .usage("--\(odd) goes with --shell, not with --http")
            }
            var task: [String: Value] = ["url": .string(url)]
            task["method"] = given.text("method").map { .string($0) }
            task["body"] = given.text("body").map { .string($0) }
            let headers = try pairs(given, "header")
            if !headers.isEmpty { task["headers"] = .object(headers) }
            let codes = try given.texts("expect").map { text throws(Failure) -> Value in
                if let code = Int64(text) { return .integer(code) }
                guard text.split(separator: "-").compactMap({ Int($0) }).count == 2 else {
                    throw .usage("--expect is a status such as 204, or 200-299; repeat it for more")
                }
                return .string(text)
            }
            if !codes.isEmpty { task["expect"] = .array(codes) }
            return ("http", .object(task))
        case (nil, nil):
            throw .usage(
                "what should the job do? Give --shell COMMAND, --http URL, --sql STATEMENT "
                    + "or -f FILE",
                next: "rota job add hello --every 1m --shell 'echo hello'"
            )
        case (_?, _?):
            throw .usage("--shell and --http exclude each other. Give one of them")
        }
    }

    private static let sqlOptions = ["connection", "password", "parameter", "once"]

    private static func sqlTask(
        _ statement: String,
        _ given: Invocation
    ) throws(Failure) -> Value {
        guard let connection = given.text("connection") else {
            throw .usage(
                "--sql needs --connection: ODBC's connection string, or the name of a data source",
                next: "rota job add tidy --every 1h --sql 'DELETE FROM old' --connection warehouse"
            )
        }
        var task: [String: Value] = [
            "connection": .string(connection), "statement": .string(statement),
        ]
        task["password"] = given.text("password").map { .string($0) }
        let parameters = given.texts("parameter")
        if !parameters.isEmpty { task["parameters"] = .array(parameters.map { .string($0) }) }
        if given.flag("once") { task["once"] = true }
        return .object(task)
    }

    /// The `KEY=VALUE` texts of a repeated option.
    static func pairs(
        _ given: Invocation,
        _ option: String
    ) throws(Failure) -> [String: Value] {
        var found: [String: Value] = [:]
        for text in given.texts(option) {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw .usage("--\(option) is \"\(text.plain)\". Write KEY=VALUE")
            }
            found[String(text[..<equals])] = .string(String(text[text.index(after: equals)...]))
        }
        return found
    }

    /// `allow(3)`; `allow:3` and `allow=3` too, which no shell takes apart.
    private static func policy(
        _ text: String,
        option: String,
        words: [String]
    ) throws(Failure) -> String {
        if words.contains(text), !text.hasSuffix("(N)") { return text }
        var parts = text.split(omittingEmptySubsequences: false) { ":=(".contains($0) }
        if parts.count == 2, parts[1].hasSuffix(")") { parts[1].removeLast() }
        if parts.count == 2, words.contains("\(parts[0])(N)"), let limit = Int(parts[1]), limit > 0
        {
            return "\(parts[0])(\(limit))"
        }
        let choices = words.map { $0.replacing("(N)", with: ":N") }.joined(separator: ", ")
        throw .usage("--\(option) is \"\(text.plain)\". Write one of \(choices)")
    }
}

/// `K=V` edits of `job set` as a merge patch (RFC 7396).
enum SpecPatch {
    /// Members whose values are always text, and mappings of text to text.
    private static let texts: Set = [
        "description", "owner", "schedule", "time_zone", "command", "directory", "input", "body",
        "expect_body", "connection", "password", "statement", "user", "umask",
    ]
    private static let textMaps: Set = ["tags", "environment", "headers", "secrets"]

    /// Dotted keys go into mappings; an empty value removes the member.
    ///
    /// Values that read as JSON are taken as such, but where only text can stand.
    static func make(_ edits: [String]) throws(Failure) -> Value {
        var patch = Value.object([:])
        for edit in edits {
            guard let equals = edit.firstIndex(of: "="), equals != edit.startIndex else {
                throw .usage(
                    "\"\(edit.plain)\" sets nothing. Write KEY=VALUE",
                    next: "rota job set etl timeout=20m retries.limit=3"
                )
            }
            let keys = edit[..<equals].split(separator: ".", omittingEmptySubsequences: false)
            let text = String(edit[edit.index(after: equals)...])
            guard keys.count <= 8, !keys.contains(where: \.isEmpty) else {
                throw .usage("\"\(edit[..<equals])\" is no key. Write one like retries.limit")
            }
            let isText =
                texts.contains(String(keys[keys.count - 1]))
                || (keys.count > 1 && textMaps.contains(String(keys[keys.count - 2])))
            let value = isText && !text.isEmpty ? Value.string(text) : value(text)
            patch = patch.setting(keys.map(String.init)[...], to: value)
        }
        return patch
    }

    private static func value(_ text: String) -> Value {
        if text.isEmpty { return .null }
        // Digits with a leading zero and the like are text to JSON as well.
        guard let parsed = Wire.value(Array(text.utf8)) else { return .string(text) }
        return parsed
    }
}

extension Value {
    /// This mapping with the member at `path` set, mappings on the way made.
    fileprivate func setting(_ path: ArraySlice<String>, to value: Value) -> Value {
        guard let first = path.first else { return value }
        var members = object ?? [:]
        let below = members[first] ?? .object([:])
        members[first] = below.setting(path.dropFirst(), to: value)
        return .object(members)
    }
}
