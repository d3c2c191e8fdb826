import Platform
import RotaCLI
import TestSupport
import Testing
import Vocabulary

/// What is said about members and keys, as golden transcripts.
@Suite struct `Commands about the cluster` {
    private static func member(
        _ name: String,
        _ role: String = "node",
        state: String = "alive",
        offset: Int? = 3,
        clock: String = "ok",
        behind: Int = 0,
        key: Int = 2,
        isDraining: Bool = false,
        troubles: String = ""
    ) -> String {
        """
        {"name":"\(name)","role":"\(role)","state":"\(state)","draining":\(isDraining),\
        "stale":false,\
        "address":"10.0.0.7:8471","gossip":"10.0.0.7:7946","tags":{"dc":"sh"},\
        "revision":"1.\(17 - behind)","is_current":\(behind == 0),"behind":\(behind),\
        "open_runs":2,"session":7,"version":"0.1.0","zone_data":"2026f","key":\(key),\
        "clock_offset_ms":\(offset.map { "\($0)" } ?? "null"),"clock":"\(clock)",\
        "round_trip_ms":0.412,"load":{"running":2,"slots":64},"burden":0,\
        "troubles":[\(troubles)]}
        """
    }

    private static func cluster(_ members: [String]) -> APIAnswer {
        Canned.json(
            """
            {"seen_by":"m1","cluster":"00f1e2d3c4b5a697","revision":"1.17","zone_data":"2026f",\
            "release":"0.1.0","use":2,"clock_offset_ms":1,\
            "limits":{"clock_warn_ms":250,"clock_out_ms":1000},"troubles":0,\
            "items":[\(members.joined(separator: ","))],"next":null}
            """
        )
    }

    private static let sound = cluster([member("m1", "master", offset: 0), member("n1")])
    private static let ill = cluster([
        member("m1", "master", offset: 0),
        member("n1", isDraining: true),
        member(
            "n2",
            offset: -340,
            clock: "skewed",
            behind: 12,
            key: 1,
            troubles: """
                "its clock is 340 ms behind this master's","its list is 12 revisions behind",\
                "it seals with key 1, not 2"
                """
        ),
        member("n3", offset: 73_000, clock: "out", troubles: "\"its clock is far off\""),
        member("n4", state: "failed", offset: nil, clock: "", troubles: "\"it does not answer\""),
        member("n5", state: "left", offset: nil, clock: ""),
    ])

    @Test func `cluster status tells what is wrong, and its exit code that something is`()
        async throws
    {
        let well = FakeWorld(answer: Canned.routes(["GET /v1/cluster/members": Self.sound]))
        #expect(await well.rota("cluster", "status") == .done)
        #expect(await well.rota("cluster", "status", "-o", "name") == .done)
        #expect(await well.rota("cluster", "status", "-o", "json") == .done)
        let ill = FakeWorld(answer: Canned.routes(["GET /v1/cluster/members": Self.ill]))
        #expect(await ill.rota("cluster", "status") == .failed)
        #expect(await ill.rota("cluster", "status", "-o", "wide") == .failed)
        #expect(await ill.rota("cluster", "status", "-o", "json") == .failed)
        #expect(await FakeWorld().rota("cluster", "status") == .unreachable)
        try expectGolden(well.transcript + ill.transcript, named: "cluster-status.txt")
    }

    @Test func `a narrow terminal loses columns, not names or troubles`() async throws {
        let fake = FakeWorld(
            environment: ["TERM": "xterm"],
            terminals: [.output],
            answer: Canned.routes(["GET /v1/cluster/members": Self.ill])
        )
        await fake.rota("cluster", "status", "-o", "wide")
        await fake.rota("cluster", "status")
        #expect(fake.output.contains("\u{1B}["))
        let rows = fake.output.split(separator: "\n").map { line in
            line.split(separator: "\u{1B}").map { part in
                part.first == "[" ? part.drop { $0 != "m" }.dropFirst() : part
            }.joined()
        }
        // The brief one fits; of the wide one what can go has gone.
        let brief = rows[(rows.lastIndex { $0.hasPrefix("NAME") } ?? 0)...].prefix(7)
        #expect(brief.allSatisfy { $0.count <= 80 })
        try expectGolden(
            fake.transcript.replacing("\u{1B}", with: "ESC"),
            named: "cluster-status-terminal.txt"
        )
    }

