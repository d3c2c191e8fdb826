import LockLease
import Scheduler
import Testing
import Vocabulary

@Suite struct `One scheduler` {
    private let uid = UID("job")
    private let shard = VirtualShard(of: UID("job"))

    private func entry(
        every period: Int = 10,
        revision: UInt64 = 1,
        _ change: (inout Job) -> Void = { _ in }
    ) -> JobEntry {
        Transcript.entry(every: period, revision: revision, change)
    }

    private func time(_ seconds: Double) -> Instant { Transcript.instant(seconds) }

    @Test func `that goes first claims at the instant, starts what was won, and tells the others`()
    {
        var node = Transcript.node()
        #expect(node.at(1, .put([entry()])) == "wake 10")
        #expect(node.at(9.999, .deadlineReached) == "wake 10")
        #expect(node.at(10, .deadlineReached) == "claim c1: job 1→10 +10; wake 11")
        #expect(node.at(10.02, won: "c1") == "start job 10; settle 10; wake 20")
        #expect(node.at(20, .deadlineReached) == "claim c2: job 10→20 +20; wake 21")
    }

    @Test func `reads the cursors of jobs that were there before it`() {
        var node = Transcript.node()
        let old = Transcript.entry(created: -100)
        #expect(node.at(1, .put([old])) == "read job; wake 1.001")
        #expect(node.at(1.01, .cursors([uid: time(0)])) == "wake 10")
        #expect(node.at(10, .deadlineReached) == "claim c1: job 0→10 +10; wake 11")
    }

    @Test func `that goes second waits a stagger, reads, and claims what is still behind`() {
        var node = Transcript.node(1, of: 2)
        #expect(node.at(1, .put([entry()])) == "wake 10")
        let turn = node.at(10, .deadlineReached)
        #expect(turn.hasPrefix("wake 10.2") || turn.hasPrefix("wake 10.3"))
        #expect(node.at(10.249, .deadlineReached) == turn)
        #expect(node.at(10.313, .deadlineReached) == "read job; wake 11.313")
        let claim = node.at(10.32, .cursors([uid: time(1)]))
        #expect(claim == "claim c1: job 1→10 +10; wake 11.320")
        #expect(node.at(10.33, won: "c1") == "start job 10; wake 20")
    }

    @Test func `that goes second lets go when the first was there`() {
        var node = Transcript.node(1, of: 2)
        _ = node.at(1, .put([entry()]))
        _ = node.at(10, .deadlineReached)
        _ = node.at(10.313, .deadlineReached)
        #expect(node.at(10.32, .cursors([uid: time(10)])) == "wake 20")
    }

    @Test func `that goes second does nothing at all once the shard is settled`() {
        var node = Transcript.node(1, of: 2)
        _ = node.at(1, .put([entry()]))
        _ = node.at(10, .deadlineReached)
        let note = SettledNote(shard: shard, through: time(10))
        _ = node.at(10.05, .settled([note]))
        #expect(node.at(10.32, .deadlineReached) == "wake 20")
    }

    @Test func `believes no note about a job that not every node may run`() {
        var node = Transcript.node(1, of: 2)
        let pinned = entry { $0.spec.selector.nodes = ["node-0", "node-1"].map { NodeName($0) } }
        _ = node.at(1, .put([pinned]))
        _ = node.at(10, .deadlineReached)
        _ = node.at(10.05, .settled([SettledNote(shard: shard, through: time(10))]))
        #expect(node.at(10.32, .deadlineReached) == "read job; wake 11.320")
    }

    @Test func `a note from the future settles no more than a second ahead`() {
        var node = Transcript.node(1, of: 2)
        _ = node.at(1, .put([entry()]))
        _ = node.at(2, .settled([SettledNote(shard: shard, through: time(1_000))]))
        _ = node.at(10, .deadlineReached)
        #expect(node.at(10.32, .deadlineReached) == "read job; wake 11.320")
    }

