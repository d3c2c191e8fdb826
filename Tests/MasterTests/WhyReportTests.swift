import Gossip
import LockLease
import TestSupport
import Testing
import Vocabulary

@testable import Master

/// One job that is due every minute, and what may have become of 00:10 on 1 January 2026.
@Suite struct `Why` {
    let job = UID("00000000000000000000000000000001")
    let day = Instant(unixSeconds: 1_767_225_600)

    private func at(_ minutes: Int64, _ milliseconds: Int64 = 0) -> Instant {
        day.advanced(by: .milliseconds(minutes * 60_000 + milliseconds))
    }

    private func facts(_ change: (inout WhyFacts) -> Void = { _ in }) -> WhyFacts {
        let spec = JobSpec(task: .shell(ShellTask(command: "true")), schedule: "* * * * *")
        var facts = WhyFacts(
            now: at(20),
            at: at(10),
            name: "etl/orders",
            job: Job(spec: spec),
            createdAt: at(0),
            updatedAt: at(0),
            author: "li",
            clock: WhyFacts.Clock(schedule: "* * * * *", zone: "UTC", words: "every minute"),
            before: at(9),
            after: at(11),
            next: at(21),
            cursor: at(19),
            living: [SessionID(1)],
            placement: Placement(
                [
                    .init(node: NodeName("n2"), obstacle: nil),
                    .init(node: NodeName("n3"), obstacle: nil),
                    .init(node: NodeName("n4"), obstacle: "does not match where: gpu=1"),
                    .init(node: NodeName("n1"), obstacle: "is not alive"),
                ],
                ranking: ["n1", "n2", "n3", "n4"].map(NodeName.init)
            )
        )
        change(&facts)
        return facts
    }

    private func run(
        _ state: RunState,
        on node: String = "n1",
        attempt: Int = 1,
        after delay: Int64 = 12,
        cause: Cause = .schedule
    ) -> RunRecord {
        RunRecord(
            id: RunID("01R\(attempt)"),
            key: RunKey(job: job, instant: at(10), attempt: attempt),
            name: ObjectKey(tenant: "default", kind: .job, name: "etl/orders"),
            cause: cause,
            fence: Fence(1),
            revision: Revision(epoch: 1, sequence: 1),
            node: NodeName(node),
            session: SessionID(1),
            state: state,
            claimedAt: at(10, delay),
            finishedAt: state.isOpen ? nil : at(10, delay + 500),
            exit: state == .succeeded ? .code(0) : nil
        )
    }

    private func skip(_ reason: SkipReason, count: Int = 3) -> SkipRange {
        SkipRange(from: at(8), through: at(11), count: count, reason: reason)
    }

    private func trigger(_ cause: Cause, attempt: Int = 1) -> Trigger {
        Trigger(
            id: TriggerID(1),
            key: RunKey(job: job, instant: at(10), attempt: attempt),
            name: ObjectKey(tenant: "default", kind: .job, name: "etl/orders"),
            cause: cause,
            notBefore: at(21)
        )
    }

    /// Every verdict there is, as people read it.
    @Test func `has a text for each verdict`() throws {
        var text = ""
        var seen: Set<WhyVerdict> = []
        func tell(_ title: String, _ change: (inout WhyFacts) -> Void) {
            let report = WhyReport(facts(change))
            seen.insert(report.verdict)
            let late = report.lateness.map { ", \(DurationText.format($0)) late" } ?? ""
            let setting = report.setting.map { ", by \($0)" } ?? ""
            text += "# \(title): \(report.verdict.rawValue)\(late)\(setting)\n"
            text += report.lines.joined(separator: "\n") + "\n\n"
        }
        for (title, change) in ran + waited + unrun + unknown { tell(title, change) }
        for reason in SkipReason.allCases {
            tell("skipped as \(reason.rawValue)") { facts in
                facts.skip = skip(reason, count: reason == .history ? 0 : 3)
                if reason == .limit { facts.job.spec.misfire = .all(limit: 3) }
                if reason == .store { facts.job.spec.storeLoss = .skip }
                if reason == .superseded { facts.job.spec.overlap = .replace }
            }
        }
        for (title, change) in overlaps { tell(title, change) }
        #expect(seen == Set(WhyVerdict.allCases))
        try expectGolden(text, named: "why.txt")
    }

