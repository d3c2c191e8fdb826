// Reads crontabs as crontab(5) describes them; pure text in, values out.

internal import Vocabulary

/// A crontab, line by line.
///
/// - SeeAlso: crontab(5) of Debian's cron 3.0pl1; cronie's for `CRON_TZ` and `RANDOM_DELAY`.
package struct CrontabFile: Equatable, Sendable {
    /// How the lines are laid out.
    package enum Layout: Equatable, Sendable {
        /// A user's own, as `crontab -l` prints it.
        case user
        /// With a user before each command, as in `/etc/crontab` and `/etc/cron.d`.
        case system
    }

    package struct Line: Equatable, Sendable {
        /// From 1.
        package let number: Int
        package let text: String
        package let content: Content
    }

    package enum Content: Equatable, Sendable {
        /// An assignment that later lines are read under, and what comes of it.
        case variable(name: String, value: String, note: String)
        case entry(CrontabEntry)
        case refused(String)
    }

    /// Every line that says something; comments and blank lines are left out.
    package let lines: [Line]

    package init(parsing text: String, layout: Layout) {
        var reader = CrontabReader(layout: layout)
        var found: [Line] = []
        // "\r\n" is one character; what ends a line is seen in scalars.
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, scalars) in lines.enumerated() {
            var line = Substring(scalars)
            if line.hasSuffix("\r") { line.removeLast() }
            let body = line.drop { $0 == " " || $0 == "\t" }
            guard let first = body.first, first != "#" else { continue }
            let content = reader.content(of: body)
            found.append(Line(number: index + 1, text: String(body), content: content))
        }
        self.lines = found
    }
}

/// One command of a crontab with all that was in force on its line.
package struct CrontabEntry: Equatable, Sendable {
    /// The fields or the macro, single spaces between.
    package var schedule: String
    /// As the shell gets it, its percent signs resolved.
    package var command: String
    /// What follows the first percent sign.
    package var input: String?
    package var user: String?
    package var shell: String?
    package var zone: String?
    package var directory: String?
    /// Whom cron would have mailed.
    package var mailTo: String?
    package var environment: [String: String]
}

/// What the lines so far have set.
private struct CrontabReader {
    private static let macros = [
        "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
    ]
    /// The first words of system crontabs' commands that give their layout away.
    private static let systemUsers: Set = ["root", "www-data", "nobody"]

    let layout: CrontabFile.Layout
    var shell: String?
    var zone: String?
    var directory: String?
    var mailTo: String?
    var environment: [String: String] = [:]

    init(layout: CrontabFile.Layout) {
        self.layout = layout
    }

    mutating func content(of line: Substring) -> CrontabFile.Content {
        if line.utf8.contains(0) { return .refused("it has a NUL in it") }
        if let (name, value) = Self.assignment(line) { return set(name, to: value) }
        var rest = line
        let schedule: String
        if line.hasPrefix("@") {
            let macro = String(Self.takeWord(&rest))
            if let reason = Self.refusal(ofMacro: macro) { return .refused(reason) }
            schedule = macro
        } else {
            let fields = (0..<5).map { _ in String(Self.takeWord(&rest)) }
            guard !fields.contains("") else {
                return .refused("a line has five fields and a command; this has fewer")
            }
            schedule = fields.joined(separator: " ")
        }
        var user: String?
        if layout == .system { user = String(Self.takeWord(&rest)) }
        let (command, input) = Self.resolvePercent(rest)
        guard !command.isEmpty else { return .refused("there is no command") }
        if layout == .user, let first = command.split(separator: " ").first,
            Self.systemUsers.contains(String(first))
        {
            return .refused("\"\(first)\" looks like a user: give --user-field for such a file")
        }
        return .entry(
            CrontabEntry(
                schedule: schedule,
                command: command,
                input: input,
                user: user,
                shell: shell,
                zone: zone,
                directory: directory,
                mailTo: mailTo,
                environment: environment
            )
        )
    }

