// A shell task, read from a document.

internal import Vocabulary

/// Reads the member `shell` of a spec: a command line, or a mapping.
enum ShellTaskReader {
    private static let fields = [
        "command", "argv", "shell", "directory", "environment", "input", "user", "umask", "nice",
        "limits", "success",
    ]

    static func read(_ value: Value, in members: MemberReader) -> ShellTask? {
        if case .string = value {
            guard let command = members.text("shell", limit: Limits.commandBytes) else {
                return nil
            }
            return checked(command, "shell", members).map { ShellTask(command: $0) }
        }
        guard
            let inner = MemberReader(
                value,
                at: members.place("shell"),
                known: fields,
                faults: members.faults
            )
        else { return nil }
        let form = readForm(inner)
        // Read on without one: the other faults are wanted too.
        var task = form ?? ShellTask(command: "")
        task.directory = path("directory", inner)
        task.environment =
            inner.textMap(
                "environment",
                count: Limits.environmentEntries,
                limit: Limits.environmentBytes
            ) { name, _ in variableFlaw(name) } ?? [:]
        task.input = inner.text("input", limit: Limits.inputBytes)
        task.user = readUser(inner)
        task.umask = readUmask(inner)
        task.niceness = inner.integer("nice", in: Limits.niceness)
        readLimits(inner, into: &task.limits)
        readSuccess(inner, into: &task)
        return form == nil ? nil : task
    }

    /// A line and its shell, or a program; `nil` after a fault.
    private static func readForm(_ members: MemberReader) -> ShellTask? {
        switch (members["command"], members["argv"]) {
        case (nil, nil):
            members.fault("command", "this is missing; write a command, or argv")
            _ = path("shell", members)
            return nil
        case (_?, _?):
            members.fault("argv", "the task has command as well; write one of the two")
            return nil
        case (_?, nil):
            let command = members.text("command", limit: Limits.commandBytes)
            guard let command = command.flatMap({ checked($0, "command", members) }) else {
                return nil
            }
            var task = ShellTask(command: command)
            task.shell = path("shell", members) ?? task.shell
            return task
        case (nil, let words?):
            if members["shell"] != nil {
                members.fault("shell", "no shell runs argv; remove it, or write command")
            }
            return readProgram(words, members).map { ShellTask(program: $0) }
        }
    }

    private static func readProgram(_ value: Value, _ members: MemberReader) -> [String]? {
        let form = #"a list of texts such as ["/usr/bin/rsync", "-a", "/srv", "backup:"]"#
        guard let items = value.array, !items.isEmpty else {
            members.wrong("argv", value, write: form)
            return nil
        }
        guard items.count <= Limits.arguments else {
            let most = Limits.arguments
            members.fault("argv", "this has \(items.count) entries; at most \(most) are allowed")
            return nil
        }
        let words = items.enumerated().compactMap { index, item in
            members.text(item, at: "\(members.place("argv"))/\(index)", limit: Limits.commandBytes)
        }
        guard words.count == items.count, let program = words.first else { return nil }
        guard words.reduce(0, { $0 + $1.utf8.count + 1 }) <= Limits.commandBytes else {
            let most = Limits.commandBytes
            members.fault("argv", "this has more than \(most) bytes; put long text into input")
            return nil
        }
        guard program.hasPrefix("/") else {
            members.faults.add(
                "\(members.place("argv"))/0",
                "this is \(Value.string(program).inMessage); write a path that starts with /"
            )
            return nil
        }
        return words
    }

    private static func checked(
        _ command: String,
        _ name: String,
        _ members: MemberReader
    ) -> String? {
        guard command.contains(where: { !$0.isWhitespace }) else {
            members.fault(name, "the command is empty; write what to run")
            return nil
        }
        return command
    }

    static func path(_ name: String, _ members: MemberReader) -> String? {
        guard let path = members.text(name, limit: Limits.pathBytes) else { return nil }
        guard path.hasPrefix("/") else {
            members.wrong(name, .string(path), write: "a path that starts with /")
            return nil
        }
        return path
    }

    static func variableFlaw(_ name: String) -> String? {
        let letters = name.utf8.allSatisfy {
            $0 == UInt8(ascii: "_") || Character(Unicode.Scalar($0)).isASCIILetterOrDigit
        }
        guard let first = name.first, letters, !first.isNumber else {
            return """
                \(Value.string(name).quoted) cannot name a variable; write letters, digits and _, \
                a digit not first
                """
        }
        return name.hasPrefix("ROTA_") ? "names with ROTA_ are set by Rota; choose another" : nil
    }

    /// A number in a name's place would be somebody else on the next node.
    ///
    /// - SeeAlso: useradd(8), "Caveats".
    private static func readUser(_ members: MemberReader) -> String? {
        guard let user = members.text("user", limit: Limits.userBytes) else { return nil }
        let isName = user.utf8.allSatisfy {
            "_-.".utf8.contains($0) || Character(Unicode.Scalar($0)).isASCIILetterOrDigit
        }
        guard isName, let first = user.first, first.isLetter || first == "_" else {
            members.wrong("user", .string(user), write: "the name of a user, such as backup")
            return nil
        }
        return user
    }

    /// Text, lest YAML and JSON read the digits to different bases.
    private static func readUmask(_ members: MemberReader) -> Int? {
        guard let value = members["umask"] else { return nil }
        guard let mask = value.string.flatMap(UmaskText.parse) else {
            members.wrong("umask", value, write: #"octal digits in quotes, such as "027""#)
            return nil
        }
        return mask
    }

    private static func readLimits(_ members: MemberReader, into limits: inout TaskLimits) {
        guard let value = members["limits"],
            let inner = MemberReader(
                value,
                at: members.place("limits"),
                known: ["memory", "cpu", "processes", "files", "file_size"],
                faults: members.faults
            )
        else { return }
        limits.memory = inner.size("memory", in: Limits.taskMemory)
        limits.processes = inner.integer("processes", in: Limits.taskProcesses)
        limits.files = inner.integer("files", in: Limits.taskFiles)
        limits.fileSize = inner.size("file_size", in: Limits.taskFileSize)
        guard let time = inner.duration("cpu", in: Limits.taskCPUTime) else { return }
        guard time.components.attoseconds == 0 else {
            let text = DurationText.format(time)
            return inner.wrong("cpu", .string(text), write: "whole seconds, such as 30s")
        }
        limits.cpuTime = time
    }

    private static func readSuccess(_ members: MemberReader, into task: inout ShellTask) {
        let codes = members.integers("success", count: Limits.exitCodes, in: Limits.exitCode)
        guard let codes else { return }
        guard !codes.isEmpty else {
            guard members["success"]?.array?.isEmpty == true else { return }
            return members.fault("success", "no exit would be a success; write [0], or remove it")
        }
        // The same as saying nothing.
        task.successCodes = codes == [0] ? [] : codes
    }
}

/// File mode masks as people write them: `022`.
enum UmaskText {
    static func parse(_ text: String) -> Int? {
        guard (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x37) ~= $0 }),
            let mask = Int(text, radix: 8), Limits.umask.contains(mask)
        else { return nil }
        return mask
    }

    static func format(_ mask: Int) -> String {
        let digits = String(mask, radix: 8)
        return String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }
}
