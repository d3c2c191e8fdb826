// What a master says of a log that it reads from a copy.

import LogSink
import Testing
import Vocabulary

@testable import Master

@Suite struct `A copy of a log` {
    private func page(next: Int64, end: Int64, isComplete: Bool = false) -> LogPage {
        LogPage(
            lines: [(offset: 0, line: LogLine(stream: .out, at: .epoch, text: [0x61]))],
            next: next,
            end: end,
            isComplete: isComplete,
            missing: 0..<0
        )
    }

    private func noted(_ page: LogPage, from offset: Int64) -> LogPage {
        RemoteLog.noting(page, from: offset, NodeName("n1"), NodeName("n2"), at: .epoch)
    }

    @Test func `ends with whose it is and how far it reaches, and is told so once`() {
        let last = noted(page(next: 2, end: 2), from: 0)
        #expect(last.isComplete && last.next == 2 && last.lines.count == 2)
        let text = last.lines.last.map { String(decoding: $0.line.text, as: UTF8.self) }
        #expect(
            text == "n1, which holds this log, does not answer; n2 has a copy up to byte 2"
        )
        #expect(last.lines.last?.line.stream == .note)
        let again = noted(page(next: 2, end: 2), from: 2)
        #expect(again.isComplete && again.lines.count == 1)
    }

    @Test func `that leads back is not believed`() {
        #expect(RemoteLog.isAnswer(page(next: 2, end: 9), from: 0))
        #expect(RemoteLog.isAnswer(page(next: 2, end: 2), from: 99))
        #expect(!RemoteLog.isAnswer(page(next: 2, end: 9), from: 3))
    }

    @Test func `is passed on as it is where more of it comes, or where it has everything`() {
        let more = page(next: 2, end: 9)
        #expect(noted(more, from: 0) == more)
        let whole = page(next: 2, end: 2, isComplete: true)
        #expect(noted(whole, from: 0) == whole)
    }
}
