import CronEval
import LockLease
import TestSupport
import Testing
import Vocabulary

@testable import Scheduler

/// Calendars in the scheduler: which instants there are, and what a claim says of them.
@Suite struct `A job with calendars` {
    private let uid = UID("job")
    private let name = ObjectKey(tenant: "t", kind: .calendar, name: "c")

    /// All days, or none.
    private func day(_ isIn: Bool) -> DayCalendar {
        DayCalendar(weekdays: isIn ? 0b111_1111 : 0)
    }

    private func calendar(
        _ name: String = "c",
        isIn: Bool,
        revision: UInt64,
        eras: [(isIn: Bool, until: Double)] = [],
        since: Double = -100
    ) -> CalendarEntry {
        CalendarEntry(
            name: ObjectKey(tenant: "t", kind: .calendar, name: name),
            revision: Revision(epoch: 1, sequence: revision),
            digest: Digest(high: revision, low: isIn ? 1 : 0),
            calendar: DatedCalendar(
                present: day(isIn),
                eras: eras.map {
                    DatedCalendar.Era(calendar: day($0.isIn), until: Transcript.instant($0.until))
                },
                since: Transcript.instant(since)
            )
        )
    }

    private func entry(_ uid: String = "job", except names: String...) -> JobEntry {
        Transcript.entry(uid) { $0.spec.rules.calendar = CalendarUse(except: names) }
    }

