import CronEval
import Documents
import JobList
import Platform
import Testing
import TestSupport
import Vocabulary

let zones = ZoneCatalog { ZoneInfoFiles.bytes(named: $0) }

func value(_ json: String) throws -> Value {
    try JSON.parse(Array(json.utf8))
}

@Suite struct JobDocumentTests {
    static let whole = """
        {"description": "Bills", "owner": "kim", "labels": ["billing", "nightly"],
         "schedule": "0 3 * * *", "time_zone": "Europe/Berlin", "jitter": "5m",
         "dst": {"gap": "skip", "overlap": "last"},
         "calendar": {"only": "workdays", "except": ["freeze"], "shift": "next"},
         "shell": {"command": "make bills", "shell": "/bin/bash", "directory": "/srv",
                   "environment": {"A": "1", "PORT": 8080}, "input": "yes\\n",
                   "user": "backup", "umask": "0027", "nice": 5, "success": [0, 2],
                   "limits": {"memory": "512MB", "cpu": "30s", "processes": 10, "files": 100,
                              "file_size": 1073741824}},
         "timeout": "1h30m", "kill_grace": "30s",
         "retries": {"limit": 3, "backoff": "2s", "backoff_limit": "1m"},
         "overlap": "allow(3)", "misfire": "all(100)", "start_deadline": "5m",
         "catch_up_window": "2d", "node_loss": "retry(1)", "store_loss": "skip",
         "where": {"tags": {"disk": "fast"}, "nodes": ["n1", "n2"]},
         "route": "least-loaded",
         "keep": {"runs": 10, "age": "7d", "log": "2MB"}}
        """

