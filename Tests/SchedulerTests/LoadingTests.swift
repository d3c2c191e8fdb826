import CronEval
import LockLease
import TestSupport
import Testing
import Vocabulary

@testable import Scheduler

/// A whole list by columns, and what is held of it.
@Suite struct `Loading a list` {
    private func uid(_ number: Int) -> UID {
        UID(Digest(high: SeededGenerator.mixed(UInt64(number)), low: 7).description)
    }

    /// Jobs of all kinds; every fourth has a past of its own.
    private func entries(_ count: Int, seed: UInt64, revision: UInt64 = 1) -> [JobEntry] {
        var random = SeededGenerator(seed: seed)
        let schedules = [
            "@every 10s", "@every 7s", "* * * * *", "H * * * *", "H/2 * * * *", "H H * * *",
            "*/20 * * * * *", "30 * * * * *",
        ]
        return (0..<count).map { number in
            Transcript.entry(uid(number).text, created: -300, revision: revision) { job in
                job.spec.schedule = schedules.randomElement(using: &random)
                if number % 5 == 0 { job.spec.rules.jitter = .seconds(20) }
                if number % 3 == 0 { job.spec.misfire = .all(limit: 3) }
                guard number % 4 == 0 else { return }
                job.eras = [
                    Era(
                        schedule: "@every 3s",
                        timeZone: "UTC",
                        isPaused: number % 8 == 0,
                        until: Transcript.instant(Double(number % 50))
                    )
                ]
            }
        }
    }

    private func page(
        _ entries: [JobEntry],
        isFirst: Bool = true,
        isLast: Bool = true,
        from start: Int = 0
    ) -> JobPage {
        JobPage(
            outlines: entries.map { JobOutline(of: $0.job, in: "t") },
            rows: entries.enumerated().compactMap { place, entry in
                UIDBits(entry.uid).map {
                    JobPage.Row(
                        uid: $0,
                        outline: start + place,
                        revision: entry.revision,
                        createdAt: entry.createdAt
                    )
                }
            },
            total: entries.count,
            isFirst: isFirst,
            isLast: isLast
        )
    }

    /// Everything that comes out of a node while it claims for a minute and wins all.
    private func story(_ events: [SchedulerEvent], readAt cursor: Double) -> [String] {
        var node = Transcript.node(slots: 1_000)
        var lines: [String] = []
        var claims = 0
        func note(_ line: String, _ reads: inout [UID]) {
            lines.append(line)
            for part in line.split(separator: "; ") where part.hasPrefix("read ") {
                reads += part.dropFirst(5).split(separator: " ").map { UID(String($0)) }
            }
        }
        var reads: [UID] = []
        for event in events { note(node.at(0.5, event), &reads) }
        for tick in 1...240 {
            let time = Double(tick) / 4
            if !reads.isEmpty {
                let cursors = reads.map { ($0, Transcript.instant(cursor)) }
                reads = []
                note(node.at(time, .cursors(Dictionary(cursors) { $1 })), &reads)
            }
            while node.plan("c\(claims + 1)") != nil {
                claims += 1
                note(node.at(time, won: "c\(claims)"), &reads)
            }
            note(node.at(time, .deadlineReached), &reads)
        }
        return lines
    }

    @Test func `comes to the same as being told of every job`() {
        for seed in UInt64(1)...5 {
            let entries = entries(60, seed: seed)
            let told = story([.put(entries)], readAt: -100)
            #expect(told.contains { $0.contains("start") })
            #expect(story([.load(page(entries))], readAt: -100) == told, "seed \(seed)")
            let halves = [
                page(Array(entries[..<30]), isLast: false),
                page(Array(entries[30...]), isFirst: false, from: 30),
            ]
            #expect(Set(story(halves.map { .load($0) }, readAt: -100)).count > 10)
        }
    }

    @Test func `that comes in pages files each by the clock at its page`() {
        for seed in UInt64(1)...5 {
            let early = entries(40, seed: seed)
            let late = [1, 2].map { page in
                early.enumerated().map { place, entry in
                    // Some are newer than the node's start, so that nobody can have claimed them.
                    let created: Double = place % 6 == 1 ? 2 : -300
                    var copy = Transcript.entry(uid(page * 100 + place).text, created: created)
                    copy.job = entry.job
                    return copy
                }
            }
            var (told, loaded) = (Transcript.node(), Transcript.node())
            func compare(_ time: Double, _ put: SchedulerEvent, _ load: SchedulerEvent) {
                #expect(told.at(time, put) == loaded.at(time, load), "seed \(seed) at \(time)")
                #expect(standing(of: told) == standing(of: loaded), "seed \(seed) at \(time)")
            }
            compare(0.5, .put(early), .load(page(early, isLast: false)))
            // Some of what was found for the first page has come.
            compare(27.25, .put(late[0]), .load(rows(late[0], isLast: false)))
            // And some of what was found then lies behind what comes before.
            (told.step, loaded.step) = (.seconds(-24), .seconds(-24))
            compare(27.5, .put(late[1]), .load(rows(late[1], isLast: false)))
            for time in 28..<120 { compare(Double(time), .deadlineReached, .deadlineReached) }
        }
    }