    @Test func `is claimed with the digests of its calendars, in either order of arrival`() {
        for isCalendarFirst in [true, false] {
            var node = Transcript.node()
            let events: [SchedulerEvent] = [
                .calendars([calendar(isIn: false, revision: 3)]), .put([entry(except: "c")]),
            ]
            let ordered = isCalendarFirst ? events : Array(events.reversed())
            for event in ordered { _ = node.at(1, event) }
            #expect(node.at(10, .deadlineReached).hasPrefix("claim c1: job 1→10 +10"))
            let digest = Digest(high: 3, low: 0)
            #expect(
                node.items(of: "c1").map(\.calendars) == [[CalendarMark(name: "c", digest: digest)]]
            )
        }
    }

    @Test func `is not due while a calendar is missing, and its status says which`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry(except: "c")]))
        #expect(node.at(10, .deadlineReached) == "")
        #expect(node.machine.status.unreadable == [uid: "there is no calendar c"])
        // It came at 12: before that there was nothing to go by, so nothing was due.
        let line = node.at(15, .calendars([calendar(isIn: false, revision: 3, since: 12)]))
        #expect(line == "claim c1: job 1→12; wake 16")
        #expect(node.machine.status.unreadable.isEmpty)
        #expect(node.at(15.01, won: "c1") == "settle 12; wake 20")
        #expect(node.at(16, .calendarsRemoved([name])) == "")
        #expect(node.at(20, .deadlineReached) == "")
    }

    @Test func `stops and starts again with its calendar, and what was due before keeps so`() {
        var node = Transcript.node()
        _ = node.at(1, .calendars([calendar(isIn: false, revision: 3)]))
        _ = node.at(1, .put([entry(except: "c")]))
        _ = node.at(10, .deadlineReached)
        _ = node.at(10.01, won: "c1")
        // Taken out from 24 on: 20 was due before that, and is claimed as of then.
        let closed = calendar(isIn: true, revision: 4, eras: [(false, 24)])
        #expect(node.at(24, .calendars([closed])) == "claim c2: job 10→24 +20; wake 25")
        #expect(node.at(24.01, won: "c2") == "start job 20; settle 24")
        #expect(node.at(50, .deadlineReached) == "")
        // Back from 55 on: 30, 40 and 50 were out and stay so.
        let open = calendar(isIn: false, revision: 5, eras: [(false, 24), (true, 55)])
        #expect(node.at(55, .calendars([open])) == "claim c3: job 24→55; wake 56")
        #expect(node.at(55.01, won: "c3") == "settle 55; wake 60")
        #expect(node.at(60, .deadlineReached).hasPrefix("claim c4: job 55→60 +60"))
    }

    @Test func `tries again under the newer calendar when the store calls its claim stale`() {
        var node = Transcript.node()
        _ = node.at(1, .calendars([calendar(isIn: false, revision: 3)]))
        _ = node.at(1, .put([entry(except: "c")]))
        _ = node.at(10, .deadlineReached)
        let newer = Revision(epoch: 1, sequence: 4)
        let stale = node.at(10.01, won: "c1") { _ in [.stale(current: newer)] }
        #expect(stale.hasPrefix("refresh job"))
        let closed = calendar(isIn: true, revision: 4, eras: [(false, 9)])
        #expect(node.at(10.1, .calendars([closed])) == "read job; wake 11.100")
        #expect(
            node.at(10.2, .cursors([uid: Transcript.instant(1)]))
                == "claim c2: job 1→9; wake 11.200"
        )
        #expect(node.at(10.3, won: "c2") == "settle 9")
    }

    @Test func `an answer that the calendar has overtaken is no reason to wait`() {
        var node = Transcript.node()
        _ = node.at(1, .calendars([calendar(isIn: false, revision: 3)]))
        _ = node.at(1, .put([entry(except: "c")]))
        _ = node.at(10, .deadlineReached)
        let closed = calendar(isIn: true, revision: 4, eras: [(false, 9)])
        _ = node.at(10.01, .calendars([closed]))
        let stale = node.at(10.02, won: "c1") { _ in [.stale(current: closed.revision)] }
        #expect(stale == "read job; wake 11.020")
    }

    @Test func `an older or equal revision of a calendar changes nothing`() {
        var node = Transcript.node()
        _ = node.at(1, .put([entry(except: "c")]))
        _ = node.at(1, .calendars([calendar(isIn: false, revision: 3)]))
        _ = node.at(2, .calendars([calendar(isIn: true, revision: 3)]))
        _ = node.at(3, .calendars([calendar(isIn: true, revision: 2)]))
        #expect(node.at(10, .deadlineReached).hasPrefix("claim c1: job 1→10 +10"))
    }

    @Test func `takes the restored state of a calendar whose history went back`() {
        var node = Transcript.node()
        _ = node.at(1, .loadCalendars([calendar(isIn: true, revision: 7)]))
        _ = node.at(1, .put([entry(except: "c")]))
        let restored = calendar(isIn: false, revision: 3)
        _ = node.at(2, .loadCalendars([restored]))
        #expect(node.at(10, .deadlineReached).hasPrefix("claim c1: job 1→10 +10"))
        #expect(
            node.items(of: "c1").map(\.calendars)
                == [[CalendarMark(name: "c", digest: restored.digest)]]
        )
        // What the list said before is nothing new, and interrupts no claim.
        #expect(node.at(10.01, .loadCalendars([restored])) == "wake 11.010")
    }

    @Test func `a calendar's change reads the schedules of its jobs anew, and no others`() {
        var table = CalendarTable()
        _ = table.put(calendar("c", isIn: false, revision: 1))
        for plan in 0..<10 {
            let names = plan < 3 ? ["c"] : ["d", "e"]
            table.note(
                plan,
                uses: CalendarUse(only: names[0], except: Array(names.dropFirst())),
                in: "t"
            )
        }
        #expect(table.plans(using: name) == [0, 1, 2])
        table.note(1, uses: CalendarUse(only: "d"), in: "t")
        table.note(2, uses: nil, in: "t")
        table.note(4, uses: CalendarUse(except: ["c"]), in: "u")
        #expect(table.plans(using: name) == [0])
    }

    @Test func `schedules share the days of their calendars, and let them go with the last`() {
        var node = Transcript.node()
        _ = node.at(1, .calendars([calendar("c", isIn: false, revision: 3)]))
        _ = node.at(1, .calendars([calendar("d", isIn: false, revision: 4)]))
        let jobs = (0..<20).map { index in
            Transcript.entry("job\(index)", every: 10 + index % 4) {
                $0.spec.rules.calendar = CalendarUse(except: index < 10 ? ["c"] : ["d"])
            }
        }
        _ = node.at(1, .put(jobs))
        #expect(node.machine.ruleCount == 2)
        #expect(node.machine.status.schedules == 8)
        // Each piece of a calendar's past is a rule of its own.
        _ = node.at(2, .calendars([calendar("c", isIn: true, revision: 5, eras: [(false, 2)])]))
        #expect(node.machine.ruleCount == 3)
        _ = node.at(3, .removed(jobs.map(\.uid)))
        #expect(node.machine.ruleCount == 0)
        #expect(node.machine.status.schedules == 0)
    }

    @Test func `a past schedule whose calendar is gone holds nothing up`() {
        var node = Transcript.node()
        let past = entry(except: "gone").job.spec.rules
        let job = Transcript.entry(created: -50) {
            $0.eras = [
                Era(
                    schedule: "@every 10s",
                    timeZone: "UTC",
                    rules: past,
                    isPaused: false,
                    until: Transcript.instant(-5)
                )
            ]
        }
        _ = node.at(1, .put([job]))
        #expect(node.machine.status.unreadable.isEmpty)
        let line = node.at(1.1, .cursors([uid: Transcript.instant(-50)]))
        #expect(line == "claim c1: job -50→0 +0; wake 2.100")
    }
}

extension Transcript {
    /// What the claim that a line called `name` asks for.
    func items(of name: String) -> [ClaimItem] { plan(name)?.items ?? [] }
}

extension SchedulerMachine {
    /// How many rules its compiled schedules have in common.
    fileprivate var ruleCount: Int { library.ruleCount }
}
