// Transcripts of one run's life: every way it can end.

import PeerNode
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct RunMachineTests {
    let start = MonotonicInstant(sinceBoot: .seconds(1_000))

    /// Feeds `events`, given in milliseconds since the start, to a machine; a line per action.
    func transcript(
        timeout: Duration? = nil,
        expectedStatus: [ClosedRange<Int>] = [],
        _ events: [(Int, RunMachine.Event)]
    ) -> [String] {
        var rules = RunMachine.Rules()
        rules.timeout = timeout
        rules.expectedStatus = expectedStatus
        var machine = RunMachine(rules)
        return events.flatMap { milliseconds, event in
            let now = start.advanced(by: .milliseconds(milliseconds))
            return machine.handle(event, at: now).map { "\(milliseconds) \(words($0))" }
        }
    }

    func words(_ action: RunMachine.Action) -> String {
        switch action {
        case .start: "start"
        case .end(.terminate): "TERM"
        case .end(.kill): "KILL"
        case .checkTree: "check"
        case .closeOutput: "close output"
        case .note(let text): "note: \(text)"
        case .wake(let due): "wake at \(start.duration(to: due).milliseconds)"
        case .finish(let state, let exit, let reason):
            "\(state.rawValue), \(exit?.description ?? "no status")"
                + (reason.isEmpty ? "" : ": \(reason)")
        }
    }

    let killed = RunMachine.Event.kill(author: "ann", grace: nil)

    @Test func `a run that ends by itself finishes when its processes and its output are gone`() {
        #expect(
            transcript([
                (0, .granted), (0, .started), (500, .ended(.exit(.code(0)))), (501, .treeGone),
                (502, .outputClosed),
            ]) == [
                "0 start", "500 check", "500 wake at 2500", "500 wake at 550",
                "502 succeeded, exit 0",
            ]
        )
    }

    @Test func `output may close and processes go in any order`() {
        let orders: [[RunMachine.Event]] = [
            [.outputClosed, .ended(.exit(.code(0))), .treeGone],
            [.ended(.exit(.code(0))), .outputClosed, .treeGone],
            [.ended(.exit(.code(0))), .treeGone, .outputClosed],
        ]
        for order in orders {
            let lines = transcript([(0, .granted), (0, .started)] + order.map { (9, $0) })
            #expect(lines.last == "9 succeeded, exit 0", "\(order)")
        }
    }

    @Test(arguments: [
        (Vocabulary.ExitStatus.code(0), "succeeded, exit 0"),
        (.code(3), "failed, exit 3: exit 3"),
        (.code(127), "failed, exit 127: exit 127: the shell found no such command"),
        (.signal(11), "failed, signal 11: ended by signal 11, which Rota did not send"),
        (.httpStatus(204), "succeeded, HTTP 204"),
        (.httpStatus(503), "failed, HTTP 503: HTTP 503; what counts as success is 200 to 299"),
    ])
    func `the exit decides`(status: Vocabulary.ExitStatus, verdict: String) {
        let lines = transcript([
            (0, .granted), (0, .started), (1, .outputClosed), (1, .ended(.exit(status))),
            (1, .treeGone),
        ])
        #expect(lines.last == "1 \(verdict)")
    }

    @Test func `a job says which HTTP statuses count as success`() {
        for (status, isSuccess) in [(404, true), (200, false), (410, true)] {
            let lines = transcript(
                expectedStatus: [404...404, 410...410],
                [
                    (0, .granted), (0, .started), (1, .outputClosed),
                    (1, .ended(.exit(.httpStatus(status)))), (1, .treeGone),
                ]
            )
            #expect(lines.last?.hasPrefix("1 succeeded") == isSuccess, "HTTP \(status)")
        }
    }

    @Test func `a task that cannot be started has failed, and says why`() {
        #expect(
            transcript([(0, .granted), (0, .startFailed("no shell")), (1, .started), (2, killed)])
                == ["0 start", "0 note: no shell", "0 failed, no status: no shell"]
        )
    }

    @Test func `a timeout goes the ladder, and TERM suffices`() {
        #expect(
            transcript(
                timeout: .seconds(5),
                [
                    (0, .granted), (0, .started), (4_999, .deadlineReached),
                    (5_000, .deadlineReached), (5_100, .ended(.exit(.code(0)))), (5_101, .treeGone),
                    (5_102, .outputClosed),
                ]
            ) == [
                "0 start", "0 wake at 5000", "5000 note: took longer than its timeout of 5s",
                "5000 TERM", "5000 wake at 15000", "5100 check", "5100 wake at 5150",
                "5101 wake at 6101",
                "5102 timed-out, exit 0: took longer than its timeout of 5s",
            ]
        )
    }

    @Test func `who ignores TERM is sent KILL until nobody is left`() {
        #expect(
            transcript([
                (0, .granted), (0, .started), (100, killed), (10_100, .deadlineReached),
                (10_110, .ended(.exit(.signal(9)))), (10_120, .treeAlive),
                (10_160, .deadlineReached), (10_170, .treeGone), (10_171, .outputClosed),
            ]) == [
                "0 start", "100 note: killed by ann", "100 TERM", "100 wake at 10100",
                "10100 note: still there after its grace; sending KILL", "10100 KILL",
                "10100 wake at 20100", "10100 wake at 10150", "10110 check", "10110 wake at 10160",
                "10160 KILL", "10160 check", "10160 wake at 10210", "10170 wake at 11170",
                "10171 killed, signal 9: killed by ann; "
                    + "it did not end on TERM within 10s and was sent KILL",
            ]
        )
    }

    @Test func `a kill order may bring its own grace, and none at all`() {
        let lines = transcript([
            (0, .granted), (0, .started), (5, .kill(author: "bob", grace: .zero)),
        ])
        #expect(
            lines == [
                "0 start", "5 note: killed by bob", "5 KILL", "5 wake at 10005", "5 wake at 55",
            ]
        )
    }

    @Test func `a second order can only hurry, and the first cause stands`() {
        let lines = transcript([
            (0, .granted), (0, .started), (0, killed),
            (10, .kill(author: "bob", grace: .seconds(60))),
            (20, .kill(author: "bob", grace: .seconds(1))),
            (30, .sessionLost(grace: nil)), (1_020, .deadlineReached),
            (1_021, .ended(.exit(.signal(9)))),
            (1_022, .outputClosed), (1_023, .treeGone),
        ])
        #expect(lines.contains("20 wake at 1020"))
        #expect(lines.contains("1020 KILL"))
        #expect(lines.last?.hasPrefix("1023 killed, signal 9: killed by ann") == true)
    }

    @Test func `a kill during the start takes hold as soon as there is something to end`() {
        #expect(
            transcript([(0, .granted), (1, killed), (2, .started), (3, .deadlineReached)])
                == ["0 start", "2 note: killed by ann", "2 TERM", "2 wake at 10002"]
        )
    }

    @Test func `a run killed before its start never starts`() {
        #expect(
            transcript([(0, killed), (1, .granted), (2, .started)])
                == ["0 note: killed by ann", "0 killed, no status: killed by ann"]
        )
    }

    @Test func `a kill after the exit changes no outcome`() {
        let lines = transcript([
            (0, .granted), (0, .started), (1, .ended(.exit(.code(0)))), (2, .treeAlive),
            (3, killed), (4, .treeGone), (5, .outputClosed), (6, killed),
        ])
        #expect(lines.last == "5 succeeded, exit 0")
        #expect(lines.contains("3 TERM"))
    }

    @Test func `a lost session and a stopped node make a run lost`() {
        for (event, reason) in [
            (RunMachine.Event.sessionLost(grace: nil), "its node lost its session in the store"),
            (.shutdown(patience: .zero), "its node was stopped"),
        ] {
            let lines = transcript([
                (0, .granted), (0, .started), (1, event), (2, .outputClosed),
                (2, .ended(.exit(.signal(15)))), (2, .treeGone),
            ])
            #expect(lines.contains("1 TERM"))
            #expect(lines.last == "2 lost, signal 15: \(reason)")
        }
    }

    @Test func `a stopping node lets runs go on as long as it has patience`() {
        let shutdown = RunMachine.Event.shutdown(patience: .seconds(3))
        let patient = transcript([
            (0, .granted), (0, .started), (1, shutdown), (2_000, .ended(.exit(.code(0)))),
            (2_001, .treeGone), (2_002, .outputClosed), (3_001, .deadlineReached),
        ])
        #expect(patient.last == "2002 succeeded, exit 0")
        let late = transcript([
            (0, .granted), (0, .started), (1, shutdown), (3_001, .deadlineReached),
        ])
        #expect(late.contains("3001 TERM"))
    }

    @Test func `what the task left behind may print on for a while and is then ended`() {
        let lines = transcript([
            (0, .granted), (0, .started), (0, .ended(.exit(.code(0)))), (1, .treeAlive),
            (50, .deadlineReached), (51, .treeAlive), (2_000, .deadlineReached),
            (3_000, .deadlineReached), (3_050, .deadlineReached), (3_051, .treeGone),
            (3_052, .outputClosed),
        ])
        #expect(lines.filter { $0.contains("check") } == ["0 check", "50 check", "3050 check"])
        #expect(
            lines.filter { !$0.contains("wake") && !$0.contains("check") } == [
                "0 start", "2000 note: the task is over; processes that it left behind are ended",
                "2000 TERM", "3000 note: still there after its grace; sending KILL", "3000 KILL",
                "3050 KILL", "3052 succeeded, exit 0",
            ]
        )
    }

    @Test func `a pipe held outside the session delays the end for a short while only`() {
        let held = "the output is still held open by a process outside the run; not read on"
        let ended = transcript([
            (0, .granted), (0, .started), (0, .ended(.exit(.code(0)))), (1, .treeGone),
            (1_999, .deadlineReached), (2_000, .deadlineReached),
        ])
        #expect(
            ended.suffix(3) == [
                "2000 close output", "2000 note: \(held)", "2000 succeeded, exit 0",
            ]
        )
        let killed = transcript([
            (0, .granted), (0, .started), (0, killed), (10, .ended(.exit(.signal(15)))),
            (11, .treeGone), (1_011, .deadlineReached),
        ])
        #expect(killed.last == "1011 killed, signal 15: killed by ann")
    }

    @Test func `processes that survive KILL are given up in the end, and said to be there`() {
        let lines = transcript([
            (0, .granted), (0, .started), (0, killed), (10_000, .deadlineReached),
            (20_000, .deadlineReached), (20_001, .treeGone), (20_002, .ended(.exit(.signal(9)))),
        ])
        #expect(lines.last?.hasPrefix("20000 killed, no status: killed by ann") == true)
        #expect(lines.last?.hasSuffix("processes of this run did not end after KILL") == true)
    }

    @Test(.tags(.randomized))
    func `any order of events ends in one report, and the waiting is bounded`() {
        for seed in UInt64(0)..<3_000 {
            var random = SeededGenerator(seed: seed)
            var rules = RunMachine.Rules()
            rules.timeout = random.next() % 2 == 0 ? .seconds(30) : nil
            var machine = RunMachine(rules)
            var now = start
            var finishes = 0
            var wakes: [MonotonicInstant] = []
            let handle = { (event: RunMachine.Event) in
                for action in machine.handle(event, at: now) {
                    if case .finish = action { finishes += 1 }
                    if case .wake(let due) = action { wakes.append(due) }
                }
            }
            handle(.granted)
            for _ in 0..<random.next() % 12 {
                now = now.advanced(by: .milliseconds(Int64(random.next() % 3_000)))
                handle(Self.event(using: &random))
            }
            // From here on the world is silent but for the clock: a kill still ends it.
            handle(.started)
            handle(.kill(author: "x", grace: nil))
            for _ in 0..<2_000 where finishes == 0 {
                let next = wakes.filter { $0 > now }.min()
                now = next ?? now.advanced(by: .seconds(1))
                handle(.deadlineReached)
            }
            #expect(finishes == 1, "seed \(seed)")
            #expect(machine.isFinished, "seed \(seed)")
        }
    }

    static func event(using random: inout SeededGenerator) -> RunMachine.Event {
        let events: [RunMachine.Event] = [
            .granted, .started, .startFailed("x"), .ended(.exit(.code(0))), .ended(.failed("y")),
            .outputClosed, .treeGone, .treeAlive, .kill(author: "a", grace: .zero),
            .sessionLost(grace: nil),
            .shutdown(patience: .seconds(1)), .deadlineReached, .deadlineReached,
        ]
        return events[Int(random.next() % UInt64(events.count))]
    }
}
