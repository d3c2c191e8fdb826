// Names for jobs, made from their commands: `/opt/sync.sh -v` becomes `opt-sync`.

internal import Vocabulary

/// Makes job names out of command lines; the same commands always get the same names.
struct CommandNaming {
    private static let tests: Set = [
        "cd", "test", "[", "[[", ":", "true", "sleep", "export", "set", "source", ".", "umask",
        "if",
        "echo", "ulimit",
    ]
    private static let wrappers: Set = [
        "nice", "ionice", "flock", "timeout", "sudo", "env", "exec", "nohup", "time", "chronic",
        "command", "setsid", "runuser", "su", "stdbuf", "cronitor", "systemd-cat", "then", "chrt",
    ]
    private static let interpreters: Set = [
        "sh", "bash", "dash", "zsh", "ksh", "python", "python2", "python3", "perl", "ruby", "node",
        "php", "java",
    ]
    private static let dullFolders: Set = [
        "bin", "sbin", "usr", "local", "etc", "home", "lib", ".",
    ]

    private let prefix: String
    private var taken: Set<String> = []

    init(prefix: String) {
        self.prefix = prefix
    }

    /// A valid name that was not given before.
    mutating func name(for command: String) -> String {
        let stem = Self.valid(prefix + Self.stem(of: command))
        var name = stem
        var count = 1
        while !taken.insert(name).inserted {
            count += 1
            let tail = "-\(count)"
            name = stem.prefix(127 - tail.count) + tail
        }
        return name
    }

    /// What the command is about, before it is made a valid name.
    static func stem(of command: String) -> String {
        for segment in command.split(whereSeparator: { "&|;\n".contains($0) }) {
            let words = segment.split(separator: " ").map { word in
                word.filter { !"\"'()`{}$".contains($0) }
            }.filter { !$0.isEmpty }
            if let program = program(in: words[...]) { return shortened(program) }
        }
        return command.split(separator: " ").first.map { shortened(String($0)) } ?? "job"
    }

    private static func program(in words: ArraySlice<String>) -> String? {
        guard let first = words.first else { return nil }
        let rest = words.dropFirst()
        let base = first.split(separator: "/").last.map(String.init) ?? first
        if tests.contains(base) || first.hasPrefix(">") || first.hasPrefix("<") { return nil }
        if first.contains("="), !first.hasPrefix("/") { return program(in: rest) }
        if wrappers.contains(base) {
            return program(in: afterOptions(rest, of: base)) ?? base
        }
        guard interpreters.contains(base) else { return first }
        var left = rest
        while let word = left.popFirst() {
            if word == "-m", let module = left.first { return module }
            if word == "-c" || word == "-lc" { return program(in: left) ?? base }
            if word == "-jar", let archive = left.first { return archive }
            if !word.hasPrefix("-") { return word }
        }
        return base
    }

    /// What follows a wrapper's options and their values.
    private static func afterOptions(
        _ words: ArraySlice<String>,
        of wrapper: String
    ) -> ArraySlice<String> {
        var rest = words
        var paths = wrapper == "flock" ? 1 : 0
        let valued: Set =
            switch wrapper {
            case "sudo", "su", "runuser": ["-u", "-g", "-s"]
            case "systemd-cat": ["-t", "-p"]
            case "timeout": ["-s", "-k"]
            case "flock": ["-w", "-E"]
            case _: ["-n", "-c"]
            }
        while let word = rest.first {
            if word.hasPrefix("-") {
                rest = rest.dropFirst()
                if word == "-c", wrapper == "su" || wrapper == "flock" { return rest }
                if valued.contains(word) { rest = rest.dropFirst() }
            } else if paths > 0 {
                paths -= 1
                rest = rest.dropFirst()
            } else if word.first?.isNumber == true || (wrapper == "su" && !word.contains("/")) {
                rest = rest.dropFirst()
            } else {
                return rest
            }
        }
        return rest
    }

    /// The program's file without its suffix, after its folder where that says something.
    private static func shortened(_ program: String) -> String {
        var parts = program.split(separator: "/").map(String.init)
        guard var file = parts.popLast() else { return "job" }
        if let dot = file.lastIndex(of: "."), dot != file.startIndex,
            file.distance(from: dot, to: file.endIndex) <= 5
        {
            file = String(file[..<dot])
        }
        guard program.hasPrefix("/"), let folder = parts.last, !dullFolders.contains(folder) else {
            return file
        }
        return "\(folder)-\(file)"
    }

    /// Lower case, other characters as hyphens, none of them doubled or at an end.
    private static func valid(_ text: String) -> String {
        var name = ""
        for character in text.lowercased() {
            let isPlain = character.isASCII && (character.isLetter || character.isNumber)
            if isPlain || (!name.isEmpty && "./".contains(character)) {
                name.append(character)
            } else if !name.isEmpty, name.last != "-" {
                name.append("-")
            }
        }
        name = String(name.prefix(127))
        while let last = name.last, "-./".contains(last) { name.removeLast() }
        return name.isEmpty ? "job" : name
    }
}
