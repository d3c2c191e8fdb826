// Reads a host's rule: one thing a line, a word and what it is about.

internal import JobList
internal import Vocabulary

/// What is wrong with a host's rule, where, and what to write instead.
package struct HostRuleError: Error, Equatable, Sendable {
    package let path: String
    /// `nil`: the file as a whole.
    package let line: Int?
    package let problem: String
}

extension HostRuleError: CustomStringConvertible {
    package var description: String {
        "\(path)\(line.map { ", line \($0)" } ?? ""): \(problem)"
    }
}

/// Reads the text of a rule.
///
/// Empty lines and everything behind `#` say nothing. A word may come on several lines; each adds.
/// A word that is not known is an error: a rule that is half understood allows too much.
package struct HostRuleReader {
    package static let limit = 65_536
    private static let words = [
        "user", "program", "directory", "database", "limit", "nice", "new-privileges",
    ]

    private let path: String
    private var rule = HostRule()
    private var line = 0

    /// Reads `text`, which stands in the file at `path`.
    package static func read(_ text: String, path: String) throws(HostRuleError) -> HostRule {
        var reader = Self(path: path)
        reader.rule.origin = path
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            reader.line += 1
            let spoken = line.prefix { $0 != "#" }.split { $0.isWhitespace }.map(String.init)
            guard let word = spoken.first else { continue }
            try reader.take(word, Array(spoken.dropFirst()))
        }
        return reader.rule
    }

    private init(path: String) {
        self.path = path
    }

    private mutating func take(_ word: String, _ values: [String]) throws(HostRuleError) {
        guard Self.words.contains(word) else {
            let nearest = Self.words.min { $0.editDistance(to: word) < $1.editDistance(to: word) }
            let meant = nearest.flatMap { $0.editDistance(to: word) <= 2 ? $0 : nil }
            let advice =
                meant.map { "did you mean \($0)?" }
                ?? "write \(Self.words.joined(separator: ", "))"
            throw error("there is no rule \"\(word)\": \(advice)")
        }
        guard !values.isEmpty else { throw error("\(word) says nothing; \(Self.form(of: word))") }
        switch word {
        case "user": rule.users = (rule.users ?? []) + values
        case "program": rule.programs = (rule.programs ?? []) + (try paths(word, values))
        case "directory": try takeDirectories(values)
        case "database": rule.databases = (rule.databases ?? []) + values
        case "limit": try takeLimit(values)
        case "nice": rule.lowestNiceness = try number(word, values, in: -20...19)
        case _: try takePrivileges(values)
        }
    }

    private mutating func takeDirectories(_ values: [String]) throws(HostRuleError) {
        let trimmed = values.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        rule.directories = (rule.directories ?? []) + (try paths("directory", trimmed))
    }

    private func paths(_ word: String, _ values: [String]) throws(HostRuleError) -> [String] {
        for value in values {
            let isFolder = word == "program" && value.hasSuffix("/")
            guard value == "/" || HostRule.isPlain(isFolder ? String(value.dropLast()) : value)
            else { throw error("\(word) is \"\(value)\"; \(Self.form(of: word))") }
        }
        return values
    }

    private mutating func takeLimit(_ values: [String]) throws(HostRuleError) {
        guard values.count == 2 else { throw error("limit takes two words; \(Self.limitForm)") }
        let (name, value) = (values[0], values[1])
        switch name {
        case "memory": rule.limits.memory = try size(name, value)
        case "file_size": rule.limits.fileSize = try size(name, value)
        case "processes":
            rule.limits.processes = try number(name, [value], in: Limits.taskProcesses)
        case "files":
            rule.limits.files = try number(name, [value], in: Limits.taskFiles)
        case "cpu":
            guard let time = DurationText.parse(value), time >= .seconds(1) else {
                throw error("limit cpu is \"\(value)\"; write a duration such as 90s or 1h")
            }
            rule.limits.cpuTime = time
        case _:
            throw error("there is no limit \"\(name)\"; \(Self.limitForm)")
        }
    }

    private func size(_ name: String, _ value: String) throws(HostRuleError) -> Int {
        guard let size = SizeText.parse(value), size >= Limits.taskMemory.lowerBound else {
            let least = SizeText.format(Limits.taskMemory.lowerBound)
            throw error("limit \(name) is \"\(value)\"; write a size such as 2GB, from \(least)")
        }
        return size
    }

    private func number(
        _ word: String,
        _ values: [String],
        in range: ClosedRange<Int>
    ) throws(HostRuleError) -> Int {
        guard values.count == 1, let number = Int(values[0]), range.contains(number) else {
            let bounds = "\(range.lowerBound) to \(range.upperBound)"
            let said = values.joined(separator: " ")
            throw error("\(word) is \"\(said)\"; write a whole number from \(bounds)")
        }
        return number
    }

    private mutating func takePrivileges(_ values: [String]) throws(HostRuleError) {
        switch values {
        case ["yes"]: rule.allowsNewPrivileges = true
        case ["no"]: rule.allowsNewPrivileges = false
        case _:
            let said = values.joined(separator: " ")
            throw error("new-privileges is \"\(said)\"; write yes or no")
        }
    }

    private func error(_ problem: String) -> HostRuleError {
        HostRuleError(path: path, line: line, problem: problem)
    }

    private static let limitForm =
        "write limit, then memory, cpu, processes, files or file_size, then the most of it"

    private static func form(of word: String) -> String {
        switch word {
        case "user": "write names of users, such as user backup www-data"
        case "program":
            "write paths such as /usr/bin/rsync, or of folders, which end with /: /opt/jobs/"
        case "directory": "write paths of folders such as /srv"
        case "limit": limitForm
        case "database": "write names of data sources in /etc/odbc.ini, such as database warehouse"
        case "nice": "write the lowest niceness a task may have, such as nice -5"
        case _: "write new-privileges no"
        }
    }
}
