// What a judge answers.

/// One judge's answer to one question.
package enum Answer: Hashable, Sendable {
    /// The text is not of its dialect.
    case rejected
    /// Seconds since 1970, in the order they were given, and why there are no more.
    case fires([Int64], Ending)

    /// Why an answer has no more fires.
    package enum Ending: String, Hashable, Sendable {
        /// As many as were asked for.
        case enough
        /// It knows of no further fire.
        case end
        /// It would not come back, or did not advance, and was stopped.
        case hang
        /// It broke off with an error of its own.
        case crash
    }

    package static let never = Self.fires([], .end)

    var fires: [Int64] {
        switch self {
        case .rejected: []
        case .fires(let fires, _): fires
        }
    }

    /// Reads the columns behind a question's number; `nil` if they are no answer.
    package init?(words: some Collection<Substring>) {
        var fires: [Int64] = []
        for (place, word) in words.enumerated() {
            if let fire = Int64(word) {
                fires.append(fire)
                continue
            }
            guard place == words.count - 1 else { return nil }
            if word == "rejected" {
                guard fires.isEmpty else { return nil }
                self = .rejected
                return
            }
            guard let ending = Ending(rawValue: String(word)), ending != .enough else { return nil }
            self = .fires(fires, ending)
            return
        }
        self = .fires(fires, .enough)
    }

    /// The columns behind a question's number.
    package var words: String {
        switch self {
        case .rejected: "rejected"
        case .fires(let fires, let ending):
            (fires.map { "\($0)" } + (ending == .enough ? [] : [ending.rawValue]))
                .joined(separator: "\t")
        }
    }
}