    @Test func `that may not run a job leaves it alone`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry { $0.spec.selector.tags = ["disk": "ssd"] }]))
        #expect(node.at(10, .deadlineReached) == "wake 20")
        let me = Candidate(name: NodeName("node-0"), tags: ["disk": "ssd"])
        _ = node.at(11, .members([me]))
        // Nobody was there at 10; the audit after the change finds that.
        #expect(node.at(12, .deadlineReached) == "read job; wake 13")
        #expect(node.at(12.01, .cursors([uid: time(1)])) == "claim c1: job 1→10 +10; wake 13.010")
    }

    @Test func `repairs its cursor from what another has taken`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry()]))
        _ = node.at(10, .deadlineReached)
        let line = node.at(10.02, won: "c1") { _ in [.taken(cursor: time(5))] }
        #expect(line == "claim c2: job 5→10 +10; wake 11.020")
        let next = node.at(10.04, won: "c2") { _ in [.taken(cursor: time(10))] }
        #expect(next == "settle 10; wake 20")
    }

    @Test func `believes the store also when its cursor is behind what was believed`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry()]))
        _ = node.at(10, .deadlineReached)
        let line = node.at(10.02, won: "c1") { _ in [.taken(cursor: time(-5))] }
        #expect(line == "claim c2: job -5→10 --5..0×1 misfire +10; wake 11.020")
    }

    @Test func `sends an unknown claim again as it was, a refused one afresh`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry()]))
        _ = node.at(10, .deadlineReached)
        let first = node.request("c1")
        #expect(node.at(10.01, .claimUnknown(first)).hasPrefix("wake 10.0"))
        #expect(node.at(10.1, .deadlineReached) == "claim c1: job 1→10 +10; wake 11.100")
        #expect(node.at(10.11, won: "c1").contains("start job"))
        _ = node.at(20, .deadlineReached)
        #expect(node.at(20.01, .claimRefused(node.request("c2"))).hasPrefix("read job"))
        let read = node.at(20.02, .cursors([uid: time(10)]))
        let later = node.at(20.4, .deadlineReached)
        #expect((read + later).contains("claim c3: job 10→20 +20"))
        #expect(node.request("c3") != node.request("c2"))
    }

    @Test func `keeps asking what became of an unknown claim, though a repetition was refused`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry()]))
        _ = node.at(10, .deadlineReached)
        let first = node.request("c1")
        // It was taken, its answer lost, and now the store is away.
        _ = node.at(10.01, .claimUnknown(first))
        #expect(node.at(10.1, .deadlineReached) == "claim c1: job 1→10 +10; wake 11.100")
        #expect(node.at(10.11, .claimRefused(first)).hasPrefix("wake 10."))
        #expect(node.at(10.4, .deadlineReached) == "claim c1: job 1→10 +10; wake 11.400")
        #expect(node.at(10.41, won: "c1").contains("start job"))
    }

    @Test func `without trust claims nothing, and looks again when it has a new session`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry()]))
        _ = node.at(10, .deadlineReached)
        #expect(node.at(10.01, .trusted(until: nil)) == "read job; wake 11.010")
        #expect(node.at(10.02, .cursors([uid: time(1)])) == "wake 11.020")
        let until = MonotonicInstant(sinceBoot: .seconds(120))
        #expect(node.at(10.03, won: "c1") == "wake 11.030")
        #expect(node.at(12, .trusted(until: until)) == "read job; wake 13")
        #expect(node.at(12.1, .cursors([uid: time(1)])) == "claim c2: job 1→10 +10; wake 13.100")
        // The trust ends at second 20, by the clock that nobody sets.
        _ = node.at(12.2, won: "c2")
        #expect(node.at(20, .deadlineReached) == "wake 21")
    }

    @Test func `holds a job back whose replica is stale, until a newer revision comes`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry()]))
        _ = node.at(10, .deadlineReached)
        let stale = ClaimOutcome.stale(current: Revision(epoch: 1, sequence: 2))
        #expect(node.at(10.02, won: "c1") { _ in [stale] } == "refresh job; wake 15.020")
        #expect(node.at(11, .deadlineReached) == "wake 15.020")
        #expect(node.at(11.1, .put([entry(revision: 2)])) == "read job; wake 12.100")
        #expect(node.at(11.2, .cursors([uid: time(1)])) == "claim c2: job 1→10 +10; wake 12.200")
    }

    @Test func `tries again shortly when the store's clock is behind`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry()]))
        _ = node.at(10, .deadlineReached)
        #expect(node.at(10.02, won: "c1") { _ in [.early(clock: time(9.8))] } == "wake 10.220")
        #expect(node.at(10.22, .deadlineReached) == "read job; wake 11.220")
    }

    @Test func `asks for no more runs than it has slots, but skips without any`() {
        var node = Transcript.node(slots: 1)
        let all = entry { $0.spec.misfire = .all(limit: 5) }
        _ = node.at(1, .put([all, Transcript.entry("other", every: 30)]))
        #expect(node.at(30, .deadlineReached) == "claim c1: other 1→30 +30; wake 31")
        #expect(node.at(30.02, won: "c1") == "start other 30; settle 30; wake 31.020")
        #expect(node.at(30.1, .slots(free: 1)) == "claim c2: job 1→10 +10!; wake 31.100")
        #expect(node.at(30.2, won: "c2") == "start job 10; wake 31.200")
    }

    @Test func `without a slot skips what is to be skipped`() {
        var node = Transcript.node(slots: 0)
        _ = node.at(1, .put([entry { $0.spec.misfire = .skip }]))
        let line = node.at(95, .deadlineReached)
        #expect(line == "claim c1: job 1→80 -1..80×8 misfire; wake 96")
    }

    @Test func `makes the first claim of a burst a small one`() {
        var settings = SchedulerSettings()
        settings.firstBatch = 2
        settings.batchLimit = 3
        var node = Transcript.node(settings: settings)
        let entries = (1...6).map { Transcript.entry("j\($0)") }
        _ = node.at(1, .put(entries.reversed()))
        let first = node.at(10, .deadlineReached)
        #expect(first == "claim c1: j1 1→10 +10, j2 1→10 +10; wake 10.001")
        let second = node.at(10.001, .deadlineReached)
        #expect(second == "claim c2: j3 1→10 +10, j4 1→10 +10, j5 1→10 +10; wake 11.001")
        #expect(node.at(10.002, .deadlineReached) == "wake 11.002")
        let third = node.at(10.02, won: "c1")
        #expect(third.hasPrefix("start j1 10; start j2 10; claim c3: j6 1→10 +10; settle 10"))
    }

    @Test func `claims nothing of a paused job, and gives the pause its verdicts afterwards`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry()]))
        let before = Era(
            schedule: "@every 10s",
            timeZone: "UTC",
            isPaused: false,
            until: time(12)
        )
        let paused = entry(revision: 2) {
            $0.pause = Pause(reason: "", since: time(12))
            $0.eras = [before]
        }
        _ = node.at(10, .deadlineReached)
        _ = node.at(10.02, won: "c1")
        #expect(node.at(12, .put([paused])) == "")
        #expect(node.at(30, .deadlineReached) == "")
        let resumed = entry(revision: 3) {
            let pause = Era(
                schedule: "@every 10s",
                timeZone: "UTC",
                isPaused: true,
                until: time(34)
            )
            $0.eras = [before, pause]
        }
        let line = node.at(34, .put([resumed]))
        #expect(line == "claim c2: job 10→34 -10..30×2 paused; wake 35")
        #expect(node.at(34.02, won: "c2") == "settle 34; wake 40")
    }

    @Test func `an instant that was due before an edit of the jitter keeps its time`() {
        var node = Transcript.node()
        var late = ScheduleRules.standard
        late.jitter = .seconds(5)
        let jittered = entry { $0.spec.rules = late }
        let line = node.at(1, .put([jittered]))
        // The same part of the five seconds for ever; which one follows from the job's uid.
        #expect(line == "wake 3.158")
        let punctual = entry(revision: 2) {
            $0.eras = [
                Era(
                    schedule: $0.spec.schedule,
                    timeZone: "UTC",
                    rules: late,
                    isPaused: false,
                    until: time(18)
                )
            ]
        }
        let claim = "claim c1: job 1→18 -1..3.158×1 misfire +13.158; wake 19"
        #expect(node.at(18, .put([punctual])) == claim)
    }

    @Test func `forgets a removed job, also while its claim is under way`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry()]))
        _ = node.at(10, .deadlineReached)
        #expect(node.at(10.01, .removed([uid])) == "wake 11.010")
        #expect(node.at(10.02, won: "c1") == "start job 10")
        #expect(node.machine.status.jobs == 0)
        #expect(node.machine.status.schedules == 0)
    }

    @Test func `claims triggers of jobs it knows, in their turn`() {
        var node = Transcript.node(1, of: 2)
        _ = node.at(1, .put([entry(every: 1_000)]))
        let trigger = Trigger(
            id: TriggerID(7),
            key: RunKey(job: uid, instant: time(5.001)),
            name: ObjectKey(tenant: "t", kind: .job, name: "job"),
            cause: .manual(by: "somebody"),
            notBefore: time(5)
        )
        #expect(node.at(5, .triggers([trigger])).hasPrefix("wake 5.2"))
        #expect(node.at(5.4, .deadlineReached) == "claim c1: job trigger 7; wake 6.400")
        #expect(node.at(5.41, .triggers([])) == "wake 6.410")
        #expect(node.at(5.42, won: "c1").hasPrefix("start job 0; wake"))
        #expect(node.at(9, .deadlineReached).hasPrefix("wake"))
    }

    @Test func `asks for a trigger that is somebody else's once, until the store lists it again`() {
        var node = Transcript.node(1, of: 2)
        _ = node.at(1, .put([entry(every: 1_000)]))
        let trigger = Trigger(
            id: TriggerID(7),
            key: RunKey(job: uid, instant: time(5.001)),
            name: ObjectKey(tenant: "t", kind: .job, name: "job"),
            cause: .manual(by: "somebody"),
            notBefore: time(5)
        )
        let taken: ([ClaimOutcome]) -> [ClaimOutcome] = { _ in [.taken(cursor: .epoch)] }
        _ = node.at(5, .triggers([trigger]))
        #expect(node.at(5.4, .deadlineReached).hasPrefix("claim c1: job trigger 7"))
        _ = node.at(5.42, won: "c1", taken)
        for second in 6...60 {
            #expect(!node.at(Double(second), .deadlineReached).contains("claim"), "\(second)")
        }
        // There is room now; and while the claim is away the store says so once more.
        _ = node.at(61, .triggers([trigger]))
        #expect(node.at(61.4, .deadlineReached).hasPrefix("claim c2: job trigger 7"))
        _ = node.at(61.41, .triggers([trigger]))
        _ = node.at(61.42, won: "c2", taken)
        _ = node.at(62.42, .deadlineReached)
        #expect(node.at(62.9, .deadlineReached).hasPrefix("claim c3: job trigger 7"))
    }

    @Test func `does not repeat itself when the clock is set back, and waits no longer than meant`()
    {
        var node = Transcript.node()
        _ = node.at(1, .put([entry()]))
        _ = node.at(10, .deadlineReached)
        #expect(node.at(10.02, won: "c1") { _ in [.early(clock: time(9))] } == "wake 11.020")
        node.step = .seconds(-3_600)
        // 10.5 - 3,600 seconds: the delay ends five seconds later, not an hour.
        #expect(node.at(10.5, .deadlineReached) == "wake -3584.500")
        #expect(node.at(16, .deadlineReached) == "read job; wake -3583")
        #expect(node.at(16.1, .cursors([uid: time(1)])) == "wake 10")
    }

    @Test func `asks again later when cursors cannot be read, without hurry`() {
        var node = Transcript.node()
        _ = node.at(0.5, .put([Transcript.entry(created: -100)]))
        var wakes = 0
        var time = 0.6
        var line = node.at(time, .cursorsUnavailable([uid]))
        while time < 20 {
            let wake = line.split(separator: " ").last.flatMap { Double($0) } ?? 1_000
            #expect(wake > time)
            time = wake
            line = node.at(time, .deadlineReached)
            if line.hasPrefix("read") { line = node.at(time + 0.01, .cursorsUnavailable([uid])) }
            wakes += 1
        }
        #expect(wakes < 60, "\(wakes) wake-ups in 20 seconds")
    }

    @Test func `cannot schedule what it cannot read, and says so`() {
        var node = Transcript.node()
        #expect(node.at(1, .put([entry { $0.spec.schedule = "at noon" }])) == "")
        #expect(node.machine.status.unreadable[uid] != nil)
        #expect(node.at(2, .put([entry(revision: 2)])) == "wake 10")
        #expect(node.machine.status.unreadable.isEmpty)
    }
}
