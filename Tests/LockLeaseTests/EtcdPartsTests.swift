import TestSupport
import Testing
import Vocabulary

@testable import LockLease

@Suite struct `The choice of an endpoint` {
    private func at(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(sinceBoot: .milliseconds(Int64(seconds * 1_000)))
    }

    @Test func `stays with the one that answers`() {
        var choice = EndpointChoice(["a", "b", "c"], first: 1)
        for _ in 0..<3 { #expect(choice.next(at: at(0)).name == "b") }
        #expect(choice.next(at: at(0)).isKnown == false)
        _ = choice.succeed("b", cluster: 7)
        #expect(choice.next(at: at(0)) == ("b", true))
    }

    @Test func `goes on when one fails, and asks it again only after a rest`() {
        var choice = EndpointChoice(["a", "b"], first: 0)
        _ = choice.succeed("a", cluster: 7)
        choice.fail("a", at: at(0), share: 1)
        #expect(choice.next(at: at(0)).name == "b")
        choice.fail("b", at: at(0), share: 0.5)
        // All rest: the one that is done first.
        #expect(choice.next(at: at(0)).name == "b")
        #expect(choice.next(at: at(1)) == ("b", false))
    }

    @Test func `rests longer with each failure in a row, up to a bound`() {
        var choice = EndpointChoice(["a", "b"], first: 0)
        for _ in 0..<30 { choice.fail("a", at: at(100), share: 1) }
        choice.fail("b", at: at(100), share: 1)
        #expect(choice.next(at: at(101)).name == "b")
        choice.fail("b", at: at(101), share: 1)
        #expect(choice.next(at: at(101)).name == "b")
        choice.fail("b", at: at(104), share: 1)
        choice.fail("b", at: at(104), share: 1)
        choice.fail("b", at: at(104.9), share: 1)
        #expect(choice.next(at: at(105.1)).name == "a")
    }

    @Test func `takes no answer of another cluster`() {
        var choice = EndpointChoice(["a", "b"], first: 0)
        let answers = [choice.succeed("a", cluster: 7), choice.succeed("b", cluster: 8)]
        #expect(answers == [true, false])
        #expect(choice.cluster == 7)
    }
}

@Suite struct `The witness of the gateway's clock` {
    let date = Instant(unixSeconds: 1_800_000_000)
    let sent = MonotonicInstant(sinceBoot: .seconds(50))

    @Test func `lets a clock be that is behind or barely ahead`() {
        var witness = ClockWitness()
        #expect(
            witness.bounded(date.advanced(by: .seconds(99)), at: sent)
                == date.advanced(by: .seconds(99))
        )
        witness.hear(date, ofRequestSentAt: sent)
        for ahead in [-3_600_000, 0, 999, 1_000] {
            let wall = date.advanced(by: .milliseconds(ahead))
            #expect(witness.bounded(wall, at: sent) == wall)
        }
    }

    @Test func `holds back a clock that is further ahead than the answer allows`() {
        var witness = ClockWitness()
        witness.hear(date, ofRequestSentAt: sent)
        let later = sent.advanced(by: .seconds(10))
        let wall = date.advanced(by: .seconds(86_400))
        #expect(witness.bounded(wall, at: later) == date.advanced(by: .seconds(11)))
    }

    @Test func `reads dates as HTTP writes them, and nothing else`() {
        #expect(
            Instant(httpDate: "Thu, 26 Nov 2026 01:05:41 GMT")
                == Instant(unixSeconds: 1_795_655_141)
        )
        #expect(Instant(httpDate: "Thu, 01 Jan 1970 00:00:00 GMT") == .epoch)
        for text in [
            "", "Thu, 26 Nov 2026 01:05:41 CET", "Thu, 31 Feb 2026 01:05:41 GMT",
            "Thu, 26 Nov 2026 25:05:41 GMT", "Thursday, 26-Nov-26 01:05:41 GMT",
            "Thu, 26 Now 2026 01:05:41 GMT", "Thu, 26 Nov 99999 01:05:41 GMT",
        ] { #expect(Instant(httpDate: text) == nil, "\(text)") }
    }
}