    @Test func `every field is read, and written back to the same spec`() throws {
        let spec = try JobDocument.decodeSpec(value(Self.whole), zones: zones)
        #expect(spec.retries.limit == 3 && spec.retries.backoffLimit == .seconds(60))
        #expect(spec.overlap == .allow(limit: 3) && spec.misfire == .all(limit: 100))
        #expect(spec.keep.logBytes == 2 << 20 && spec.timeout == .seconds(5_400))
        #expect(spec.rules.jitter == .seconds(300))
        #expect(
            spec.rules.calendar
                == CalendarUse(only: "workdays", except: ["freeze"], shift: .next)
        )
        #expect(spec.rules.clockChanges == ClockChangePolicy(gap: .skip, overlap: .last))
        guard case .shell(let task) = spec.task else {
            Issue.record("\(spec.task)")
            return
        }
        #expect(task.environment == ["A": "1", "PORT": "8080"])
        #expect(task.user == "backup" && task.umask == 0o27 && task.niceness == 5)
        #expect(task.limits.memory == 512 << 20 && task.limits.fileSize == 1 << 30)
        #expect(task.limits.cpuTime == .seconds(30) && task.successCodes == [0, 2])
        let written = JobDocument.encodeSpec(spec)
        #expect(try JobDocument.decodeSpec(written, zones: zones) == spec)
        #expect(written["where"] == ["tags": ["disk": "fast"], "nodes": ["n1", "n2"]])
    }

    @Test func `a job as short as can be says only what it says`() throws {
        for text in [#"{"shell":"true"}"#, #"{"retries":2,"shell":"true","timeout":"1m30s"}"#] {
            let spec = try JobDocument.decodeSpec(value(text), zones: zones)
            #expect(JSON.bytes(JobDocument.encodeSpec(spec)) == Array(text.utf8))
        }
        let all = """
            {"keep": {"log": 5000}, "http": {"url": "https://a.example/x?y", "method": "POST",
            "headers": {"X-A": "b"}, "body": "c", "expect": [200, 204]}, "schedule": null}
            """
        let spec = try JobDocument.decodeSpec(value(all), zones: zones)
        #expect(spec.keep.logBytes == 5_000 && spec.schedule == nil)
        #expect(try JobDocument.decodeSpec(JobDocument.encodeSpec(spec), zones: zones) == spec)
    }

    @Test func `tasks of every kind read back as they were written`() throws {
        for text in [
            #"{"secrets":{"A":"file:/s/a"},"sql":{"connection":"DSN=x;Uid={{secret.A}}","#
                + #""once":true,"parameters":["{{instant}}",null,"1"],"row_limit":5,"#
                + #""statement":"SELECT ?, ?, ?"}}"#,
            #"{"http":{"async":true,"connect_timeout":"1s","credentials":{"password":"#
                + #""{{secret.A}}","user":"u"},"expect":[200,"202-204"],"expect_body":"ok","#
                + #""redirects":0,"tls":{"authorities":"/ca"},"url":"https://a/{{job}}"},"#
                + #""secrets":{"A":"file:/s/a"}}"#,
        ] {
            let spec = try JobDocument.decodeSpec(value(text), zones: zones)
            let written = JSON.bytes(JobDocument.encodeSpec(spec))
            #expect(String(decoding: written, as: UTF8.self) == text)
        }
        let loose = try JobDocument.decodeSpec(
            value(#"{"sql":{"connection":"x","statement":"y","parameters":[1,true,1.5]}}"#),
            zones: zones
        )
        guard case .sql(let task) = loose.task else { return }
        #expect(task.parameters == ["1", "true", "1.5"])
    }

    @Test func `a zone prefix becomes the time zone`() throws {
        for text in ["CRON_TZ=Asia/Tokyo 0 3 * * *", " TZ=Asia/Tokyo   0 3 * * *"] {
            let spec = try JobDocument.decodeSpec(
                ["shell": "x", "schedule": .string(text)],
                zones: zones
            )
            #expect(spec.schedule == "0 3 * * *" && spec.timeZone == "Asia/Tokyo")
        }
    }

    @Test(.tags(.randomized)) func `a stored job reads back as it was, for any job`() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let job = Job.arbitrary(using: &random)
            let bytes = JobDocument.encodeBody(job)
            let read = try JobDocument.decodeBody(bytes)
            #expect(read == job, "\(String(decoding: bytes, as: UTF8.self))")
            #expect(JobDocument.encodeBody(read) == bytes)
        }
    }

    @Test func `bytes that are no job are faults, never a trap`() throws {
        for text in [
            "", "[]", "{}", "nul", #"{"spec":{}}"#, #"{"spec":{"shell":"x"},"eras":[1]}"#,
            #"{"spec":{"shell":"x"},"pause":{}}"#, #"{"spec":{"shell":"x"},"secret":1}"#,
            #"{"spec":{"shell":"x"},"eras":[{"until":"yesterday"}]}"#,
        ] {
            #expect(throws: DocumentFaults.self, "\(text)") {
                try JobDocument.decodeBody(Array(text.utf8))
            }
        }
        var random = SeededGenerator(seed: 11)
        let sound = Array(#"{"spec":\#(Self.whole)}"#.utf8)
        for _ in 0..<2_000 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0x20...0x7E,
                    using: &random
                )
            }
            _ = try? JobDocument.decodeBody(bytes)
        }
    }

    @Test func `every fault of a document is named at once, with its place`() throws {
        var transcript = ""
        for text in Self.faulty {
            transcript += "\(text.split(separator: "\n").joined(separator: " "))\n"
            do throws(DocumentFaults) {
                let spec = try JobDocument.decodeSpec((try? value(text)) ?? .null, zones: zones)
                Issue.record("accepted \(spec)")
            } catch {
                transcript += error.faults.map { "    \($0)\n" }.joined() + "\n"
            }
        }
        try expectGolden(transcript, named: "faults.txt")
    }

    static let faulty = [
        #""make""#, "{}", #"{"shell": "x", "http": {"url": "http://a"}}"#,
        #"{"retires": 3, "command": "x", "Schedule": "@daily", "zzzzz": 1, "shell": "x"}"#,
        #"{"shell": "x", "timeout": 90, "kill_grace": "9d", "start_deadline": "1 h"}"#,
        #"{"shell": "x", "schedule": "0 0 30 2 *"}"#,
        #"{"shell": "x", "schedule": "0 25 * * *"}"#, #"{"shell": "x", "schedule": "* * *"}"#,
        #"{"shell": "x", "schedule": "CRON_TZ=Nowhere 0 0 * * *"}"#,
        #"{"shell": "x", "schedule": "H H * * *", "time_zone": "CET+1", "timeout": ""}"#,
        #"{"shell": "x", "schedule": "CRON_TZ=UTC 0 0 * * *", "time_zone": "Asia/Tokyo"}"#,
        #"{"shell": {"shell": "bash", "enviroment": {}}}"#, #"{"shell": "  "}"#,
        #"{"shell": {"command": "x", "environment": {"A-B": "1", "ROTA_X": "1", "C/D": []}}}"#,
        #"{"shell": {"argv": ["/bin/x"], "command": "x"}}"#,
        #"{"shell": {"argv": ["rsync", "-a"], "shell": "/bin/sh"}}"#, #"{"shell": {"argv": []}}"#,
        #"{"shell": {"argv": ["/bin/x", 1], "args": []}}"#,
        #"{"shell": {"command": "x", "user": "0", "umask": 27, "nice": 20, "success": []}}"#,
        #"{"shell": {"command": "x", "umask": "088", "nice": "low", "success": [256]}}"#,
        #"{"shell": {"command": "x", "limits": {"memory": "1KB", "cpu": "1500ms", "files": 1}}}"#,
        #"{"shell": {"command": "x", "limits": {"mem": "1GB", "file_size": "big"}}}"#,
        #"{"http": {"url": "ftp://x", "method": "get", "expect": [99, "200"]}}"#,
        #"{"http": {"url": "https://x", "headers": {"a b": "c", "d": "e\r\nf: g"}}}"#,
        #"{"http": {"url": "https://a.b/{{jbo}}", "headers": {"X": "{{secret.A}}"}}}"#,
        #"{"http": {"url": "https://{{job}}.b/", "body": "{{", "credentials": {"token": "t"}}}"#,
        #"{"http": {"url": "https://u:p@b/{{secret.A}}"}, "secrets": {"A": "/a", "B-": "x"}}"#,
        #"{"http": {"url": "https://b/", "credentials": {"user": "u"}, "tls": {"key": "k"}}}"#,
        #"{"http": {"url": "https://b/", "expect": ["9-1", "200-299"], "expect_body": "a("}}"#,
        #"{"http": {"url": "https://b/", "redirects": 21, "async": 1, "auth": {}}}"#,
        #"{"sql": {"query": "x"}}"#, #"{"sql": {"connection": " ", "statement": ""}, "http": {}}"#,
        #"{"sql": {"connection": "DSN=a;PWD=b", "statement": "x", "password": "y"}}"#,
        #"{"sql": {"connection": "Driver=/tmp/x.so", "statement": "x"}}"#,
        #"{"sql": {"connection": "Driver={{secret.A}};Trace=1", "statement": "x"}}"#,
        #"{"sql": {"connection": "a", "statement": "x", "parameters": [1, {}, "{{x}}", null]}}"#,
        #"{"sql": {"connection": "a", "statement": "x", "once": true, "transaction": false}}"#,
        #"{"shell": {"command": "x", "environment": {"A": ""}}, "secrets": {"A": "file:/a"}}"#,
        #"{"shell": "x", "retries": "three", "overlap": "never", "misfire": "all"}"#,
        #"{"shell": "x", "retries": {"limit": 101, "backoff": "1h", "backoff_limit": "1m"}}"#,
        #"{"shell": "x", "node_loss": "retry", "store_loss": true, "overlap": "allow(0)"}"#,
        #"{"shell": "x", "route": "random"}"#, #"{"shell": "x", "route": "node="}"#,
        #"{"shell": "x", "route": "node=c", "where": {"nodes": ["a", "b"]}}"#,
        #"{"shell": "x", "where": {"tag": {}, "nodes": ["a", "a", "", 1]}}"#,
        #"{"shell": "x", "keep": {"runs": 0, "age": "1s", "log": "1TB"}, "labels": "a"}"#,
        #"{"shell": "x", "schedule": "@daily", "jitter": "25h", "dst": {"gap": "before"}}"#,
        #"{"shell": "x", "schedule": "@daily", "jitter": 5, "dst": {"overlap": 1, "gaps": 2}}"#,
        #"{"shell": "x", "schedule": "@daily", "splay": "5m", "dst": "next"}"#,
        #"{"shell": "x", "schedule": "@every 1h", "dst": {"gap": "skip"}}"#,
    ]

    @Test func `a schedule that cannot be read is shown where`() throws {
        for (text, start) in [("0 25x * * *", 2), ("CRON_TZ=UTC  0 25x * * *", 15)] {
            let error = #expect(throws: DocumentFaults.self) {
                try JobDocument.decodeSpec(["shell": "x", "schedule": .string(text)], zones: zones)
            }
            let fault = try #require(error?.faults.first)
            #expect(error?.faults.count == 1 && fault.pointer == "#/spec/schedule")
            #expect(fault.span.map { (start..<start + 3).contains($0.lowerBound) } == true)
            #expect(!fault.detail.isEmpty)
        }
    }

    @Test func `a zone that does not exist is told where it stands`() throws {
        for (document, pointer) in [
            (["shell": "x", "schedule": "0 0 * * *", "time_zone": "Europe/Berln"], "time_zone"),
            (["shell": "x", "time_zone": "Europe/Berln"], "time_zone"),
            (["shell": "x", "schedule": "CRON_TZ=Europe/Berln 0 0 * * *"], "schedule"),
        ] as [(Value, String)] {
            let error = #expect(throws: DocumentFaults.self) {
                try JobDocument.decodeSpec(document, zones: zones)
            }
            #expect(error?.faults.map(\.pointer) == ["#/spec/\(pointer)"])
            #expect(error?.description.contains("Europe/Berln") == true)
        }
    }

    @Test func `bounds are kept, and said`() throws {
        let long = String(repeating: "x", count: Limits.commandBytes + 1)
        let many = Dictionary(uniqueKeysWithValues: (0...256).map { ("V\($0)", Value.string("")) })
        let document: Value = [
            "shell": ["command": .string(long), "environment": .object(many)],
            "labels": .array((0...64).map { .string("l\($0)") }),
        ]
        let error = #expect(throws: DocumentFaults.self) {
            try JobDocument.decodeSpec(document, zones: zones)
        }
        #expect(
            error?.description == """
                #/spec/labels: this has 65 entries; at most 64 are allowed
                #/spec/shell/command: this has 65537 bytes; at most 65536 are allowed
                #/spec/shell/environment: this has 257 entries; at most 256 are allowed
                """
        )
    }
}

