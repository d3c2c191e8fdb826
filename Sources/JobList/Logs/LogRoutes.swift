// Logs of runs: whole, in part, as they grow, and searched.

internal import HTTPService
internal import LockLease
internal import LogSink
internal import Vocabulary

/// The routes of logs; they are read from the nodes that hold them.
package struct LogRoutes: Sendable {
    private let origin: LogOrigin

    package init(_ origin: LogOrigin) {
        self.origin = origin
    }

    package var routes: [Route] {
        [
            Route("GET", "/v1/runs/{id}/log", .role(.reader)) { call async throws(Problem) in
                try await log(call)
            },
            Route("GET", "/v1/runs/{id}/log:search", .role(.reader)) { call async throws(Problem) in
                try await search(call)
            },
        ]
    }

    private func log(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await origin.run(of: call)
        let wish = try LogWish(call)
        let (remote, page) = try await LogFinding(origin: origin).find(run)
        var answer = HTTPResponse(status: 200, headers: Self.headers(remote, page, wish))
        guard let range = wish.range else {
            answer.body = .stream(
                LogBody(
                    reader: remote,
                    run: run.id,
                    format: wish.format,
                    streams: wish.streams,
                    offset: wish.offset,
                    limit: wish.limit,
                    follows: wish.follows
                )
            )
            return answer
        }
        guard let bytes = range.bytes(end: page.end, missing: page.missing) else {
            return Self.unsatisfiable(page)
        }
        // The length of a log that still grows is not known (RFC 9110, 14.4).
        let length = page.isComplete ? "\(page.end)" : "*"
        answer.status = 206
        answer.headers.append(
            (
                name: "Content-Range",
                value: "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(length)"
            )
        )
        answer.body = .stream(LogBytes(reader: remote, run: run.id, range: bytes))
        return answer
    }

    private static func headers(
        _ remote: RemoteLog,
        _ page: LogPage,
        _ wish: LogWish
    ) -> [(name: String, value: String)] {
        var headers = [
            (name: "Content-Type", value: wish.format.contentType),
            (name: "Cache-Control", value: "no-store"),
            (name: "X-Accel-Buffering", value: "no"),
            (name: "Rota-Log-Node", value: remote.node.text),
            (name: "Rota-Log-Complete", value: "\(page.isComplete)"),
        ]
        if remote.place != .own { headers.append((name: "Rota-Log-Copy", value: "true")) }
        if wish.isBytes { headers.append((name: "Accept-Ranges", value: "bytes")) }
        return headers
    }

    private static func unsatisfiable(_ page: LogPage) -> HTTPResponse {
        var answer = Problem(
            .range,
            "The log has \(page.end) bytes, and none of those that Range asks for.",
            hint: "Range: bytes=-4096 asks for the last 4096"
        ).response
        answer.headers.append((name: "Content-Range", value: "bytes */\(page.end)"))
        return answer
    }

    private func search(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await origin.run(of: call)
        let question = try call.logQuestion()
        let remote = try await LogFinding(origin: origin).find(run).log
        do throws(LogError) {
            return .json(try await remote.search(run.id, question))
        } catch {
            throw LogFinding.problem(error, of: run)
        }
    }
}