@Suite struct `The setting of an etcd store` {
    @Test func `names members, prefix, user and files`() throws {
        let settings = try EtcdSettings(
            url: "etcd://ann:p%40ss:w@10.0.0.1:2379,host-b:9999,[::1]:7/rota/two"
                + "?tls=true&ca=/etc/ca.pem&cert=/etc/c.pem&key=/etc/k.pem&quota=1000000"
        )
        #expect(settings.endpoints == ["10.0.0.1:2379", "host-b:9999", "[::1]:7"])
        #expect(settings.prefix == "rota/two")
        #expect(settings.user == "ann" && settings.password == "p@ss:w")
        #expect(settings.isEncrypted && settings.quotaBytes == 1_000_000)
        #expect(settings.url(of: "[::1]:7", "/v3") == "https://[::1]:7/v3")
        #expect(settings.authorityFile == "/etc/ca.pem" && settings.keyFile == "/etc/k.pem")
    }

    @Test func `has defaults, and etcds for encryption`() throws {
        let plain = try EtcdSettings(url: "etcd://localhost/rota")
        #expect(plain.endpoints == ["localhost:2379"])
        #expect(!plain.isEncrypted && plain.user == nil)
        #expect(try EtcdSettings(url: "etcds://h:1/rota").isEncrypted)
        #expect(plain.historyKept == .seconds(300))
        #expect(try EtcdSettings(url: "etcd://h:1/rota?compact=false").historyKept == nil)
    }

    @Test(arguments: [
        ("etcd://h:2379", "no prefix"), ("etcd://h:2379/", "no prefix"),
        ("etcd://h:2379/a//b", "no prefix"), ("etcd://h:2379/a b", "no prefix"),
        ("etcd:///rota", "is no host:port"), ("etcd://h:0/rota", "no port"),
        ("etcd://h:70000/rota", "no port"), ("etcd://h:x/rota", "no port"),
        ("etcd://a,,b/rota", "is no host:port"), ("etcd://a b:1/rota", "is no host:port"),
        ("etcd://h/rota?tls=maybe", "write true or false"),
        ("etcd://h/rota?x=1", "no option is called x"),
        ("etcd://h/rota?ca=/a.pem", "need encryption"),
        ("etcds://h/rota?ca=a.pem", "absolute path"),
        ("etcds://h/rota?key=/k.pem", "no cert"), ("etcd://h/rota?tls", "name=value"),
        ("etcd://u%zz:secret@h/rota", "cannot be read"), ("etcd://h/rota?quota=-1", "in bytes"),
        ("http://u:secret@h/rota", "no etcd:// setting"),
    ])
    func `that cannot be read is told so, without its password`(url: String, part: String) {
        do {
            _ = try EtcdSettings(url: url)
            Issue.record("\(url) was read")
        } catch {
            #expect(error.description.contains(part), "\(error)")
            #expect(error.description.contains("Write it as in etcd://"))
            #expect(!error.description.contains("secret"))
        }
    }
}

@Suite struct `Keys and values of the etcd store` {
    let keys = StoreKeys(prefix: "p")

    @Test func `sort as what they stand for`() {
        let numbers: [Int64] = [.min, -5, -1, 0, 1, 255, 256, .max]
        let instants = numbers.map {
            keys.skip(of: UID("u"), through: Instant(unixMilliseconds: $0))
        }
        #expect(instants == instants.sorted())
        let ids = ["run-1", "run-12", "run-2", "s"].map { RunID($0) }
        // Newest first.
        #expect(ids.map(keys.run) == ids.map(keys.run).sorted().reversed())
        #expect(keys.due(TriggerID(9), at: .epoch) < keys.due(after: .epoch))
        #expect(keys.due(after: .epoch) <= keys.due(TriggerID(0), at: Instant(unixMilliseconds: 1)))
    }