    private typealias Case = (title: String, change: (inout WhyFacts) -> Void)

    private var ran: [Case] {
        [
            ("on time", { $0.runs = [run(.succeeded)] }),
            ("still under way", { $0.runs = [run(.open)] }),
            ("by the second in the ranking", { $0.runs = [run(.succeeded, on: "n2", after: 271)] }),
            (
                "caught up",
                { $0.runs = [run(.succeeded, on: "n2", after: 200_000, cause: .catchUp)] }
            ),
            (
                "lost and tried again",
                {
                    $0.runs = [
                        run(.lost),
                        run(
                            .failed,
                            on: "n2",
                            attempt: 2,
                            after: 9_000,
                            cause: .nodeLoss(of: RunID("01R1"))
                        ),
                    ]
                    $0.waiting = [trigger(.retry(of: RunID("01R2")), attempt: 3)]
                }
            ),
            (
                "with its node gone",
                {
                    $0.runs = [run(.open)]
                    $0.living = []
                }
            ),
            (
                "skipped, and backfilled since",
                {
                    $0.skip = skip(.misfire)
                    $0.runs = [
                        run(.succeeded, on: "n3", after: 500_000, cause: .backfill(by: "ann"))
                    ]
                }
            ),
        ]
    }

    private var waited: [Case] {
        [
            ("in the queue", { $0.waiting = [trigger(.queued)] }),
            ("in a backfill", { $0.waiting = [trigger(.backfill(by: "ann"))] }),
            (
                "to come",
                {
                    $0.now = at(5)
                    $0.next = at(6)
                }
            ),
            (
                "to come, with nobody to run it",
                {
                    $0.now = at(5)
                    $0.placement = Placement([
                        .init(node: NodeName("n1"), obstacle: "is draining")
                    ])
                }
            ),
            (
                "to come, and paused",
                {
                    $0.now = at(5)
                    $0.job.pause = Pause(reason: "schema change", since: at(4))
                    $0.clock.isPaused = true
                    $0.next = nil
                }
            ),
            (
                "due and not claimed",
                {
                    $0.now = at(10, 700)
                    $0.cursor = at(9)
                }
            ),
        ]
    }

    private var unrun: [Case] {
        [
            (
                "nothing was due",
                {
                    $0.calling = .notDue
                    $0.at = at(10, 30_000)
                    $0.before = at(10)
                }
            ),
            (
                "only by hand",
                {
                    $0.calling = .noSchedule
                    $0.clock = WhyFacts.Clock(schedule: nil, zone: "UTC", words: "only by hand")
                    $0.before = nil
                    $0.after = nil
                    $0.next = nil
                }
            ),
            (
                "taken out by a calendar",
                {
                    $0.calling = .takenOut
                    $0.calendars = ["freeze: Thu 2026-01-01 is one of its days: left out"]
                    $0.skip = skip(.misfire)
                }
            ),
            (
                "before the job",
                {
                    $0.at = at(-10)
                    $0.before = nil
                }
            ),
            (
                "in an era that an edit ended",
                {
                    $0.clock.until = at(15)
                    $0.clock.isGuessed = true
                    $0.updatedAt = at(15)
                    $0.skip = skip(.limit)
                }
            ),
            (
                "skipped in a pause that lasts",
                {
                    $0.job.pause = Pause(reason: "", since: at(4), until: at(30))
                    $0.skip = skip(.paused)
                }
            ),
            (
                "in a pause, and not decided yet",
                {
                    $0.clock.isPaused = true
                    $0.cursor = at(3)
                }
            ),
        ]
    }

    private var unknown: [Case] {
        [
            ("pruned for their number", { _ in }),
            ("pruned for its age", { $0.now = at(60 * 24 * 40) }),
            (
                "of a deleted job",
                {
                    $0.isDeleted = true
                    $0.calling = .noSchedule
                    $0.clock.schedule = nil
                    $0.updatedAt = at(15)
                    $0.next = nil
                }
            ),
            (
                "run before its job was deleted",
                {
                    $0.isDeleted = true
                    $0.calling = .noSchedule
                    $0.clock.schedule = nil
                    $0.runs = [run(.succeeded)]
                    $0.next = nil
                }
            ),
        ]
    }