    @Test func `files jobs that are spread over an hour each at its own time, whatever the clock`()
    {
        let pages = (0..<3).map { page in
            (0..<40).map { number in
                Transcript.entry(uid(page * 100 + number).text, created: -300) { job in
                    job.spec.schedule = number % 2 == 0 ? "H * * * *" : "H/3 * * * *"
                }
            }
        }
        // Cursors are read one by one, so that the others wait where they were filed.
        var settings = SchedulerSettings()
        (settings.readBatch, settings.readLimit) = (1, 1)
        var told = Transcript.node(settings: settings)
        var loaded = told
        // By the third page the clock has gone back by ten minutes.
        let steps = [(0.5, 0), (400.0, 0), (401.0, -600)]
        for (page, (time, step)) in zip(pages, steps) {
            (told.step, loaded.step) = (.seconds(step), .seconds(step))
            _ = told.at(time, .put(page))
            let isFirst = time < 1
            let rows = isFirst ? self.page(page, isLast: false) : rows(page, isLast: step < 0)
            _ = loaded.at(time, .load(rows))
            let standing = standing(of: loaded)
            #expect(standing == self.standing(of: told), "at \(time)")
            #expect(standing.count > 50, "nothing waits")
        }
    }

    /// What waits in lists until when, and what phase each job is in.
    private func standing(of node: Transcript) -> [String] {
        var (fires, jobs) = (node.machine.fires, node.machine.jobs)
        var lines = (0..<jobs.end).map { slot in
            "\(jobs.uid(of: slot)): \(jobs[record: slot].phase)"
        }
        while let list = fires.takeList(&jobs) {
            lines.append("\(list.second) \(list.isWhole): \(list.slots.sorted())")
        }
        return lines
    }

    /// A later page of the outlines that the first one had.
    private func rows(_ entries: [JobEntry], isLast: Bool) -> JobPage {
        var page = page(entries, isFirst: false, isLast: isLast)
        page.outlines = []
        return page
    }

    @Test func `keeps a plan for the rows to come although its jobs have left`() {
        var node = Transcript.node()
        let (first, second) = (Transcript.entry(uid(1).text), Transcript.entry(uid(2).text))
        _ = node.at(2, .load(page([first], isLast: false)))
        _ = node.at(2, .removed([first.uid]))
        _ = node.at(2, .put([Transcript.entry("other", every: 7)]))
        _ = node.at(2, .load(rows([second], isLast: false)))
        #expect(node.machine.plans.count == 2)
        _ = node.at(3, .load(rows([], isLast: true)))
        let slot = node.machine.jobs.slot(of: second.uid)
        #expect(slot.flatMap { node.machine.jobs.plan(of: $0) } == 0)
        #expect(node.machine.plans.count == 2)
        _ = node.at(4, .load(page([])))
        #expect(node.machine.plans.count == 0)
    }

    /// A job that was there before its node started.
    private func old(_ uid: UID) -> JobEntry { Transcript.entry(uid.text, created: -50) }

    @Test func `reads the cursors of what a later page brings, whatever was read before`() {
        var node = Transcript.node()
        let (first, second) = (old(uid(1)), old(uid(2)))
        #expect(node.at(2, .load(page([first], isLast: false))).hasPrefix("read \(first.uid)"))
        _ = node.at(2, .cursors([first.uid: Transcript.instant(1)]))
        #expect(node.at(2, .load(rows([second], isLast: true))).hasPrefix("read \(second.uid)"))
    }

    @Test func `says which row names no outline, until it comes with one`() {
        var node = Transcript.node()
        let entries = [1, 2].map { old(uid($0)) }
        var poor = page(entries)
        poor.outlines.removeLast()
        _ = node.at(2, .load(poor))
        #expect(Array(node.machine.status.unreadable.keys) == [entries[1].uid])
        _ = node.at(3, .load(page(entries)))
        #expect(node.machine.status.unreadable.isEmpty)
        #expect(node.machine.status.jobs == 2)
    }