@Suite struct ManifestDocumentTests {
    @Test func `a manifest reads back what was written`() throws {
        let document = try value(
            #"[{"kind":"job","name":"a/b","spec":{"shell":"x"}},"#
                + #"{"kind":"job","name":"c","tenant":"t","spec":{"http":{"url":"http://h"}}}]"#
        )
        let entries = try ManifestDocument.decode([document], zones: zones)
        #expect(entries.map(\.name) == ["a/b", "c"])
        #expect(ManifestDocument.encodeManifest(entries) == document)
        let documents = try #require(document.array) + [.null]
        let apart = try ManifestDocument.decode(documents, zones: zones)
        #expect(apart == entries)
    }

    @Test func `every object's faults are told apart`() throws {
        let documents = try #require(
            value(
                #"[{"kind":"job","name":"a","spec":{"shell":"x"}},"#
                    + #"{"kind":"jbo","name":"A B","uid":"1","spec":{"timeout":1}},"#
                    + #"{"kind":"job","name":"a","spec":{"shell":"y"}}, 7, {"name":"n"}]"#
            ).array
        )
        let results = ManifestDocument.decodeEach(documents, zones: zones)
        #expect(results.count == 5)
        #expect((try? results[0].get().name) == "a")
        let error = #expect(throws: DocumentFaults.self) {
            try ManifestDocument.decode(documents, zones: zones)
        }
        try expectGolden("\(error?.description ?? "")\n", named: "manifest.txt")
        #expect(throws: DocumentFaults.self) { try ManifestDocument.decode([], zones: zones) }
    }
}

