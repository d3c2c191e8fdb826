// What a host's owner allows, and that no list gets more.

import Foundation
import PeerNode
import Testing
import TestSupport
import Vocabulary

@Suite struct HostRuleTests {
    func rule(_ text: String) throws -> HostRule {
        try HostRuleReader.read(text, path: "/etc/rota/host.rule")
    }

    /// The refusal of a task under `rule`, or `nil`.
    func refusal(
        _ rule: HostRule,
        program: [String]? = nil,
        own: String = "rota",
        _ change: (inout ShellTask) -> Void = { _ in }
    ) -> String? {
        var task = program.map { ShellTask(program: $0) } ?? ShellTask(command: "true")
        change(&task)
        do throws(HostRefusal) {
            _ = try rule.permit(task, own: own)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `without a rule tasks run as the node's own user and nobody else`() {
        let rule = HostRule()
        #expect(refusal(rule) == nil)
        #expect(refusal(rule, own: "root") == nil)
        #expect(refusal(rule) { $0.user = "rota" } == nil)
        #expect(
            refusal(rule) { $0.user = "root" } == """
                this host, which has no rule, does not allow tasks as the user root: leave user \
                out, or let the host's owner write `user root` into its rule
                """
        )
    }

    @Test func `a rule that names users allows those and not the node's own`() throws {
        let rule = try rule("user backup  # nightly\nuser www-data\n")
        #expect(refusal(rule) { $0.user = "backup" } == nil)
        #expect(refusal(rule) { $0.user = "www-data" } == nil)
        for refused in [refusal(rule, own: "root"), refusal(rule) { $0.user = "root" }] {
            #expect(
                refused == """
                    this host's rule, /etc/rota/host.rule, does not allow tasks as the user root: \
                    write one of backup, www-data
                    """
            )
        }
    }

    @Test func `only listed programs start, a shell is one of them`() throws {
        let rule = try rule("program /usr/bin/rsync /opt/jobs/\n")
        #expect(refusal(rule, program: ["/usr/bin/rsync", "-a"]) == nil)
        #expect(refusal(rule, program: ["/opt/jobs/deep/nightly"]) == nil)
        for program in [
            "/usr/bin/rsync2", "/usr/bin", "/opt/jobs", "/opt/jobs/../../bin/sh",
            "/opt/jobs/./x", "//opt/jobs/x", "/opt/jobs/",
        ] {
            #expect(
                refusal(rule, program: [program]) == """
                    this host's rule, /etc/rota/host.rule, does not allow the program \(program): \
                    write one of /usr/bin/rsync, /opt/jobs/, as argv if it is no shell
                    """
            )
        }
        #expect(refusal(rule)?.contains("the program /bin/sh:") == true)
        let shells = try self.rule("program /bin/sh\n")
        #expect(refusal(shells) == nil)
        #expect(refusal(shells) { $0.shell = "/bin/bash" } != nil)
    }

    @Test func `no variable brings other code into a listed program`() throws {
        let rule = try rule("program /bin/sh\n")
        for name in [
            "LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "ENV", "GLIBC_TUNABLES", "PATH",
            "PYTHONPATH", "PERL5OPT", "NODE_OPTIONS", "RSYNC_RSH", "GIT_SSH_COMMAND", "PS4",
            "BASH_FUNC_ls%%",
        ] {
            let refused = refusal(rule) { $0.environment = ["A": "1", name: "/tmp/x.so"] }
            #expect(refused?.contains("the variable \(name), which brings code") == true)
            #expect(refusal(HostRule()) { $0.environment = [name: "x"] } == nil)
        }
        #expect(refusal(rule) { $0.environment = ["LANG": "C"] } == nil)
        // A secret is a variable as well, and its name is the list's.
        let task = ShellTask(command: "true")
        let error = #expect(throws: HostRefusal.self) {
            try rule.permit(task, secrets: ["DB", "LD_PRELOAD"], own: "rota")
        }
        #expect(error?.description.contains("the variable LD_PRELOAD") == true)
        #expect(throws: Never.self) { try rule.permit(task, secrets: ["DB"], own: "rota") }
    }

    @Test func `a task works in listed folders and says so`() throws {
        let rule = try rule("directory /srv/ /var/lib/jobs\n")
        for folder in ["/srv", "/srv/a/b", "/var/lib/jobs"] {
            #expect(refusal(rule) { $0.directory = folder } == nil)
        }
        for folder in ["/srv2", "/", "/srv/../etc", "/var/lib"] {
            #expect(refusal(rule) { $0.directory = folder }?.contains("\(folder):") == true)
        }
        #expect(refusal(rule)?.contains("a task without a directory: write one in /srv") == true)
        #expect(refusal(try self.rule("directory /")) { $0.directory = "/anywhere" } == nil)
    }

    @Test func `a task has the host's limits and may only ask for less`() throws {
        let rule = try rule(
            """
            limit memory 1GB
            limit cpu 1h
            limit processes 100
            limit files 1024
            limit file_size 2GB
            nice 5
            """
        )
        let permit = try rule.permit(ShellTask(command: "true"), own: "rota")
        #expect(permit.user == "rota" && permit.limits == rule.limits)
        var task = ShellTask(command: "true")
        task.limits.memory = 1 << 20
        task.limits.cpuTime = .seconds(3_600)
        let less = try rule.permit(task, own: "rota").limits
        #expect(less.memory == 1 << 20 && less.cpuTime == .seconds(3_600))
        #expect(less.processes == 100 && less.files == 1_024 && less.fileSize == 2 << 30)
        let more: [((inout ShellTask) -> Void, String)] = [
            ({ $0.limits.memory = 2 << 30 }, "a limit of 2GB on memory: write 1GB or less"),
            ({ $0.limits.cpuTime = .seconds(3_601) }, "of 1h1s on cpu: write 1h or less"),
            ({ $0.limits.processes = 101 }, "of 101 on processes: write 100 or less"),
            ({ $0.limits.files = 1_025 }, "of 1025 on files: write 1024 or less"),
            ({ $0.limits.fileSize = 3 << 30 }, "of 3GB on file_size: write 2GB or less"),
            ({ $0.niceness = 4 }, "a niceness of 4: write 5 or more"),
        ]
        for (change, words) in more {
            #expect(refusal(rule, change)?.hasSuffix(words) == true, "\(words)")
        }
        #expect(refusal(HostRule()) { $0.niceness = -1 } != nil, "greed is not for every list")
    }

    @Test func `privileges are as the rule says`() throws {
        #expect(try rule("").allowsNewPrivileges)
        #expect(try !rule("new-privileges no").allowsNewPrivileges)
    }

    @Test func `what cannot be understood is named with its line, and allows nothing`() {
        for (text, words) in [
            (
                "\n# users\nusr backup",
                ", line 3: there is no rule \"usr\": did you mean user?"
            ),
            (
                "allow all",
                ", line 1: there is no rule \"allow\": write user, program, directory, database, "
                    + "limit, nice, new-privileges"
            ),
            (
                "user # nobody",
                ", line 1: user says nothing; write names of users, such as user backup www-data"
            ),
            (
                "program rsync",
                ", line 1: program is \"rsync\"; write paths such as /usr/bin/rsync, or of "
                    + "folders, which end with /: /opt/jobs/"
            ),
            (
                "directory /srv/../etc",
                ", line 1: directory is \"/srv/../etc\"; write paths of folders such as /srv"
            ),
            (
                "limit memory",
                ", line 1: limit takes two words; write limit, then memory, cpu, processes, files "
                    + "or file_size, then the most of it"
            ),
            (
                "limit memory 1K",
                ", line 1: limit memory is \"1K\"; write a size such as 2GB, from 1MB"
            ),
            (
                "limit files few",
                ", line 1: files is \"few\"; write a whole number from 16 to 1048576"
            ),
            ("limit cpu 10", ", line 1: limit cpu is \"10\"; write a duration such as 90s or 1h"),
            (
                "limit disk 1GB",
                ", line 1: there is no limit \"disk\"; write limit, then memory, cpu, processes, "
                    + "files or file_size, then the most of it"
            ),
            ("nice low", ", line 1: nice is \"low\"; write a whole number from -20 to 19"),
            ("new-privileges maybe", ", line 1: new-privileges is \"maybe\"; write yes or no"),
        ] {
            let error = #expect(throws: HostRuleError.self) { try rule(text) }
            #expect(error?.description == "/etc/rota/host.rule" + words)
        }
    }

    @Test(.tags(.randomized)) func `no text is a trap`() {
        var random = SeededGenerator(seed: 5)
        let words = ["user", "program", "/", "limit", "memory", "1GB", "\n", "#", "nice", "\u{0}"]
        for _ in 0..<2_000 {
            let text = (0..<8).map { _ in words[Int(random.next() % UInt64(words.count))] }
            _ = try? rule(text.joined(separator: " "))
        }
    }
}

