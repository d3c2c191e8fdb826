// What a node serves over HTTP: its health, the watch feed, and the logs of its runs.

internal import Documents
internal import HTTPService
internal import JobList
internal import LogSink
internal import Platform
internal import Vocabulary

/// The routes of a node.
struct NodeAPI: Sendable {
    let node: NodeParts

    func router(identify: @escaping Router.Identify) -> Router {
        Router(routes: routes, identify: identify) { _, response in
            var response = response
            response.headers.append((name: "Rota-Node", value: node.settings.name.text))
            return response
        }
    }

    private var routes: [Route] {
        [
            Route("GET", "/healthz", .open) { _ in HTTPResponse.text("ok\n") },
            Route("GET", "/readyz", .open) { call async throws(Problem) in
                try await ready(call)
            },
            Route("GET", "/metrics", .role(.reader)) { _ in
                HTTPResponse.text(await NodeMetrics.text(of: node))
            },
            MemberRoute.route(node.settings.name, node.keys.keys),
            Route("GET", "/v1/node", .role(.reader)) { _ in
                HTTPResponse.json(await status())
            },
            Route("GET", "/v1/events", .role(.reader)) { call async throws(Problem) in
                try await FeedAnswer.make(for: call, feed: node.feed, kinds: nil)
            },
            Route("GET", "/v1/jobs", .role(.reader)) { call async throws(Problem) in
                try await FeedAnswer.make(for: call, feed: node.feed, kinds: [.job])
            },
            Route("GET", "/v1/runs/{id}/log", .cluster) { call async throws(Problem) in
                try await log(call, node.logs)
            },
            Route("GET", "/v1/runs/{id}/log:search", .cluster) { call async throws(Problem) in
                try await search(call, node.logs)
            },
            Route("GET", "/v1/runs/{id}/facts", .cluster) { call async throws(Problem) in
                try await facts(call)
            },
            Route("GET", "/v1/copies/{id}/log", .cluster) { call async throws(Problem) in
                try await log(call, node.shared)
            },
            Route("GET", "/v1/copies/{id}/log:search", .cluster) { call async throws(Problem) in
                try await search(call, node.shared)
            },
            Route("POST", "/v1/copies/{id}", .cluster) { call async throws(Problem) in
                try await takeCopy(call)
            },
            Route("POST", "/v1/runs/{id}/callback/{token}", .open) { call async throws(Problem) in
                try await callback(call)
            },
        ]
    }

    /// Whether this node takes part: its session is trusted and its list has been loaded.
    private func ready(_ call: Call) async throws(Problem) -> HTTPResponse {
        let checks = await node.checks()
        let failing = checks.filter { !$0.isGood }.map(\.name)
        guard failing.isEmpty else {
            throw Problem(.unavailable, "Not ready: \(failing.joined(separator: ", ")).")
        }
        let lines = checks.map { "[+]\($0.name) ok" }
        return .text((lines + ["ready\n"]).joined(separator: "\n"))
    }

    /// The end of a run's asynchronous work; the token in the path is all that a caller has.
    private func callback(_ call: Call) async throws(Problem) -> HTTPResponse {
        let outcome: CallbackOutcome
        do throws(CallbackOutcome.Flaw) {
            outcome = try CallbackOutcome(body: call.request.body)
        } catch {
            throw Problem(.badRequest, "The body does not say how it ended: \(error.detail)")
        }
        let run = RunID(call.capture("id"))
        let token = call.capture("token")
        switch await node.runner.callback(run, token: token, outcome: outcome) {
        case true?: return HTTPResponse.text("noted\n")
        // The same for every wrong token, so that nobody learns which runs there are.
        case false?: throw Problem(.notFound, "No run waits for this callback.")
        case nil:
            throw Problem(.unavailable, "What runs tasks here does not answer; call again.")
        }
    }

    private func status() async -> Value {
        let status = await node.dispatcher.status
        return [
            "name": .string(node.settings.name.text),
            "version": .string(rotaVersion),
            "revision": .string(await node.replica.position().revision.description),
            "jobs": .integer(Int64(status.jobs)),
            "open_runs": .integer(Int64(status.openRuns)),
            "slots": .integer(Int64(status.slots)),
            "draining": .bool(status.isDraining),
            "unreported": .integer(Int64(await node.completions.count)),
            "tzdata": .string(ZoneInfoFiles.version),
        ]
    }

    /// One page of a log; with `wait`, once there is more than `offset` or the log is complete.
    private func log(_ call: Call, _ logs: any LogReader) async throws(Problem) -> HTTPResponse {
        let run = RunID(call.capture("id"))
        let offset = Int64(try call.number("offset", default: 0, in: 0...Int.max))
        let limit = try call.number("limit", default: 65_536, in: 0...1_048_576)
        let wait = try call.number("wait", default: 0, in: 0...30_000)
        if wait > 0 {
            await logs.wait(for: run, beyond: offset, timeout: .milliseconds(wait))
        }
        do throws(LogError) {
            return .json(try await logs.read(run, from: offset, limit: limit).value)
        } catch {
            throw Problem(error)
        }
    }

    /// Where in a log a text is; the asking master has looked at what it was asked.
    private func search(_ call: Call, _ logs: any LogReader) async throws(Problem) -> HTTPResponse {
        let question = LogQuestion(
            text: call.request.parameter("q") ?? "",
            letters: call.request.parameter("letters") == "any" ? .anyCase : .exact,
            limit: try call.number("limit", default: 200, in: LogQuestion.limits)
        )
        let run = RunID(call.capture("id"))
        do throws(LogError) {
            let hits = try await logs.search(run, for: question.needle, limit: question.limit)
            return .json(hits.value)
        } catch {
            throw Problem(error)
        }
    }

    /// Takes what a neighbour's log has grown by; answers where the copy ends.
    private func takeCopy(_ call: Call) async throws(Problem) -> HTTPResponse {
        guard let shelf = node.copies else { throw Problem(.notFound, "No copies are kept here.") }
        let offset = Int64(try call.number("from", default: 0, in: 0...Int.max))
        var keep = Retention()
        keep.logBytes = try call.number("bytes", default: 0, in: 0...Int.max)
        let seconds = try call.number("age", default: CopyShelf.ageInSeconds, in: 0...Int.max)
        keep.age = .seconds(min(seconds, CopyShelf.ageInSeconds))
        guard let page = LogPage(try call.document()), let job = call.request.parameter("job")
        else {
            throw Problem(.badRequest, "That is no page of a log, or it has no job=.")
        }
        let run = RunID(call.capture("id"))
        let end: Int64?
        do throws(LogError) {
            end = try await shelf.take(page, from: offset, of: run, job: UID(job), keep: keep)
        } catch {
            throw Problem(.unavailable, "\(error)")
        }
        guard let end else { throw Problem(.badRequest, "No log has such a page.") }
        return .json(["end": .integer(end)])
    }

    /// What a run has said of itself.
    private func facts(_ call: Call) async throws(Problem) -> HTTPResponse {
        do throws(LogError) {
            return .json(try await node.logs.facts(of: RunID(call.capture("id"))).value)
        } catch {
            throw Problem(error)
        }
    }
}