extension Job {
    fileprivate static let texts = [
        "", "plain", "quoted \"text\"", "line\nbreak", "ünï ☂", "/a/b~c",
    ]

    static func arbitrary(using random: inout SeededGenerator) -> Job {
        func pick<T>(_ items: [T]) -> T {
            items[Int(random.next() % UInt64(items.count))]
        }
        let texts = Self.texts
        var spec = JobSpec(
            task: .arbitrary(using: &random),
            schedule: pick([nil, "@hourly", "0 0 * * *"])
        )
        spec.secrets = ["S": .file("/etc/rota/secrets/s")]
        spec.description = pick(texts)
        spec.timeZone = pick(["UTC", "Asia/Tokyo"])
        spec.rules.jitter = pick([.zero, .milliseconds(1), .seconds(86_400)])
        spec.rules.calendar = pick([nil, CalendarUse(only: "a", except: ["b"], shift: .next)])
        spec.rules.clockChanges.gap = pick([nil, .next, .skip])
        spec.rules.clockChanges.overlap = pick([nil, .first, .last, .both])
        spec.timeout = pick([nil, .milliseconds(1), .seconds(86_400)])
        spec.retries.limit = pick([0, 5])
        spec.retries.backoff = pick([.seconds(1), .seconds(900)])
        spec.retries.backoffLimit = pick([.seconds(300), .seconds(900), .seconds(1_000)])
        spec.retries.backoffLimit = max(spec.retries.backoffLimit, spec.retries.backoff)
        spec.overlap = pick([.forbid, .queue, .replace, .allow(limit: nil), .allow(limit: 9)])
        spec.misfire = pick([.latest, .skip, .all(limit: 3)])
        spec.nodeLoss = pick([.lost, .retry(limit: 2)])
        spec.storeLoss = pick([.hold, .skip])
        spec.selector.nodes = pick([[], [NodeName("n")]])
        spec.route = pick([.spread, .leastLoaded, .sticky, .roundRobin, .node(NodeName("n"))])
        spec.keep.logBytes = pick([1 << 20, 5_000, 1 << 30])
        spec.catchUpWindow = pick([.zero, .seconds(86_400)])
        var job = Job(spec: spec)
        var now = Instant(unixMilliseconds: 1_800_000_000_123)
        for _ in 0..<Int(random.next() % 12) {
            now = now.advanced(by: .milliseconds(Int64(random.next() % 100_000)))
            switch random.next() % 3 {
            case 0:
                spec.schedule = pick([nil, "@daily", "5 4 * * *"])
                spec.rules.jitter = pick([.zero, .seconds(30)])
                job = job.edited(with: spec, at: now)
            case 1:
                let end = pick([nil, now.advanced(by: .seconds(30))])
                job = job.paused(reason: pick(texts), until: end, at: now)
            case _: job = job.resumed(at: now)
            }
        }
        return job
    }
}

