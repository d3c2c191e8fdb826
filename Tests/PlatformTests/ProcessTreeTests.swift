// Who belongs to a run, told from made-up tables.

import Platform
import Testing

@Suite struct ProcessTreeTests {
    /// Children of 10 whose parents are gone; 100 leads the run in question, 200 another one.
    static let reaper: Int32 = 10
    let mark = ProcessMark("01RUN")
    let otherMark = ProcessMark("01OTHER")

    /// A process of this table: its start time is its number unless told otherwise.
    func entry(
        _ processID: Int32,
        in session: Int32,
        of parent: Int32,
        startTime: UInt64? = nil,
        isZombie: Bool = false
    ) -> ProcessEntry {
        ProcessEntry(
            processID: processID,
            parent: parent,
            group: session,
            session: session,
            isZombie: isZombie,
            startTime: startTime ?? UInt64(processID)
        )
    }

    func look(_ entries: [ProcessEntry], marks: [Int32: ProcessMark] = [:]) -> ProcessLook {
        ProcessLook(reaper: Self.reaper, mark: { marks[$0.processID] }, entries: { entries })
    }

    func members(_ tree: inout ProcessTree, _ look: ProcessLook) -> [Int32] {
        tree.members(in: look).map(\.processID)
    }

    @Test func `the session belongs to the run, also what has lost its parent`() {
        var tree = ProcessTree(session: 100)
        let look = look([
            entry(100, in: 100, of: 10), entry(101, in: 100, of: 100), entry(102, in: 100, of: 1),
            entry(103, in: 100, of: 100, isZombie: true), entry(200, in: 200, of: 10),
            entry(201, in: 200, of: 200), entry(10, in: 10, of: 1),
        ])
        #expect(members(&tree, look) == [100, 101, 102])
        #expect(tree.everyone(in: look).map(\.processID) == [100, 101, 102, 103])
    }

    @Test func `who left the session belongs to the run as long as a parent does`() {
        var tree = ProcessTree(session: 100)
        let look = look([
            entry(100, in: 100, of: 10), entry(110, in: 110, of: 100),
            entry(111, in: 111, of: 110), entry(112, in: 110, of: 111),
        ])
        #expect(members(&tree, look) == [100, 110, 111, 112])
    }

    @Test func `an orphan belongs to the run whose mark it carries, with all its offspring`() {
        var tree = ProcessTree(session: 100, mark: mark)
        let look = look(
            [
                entry(100, in: 100, of: 10, isZombie: true), entry(110, in: 110, of: 10),
                entry(111, in: 111, of: 110), entry(120, in: 120, of: 10),
                entry(121, in: 121, of: 120), entry(130, in: 130, of: 10),
            ],
            marks: [100: mark, 110: mark, 120: otherMark]
        )
        #expect(members(&tree, look) == [110, 111])
    }

    @Test func `a mark counts only where orphans end up`() {
        var tree = ProcessTree(session: 100, mark: mark)
        let look = look(
            [entry(100, in: 100, of: 10), entry(150, in: 150, of: 1)],
            marks: [100: mark, 150: mark]
        )
        #expect(members(&tree, look) == [100])
    }

    @Test func `who was seen once is known without mark, parent and session`() {
        var tree = ProcessTree(session: 100, mark: mark)
        let before = look([entry(100, in: 100, of: 10), entry(110, in: 110, of: 100)])
        #expect(members(&tree, before) == [100, 110])
        let after = look([
            entry(100, in: 100, of: 10, isZombie: true), entry(110, in: 110, of: 10),
            entry(112, in: 112, of: 110),
        ])
        #expect(members(&tree, after) == [110, 112])
    }

    @Test func `a number that was used again is somebody else`() {
        var tree = ProcessTree(session: 100, mark: mark)
        let before = look([entry(100, in: 100, of: 10), entry(110, in: 110, of: 100)])
        #expect(members(&tree, before) == [100, 110])
        let again = look([
            entry(100, in: 100, of: 10), entry(110, in: 110, of: 1, startTime: 999),
            entry(111, in: 111, of: 110, startTime: 1_000),
        ])
        #expect(members(&tree, again) == [100])
    }

    @Test func `nobody is older than its parent`() {
        var tree = ProcessTree(session: 100)
        let look = look([
            entry(100, in: 100, of: 10), entry(110, in: 110, of: 100, startTime: 99),
        ])
        #expect(members(&tree, look) == [100])
    }

    @Test func `a look is taken once, for all who ask, and not at all for nobody`() {
        var count = 0
        let entries = (0..<50).map { number in
            entry(Int32(100 + number), in: Int32(100 + number), of: Self.reaper)
        }
        let look = ProcessLook(reaper: Self.reaper) { _ in
            nil
        } entries: {
            count += 1
            return entries
        }
        #expect(!look.isTaken)
        for entry in entries {
            var tree = ProcessTree(session: entry.processID, mark: mark)
            #expect(tree.members(in: look) == [entry])
        }
        #expect(look.isTaken && count == 1)
    }

    @Test func `only orphans that have ended are to be reaped, and no leader ever`() {
        let look = look([
            entry(100, in: 100, of: 10, isZombie: true), entry(101, in: 101, of: 10),
            entry(102, in: 102, of: 10, isZombie: true), entry(103, in: 100, of: 1, isZombie: true),
        ])
        #expect(look.endedStrays(sparing: [100]).map(\.processID) == [102])
    }

    @Test func `marks of different runs differ, those of one do not`() {
        let marks = (0..<10_000).map { ProcessMark("01RUN\($0)") }
        #expect(Set(marks).count == marks.count)
        #expect(ProcessMark("01RUN7") == marks[7])
    }
}
