// What a program can be asked to do, as values: commands, their arguments, options and examples.

/// One thing a program can be asked to do.
package struct Command: Equatable, Sendable {
    /// The words that name it, such as `["job", "add"]`; empty for a program with one command.
    package let path: [String]
    /// One line, without a full stop.
    package let summary: String
    /// Paragraphs below the usage line, divided by newlines; may be empty.
    package let details: String
    package let arguments: [Argument]
    package let options: [Option]
    package let examples: [Example]
    package let visibility: Visibility

    package enum Visibility: Equatable, Sendable {
        case listed
        /// Parsed, but not offered by help and completion.
        case hidden
    }

    package init(
        _ path: String,
        _ summary: String,
        details: String = "",
        arguments: [Argument] = [],
        options: [Option] = [],
        examples: [Example] = [],
        visibility: Visibility = .listed
    ) {
        self.path = path.split(separator: " ").map(String.init)
        self.summary = summary
        self.details = details
        self.arguments = arguments
        self.options = options
        self.examples = examples
        self.visibility = visibility
    }
}

/// A word that opens a group of commands, such as `job`.
package struct CommandGroup: Equatable, Sendable {
    package let path: [String]
    package let summary: String

    package init(_ path: String, _ summary: String) {
        self.path = path.split(separator: " ").map(String.init)
        self.summary = summary
    }
}

/// A command line shown in help; a test parses every one of them.
package struct Example: Equatable, Sendable {
    /// As typed into a shell, the program's name first.
    package let line: String
    package let purpose: String

    package init(_ line: String, _ purpose: String) {
        self.line = line
        self.purpose = purpose
    }
}

/// Where the possible values of an option or argument come from.
package enum ValueSource: Equatable, Sendable {
    case anything
    /// One of these; anything else is refused.
    case choices([String])
    case files
    /// Names that the program looks up when completion asks, such as those of its `job`s.
    case names(of: String)
}

/// A word after the command's own that is not an option.
package struct Argument: Equatable, Sendable {
    package enum Count: Equatable, Sendable {
        case one
        case optional
        /// Any number, none included; only for the last argument.
        case any
        /// At least one; only for the last argument.
        case several
    }

    /// In capitals, as in the usage line.
    package let name: String
    package let summary: String
    package let count: Count
    package let source: ValueSource

    package init(
        _ name: String,
        _ summary: String,
        count: Count = .one,
        from source: ValueSource = .anything
    ) {
        self.name = name
        self.summary = summary
        self.count = count
        self.source = source
    }

    var isRequired: Bool { count == .one || count == .several }
    var takesRest: Bool { count == .any || count == .several }

    var usage: String {
        switch count {
        case .one: name
        case .optional: "[\(name)]"
        case .any: "[\(name)...]"
        case .several: "\(name)..."
        }
    }
}

/// A `--long` option, with or without a value.
package struct Option: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case flag
        case text
        case number(ClosedRange<Int>)
        /// As ``DurationText`` reads it: `90s`, `1h30m`.
        case duration
    }

    package enum Count: Equatable, Sendable {
        /// Given again, the last one counts, so that an alias can be overridden.
        case once
        case repeated
    }

    /// Without the dashes.
    package let name: String
    package let short: Character?
    package let kind: Kind
    package let count: Count
    /// In capitals, for help; empty for a flag.
    package let valueName: String
    package let summary: String
    package let source: ValueSource

    private init(
        name: String,
        short: Character?,
        kind: Kind,
        count: Count = .once,
        valueName: String,
        summary: String,
        source: ValueSource = .anything
    ) {
        self.name = name
        self.short = short
        self.kind = kind
        self.count = count
        self.valueName = valueName
        self.summary = summary
        self.source = source
    }

    package static func flag(_ name: String, short: Character? = nil, _ summary: String) -> Self {
        Self(name: name, short: short, kind: .flag, valueName: "", summary: summary)
    }

    package static func text(
        _ name: String,
        short: Character? = nil,
        _ valueName: String,
        _ summary: String,
        from source: ValueSource = .anything
    ) -> Self {
        Self(
            name: name,
            short: short,
            kind: .text,
            valueName: valueName,
            summary: summary,
            source: source
        )
    }

    package static func repeated(
        _ name: String,
        short: Character? = nil,
        _ valueName: String,
        _ summary: String,
        from source: ValueSource = .anything
    ) -> Self {
        Self(
            name: name,
            short: short,
            kind: .text,
            count: .repeated,
            valueName: valueName,
            summary: summary,
            source: source
        )
    }

    package static func number(
        _ name: String,
        short: Character? = nil,
        _ valueName: String,
        _ summary: String,
        in range: ClosedRange<Int> = 0...Int.max
    ) -> Self {
        Self(
            name: name,
            short: short,
            kind: .number(range),
            valueName: valueName,
            summary: summary
        )
    }

    package static func duration(
        _ name: String,
        short: Character? = nil,
        _ valueName: String,
        _ summary: String
    ) -> Self {
        Self(name: name, short: short, kind: .duration, valueName: valueName, summary: summary)
    }

    var takesValue: Bool { kind != .flag }

    /// `-o, --output FORMAT`, the short form's place kept free where there is none.
    var usage: String {
        let start = short.map { "-\($0), " } ?? "    "
        return start + "--\(name)" + (takesValue ? " \(valueName)" : "")
    }
}