extension TaskSpec {
    static func arbitrary(using random: inout SeededGenerator) -> Self {
        func pick<T>(_ items: [T]) -> T {
            items[Int(random.next() % UInt64(items.count))]
        }
        let texts = Job.texts
        let shell = ShellTask.arbitrary(using: &random)
        var http = HTTPTask(url: "https://example.org/")
        http.body = pick([nil] + texts)
        http.method = pick(["GET", "PUT"])
        http.expectedStatus = pick([[], [200...200, 300...302]])
        http.credentials = pick([nil, .bearer(token: "{{secret.S}}")])
        http.redirectLimit = pick([nil, 0, 3])
        http.expectedBody = pick([nil, "ok|done"])
        http.files.authorities = pick([nil, "/ca.pem"])
        http.isAsynchronous = pick([false, true])
        http.connectTimeout = pick([.seconds(10), .milliseconds(50)])
        var sql = SQLTask(connection: "DSN=shop", statement: "SELECT \(pick(texts)) ?")
        sql.parameters = pick([[], [nil, pick(texts), "{{secret.S}}"]])
        sql.password = pick([nil, "{{secret.S}}"])
        (sql.once, sql.isTransaction) = pick([(true, true), (false, true), (false, false)])
        sql.rowLimit = pick([1_000, 0])
        return pick([.shell(shell), .http(http), .sql(sql)])
    }
}

extension ShellTask {
    fileprivate static func arbitrary(using random: inout SeededGenerator) -> Self {
        func pick<T>(_ items: [T]) -> T {
            items[Int(random.next() % UInt64(items.count))]
        }
        let texts = Job.texts
        var shell = ShellTask(command: "run \(pick(texts))")
        shell.input = pick([nil] + texts)
        shell.environment = pick([[:], ["A": pick(texts), "B_1": "2"]])
        shell.directory = pick([nil, "/srv"])
        if pick([true, false]) { shell.form = .program(["/bin/x", pick(texts)]) }
        shell.user = pick([nil, "backup"])
        shell.umask = pick([nil, 0, 0o27])
        shell.niceness = pick([nil, -20, 0])
        shell.limits.memory = pick([nil, 1 << 20, 5_000_001])
        shell.limits.cpuTime = pick([nil, .seconds(90)])
        shell.limits.processes = pick([nil, 7])
        shell.limits.files = pick([nil, 64])
        shell.limits.fileSize = pick([nil, 0])
        shell.successCodes = pick([[], [0, 2]])
        return shell
    }
}
