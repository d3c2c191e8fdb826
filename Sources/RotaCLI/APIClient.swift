// Speaks to the masters: any of them, in order, with the same answer from each.

internal import Synchronization
internal import Vocabulary

/// Requests to the API of one cluster.
final class APIClient: Sendable {
    private struct State {
        /// The master that answered last, asked first from now on.
        var preferred = 0
        var minimumRevision: String?
    }

    private static let timeout = Duration.seconds(15)

    private let settings: Settings
    private let world: World
    private let memory: RevisionMemory
    private let state: Mutex<State>

    init(settings: Settings, world: World) {
        self.settings = settings
        self.world = world
        memory = RevisionMemory(settings: settings, world: world)
        state = Mutex(State(minimumRevision: memory.recall()))
    }

    /// One page or object; no master is waited for beyond `deadline`.
    func get(
        _ path: String,
        _ query: [(String, String)] = [],
        until deadline: Deadline? = nil
    ) async throws(Failure) -> Value {
        try await object(request("GET", path, query, until: deadline))
    }

    /// Every page of a list, up to `limit` items.
    func list(
        _ path: String,
        _ query: [(String, String)] = [],
        limit: Int = .max
    ) async throws(Failure) -> [Value] {
        var items: [Value] = []
        var cursor: String?
        repeat {
            let size = min(1_000, limit - items.count)
            var page = query + [("limit", "\(size)")]
            if let cursor { page.append(("cursor", cursor)) }
            let answer = try await get(path, page)
            items += answer["items"]?.array ?? []
            let next = answer["next"]?.string
            // A cursor that does not move would be asked for ever.
            cursor = next == cursor ? nil : next
        } while cursor != nil && items.count < limit
        return Array(items.prefix(limit))
    }

    /// A change: its answer and the revision it made, which later reads will wait for.
    func change(
        _ method: String,
        _ path: String,
        _ query: [(String, String)] = [],
        body: Value? = nil,
        ifVersion version: Int64? = nil,
        key: String? = nil
    ) async throws(Failure) -> (object: Value, revision: String?) {
        var headers: [(name: String, value: String)] = []
        if let version { headers.append(("If-Match", "\"\(version)\"")) }
        if let key { headers.append(("Idempotency-Key", key)) }
        let answer = try await request(method, path, query, headers: headers, body: body)
        let revision = answer.header("Rota-Revision")
        if let revision, Revision(revision) != nil {
            state.withLock { $0.minimumRevision = revision }
            memory.remember(revision)
        }
        let object = answer.body.isEmpty ? .null : try object(answer)
        return (object, revision ?? object["rev"]?.string)
    }

    /// Text or another body as it is.
    func text(_ path: String, _ query: [(String, String)] = []) async throws(Failure) -> [UInt8] {
        try await request("GET", path, query).body
    }

