// Help, laid out from the table in 80 columns.

extension CommandTable {
    private static let width = 80

    /// The help of the command or group with this path; of the whole program if there is none.
    ///
    /// Ends with a newline. Examples come first: they are what most readers look for.
    package func help(for path: [String]) -> String {
        if let command = command(at: path) { return help(of: command) }
        return isGroup(path) ? help(ofGroup: path) : help(for: [])
    }

    private func help(of command: Command) -> String {
        let title = command.path.isEmpty ? summary : command.summary
        var sections = ["\(name(of: command.path)): \(title)"]
        sections.append("Usage: \(usage(of: command))")
        if !command.details.isEmpty {
            let paragraphs = command.details.split(separator: "\n").map { paragraph in
                Self.wrapped(String(paragraph), width: Self.width).joined(separator: "\n")
            }
            sections.append(paragraphs.joined(separator: "\n"))
        }
        if !command.examples.isEmpty {
            let lines = command.examples.flatMap { ["  \($0.line)", "      \($0.purpose)"] }
            sections.append((["Examples:"] + lines).joined(separator: "\n"))
        }
        let arguments = command.arguments.map { (left: $0.name, right: $0.summary) }
        sections += Self.section("Arguments:", arguments)
        let options = command.options.map { (left: $0.usage, right: Self.summary(of: $0)) }
        if command.path.isEmpty {
            sections += Self.section("Options:", options + globalRows)
        } else {
            sections += Self.section("Options:", options)
            sections += Self.section("Options of every command:", globalRows)
        }
        return sections.joined(separator: "\n\n") + "\n"
    }

    private func help(ofGroup path: [String]) -> String {
        let title = path.isEmpty ? summary : summary(of: path)
        var sections = ["\(name(of: path)): \(title)"]
        sections.append("Usage: \(name(of: path)) COMMAND [OPTIONS]")
        let rows = words(after: path).map { entry -> (left: String, right: String) in
            let below = words(after: path + [entry.word]).map(\.word)
            let list = below.isEmpty ? "" : ": \(below.joined(separator: ", "))"
            return (entry.word, entry.summary + list)
        }
        sections += Self.section("Commands:", rows)
        if path.isEmpty { sections += Self.section("Options of every command:", globalRows) }
        sections.append("Read on: \(name(of: path)) COMMAND --help")
        return sections.joined(separator: "\n\n") + "\n"
    }

    private func usage(of command: Command) -> String {
        var words = [name(of: command.path)] + command.arguments.map(\.usage)
        if !command.options.isEmpty || !globalOptions.isEmpty { words.append("[OPTIONS]") }
        return words.joined(separator: " ")
    }

    private var globalRows: [(left: String, right: String)] {
        globalOptions.map { (left: $0.usage, right: Self.summary(of: $0)) } + [
            (left: "-h, --help", right: "Show this help"),
            (left: "-V, --version", right: "Show the version"),
        ]
    }

    private static func summary(of option: Option) -> String {
        var text = option.summary
        if case .choices(let choices) = option.source {
            text += " (\(choices.joined(separator: ", ")))"
        }
        if option.count == .repeated { text += "; may be repeated" }
        return text
    }

    /// A heading with two columns below it, or nothing for no rows.
    private static func section(
        _ heading: String,
        _ rows: [(left: String, right: String)]
    ) -> [String] {
        guard !rows.isEmpty else { return [] }
        let column = min(rows.map { $0.left.count }.max() ?? 0, 28) + 4
        var lines = [heading]
        for row in rows {
            var texts = wrapped(row.right, width: width - column)
            let left = "  " + row.left
            if left.count > column - 2 {
                lines.append(left)
            } else {
                let gap = String(repeating: " ", count: column - left.count)
                lines.append(left + gap + (texts.isEmpty ? "" : texts.removeFirst()))
            }
            lines += texts.map { String(repeating: " ", count: column) + $0 }
        }
        return [lines.map(\.withoutTrailingSpaces).joined(separator: "\n")]
    }

    /// `text` broken between words so that no line is longer than `width`, unless a word is.
    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}

extension String {
    fileprivate var withoutTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
