// The fields of a job's spec, read from a document.

internal import CronEval
internal import Vocabulary

/// Reads specs, collecting faults in the order of the fields.
enum SpecReader {
    static let fields = [
        "description", "owner", "labels", "schedule", "time_zone", "jitter", "dst", "calendar",
        "shell", "http", "sql", "secrets",
        "timeout", "kill_grace", "retries", "overlap", "misfire", "start_deadline",
        "catch_up_window",
        "node_loss", "store_loss", "where", "route", "keep",
    ]

    /// Reads a spec, or `nil` where faults leave nothing to return.
    ///
    /// Zones are `nil` for a stored spec, whose schedule was checked before.
    static func read(
        _ value: Value,
        at pointer: String,
        zones: ZoneCatalog?,
        faults: FaultList
    ) -> JobSpec? {
        guard let members = MemberReader(value, at: pointer, known: fields, faults: faults) else {
            return nil
        }
        let description = members.text("description", limit: Limits.documentDescriptionBytes)
        let owner = members.text("owner", limit: Limits.ownerBytes)
        let labels = members.texts("labels", count: Limits.labels, limit: Limits.labelBytes)
        let rules = ScheduleRulesForm.read(members)
        let (schedule, timeZone) = ScheduleCheck(zones: zones, members: members, rules: rules)
            .read()
        // Read on without a task: its other faults are wanted too.
        let task = TaskReader.read(members)
        var spec = JobSpec(task: task ?? .shell(ShellTask(command: "")), schedule: schedule)
        spec.secrets = SecretsForm.read(members, for: task)
        spec.description = description ?? spec.description
        spec.owner = owner ?? spec.owner
        spec.labels = labels ?? spec.labels
        spec.timeZone = timeZone
        spec.rules = rules
        spec.timeout = members.duration("timeout", in: Limits.timeout)
        readTimes(members, into: &spec)
        readPolicies(members, into: &spec)
        readSelector(members, into: &spec.selector)
        checkRoute(members, spec)
        readRetention(members, into: &spec.keep)
        return task == nil ? nil : spec
    }

    private static func readTimes(_ members: MemberReader, into spec: inout JobSpec) {
        spec.killGrace = members.duration("kill_grace", in: Limits.killGrace) ?? spec.killGrace
        spec.startDeadline =
            members.duration("start_deadline", in: Limits.startDeadline) ?? spec.startDeadline
        spec.catchUpWindow =
            members.duration("catch_up_window", in: Limits.catchUpWindow) ?? spec.catchUpWindow
    }

    private static func readPolicies(_ members: MemberReader, into spec: inout JobSpec) {
        readRetries(members, into: &spec.retries)
        if let policy = choice(members, "overlap", OverlapPolicy.forms, OverlapPolicy.init(text:)) {
            spec.overlap = policy
        }
        if let policy = choice(members, "misfire", MisfirePolicy.forms, MisfirePolicy.init(text:)) {
            spec.misfire = policy
        }
        if let policy = choice(
            members,
            "node_loss",
            NodeLossPolicy.forms,
            NodeLossPolicy.init(text:)
        ) {
            spec.nodeLoss = policy
        }
        if let policy = choice(
            members,
            "store_loss",
            #""hold" or "skip""#,
            StoreLossPolicy.init(rawValue:)
        ) {
            spec.storeLoss = policy
        }
        if let policy = choice(members, "route", RoutePolicy.forms, RoutePolicy.init(text:)) {
            spec.route = policy
        }
    }

    private static func choice<Policy>(
        _ members: MemberReader,
        _ name: String,
        _ forms: String,
        _ make: (String) -> Policy?
    ) -> Policy? {
        guard let value = members[name] else { return nil }
        guard let policy = value.string.flatMap(make) else {
            members.wrong(name, value, write: forms)
            return nil
        }
        return policy
    }

    /// `retries: 3`, or a mapping.
    private static func readRetries(_ members: MemberReader, into retries: inout RetryPolicy) {
        guard let value = members["retries"] else { return }
        if case .object = value {
            guard
                let inner = MemberReader(
                    value,
                    at: members.place("retries"),
                    known: ["limit", "backoff", "backoff_limit"],
                    faults: members.faults
                )
            else { return }
            retries.limit = inner.integer("limit", in: Limits.retries) ?? retries.limit
            retries.backoff = inner.duration("backoff", in: Limits.backoff) ?? retries.backoff
            let limit = inner.duration("backoff_limit", in: Limits.backoff)
            // A first delay beyond the default limit asks for no shrinking.
            retries.backoffLimit = limit ?? max(retries.backoffLimit, retries.backoff)
            if retries.backoff > retries.backoffLimit {
                let least = DurationText.format(retries.backoff)
                inner.fault(
                    "backoff_limit",
                    "this is less than backoff; write \(least) or more"
                )
            }
        } else {
            retries.limit = members.integer("retries", in: Limits.retries) ?? retries.limit
        }
    }