    private var overlaps: [Case] {
        let policies: [OverlapPolicy] = [.queue, .allow(limit: 3), .replace]
        return policies.map { policy in
            (
                "skipped under \(policy)",
                { facts in
                    facts.job.spec.overlap = policy
                    facts.skip = SkipRange(
                        from: at(10, -1),
                        through: at(10),
                        count: 1,
                        reason: .overlap
                    )
                    facts.rival = run(.succeeded)
                }
            )
        }
    }

    @Test func `on time is less than it takes the second to try`() {
        let punctual = facts { $0.runs = [run(.succeeded, after: 200)] }
        #expect(WhyReport(punctual).verdict == .ran)
        let late = facts { $0.runs = [run(.succeeded, after: 201)] }
        #expect(WhyReport(late).verdict == .late)
        #expect(WhyReport(late).lateness == .milliseconds(201))
    }
}

@Suite struct `A placement` {
    private func member(_ name: String, _ change: (inout Member) -> Void = { _ in }) -> Member {
        var member = Member(
            name: NodeName(name),
            role: .node,
            address: PeerAddress("127.0.0.1:1"),
            tags: ["gpu": "1"],
            standing: Standing(bootEpoch: 1, incarnation: 0, state: .alive)
        )
        change(&member)
        return member
    }

    @Test func `ranks as the nodes do, and says what keeps the others out`() {
        let job = UID("00000000000000000000000000000001")
        var spec = JobSpec(task: .shell(ShellTask(command: "true")))
        spec.selector.tags = ["gpu": "1"]
        let members = [
            member("n1"), member("n2") { $0.isDraining = true },
            member("n3") { $0.tags = [:] }, member("n4") { $0.standing.state = .failed },
            member("n5"), member("m1") { $0.role = .master },
        ]
        let placement = Placement(of: job, spec, among: members)
        let ranked = VirtualShard(of: job).ranked(["n1", "n5"].map(NodeName.init))
        #expect(placement.able == ranked)
        #expect(Set(placement.places.map(\.node.text)) == ["n1", "n2", "n3", "n4", "n5"])
        let whoNot = placement.words.whoNot
        for words in ["n2 is draining", "n3 does not match where: gpu=1", "n4 is not alive"] {
            #expect(whoNot.contains(words))
        }
        #expect(
            placement.words.who == "\(placement.able[0]) (first of 2), then \(placement.able[1])"
        )
        spec.selector.nodes = [NodeName("n5")]
        #expect(Placement(of: job, spec, among: members).words.who == "n5")
    }
}

@Suite struct `Merge patch` {
    /// RFC 7396, appendix A.
    @Test(
        arguments: [
            (["a": "b"], ["a": "c"], ["a": "c"]),
            (["a": "b"], ["b": "c"], ["a": "b", "b": "c"]),
            (["a": "b"], ["a": .null], [:]),
            (["a": "b", "b": "c"], ["a": .null], ["b": "c"]),
            (["a": ["b"]], ["a": "c"], ["a": "c"]),
            (["a": ["b": "c"]], ["a": ["b": "d", "c": .null]], ["a": ["b": "d"]]),
            (["a": "foo"], "bar", "bar"),
            (["e": .null], ["a": 1], ["e": .null, "a": 1]),
            (["a": "b"], ["c"], ["c"]),
        ] as [(Value, Value, Value)]
    )
    func `does what the RFC's table says`(target: Value, patch: Value, result: Value) {
        #expect(MergePatch.apply(patch, to: target) == result)
    }
}

@Suite struct `Diffs in words` {
    @Test func `name each field with both values`() {
        #expect(
            SpecDiff.lines(
                from: ["schedule": "*/15 * * * *", "retries": ["limit": 1]],
                to: ["schedule": "*/5 * * * *", "retries": ["limit": 1], "timeout": "10m"]
            ) == [
                "schedule: \"*/15 * * * *\" → \"*/5 * * * *\"", "timeout: (default) → \"10m\"",
            ]
        )
    }
}