    @Test func `are read back`() throws {
        #expect(try keys.runID(of: keys.run(RunID("01ABC"))) == RunID("01ABC"))
        let (uid, rest) = try keys.jobAndRest(
            keys.closed(RunID("x"), of: UID("u")),
            under: keys.closed
        )
        #expect(uid == UID("u"))
        #expect(try keys.runID(rest) == RunID("x"))
        #expect(try keys.lastNumber(keys.living(SessionID(77))) == 77)
        #expect(throws: UnreadableValue.self) { try keys.lastNumber(EtcdKey("p/s/xyz")) }
        #expect(throws: UnreadableValue.self) {
            try keys.jobAndRest(EtcdKey("p/j/u"), under: keys.jobs)
        }
    }

    @Test func `take few bytes for small numbers and read all of them`() throws {
        var writer = CompactWriter()
        let numbers: [Int64] = [0, 1, -1, 63, -64, 64, 300, .max, .min]
        for number in numbers { writer.put(number) }
        #expect(writer.bytes.prefix(5) == [0, 2, 1, 126, 127])
        var reader = CompactReader(writer.bytes)
        let read = try numbers.map { _ in try reader.number() }
        #expect(read == numbers)
        #expect(reader.isAtEnd)
    }

    @Test(.tags(.randomized))
    func `that are cut or spoilt are refused or read as something, and never trap`() throws {
        let run = StoredRun(
            record: RunRecord(
                id: RunID("r"),
                key: RunKey(job: UID("u"), instant: .epoch, attempt: 2),
                name: Bench.key("job"),
                cause: .retry(of: RunID("q")),
                fence: Fence(7),
                revision: Revision(epoch: 1, sequence: 2),
                node: NodeName("n"),
                session: SessionID(3),
                state: .failed,
                claimedAt: .epoch,
                finishedAt: Bench.start,
                exit: .code(3),
                reason: "because",
                kill: KillOrder(
                    run: RunID("r"),
                    author: "a",
                    grace: .seconds(1),
                    requestedAt: .epoch
                )
            ),
            lineage: Lineage(isByHand: true, retries: 1, losses: 0),
            retry: TriggerID(9)
        )
        #expect(try StoredRun(RunID("r"), run.bytes) == run)
        var random = SeededGenerator(seed: 2)
        for length in run.bytes.indices {
            let part = Array(run.bytes[..<length])
            #expect(throws: UnreadableValue.self) { try StoredRun(RunID("r"), part) }
        }
        for _ in 0..<20_000 {
            var bytes = run.bytes
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
                in: 0...255,
                using: &random
            )
            _ = try? StoredRun(RunID("r"), bytes)
            _ = try? GateValue(bytes)
            _ = try? CursorValue(bytes)
            _ = try? ChangeBatch(bytes)
            _ = try? RememberedValue(bytes)
        }
    }

    @Test func `of a claim are cut by jobs and runs alone, so that a repetition is cut alike`() {
        func item(_ job: Int, runs: Int) -> ClaimItem {
            ClaimItem(
                job: UID("\(job)"),
                revision: .zero,
                subject: .instants(
                    from: .epoch,
                    to: Bench.start,
                    runs: (0..<runs).map {
                        PlannedRun(instant: .epoch, run: RunID("\($0)"), cause: .schedule)
                    },
                    skips: []
                )
            )
        }
        #expect(ClaimParts([]).ranges == [0..<0])
        #expect(
            ClaimParts((0..<250).map { item($0, runs: 1) }).ranges == [
                0..<84, 84..<168, 168..<250,
            ]
        )
        // Many items of one job stay together as long as their runs fit.
        #expect(ClaimParts((0..<250).map { _ in item(1, runs: 1) }).ranges == [0..<250])
        let apart = (0..<250).map { item($0, runs: 1) }
        #expect(!ClaimParts(apart).shareJobs)
        #expect(ClaimParts(apart + [item(0, runs: 1)]).shareJobs)
        #expect(ClaimParts([item(1, runs: 5_000), item(2, runs: 1)]).ranges == [0..<1, 1..<2])
    }
}
