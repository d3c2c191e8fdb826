// How a command fails: its exit code, and at most three lines that say what, why and what next.

internal import CommandTable
internal import Vocabulary

/// The exit codes, as promised in `rota help exit-codes`.
package enum ExitCode: Int32, CaseIterable, Sendable {
    case done = 0
    case failed = 1
    case usage = 2
    case notFound = 3
    case notAllowed = 4
    case conflict = 5
    /// The run waited for did not succeed.
    case runFailed = 6
    case timedOut = 7
    case unreachable = 8
    /// Refused by a safety check.
    case refused = 9
    case interrupted = 130

    var meaning: String {
        switch self {
        case .done: "done; for diff and --plan: nothing would change"
        case .failed:
            "failed; for diff and --plan: something would change; for calendar test: a day is "
                + "out;\n       for cluster status: something is wrong with a member"
        case .usage: "the command line cannot be followed; for diff and --plan: any trouble"
        case .notFound: "there is no such job, run, node or context"
        case .notAllowed: "not signed in, or not allowed"
        case .conflict: "somebody else changed it meanwhile"
        case .runFailed: "the run that was waited for did not succeed"
        case .timedOut: "the time for waiting is over"
        case .unreachable: "no master can be reached"
        case .refused: "refused by a safety check: it needs --yes"
        case .interrupted: "interrupted from the keyboard"
        }
    }
}

/// Why a command did not do what it was asked.
package struct Failure: Error, Equatable, Sendable {
    package let code: ExitCode
    package let what: String
    package let why: String
    package let next: String
    /// From the answer, which has it only if something before the masters, such as a proxy, adds
    /// it; shown with `--verbose`.
    package let requestID: String
    /// Whether the command line itself is at fault.
    let isUsage: Bool

    init(
        _ code: ExitCode,
        _ what: String,
        why: String = "",
        next: String = "",
        requestID: String = ""
    ) {
        isUsage = false
        self.code = code
        self.what = what
        self.why = why
        self.next = next
        self.requestID = requestID
    }

    /// What the table cannot check.
    static func usage(_ what: String, next: String = "") -> Self {
        Self(misused: what, example: next)
    }

    private init(misused what: String, example: String) {
        code = .usage
        self.what = what
        why = ""
        next = example
        requestID = ""
        isUsage = true
    }

    /// The failure said by an answer that is no 2xx: `application/problem+json`, or anything else.
    init(answer: APIAnswer) {
        let problem = Wire.value(answer.body)
        let title = problem?["title"]?.string ?? "The master answered HTTP \(answer.status)"
        var why = problem?["detail"]?.string ?? ""
        let errors = (problem?["errors"]?.array ?? []).prefix(3).compactMap { error -> String? in
            guard let detail = error["detail"]?.string else { return nil }
            guard let pointer = error["pointer"]?.string, !pointer.isEmpty else { return detail }
            return "\(pointer.hasPrefix("#/") ? String(pointer.dropFirst(2)) : pointer): \(detail)"
        }
        if errors.count == 1, let only = errors.first, only.hasSuffix(": " + why) {
            why = only
        } else if !errors.isEmpty, !errors.allSatisfy({ why.contains($0) }) {
            why += (why.isEmpty ? "" : " ") + "(" + errors.joined(separator: "; ") + ")"
        }
        self.init(
            Self.code(ofStatus: answer.status),
            title.plain,
            why: why.plain,
            next: (problem?["hint"]?.string ?? "").plain,
            requestID: (problem?["request_id"]?.string ?? "").plain
        )
    }

    private static func code(ofStatus status: Int) -> ExitCode {
        switch status {
        case 401, 403: .notAllowed
        case 404: .notFound
        case 409, 412: .conflict
        case 502, 503, 504: .unreachable
        case _: .failed
        }
    }

    /// At most three lines, four with `--verbose`, each ending with a newline.
    func text(paint: Paint, verbosity: Verbosity) -> String {
        var text = paint.apply(.bad, "✕") + " \(what)\n"
        if !why.isEmpty { text += "  \(why)\n" }
        if !next.isEmpty { text += "  Try: \(next)\n" }
        if verbosity == .verbose, !requestID.isEmpty { text += "  Request: \(requestID)\n" }
        return text
    }

    /// The same failure under the rules of diff(1), where 1 means that things differ.
    var asTrouble: Self {
        guard code == .failed else { return self }
        return Self(.usage, what, why: why, next: next, requestID: requestID)
    }
}

/// How much a command says.
enum Verbosity: Sendable {
    case quiet, normal, verbose
}
