// What a run has said of itself so far, put together from its lines.

internal import Documents
package import Vocabulary

/// How far a run is, and what came of it, as its task printed it.
package struct RunFacts: Equatable, Sendable {
    package struct Progress: Equatable, Sendable {
        /// From 0 to 100, which means done.
        package var percent: Int
        package var text: String

        package init(percent: Int, text: String) {
            self.percent = percent
            self.text = text
        }

        package var value: Value {
            ["percent": .integer(Int64(percent)), "text": .string(text)]
        }
    }

    /// `nil`: it has said nothing of it.
    package var progress: Progress?
    /// Values by name, at most ``ProgressLine/resultLimit``.
    package var results: [String: String] = [:]

    package init() {}

    package var isEmpty: Bool { progress == nil && results.isEmpty }

    /// Takes what a ``ProgressReader`` has read.
    package mutating func take(_ lines: [ProgressLine]) {
        for line in lines {
            switch line {
            case .progress(let percent, let text):
                progress = Progress(percent: percent, text: text)
            case .result(let name, let value): results[name] = value
            }
        }
    }

    /// As a document: `progress` and `results`, each only if there is any.
    package var value: Value {
        var members: [String: Value] = [:]
        if let progress { members["progress"] = progress.value }
        if !results.isEmpty { members["results"] = .object(results.mapValues { .string($0) }) }
        return .object(members)
    }

    /// Reads what ``value`` wrote, or `nil` for anything else.
    package init?(_ value: Value) {
        guard value.object != nil else { return nil }
        if let member = value["progress"] {
            guard let percent = member["percent"]?.integer, (0...100).contains(percent),
                let text = member["text"]?.string, text.utf8.count <= ProgressLine.textLimit
            else { return nil }
            progress = Progress(percent: Int(percent), text: text)
        }
        if let member = value["results"] {
            guard let named = member.object, named.count <= ProgressLine.resultLimit else {
                return nil
            }
            for (name, value) in named {
                guard let text = value.string, text.utf8.count <= ProgressLine.textLimit else {
                    return nil
                }
                results[name] = text
            }
        }
    }
}

extension RunFacts {
    /// As a back end stores it.
    var text: String { String(decoding: JSON.bytes(value), as: UTF8.self) }

    /// What a back end has stored; nothing if it is none of ours.
    init(stored text: String?) {
        let value = text.flatMap { try? JSON.parse(Array($0.utf8)) }
        self = value.flatMap { Self($0) } ?? Self()
    }
}