    @Test func `takes a uid that looks like the number of another kind of uid`() {
        var node = Transcript.node()
        let odd = UIDBits(high: .max, low: 5).uid
        let entries = [uid(1), odd].map { old($0) }
        _ = node.at(2, .load(page(entries)))
        let slot = node.machine.jobs.slot(of: odd)
        #expect(slot.map { node.machine.jobs.uid(of: $0) } == odd)
    }

    @Test func `that is loaded again loses what is gone and takes what has changed`() {
        var node = Transcript.node()
        let old = entries(20, seed: 1)
        _ = node.at(1, .load(page(old)))
        #expect(node.machine.status.jobs == 20)
        var new = Array(old[5...])
        new[0].revision = Revision(epoch: 1, sequence: 9)
        new[0].job.spec.schedule = "at noon"
        _ = node.at(2, .load(page(new, isLast: false)))
        #expect(node.machine.status.jobs == 20)
        // Told of in between, and not in what was read of the list.
        _ = node.at(2, .put([Transcript.entry("late")]))
        _ = node.at(3, .load(page([], isFirst: false)))
        #expect(node.machine.status.jobs == 16)
        #expect(node.machine.jobs.slot(of: UID("late")) != nil)
        #expect(node.machine.jobs.slot(of: old[0].uid) == nil)
        #expect(Array(node.machine.status.unreadable.keys) == [new[0].uid])
    }

    @Test func `takes a row that was mended although its revision is the same`() {
        var node = Transcript.node()
        var entry = entries(1, seed: 1)[0]
        entry.job = job(every: 10)
        _ = node.at(1, .load(page([entry])))
        _ = node.at(1, .cursors([entry.uid: Transcript.instant(1)]))
        entry.job = job(every: 4)
        #expect(node.at(2, .load(page([entry]))) == "wake 4")
    }

    @Test func `takes the restored state of a job whose history went back`() {
        var node = Transcript.node()
        var entry = entries(1, seed: 1, revision: 7)[0]
        entry.job = job(every: 10)
        _ = node.at(1, .load(page([entry])))
        _ = node.at(1, .cursors([entry.uid: Transcript.instant(1)]))
        entry.job = job(every: 4)
        entry.revision = Revision(epoch: 1, sequence: 3)
        #expect(node.at(2, .load(page([entry]))) == "wake 4")
        _ = node.at(4, .deadlineReached)
        #expect(node.items(of: "c1").map(\.revision) == [entry.revision])
    }

    @Test func `takes the restored state of a job with a uid of no usual form`() {
        var node = Transcript.node()
        let old = Transcript.entry("odd", every: 10, created: -300, revision: 7)
        let restored = Transcript.entry("odd", every: 4, created: -300, revision: 3)
        func page(_ entry: JobEntry) -> JobPage {
            JobPage(outlines: [], rows: [], others: [entry], total: 1, isFirst: true, isLast: true)
        }
        _ = node.at(1, .load(page(old)))
        _ = node.at(1, .cursors([old.uid: Transcript.instant(1)]))
        #expect(node.at(2, .load(page(restored))) == "wake 4")
        #expect(node.at(3, .load(page(restored))) == "wake 4")
        #expect(node.machine.plans.count == 1)
        _ = node.at(4, .deadlineReached)
        #expect(node.items(of: "c1").map(\.revision) == [restored.revision])
        _ = node.at(5, .load(self.page([])))
        #expect(node.machine.plans.count == 0)
    }

    @Test func `that breaks off leaves nothing of itself to the next`() {
        var node = Transcript.node()
        let entries = (1...3).map { Transcript.entry(uid($0).text, created: -300) }
        _ = node.at(1, .load(page([entries[0], entries[1]])))
        _ = node.at(2, .load(page([], isLast: false)))
        _ = node.at(3, .load(page([entries[0]])))
        #expect(node.machine.status.jobs == 1)
        // Nor does what the broken one named count as named.
        _ = node.at(4, .load(page([entries[2]], isLast: false)))
        _ = node.at(5, .load(page([entries[1]], isLast: false)))
        _ = node.at(6, .load(page([entries[0]])))
        #expect(node.machine.status.jobs == 1)
        #expect(node.machine.jobs.slot(of: entries[0].uid) != nil)
    }

    @Test func `gives back what its plans have taken`() {
        var node = Transcript.node()
        _ = node.at(1, .load(page(entries(60, seed: 1))))
        #expect(node.machine.plans.count > 10)
        _ = node.at(2, .load(page([])))
        #expect(node.machine.plans.count == 0)
        #expect(node.machine.status.schedules == 0)
        #expect(node.machine.fires.count == 0)
    }

