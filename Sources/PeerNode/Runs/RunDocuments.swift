// Orders, reports and kills as JSON, for the way to the runner and for its journal.

internal import Documents
internal import JobList
internal import LockLease
internal import Vocabulary

extension RunOrder {
    var value: Value {
        var members = grant.key.members
        members["run"] = .string(grant.run.text)
        members["cause"] = .string(grant.cause.word)
        members["detail"] = .string(grant.cause.detail)
        members["fence"] = .integer(grant.fence.rawValue)
        members["digest"] = .string(grant.digest.description)
        members["tenant"] = .string(name.tenant)
        members["name"] = .string(name.name)
        members["body"] = .string(
            String(decoding: JobDocument.encodeBody(Job(spec: spec)), as: UTF8.self)
        )
        members["node"] = .string(node.text)
        members["session"] = .integer(session.rawValue)
        return .object(members)
    }

    /// `nil`: not an order that this release can carry out.
    init?(_ value: Value) {
        guard let run = value["run"]?.string, let key = RunKey(value),
            let cause = Cause(
                word: value["cause"]?.string ?? "",
                detail: value["detail"]?.string ?? ""
            ),
            let fence = value["fence"]?.integer,
            let digest = Digest(value["digest"]?.string ?? ""),
            let tenant = value["tenant"]?.string, let name = value["name"]?.string,
            let body = value["body"]?.string,
            let job = try? JobDocument.decodeBody(Array(body.utf8)),
            let node = value["node"]?.string, let session = value["session"]?.integer
        else { return nil }
        self.init(
            grant: Grant(
                run: RunID(run),
                key: key,
                cause: cause,
                fence: Fence(fence),
                digest: digest
            ),
            name: ObjectKey(tenant: tenant, kind: .job, name: name),
            spec: job.spec,
            node: NodeName(node),
            session: SessionID(session)
        )
    }
}

extension RunReport {
    var value: Value {
        var members = key.members
        members["run"] = .string(run.text)
        members["fence"] = .integer(fence.rawValue)
        members["state"] = .string(state.rawValue)
        members["exit"] = exit.map { .string($0.description) }
        members["reason"] = .string(reason)
        return .object(members)
    }

    init?(_ value: Value) {
        guard let run = value["run"]?.string, let key = RunKey(value),
            let fence = value["fence"]?.integer,
            let state = value["state"]?.string.flatMap(RunState.init(rawValue:)), !state.isOpen
        else { return nil }
        self.init(
            run: RunID(run),
            key: key,
            fence: Fence(fence),
            state: state,
            exit: value["exit"]?.string.flatMap(ExitStatus.init),
            reason: value["reason"]?.string ?? ""
        )
    }
}

extension RunKey {
    fileprivate var members: [String: Value] {
        [
            "job": .string(job.text), "instant": .integer(instant.unixMilliseconds),
            "shard": .integer(Int64(shard.index)), "shards": .integer(Int64(shard.count)),
            "attempt": .integer(Int64(attempt)),
        ]
    }

    fileprivate init?(_ value: Value) {
        guard let job = value["job"]?.string, let instant = value["instant"]?.integer,
            let index = value["shard"]?.integer, let count = value["shards"]?.integer,
            count >= 1, index >= 1, index <= count, let attempt = value["attempt"]?.integer
        else { return nil }
        self.init(
            job: UID(job),
            instant: Instant(unixMilliseconds: instant),
            shard: Shard(index: Int(index), of: Int(count)),
            attempt: Int(attempt)
        )
    }
}

extension ExitStatus {
    /// Reads ``description``.
    fileprivate init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, let number = Int32(words[1]) else { return nil }
        switch words[0] {
        case "exit": self = .code(number)
        case "signal": self = .signal(number)
        case "HTTP": self = .httpStatus(Int(number))
        case _: return nil
        }
    }
}

extension KillOrder {
    var value: Value {
        var members: [String: Value] = [
            "run": .string(run.text), "author": .string(author),
            "at": .integer(requestedAt.unixMilliseconds),
        ]
        members["grace"] = grace.map { .integer($0.milliseconds) }
        return .object(members)
    }

    init?(_ value: Value) {
        guard let run = value["run"]?.string, let author = value["author"]?.string,
            let moment = value["at"]?.integer
        else { return nil }
        self.init(
            run: RunID(run),
            author: author,
            grace: value["grace"]?.integer.map { .milliseconds($0) },
            requestedAt: Instant(unixMilliseconds: moment)
        )
    }
}