    private static func readSelector(_ members: MemberReader, into selector: inout NodeSelector) {
        guard let value = members["where"],
            let inner = MemberReader(
                value,
                at: members.place("where"),
                known: ["tags", "nodes"],
                faults: members.faults
            )
        else { return }
        let tags = inner.textMap("tags", count: Limits.tags, limit: Limits.tagBytes) { name, _ in
            name.isEmpty || name.utf8.count > Limits.tagBytes
                ? "a tag's name has 1 to \(Limits.tagBytes) bytes" : nil
        }
        selector.tags = tags ?? [:]
        let nodes = inner.texts("nodes", count: Limits.nodes, limit: Limits.tagBytes)
        selector.nodes = (nodes ?? []).map { NodeName($0) }
    }

    /// A route to a node that the selector leaves out would never run.
    private static func checkRoute(_ members: MemberReader, _ spec: JobSpec) {
        guard case .node(let name) = spec.route, !spec.selector.nodes.isEmpty,
            !spec.selector.nodes.contains(name)
        else { return }
        members.fault(
            "route",
            "where.nodes leaves \(name.text) out, so nobody could run this; write one of the two"
        )
    }

    private static func readRetention(_ members: MemberReader, into keep: inout Retention) {
        guard let value = members["keep"],
            let inner = MemberReader(
                value,
                at: members.place("keep"),
                known: ["runs", "age", "log"],
                faults: members.faults
            )
        else { return }
        keep.runs = inner.integer("runs", in: Limits.keptRuns) ?? keep.runs
        keep.age = inner.duration("age", in: Limits.keptAge) ?? keep.age
        guard let log = inner["log"] else { return }
        let size = log.integer.flatMap(Int.init(exactly:)) ?? log.string.flatMap(SizeText.parse)
        guard let size, Limits.logBytes.contains(size) else {
            let highest = SizeText.format(Limits.logBytes.upperBound)
            return inner.wrong("log", log, write: #"a size such as "1MB", from 1KB to \#(highest)"#)
        }
        keep.logBytes = size
    }
}

extension SpecReader {
    /// A stored job.
    static func job(_ members: MemberReader) -> Job? {
        guard let value = members["spec"] else {
            members.fault("spec", "this is missing")
            return nil
        }
        let spec = read(value, at: members.place("spec"), zones: nil, faults: members.faults)
        let pause = members["pause"].flatMap {
            readPause($0, at: members.place("pause"), faults: members.faults)
        }
        var eras: [Era] = []
        if let value = members["eras"] {
            guard let items = value.array, items.count <= JobSpec.eraLimit else {
                members.wrong("eras", value, write: "a list of at most \(JobSpec.eraLimit)")
                return nil
            }
            eras = items.enumerated().compactMap { index, item in
                readEra(item, at: "\(members.place("eras"))/\(index)", faults: members.faults)
            }
        }
        return spec.map { Job(spec: $0, pause: pause, eras: eras) }
    }

    private static func readPause(
        _ value: Value,
        at pointer: String,
        faults: FaultList
    ) -> Pause? {
        let known = ["reason", "since", "until"]
        guard let members = MemberReader(value, at: pointer, known: known, faults: faults) else {
            return nil
        }
        let reason = members.text("reason", limit: Limits.reasonBytes)
        guard let since = members.instant("since") else {
            if members["since"] == nil { members.fault("since", "this is missing") }
            return nil
        }
        return Pause(reason: reason ?? "", since: since, until: members.instant("until"))
    }

    private static func readEra(_ value: Value, at pointer: String, faults: FaultList) -> Era? {
        let known = ["schedule", "time_zone", "paused", "until"] + ScheduleRulesForm.fields
        guard let members = MemberReader(value, at: pointer, known: known, faults: faults) else {
            return nil
        }
        guard let until = members.instant("until") else {
            if members["until"] == nil { members.fault("until", "this is missing") }
            return nil
        }
        return Era(
            schedule: members.text("schedule", limit: Limits.scheduleBytes),
            timeZone: members.text("time_zone", limit: Limits.tagBytes) ?? "UTC",
            rules: ScheduleRulesForm.read(members),
            isPaused: members.bool("paused") ?? false,
            until: until
        )
    }
}
