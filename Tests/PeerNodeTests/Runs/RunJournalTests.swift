// What a runner finds of its former life, whatever state the file is in.

import Foundation
import LockLease
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import PeerNode

@Suite final class RunJournalTests {
    let folder = NSTemporaryDirectory() + "rota-" + UUID().uuidString

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// In the order of their runs.
    private func orders(_ count: Int) -> [RunOrder] {
        (0..<count).map { _ in RunOrder.shell("exit 3") }.sorted { $0.grant.run < $1.grant.run }
    }

    private func report(of order: RunOrder) -> RunReport {
        RunReport(order.grant, .failed, .code(3), "exit 3")
    }

    private func size() throws -> Int { try FileStore.read(folder + "/runs.journal").count }

    @Test func `the next life finds orders, leaders and reports of all runs`() throws {
        let journal = try RunJournal(dataFolder: folder)
        let orders = orders(3)
        for order in orders.reversed() { try journal.intend(order) }
        let leader = ProcessEntry(processID: 77, parent: 1, group: 77, session: 77, startTime: 9)
        try journal.record(orders[1].grant.run, leader: leader)
        try journal.conclude(report(of: orders[2]), of: orders[2])
        let found = try RunJournal(dataFolder: folder).entries
        #expect(found.map(\.order) == orders)
        #expect(found.map(\.processID) == [nil, 77, nil] && found[1].startTime == 9)
        #expect(found.map(\.report) == [nil, nil, report(of: orders[2])])
        #expect(found.allSatisfy(journal.isOfThisBoot))
    }

    @Test func `a record that was cut short hides no other`() throws {
        let journal = try RunJournal(dataFolder: folder)
        let both = orders(2)
        let (order, other) = (both[0], both[1])
        try journal.intend(order)
        try journal.intend(other)
        let file = try #require(FileHandle(forWritingAtPath: folder + "/runs.journal"))
        try file.seekToEnd()
        try file.write(contentsOf: Data("\n\(order.grant.run) {\"pid\":1".utf8))
        try file.close()
        // The torn record ends without a newline; this one is to be read all the same.
        try journal.conclude(report(of: other), of: other)
        let found = try RunJournal(dataFolder: folder).entries
        #expect(found.map(\.order) == [order, other])
        #expect(found.map(\.report) == [nil, report(of: other)])
        #expect(found.map(\.processID) == [nil, nil])
    }

    @Test func `what is forgotten is gone, and takes no room when nothing else is left`() throws {
        let journal = try RunJournal(dataFolder: folder)
        let orders = (0..<2).map { _ in RunOrder.shell("exit 3") }
        for order in orders { try journal.intend(order) }
        journal.forget(orders[0].grant.run)
        #expect(try RunJournal(dataFolder: folder).entries.map(\.order) == [orders[1]])
        journal.forget(orders[1].grant.run)
        #expect(try size() == 0)
        try journal.conclude(report(of: orders[0]), of: orders[0])
        let again = try RunJournal(dataFolder: folder)
        #expect(again.entries.map(\.report) == [report(of: orders[0])])
        again.forget(orders[0].grant.run)
        #expect(try size() == 0)
    }

    @Test func `the file stays small while a run lasts and thousands come and go`() throws {
        let journal = try RunJournal(dataFolder: folder)
        let long = RunOrder.shell("sleep 9")
        try journal.intend(long)
        for _ in 0..<3_000 {
            let order = RunOrder.shell("exit 3")
            try journal.intend(order)
            try journal.conclude(report(of: order), of: order)
            journal.forget(order.grant.run)
        }
        #expect(try size() < 2 << 20)
        let last = RunOrder.shell("exit 3")
        try journal.intend(last)
        let found = try RunJournal(dataFolder: folder).entries
        #expect(Set(found.map(\.run)) == [long.grant.run, last.grant.run])
        #expect(found.allSatisfy { $0.order == long || $0.order == last })
    }
}
