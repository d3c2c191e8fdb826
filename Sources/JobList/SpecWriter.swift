// A job's spec as a document: only what differs from the defaults.

internal import Vocabulary

/// Writes specs.
enum SpecWriter {
    static func value(of spec: JobSpec) -> Value {
        let plain = JobSpec(task: spec.task)
        var members = Members()
        members.add("description", spec.description, unless: plain.description)
        members.add("owner", spec.owner, unless: plain.owner)
        members["labels"] = list(spec.labels)
        members["schedule"] = spec.schedule.map { .string($0) }
        members.add("time_zone", spec.timeZone, unless: plain.timeZone)
        members.add(spec.rules)
        switch spec.task {
        case .shell(let task): members["shell"] = value(of: task)
        case .http(let task): members["http"] = HTTPTaskForm.value(of: task)
        case .sql(let task): members["sql"] = SQLTaskForm.value(of: task)
        }
        members["secrets"] = SecretsForm.value(of: spec.secrets)
        members["timeout"] = spec.timeout.map { .string(DurationText.format($0)) }
        members.add("kill_grace", spec.killGrace, unless: plain.killGrace)
        members["retries"] = value(of: spec.retries)
        members.add("overlap", spec.overlap.text, unless: plain.overlap.text)
        members.add("misfire", spec.misfire.text, unless: plain.misfire.text)
        members.add("start_deadline", spec.startDeadline, unless: plain.startDeadline)
        members.add("catch_up_window", spec.catchUpWindow, unless: plain.catchUpWindow)
        members.add("node_loss", spec.nodeLoss.text, unless: plain.nodeLoss.text)
        members.add("store_loss", spec.storeLoss.rawValue, unless: plain.storeLoss.rawValue)
        members["where"] = value(of: spec.selector)
        members.add("route", spec.route.text, unless: plain.route.text)
        members["keep"] = value(of: spec.keep)
        return .object(members.all)
    }

    static func value(of pause: Pause) -> Value {
        var members = Members()
        members.add("reason", pause.reason, unless: "")
        members["since"] = .string(pause.since.description)
        members["until"] = pause.until.map { .string($0.description) }
        return .object(members.all)
    }

    static func value(of era: Era) -> Value {
        var members = Members()
        members["schedule"] = era.schedule.map { .string($0) }
        members.add("time_zone", era.timeZone, unless: "UTC")
        members.add(era.rules)
        if era.isPaused { members["paused"] = true }
        members["until"] = .string(era.until.description)
        return .object(members.all)
    }

    /// The line alone where nothing else is said.
    private static func value(of task: ShellTask) -> Value {
        var members = Members()
        switch task.form {
        case .line(let line):
            guard task != ShellTask(command: line) else { return .string(line) }
            members["command"] = .string(line)
            members.add("shell", task.shell, unless: ShellTask(command: "").shell)
        case .program(let words):
            members["argv"] = list(words)
        }
        members["directory"] = task.directory.map { .string($0) }
        members["environment"] = map(task.environment)
        members["input"] = task.input.map { .string($0) }
        members["user"] = task.user.map { .string($0) }
        members["umask"] = task.umask.map { .string(UmaskText.format($0)) }
        members["nice"] = task.niceness.map { .integer(Int64($0)) }
        members["limits"] = value(of: task.limits)
        if !task.successCodes.isEmpty {
            members["success"] = .array(task.successCodes.map { .integer(Int64($0)) })
        }
        return .object(members.all)
    }

    private static func value(of limits: TaskLimits) -> Value? {
        var members = Members()
        members["memory"] = limits.memory.map { .string(SizeText.format($0)) }
        members["cpu"] = limits.cpuTime.map { .string(DurationText.format($0)) }
        members["processes"] = limits.processes.map { .integer(Int64($0)) }
        members["files"] = limits.files.map { .integer(Int64($0)) }
        members["file_size"] = limits.fileSize.map { .string(SizeText.format($0)) }
        return members.all.isEmpty ? nil : .object(members.all)
    }

    /// A plain number where nothing but the limit is said.
    private static func value(of retries: RetryPolicy) -> Value? {
        let plain = RetryPolicy()
        guard retries != plain else { return nil }
        let limit = Value.integer(Int64(retries.limit))
        var members = Members()
        members.add("backoff", retries.backoff, unless: plain.backoff)
        // Left out, the limit is at least the first delay: see `SpecReader.readRetries`.
        members.add(
            "backoff_limit",
            retries.backoffLimit,
            unless: max(plain.backoffLimit, retries.backoff)
        )
        guard !members.all.isEmpty else { return limit }
        if retries.limit != plain.limit { members["limit"] = limit }
        return .object(members.all)
    }

    private static func value(of selector: NodeSelector) -> Value? {
        var members = Members()
        members["tags"] = map(selector.tags)
        members["nodes"] = list(selector.nodes.map(\.text))
        return members.all.isEmpty ? nil : .object(members.all)
    }

    private static func value(of keep: Retention) -> Value? {
        let plain = Retention()
        var members = Members()
        if keep.runs != plain.runs { members["runs"] = .integer(Int64(keep.runs)) }
        members.add("age", keep.age, unless: plain.age)
        members.add("log", SizeText.format(keep.logBytes), unless: SizeText.format(plain.logBytes))
        return members.all.isEmpty ? nil : .object(members.all)
    }

    private static func list(_ texts: [String]) -> Value? {
        texts.isEmpty ? nil : .array(texts.map { .string($0) })
    }

    static func map(_ texts: [String: String]) -> Value? {
        texts.isEmpty ? nil : .object(texts.mapValues { .string($0) })
    }
}

struct Members {
    private(set) var all: [String: Value] = [:]

    subscript(name: String) -> Value? {
        get { all[name] }
        set { all[name] = newValue }
    }

    mutating func add(_ rules: ScheduleRules) {
        all.merge(ScheduleRulesForm.members(of: rules)) { $1 }
    }

    mutating func add(_ name: String, _ text: String, unless plain: String) {
        if text != plain { all[name] = .string(text) }
    }

    mutating func add(_ name: String, _ duration: Duration, unless plain: Duration) {
        if duration != plain { all[name] = .string(DurationText.format(duration)) }
    }
}