    @Test func `a job that is due before its cursor was read is read at once`() {
        var settings = SchedulerSettings()
        (settings.readBatch, settings.readLimit) = (2, 2)
        var node = Transcript.node(settings: settings)
        let old = (0..<6).map { number in
            Transcript.entry(uid(number).text, every: number == 5 ? 3 : 1_000, created: -50)
        }
        #expect(node.at(1, .load(page(old))).hasPrefix("read \(old[0].uid) \(old[1].uid);"))
        // The last one is due at 3; three others are before it in the table.
        _ = node.at(3, .deadlineReached)
        let answer = [old[0].uid: Transcript.instant(0), old[1].uid: Transcript.instant(0)]
        #expect(node.at(3.1, .cursors(answer)).hasPrefix("read \(old[5].uid) \(old[2].uid);"))
    }

    @Test func `no shard is called settled while one of its jobs is unread`() {
        var settings = SchedulerSettings()
        (settings.readBatch, settings.readLimit) = (1, 1)
        var node = Transcript.node(settings: settings)
        // A job of the same shard as the one that is claimed, behind another in the table.
        let fast = Transcript.entry(uid(0).text, every: 10)
        let shard = VirtualShard(of: fast.uid)
        let same = (1..<90_000).first { VirtualShard(of: uid($0)) == shard } ?? 0
        let slow = [uid(90_001), uid(same)].map {
            Transcript.entry($0.text, every: 1_000, created: -50)
        }
        _ = node.at(1, .put([fast]))
        _ = node.at(1, .load(page([fast] + slow)))
        _ = node.at(10, .deadlineReached)
        #expect(!node.at(10.1, won: "c1").contains("settle"))
        _ = node.at(10.2, .cursors([slow[0].uid: Transcript.instant(0)]))
        let line = node.at(10.3, .cursors([slow[1].uid: Transcript.instant(0)]))
        #expect(line.contains("settle 10"))
    }

    @Test func `jobs with the same outline share their plan, and those with H their settings`() {
        var node = Transcript.node()
        let jobs = (0..<3_000).map { number in
            Transcript.entry(uid(number).text) { $0.spec.schedule = "H * * * *" }
        }
        _ = node.at(1, .put(jobs))
        #expect(node.machine.plans.count == 1)
        #expect(node.machine.status.schedules == 60)
        let footprint = Double(node.machine.footprint) / 3_000
        #expect(footprint < 120, "\(footprint) bytes a job")
    }
}

@Suite struct `A claim of which a part cannot be read` {
    private let jobs = ["a", "b", "c"].map { Transcript.entry($0) }

    @Test func `goes on without it, and tries it again later`() {
        var node = Transcript.node()
        _ = node.at(1, .put(jobs))
        let first = node.at(10, .deadlineReached)
        #expect(first.hasPrefix("claim c1: a 1→10 +10, b 1→10 +10, c 1→10 +10"))
        let id = node.request("c1")
        let line = node.at(10.01, .withdrawn(id, [UID("b")]))
        #expect(line == "refresh b; wake 11.010")
        // Sent again, it names the rest only.
        _ = node.at(10.02, .claimUnknown(id))
        #expect(node.at(10.2, .deadlineReached).hasPrefix("claim c1: a 1→10 +10, c 1→10 +10;"))
        #expect(node.at(10.3, won: "c1").hasPrefix("start a 10; start c 10"))
        #expect(node.at(15.01, .deadlineReached).hasPrefix("read b"))
        let again = node.at(15.1, .cursors([UID("b"): Transcript.instant(1)]))
        #expect(again.hasPrefix("claim c2: b 1→10 +10"))
    }

    @Test func `is over if nothing is left of it`() {
        var node = Transcript.node()
        _ = node.at(1, .put(jobs))
        _ = node.at(10, .deadlineReached)
        let uids = jobs.map(\.uid)
        _ = node.at(10.01, .withdrawn(node.request("c1"), uids))
        #expect(node.machine.status.claims == 0)
        #expect(node.at(10.02, won: "c1") == "wake 15.010")
    }

    @Test func `leaves its slots to others`() {
        var node = Transcript.node(slots: 1)
        _ = node.at(1, .put([jobs[0]]))
        _ = node.at(10, .deadlineReached)
        _ = node.at(10.01, .withdrawn(node.request("c1"), [UID("a")]))
        _ = node.at(11, .put([Transcript.entry("d", every: 12, created: 11)]))
        #expect(node.at(12, .deadlineReached).hasPrefix("claim c2: d 11→12 +12"))
    }
}