@Suite(.tags(.integration)) struct HostRuleFileTests {
    @Test func `a rule that was named must be there`() throws {
        var host = RunnerHost()
        host.rulePath = path
        let error = #expect(throws: HostRuleError.self) { try host.readRule() }
        #expect(
            error?.description
                == "\(path): there is no such file. Write one, or leave --host-rule out"
        )
        try write("user backup\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try host.readRule().users == ["backup"])
    }

    let path = NSTemporaryDirectory() + "rota-rules-" + UUID().uuidString

    func write(_ text: String, mode: UInt32 = 0o644) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: Int(mode)], ofItemAtPath: path)
    }

    func problem() -> String? {
        let error = #expect(throws: HostRuleError.self) { try HostRuleFile.read(path) }
        return error?.description
    }

    @Test func `a rule that others may write is not trusted`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try HostRuleFile.read(path) == nil)
        try write("user backup\n")
        #expect(try HostRuleFile.read(path)?.users == ["backup"])
        for mode in [UInt32(0o664), 0o646] {
            try write("user backup\n", mode: mode)
            let octal = String(mode, radix: 8)
            #expect(problem()?.contains("others may write this, its mode is \(octal)") == true)
        }
        try write("user backup\n")
        if geteuid() == 0 {
            unsafe chown(path, 65_534, 65_534)
            #expect(problem()?.contains("this belongs to user 65534") == true)
        }
    }

    @Test func `what is no rule is refused whole`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write(String(repeating: "#", count: HostRuleReader.limit + 1))
        #expect(problem() != nil)
        try Data([0xFF, 0xFE]).write(to: URL(filePath: path))
        #expect(problem()?.contains("no UTF-8") == true)
        try FileManager.default.removeItem(atPath: path)
        unsafe mkfifo(path, 0o600)
        #expect(problem()?.contains("no regular file") == true)
    }
}
