// What a node and its runner say to one another: one JSON document a line.

internal import Documents
internal import LockLease
package import LogSink
package import Vocabulary

/// From the node to its runner.
package enum RunnerRequest: Equatable, Sendable {
    /// The first word; the answer is what the runner knows, up to ``RunnerNews/ready``.
    case hello(version: Int64, address: String)
    /// Keep this file locked for as long as there are runs: the session must not pass for dead
    /// while its node starts again.
    case hold(path: String)
    /// Whose runs may start and go on; `nil`: nobody's, end them.
    case rely(SessionTrust?)
    case start(RunOrder)
    case kill(KillOrder)
    /// The store has the run's end: forget it.
    case recorded(RunID)
    /// The end of a run's asynchronous work, by whoever knows its token.
    ///
    /// The answer is ``RunnerNews/callback(_:isKnown:)`` with the same number.
    case callback(Int64, RunID, token: String, CallbackOutcome)
    case prune(LogRetention)
    /// End all runs, after at most `grace`, answer ``RunnerNews/stopped``, and exit.
    case stop(grace: Duration)
}

/// From a runner to its node.
package enum RunnerNews: Equatable, Sendable {
    /// The first word.
    case hello(version: Int64)
    /// A run that is under way, or whose report follows.
    case known(RunOrder)
    /// Comes again on every connection until it is ``RunnerRequest/recorded(_:)``.
    case report(RunReport)
    /// Everything that was known at the greeting has been told.
    case ready
    /// Whether a callback's token belongs to a run that waits for it.
    case callback(Int64, isKnown: Bool)
    case stopped
}

/// The two only talk if they have the same version of these words.
package let runnerWordsVersion: Int64 = 1

extension RunnerRequest {
    var line: [UInt8] { JSON.bytes(value) }

    private var value: Value {
        switch self {
        case .hello(let version, let address):
            ["word": "hello", "version": .integer(version), "address": .string(address)]
        case .callback(let number, let run, let token, let outcome):
            [
                "word": "callback", "number": .integer(number), "run": .string(run.text),
                "token": .string(token),
                "succeeded": .bool(outcome.succeeded), "message": .string(outcome.message),
            ]
        case .hold(let path): ["word": "hold", "path": .string(path)]
        case .rely(nil): ["word": "distrust"]
        case .rely(let trust?):
            [
                "word": "trust", "session": .integer(trust.session.rawValue),
                "until": .integer(trust.until.sinceBoot.nanosecondCount),
                "grace": .integer(trust.grace.milliseconds),
            ]
        case .start(let order): ["word": "start", "order": order.value]
        case .kill(let order): ["word": "kill", "order": order.value]
        case .recorded(let run): ["word": "recorded", "run": .string(run.text)]
        case .prune(let policy): ["word": "prune", "policy": policy.value]
        case .stop(let grace): ["word": "stop", "grace": .integer(grace.milliseconds)]
        }
    }

    /// `nil`: not a word of this version.
    init?(line: [UInt8]) {
        guard let value = try? JSON.parse(line, limit: LineLimit.bytes),
            let word = value["word"]?.string
        else { return nil }
        switch word {
        case "hello":
            self = .hello(
                version: value["version"]?.integer ?? 0,
                address: value["address"]?.string ?? ""
            )
        case "callback":
            guard let number = value["number"]?.integer, let run = value["run"]?.string,
                let token = value["token"]?.string, let succeeded = value["succeeded"]?.bool,
                let message = value["message"]?.string
            else { return nil }
            let outcome = CallbackOutcome(succeeded: succeeded, message: message)
            self = .callback(number, RunID(run), token: token, outcome)
        case "distrust": self = .rely(nil)
        case "trust":
            guard let session = value["session"]?.integer, let until = value["until"]?.integer,
                let grace = value["grace"]?.integer
            else { return nil }
            self = .rely(
                SessionTrust(
                    session: SessionID(session),
                    until: MonotonicInstant(sinceBoot: .nanoseconds(until)),
                    grace: .milliseconds(grace)
                )
            )
        case "hold":
            guard let path = value["path"]?.string else { return nil }
            self = .hold(path: path)
        case "start":
            guard let order = value["order"].flatMap(RunOrder.init) else { return nil }
            self = .start(order)
        case "kill":
            guard let order = value["order"].flatMap(KillOrder.init) else { return nil }
            self = .kill(order)
        case "recorded":
            guard let run = value["run"]?.string else { return nil }
            self = .recorded(RunID(run))
        case "prune":
            guard let policy = value["policy"].flatMap(LogRetention.init) else { return nil }
            self = .prune(policy)
        case "stop":
            guard let grace = value["grace"]?.integer else { return nil }
            self = .stop(grace: .milliseconds(grace))
        case _: return nil
        }
    }
}

extension RunnerNews {
    var line: [UInt8] { JSON.bytes(value) }

    private var value: Value {
        switch self {
        case .known(let order): ["word": "known", "order": order.value]
        case .report(let report): ["word": "report", "report": report.value]
        case .hello(let version): ["word": "hello", "version": .integer(version)]
        case .ready: ["word": "ready"]
        case .callback(let number, let isKnown):
            ["word": "callback", "number": .integer(number), "known": .bool(isKnown)]
        case .stopped: ["word": "stopped"]
        }
    }

    init?(line: [UInt8]) {
        guard let value = try? JSON.parse(line, limit: LineLimit.bytes),
            let word = value["word"]?.string
        else { return nil }
        switch word {
        case "hello": self = .hello(version: value["version"]?.integer ?? 0)
        case "ready": self = .ready
        case "stopped": self = .stopped
        case "callback":
            guard let number = value["number"]?.integer, let isKnown = value["known"]?.bool else {
                return nil
            }
            self = .callback(number, isKnown: isKnown)
        case "known":
            guard let order = value["order"].flatMap(RunOrder.init) else { return nil }
            self = .known(order)
        case "report":
            guard let report = value["report"].flatMap(RunReport.init) else { return nil }
            self = .report(report)
        case _: return nil
        }
    }
}

private enum LineLimit {
    static let bytes = 8 << 20
}

extension LogRetention {
    fileprivate var value: Value {
        [
            "age": .integer(age.milliseconds), "runs": .integer(Int64(runsPerJob)),
            "bytes": .integer(totalBytes), "at": .integer(now.unixMilliseconds),
        ]
    }

    fileprivate init?(_ value: Value) {
        guard let age = value["age"]?.integer, let runs = value["runs"]?.integer,
            let bytes = value["bytes"]?.integer, let moment = value["at"]?.integer
        else { return nil }
        self.init(
            age: .milliseconds(age),
            runsPerJob: Int(runs),
            totalBytes: bytes,
            now: Instant(unixMilliseconds: moment)
        )
    }
}

extension Duration {
    fileprivate var nanosecondCount: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