    private static func keys(_ items: String...) -> APIAnswer {
        Canned.json(
            """
            {"cluster":"00f1e2d3c4b5a697","version":3,"use":1,\
            "items":[\(items.joined(separator: ","))],"next":null}
            """
        )
    }

    private static func key(
        _ id: Int,
        _ state: String,
        lacking: String = "",
        added: String = "\"2026-11-20T11:00:00Z\""
    ) -> String {
        """
        {"id":\(id),"fingerprint":"0\(id)23456789abcdef","state":"\(state)","added":\(added),\
        "by":"li","held_by":["m1","n1"],"lacking":[\(lacking)],"sealing":["m1"]}
        """
    }

    private static let made = """
        {"id":2,"fingerprint":"0223456789abcdef","state":"waiting","version":3,"new":true}
        """

    @Test func `each step of a change of keys names the next`() async throws {
        let first = Self.key(1, "used", added: "null")
        let adding = FakeWorld(
            answer: Canned.routes([
                "POST /v1/cluster/keys": Canned.json(Self.made, status: 201),
                "GET /v1/cluster/keys": Self.keys(first, Self.key(2, "waiting")),
            ])
        )
        #expect(await adding.rota("cluster", "key", "list") == .done)
        #expect(await adding.rota("cluster", "key", "add", "--forget", "n3") == .done)
        let using = FakeWorld(
            answer: Canned.routes([
                "POST /v1/cluster/keys/2:use": Canned.json(Self.made),
                "GET /v1/cluster/keys": Self.keys(Self.key(1, "retired"), Self.key(2, "used")),
                "DELETE /v1/cluster/keys/1": Canned.json("{\"id\":1,\"version\":5,\"use\":2}"),
            ])
        )
        #expect(await using.rota("cluster", "key", "use", "2") == .done)
        #expect(await using.rota("cluster", "key", "rm", "1") == .refused)
        #expect(await using.rota("cluster", "key", "rm", "1", "-y") == .done)
        try expectGolden(adding.transcript + using.transcript, named: "cluster-keys.txt")
    }

    @Test func `what cannot be done with keys is said with what to do`() async throws {
        let late = FakeWorld(
            answer: Canned.routes([
                "POST /v1/cluster/keys": Canned.json(Self.made, status: 201),
                "GET /v1/cluster/keys": Self.keys(
                    Self.key(1, "used"),
                    Self.key(2, "waiting", lacking: "\"n2\"")
                ),
                "POST /v1/cluster/keys/2:use": Canned.problem(
                    409,
                    "In conflict with the present state",
                    detail: "Key 2 is not on every member that is there: n2 (no answer).",
                    hint: "rota cluster key list, until none lacks it"
                ),
            ])
        )
        #expect(await late.rota("cluster", "key", "list") == .done)
        #expect(await late.rota("cluster", "key", "use", "2") == .conflict)
        #expect(await late.rota("cluster", "key", "use", "zwei") == .usage)
        #expect(await late.rota("cluster", "key", "rm", "256", "--yes") == .usage)
        #expect(await late.rota("cluster", "key", "add", "-q") == .done)
        let asked = late.calls.count { $0.method == "GET" }
        #expect(asked == 41)
        // Forty looks at the list are one line here.
        let lines = late.transcript.split(separator: "\n", omittingEmptySubsequences: false)
        var told: [Substring] = []
        for line in lines where line != told.last || line.isEmpty { told.append(line) }
        try expectGolden(told.joined(separator: "\n"), named: "cluster-keys-refused.txt")
    }
}
