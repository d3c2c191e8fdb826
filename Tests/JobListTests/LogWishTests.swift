// Which part of a log is asked for.

import HTTPService
import LogSink
import Testing

@testable import JobList

@Suite struct LogWishTests {
    private func wish(
        offset: Int,
        _ headers: [(name: String, value: String)]
    ) throws(Problem) -> LogWish {
        let request = HTTPRequest(
            method: "GET",
            path: "/v1/runs/R/log",
            query: [(name: "offset", value: "\(offset)")],
            headers: headers
        )
        return try LogWish(
            Call(request: request, principal: .anonymous, tenant: "default", captures: [:])
        )
    }

    @Test func `a stream of events goes on where its reader was cut off`() throws {
        let events = (name: "accept", value: "text/event-stream")
        #expect(try wish(offset: 7, [events]).offset == 7)
        let seen = (name: "last-event-id", value: "4711")
        #expect(try wish(offset: 7, [events, seen]).offset == 4_711)
        // The id means nothing in another form, and an odd one nothing at all.
        #expect(try wish(offset: 7, [seen]).offset == 7)
        for odd in ["-1", "x", "", "99999999999999999999"] {
            #expect(try wish(offset: 7, [events, (name: "last-event-id", value: odd)]).offset == 7)
        }
    }
}