    /// A feed, handed over as it comes; `nil` if it was cut, or ended by `deadline`, and may be
    /// asked for again.
    func stream(
        _ path: String,
        _ query: [(String, String)],
        until deadline: Deadline,
        receive: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(Failure) -> APIAnswer? {
        var reasons: [String] = []
        var lastAnswer: APIAnswer?
        for (index, url) in candidates() {
            let timeout = deadline.remaining
            let call = call("GET", url + path + self.query(query), [], nil, timeout)
            let answer: APIAnswer
            do throws(APITransportError) {
                answer = try await world.transport.stream(call, receive: receive)
            } catch {
                reasons.append("\(url): \(error.reason)")
                if case .cut = error { return nil }
                continue
            }
            if (200..<300).contains(answer.status) {
                state.withLock { $0.preferred = index }
                return answer
            }
            guard (502...504).contains(answer.status) else { throw Failure(answer: answer) }
            lastAnswer = answer
        }
        if let lastAnswer { throw Failure(answer: lastAnswer) }
        throw unreachable(reasons)
    }

    private func request(
        _ method: String,
        _ path: String,
        _ query: [(String, String)],
        headers: [(name: String, value: String)] = [],
        body: Value? = nil,
        until deadline: Deadline? = nil
    ) async throws(Failure) -> APIAnswer {
        var reasons: [String] = []
        var lastAnswer: APIAnswer?
        var isCut = false
        for (index, url) in candidates() {
            let timeout = min(Self.timeout, deadline?.remaining ?? Self.timeout)
            let call = call(method, url + path + self.query(query), headers, body, timeout)
            let answer: APIAnswer
            do throws(APITransportError) {
                answer = try await world.transport.send(call)
            } catch {
                reasons.append("\(url): \(error.reason)")
                if case .cut(let reason) = error, method != "GET" {
                    throw Failure(
                        .unreachable,
                        "The connection to \(url) was lost before it answered",
                        why: "\(reason). The change may have been made or not.",
                        next: "look before you ask again"
                    )
                }
                if case .cut = error { isCut = true }
                continue
            }
            state.withLock { $0.preferred = index }
            if (200..<300).contains(answer.status) { return answer }
            guard method == "GET", (502...504).contains(answer.status) else {
                throw Failure(answer: answer)
            }
            lastAnswer = answer
        }
        if let lastAnswer { throw Failure(answer: lastAnswer) }
        guard isCut else { throw unreachable(reasons) }
        throw Failure(
            .unreachable,
            "The answer was cut before it was whole",
            why: reasons.joined(separator: "; ").plain,
            next: "ask again"
        )
    }

    /// The masters, the one that answered last first.
    private func candidates() -> [(Int, String)] {
        let urls = Array(settings.cluster.urls.enumerated())
        let first = state.withLock { $0.preferred }
        return (urls[first...] + urls[..<first]).map { ($0.offset, $0.element) }
    }

    private func call(
        _ method: String,
        _ url: String,
        _ headers: [(name: String, value: String)],
        _ body: Value?,
        _ timeout: Duration?
    ) -> APICall {
        var headers = headers
        headers.append(("Accept", "application/json, application/problem+json, */*;q=0.5"))
        headers.append(("User-Agent", "rota/\(rotaVersion)"))
        if let token = settings.token { headers.append(("Authorization", "Bearer \(token)")) }
        if let revision = state.withLock({ $0.minimumRevision }) {
            headers.append(("Rota-Min-Revision", revision))
        }
        if body != nil {
            let type = method == "PATCH" ? "application/merge-patch+json" : "application/json"
            headers.append(("Content-Type", type))
        }
        return APICall(
            method: method,
            url: url,
            headers: headers,
            body: body.map { Wire.bytes($0) } ?? [],
            timeout: timeout
        )
    }

    private func query(_ items: [(String, String)]) -> String {
        let tenant = settings.cluster.tenant.map { [("tenant", $0)] } ?? []
        let all = (items + tenant).map { "\($0.0)=\($0.1.percentEncoded)" }
        return all.isEmpty ? "" : "?" + all.joined(separator: "&")
    }

    private func object(_ answer: APIAnswer) throws(Failure) -> Value {
        guard let value = Wire.value(answer.body) else {
            throw Failure(
                .failed,
                "The master's answer is no JSON",
                why: "Is \(settings.cluster.urls.joined(separator: ", ")) a rota-master?",
                next: "rota context show"
            )
        }
        return value
    }

    private func unreachable(_ reasons: [String]) -> Failure {
        Failure(
            .unreachable,
            "No master can be reached",
            why: reasons.joined(separator: "; ").plain,
            next: "rota context show, or ROTA_URL=http://host:8470 rota …"
        )
    }
}

extension String {
    /// Everything but RFC 3986's unreserved characters as `%XX`; slashes too.
    var percentEncoded: String {
        let digits = Array("0123456789ABCDEF")
        var text = ""
        for byte in utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case _:
                text += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return text
    }
}