    private static func refusal(ofMacro macro: String) -> String? {
        if macro == "@reboot" {
            return "@reboot has no equal: a cluster does not boot. Start it with systemd instead"
        }
        guard !macros.contains(macro) else { return nil }
        return "there is no \(macro); known are \(macros.joined(separator: " "))"
    }

    private static func takeWord(_ rest: inout Substring) -> Substring {
        rest = rest.drop { $0 == " " || $0 == "\t" }
        let word = rest.prefix { $0 != " " && $0 != "\t" }
        rest = rest[word.endIndex...].drop { $0 == " " || $0 == "\t" }
        return word
    }

    /// `name = value`, blanks around the sign and quotes around either side allowed.
    ///
    /// Values are taken as they stand: cron replaces no `$NAME` in them.
    private static func assignment(_ line: Substring) -> (name: String, value: String)? {
        var rest = line
        let name: Substring
        if let quote = rest.first, quote == "\"" || quote == "'" {
            rest = rest.dropFirst()
            guard let end = rest.firstIndex(of: quote) else { return nil }
            name = rest[..<end]
            rest = rest[end...].dropFirst()
        } else {
            name = rest.prefix { $0 != "=" && $0 != " " && $0 != "\t" }
            rest = rest[name.endIndex...]
        }
        guard let first = name.first, first.isLetter || first == "_",
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        else { return nil }
        rest = rest.drop { $0 == " " || $0 == "\t" }
        guard rest.first == "=" else { return nil }
        var value = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
        while let last = value.last, last == " " || last == "\t" { value.removeLast() }
        if let quote = value.first, quote == "\"" || quote == "'", value.count >= 2,
            value.last == quote
        {
            value = value.dropFirst().dropLast()
        }
        return (String(name), String(value))
    }

    private mutating func set(_ name: String, to value: String) -> CrontabFile.Content {
        var note = "environment of the jobs below"
        switch name {
        case "SHELL":
            guard value.isEmpty || value.hasPrefix("/") else {
                return .refused("the shell is \(value); it must be a path that starts with /")
            }
            shell = value.isEmpty ? nil : value
            note = "shell of the jobs below"
        case "MAILTO":
            mailTo = value.isEmpty ? nil : value
            note = value.isEmpty ? "no mail was sent, none will be" : "owner of the jobs below"
        case "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING":
            note = "only concerns mail, which is not sent"
        case "CRON_TZ":
            zone = value.isEmpty ? nil : value
            note = "time zone of the schedules below"
        case "HOME":
            directory = value.hasPrefix("/") ? value : nil
            environment[name] = value
            note = "working folder and environment of the jobs below"
        case "LOGNAME", "USER":
            note = "cron does not let it be set"
        case "RANDOM_DELAY", "START_HOURS_RANGE":
            return .refused("no equal: write H instead of a minute to spread load")
        case "TZ":
            environment[name] = value
            note += "; schedules stay as they are (--tz, CRON_TZ)"
        case _:
            environment[name] = value
        }
        return .variable(name: name, value: value, note: note)
    }

    /// The command and its standard input.
    ///
    /// The first bare `%` ends the command, further ones are newlines, `\%` is a percent sign;
    /// input gets a newline at its end, as cron does it.
    private static func resolvePercent(_ text: Substring) -> (String, String?) {
        var parts = [""]
        var isEscaped = false
        for character in text {
            if character == "%" {
                if isEscaped {
                    parts[parts.count - 1].removeLast()
                    parts[parts.count - 1].append("%")
                } else {
                    parts.append("")
                }
                isEscaped = false
            } else {
                parts[parts.count - 1].append(character)
                isEscaped = character == "\\" && !isEscaped
            }
        }
        var command = parts[0]
        while let last = command.last, last == " " || last == "\t" { command.removeLast() }
        guard parts.count > 1 else { return (command, nil) }
        var input = parts[1...].joined(separator: "\n")
        if !input.isEmpty, !input.hasSuffix("\n") { input += "\n" }
        return (command, input.isEmpty ? nil : input)
    }
}
