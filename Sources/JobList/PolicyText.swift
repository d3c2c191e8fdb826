// Policies and sizes as one writes them: `allow(3)`, `all(100)`, `retry(1)`, `1MB`.

package import Vocabulary

/// A word with an optional number in parentheses.
private struct CallText {
    let word: String
    let number: Int?

    init?(_ text: String) {
        guard let open = text.firstIndex(of: "(") else {
            word = text
            number = nil
            return
        }
        let inside = text[text.index(after: open)...].dropLast()
        guard text.hasSuffix(")"), inside.allSatisfy(\.isWholeNumber), inside.count <= 9,
            let number = Int(inside)
        else { return nil }
        word = String(text[..<open])
        self.number = number
    }
}

extension OverlapPolicy {
    static let forms = #""forbid", "queue", "allow", "allow(3)" or "replace""#

    /// As one writes it.
    package var text: String {
        switch self {
        case .forbid: "forbid"
        case .queue: "queue"
        case .allow(limit: nil): "allow"
        case .allow(limit: let limit?): "allow(\(limit))"
        case .replace: "replace"
        }
    }

    init?(text: String) {
        guard let call = CallText(text) else { return nil }
        switch (call.word, call.number) {
        case ("forbid", nil): self = .forbid
        case ("queue", nil): self = .queue
        case ("replace", nil): self = .replace
        case ("allow", nil): self = .allow(limit: nil)
        case ("allow", let limit?) where Limits.overlappingRuns.contains(limit):
            self = .allow(limit: limit)
        case _: return nil
        }
    }
}

extension MisfirePolicy {
    static let forms = #""latest", "skip" or "all(100)", with a number from 1 to 10000"#

    /// As one writes it.
    package var text: String {
        switch self {
        case .latest: "latest"
        case .skip: "skip"
        case .all(let limit): "all(\(limit))"
        }
    }

    init?(text: String) {
        guard let call = CallText(text) else { return nil }
        switch (call.word, call.number) {
        case ("latest", nil): self = .latest
        case ("skip", nil): self = .skip
        case ("all", let limit?) where Limits.catchUpRuns.contains(limit): self = .all(limit: limit)
        case _: return nil
        }
    }
}

extension NodeLossPolicy {
    static let forms = #""lost", or "retry(1)" with a number from 1 to 100"#

    var text: String {
        switch self {
        case .lost: "lost"
        case .retry(let limit): "retry(\(limit))"
        }
    }

    init?(text: String) {
        guard let call = CallText(text) else { return nil }
        switch (call.word, call.number) {
        case ("lost", nil): self = .lost
        case ("retry", let limit?) where Limits.nodeLossRetries.contains(limit):
            self = .retry(limit: limit)
        case _: return nil
        }
    }
}

extension RoutePolicy {
    static let forms =
        #""spread", "least-loaded", "sticky", "round-robin" or "node=NAME""#
    private static let pin = "node="

    var text: String {
        switch self {
        case .spread: "spread"
        case .leastLoaded: "least-loaded"
        case .sticky: "sticky"
        case .roundRobin: "round-robin"
        case .node(let name): "\(Self.pin)\(name.text)"
        }
    }

    init?(text: String) {
        switch text {
        case "spread": self = .spread
        case "least-loaded": self = .leastLoaded
        case "sticky": self = .sticky
        case "round-robin": self = .roundRobin
        case _:
            guard text.hasPrefix(Self.pin) else { return nil }
            let name = text.dropFirst(Self.pin.count)
            guard !name.isEmpty, name.utf8.count <= Limits.tagBytes,
                name.allSatisfy({ !$0.isWhitespace })
            else { return nil }
            self = .node(NodeName(String(name)))
        }
    }
}
