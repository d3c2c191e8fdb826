// Calls to etcd: which member, how long, under which token, and what an answer is worth.

internal import HTTPClient
internal import Platform
internal import Sealing
internal import Synchronization
internal import Vocabulary

/// A client of etcd's v3 JSON gateway.
///
/// One connection pool and one thread of libcurl's; renewals have a gateway of their own. Every
/// answer must come from the same cluster, and from one that is not behind what it answered before.
final class EtcdGateway: Sendable {
    /// What is known from earlier answers.
    private struct State {
        var endpoints: EndpointChoice
        var witness = ClockWitness()
        var token: String?
        /// The newest revision that an answer has named.
        var revision: Int64 = 0
        var random = SeededGenerator(seed: SecureRandom.seed())
    }

    /// What a call may have done when its answer is lost.
    enum Effect {
        case none
        case writes
    }

    let settings: EtcdSettings
    private let client: HTTPClient
    private let callLimit: Duration
    private let state: Mutex<State>

    /// A gateway whose calls take at most `callLimit` from sending to the whole answer.
    init(_ settings: EtcdSettings, callLimit: Duration) {
        self.settings = settings
        self.callLimit = callLimit
        client = HTTPClient()
        let seed = Int(SecureRandom.seed() % UInt64(max(1, settings.endpoints.count)))
        state = Mutex(State(endpoints: EndpointChoice(settings.endpoints, first: seed)))
    }

    /// This machine's clock, but no further ahead than the gateway's answers allow.
    var clock: Instant {
        if let clock = settings.clock { return clock() }
        let (wall, now) = (SystemClock.wall, SystemClock.monotonic)
        return state.withLock { $0.witness.bounded(wall, at: now) }
    }

    /// Forgets how far the store has been, as somebody decides about that who looks at it now.
    func forgetHistory() {
        state.withLock { $0.revision = 0 }
    }

    // MARK: Calls

    /// Carries out `transaction`, and answers what it did.
    func transact(_ transaction: EtcdTransaction) async throws(GatewayError) -> TransactionAnswer {
        var writer = GatewayWriter(capacity: 4_096)
        writer.write(transaction)
        let effect: Effect = transaction.writes ? .writes : .none
        return try await call("/v3/kv/txn", writer.bytes, effect) {
            scanner throws(GatewayFault) in
            let answer = try scanner.transactionAnswer()
            return (answer.header, answer)
        }
    }

    /// Reads one range.
    func read(_ range: KeyRange) async throws(GatewayError) -> (RangeAnswer, revision: Int64) {
        var writer = GatewayWriter()
        writer.write(range)
        return try await call("/v3/kv/range", writer.bytes, .none) {
            scanner throws(GatewayFault) in
            let (header, answer) = try scanner.rangeAnswer()
            return (header, (answer, header.revision ?? 0))
        }
    }

    /// Sends `body` to one member after the other until one answers, or until it may be done.
    func call<Answer: Sendable>(
        _ path: String,
        _ body: [UInt8],
        _ effect: Effect,
        read: (inout GatewayScanner) throws(GatewayFault) -> (AnswerHeader, Answer)
    ) async throws(GatewayError) -> Answer {
        var failure = GatewayError.notDone("no member of etcd was asked")
        var hasToken = false
        var attempt = 0
        while attempt < settings.endpoints.count {
            let (endpoint, isKnown) = nextEndpoint()
            do throws(GatewayError) {
                if !isKnown { try await meet(endpoint) }
                return try await ask(endpoint, path, body, read)
            } catch {
                failure = effect == .none ? error.ofRead : error
            }
            switch failure {
            case .notDone:
                fail(endpoint)
                attempt += 1
            case .lost:
                // A repetition goes elsewhere; whether there is one is not ours to decide.
                fail(endpoint)
                throw failure
            case .unauthenticated where !hasToken && settings.user != nil:
                hasToken = true
                state.withLock { $0.token = nil }
            case _: throw failure
            }
        }
        throw failure
    }

    private func nextEndpoint() -> (name: String, isKnown: Bool) {
        let now = SystemClock.monotonic
        return state.withLock { $0.endpoints.next(at: now) }
    }

    private func fail(_ endpoint: String) {
        let now = SystemClock.monotonic
        state.withLock { state in
            let share = Double.random(in: 0...1, using: &state.random)
            state.endpoints.fail(endpoint, at: now, share: share)
        }
    }

    /// Has a member show that it is of our cluster, and not behind, before anything is written
    /// there.
    ///
    /// A linearizable read: its answer's revision is the newest that anybody was acknowledged.
    private func meet(_ endpoint: String) async throws(GatewayError) {
        var writer = GatewayWriter()
        let key = EtcdKey(settings.prefix + "/m/store")
        writer.write(KeyRange(start: key, what: .countOnly))
        do throws(GatewayError) {
            try await ask(endpoint, "/v3/kv/range", writer.bytes) { scanner throws(GatewayFault) in
                (try scanner.rangeAnswer().header, ())
            }
        } catch {
            throw error.ofRead
        }
    }

    private func ask<Answer>(
        _ endpoint: String,
        _ path: String,
        _ body: [UInt8],
        _ read: (inout GatewayScanner) throws(GatewayFault) -> (AnswerHeader, Answer)
    ) async throws(GatewayError) -> Answer {
        let sentAt = SystemClock.monotonic
        let before = state.withLock { $0.revision }
        let token = try await token(from: endpoint)
        let answer = try await post(endpoint, path, body, token)
        guard answer.status == 200 else {
            throw GatewayError(status: answer.status, body: answer.body, from: endpoint)
        }
        var scanner = GatewayScanner(answer.body)
        let header: AnswerHeader
        let result: Answer
        do throws(GatewayFault) {
            (header, result) = try read(&scanner)
        } catch {
            throw .lost("\(endpoint) answered what is none of etcd's: \(error.wanted) is missing")
        }
        try admit(header, from: endpoint, since: before)
        if let date = answer.header("date").flatMap(Instant.init(httpDate:)) {
            state.withLock { $0.witness.hear(date, ofRequestSentAt: sentAt) }
        }
        return result
    }

    /// Takes note of an answer, unless it is another cluster's or of an older state than ours.
    private func admit(
        _ header: AnswerHeader,
        from endpoint: String,
        since before: Int64
    ) throws(GatewayError) {
        let (isOurs, cluster) = state.withLock { state in
            (state.endpoints.succeed(endpoint, cluster: header.cluster), state.endpoints.cluster)
        }
        guard isOurs else {
            throw .refused(
                """
                \(endpoint) is of the etcd cluster \(header.cluster), the others are of \
                \(cluster ?? 0). Name members of one cluster only
                """
            )
        }
        // Answers may overtake each other, so one is compared with what was known when it was
        // asked.
        guard let revision = header.revision else { return }
        guard revision >= before else {
            throw .lost(
                """
                \(endpoint) is at revision \(revision), behind \(before) which was seen \
                before: it was restored, or lost its tail
                """
            )
        }
        state.withLock { $0.revision = max($0.revision, revision) }
    }

    private func post(
        _ endpoint: String,
        _ path: String,
        _ body: [UInt8],
        _ token: String?
    ) async throws(GatewayError) -> HTTPAnswer {
        var call = HTTPCall(
            method: "POST",
            url: settings.url(of: endpoint, path),
            headers: [("Content-Type", "application/json")],
            body: body,
            timeout: callLimit,
            connectTimeout: settings.connectLimit,
            maximumResponse: 64 << 20,
            identity: settings.identity,
            proxy: .none
        )
        if let token { call.headers.append(("Authorization", token)) }
        do throws(HTTPClientError) {
            return try await client.send(call)
        } catch {
            throw GatewayError(error)
        }
    }

    // MARK: Signing in

    /// The token of the user that the settings name; `nil` without one.
    private func token(from endpoint: String) async throws(GatewayError) -> String? {
        guard let user = settings.user else { return nil }
        if let token = state.withLock({ $0.token }) { return token }
        var writer = GatewayWriter()
        writer.write("{\"name\":")
        writer.write(text: user)
        writer.write(",\"password\":")
        writer.write(text: settings.password ?? "")
        writer.write("}")
        let answer: HTTPAnswer
        do throws(GatewayError) {
            answer = try await post(endpoint, "/v3/auth/authenticate", writer.bytes, nil)
        } catch {
            throw error.ofRead
        }
        guard answer.status == 200 else {
            let error = GatewayError(status: answer.status, body: answer.body, from: endpoint)
            throw error.ofRead
        }
        var scanner = GatewayScanner(answer.body)
        var token = ""
        try? scanner.object { scanner, name throws(GatewayFault) in
            if name == "token" { token = try scanner.text() }
        }
        guard !token.isEmpty else { throw .notDone("\(endpoint) signed \(user) in with no token") }
        state.withLock { $0.token = token }
        return token
    }

    // MARK: Watching

    /// Waits until a key under `prefix` changes after `revision`, at most for `limit`.
    ///
    /// A hint: errors end the wait as well. Answers whether etcd has told of a change.
    func watch(
        _ prefix: EtcdKey,
        after revision: Int64,
        within limit: Duration
    ) async -> Bool {
        let (endpoint, _) = nextEndpoint()
        let token: String?
        do throws(GatewayError) {
            token = try await self.token(from: endpoint)
        } catch {
            return false
        }
        var writer = GatewayWriter()
        writer.write("{\"create_request\":{\"key\":")
        writer.write(data: prefix.bytes)
        writer.write(",\"range_end\":")
        writer.write(data: prefix.prefixEnd)
        writer.write(",\"start_revision\":")
        writer.write(revision + 1)
        writer.write("}}")
        var call = HTTPCall(
            method: "POST",
            url: settings.url(of: endpoint, "/v3/watch"),
            headers: [("Content-Type", "application/json")],
            body: writer.bytes,
            timeout: limit,
            connectTimeout: settings.connectLimit,
            identity: settings.identity,
            proxy: .none
        )
        if let token { call.headers.append(("Authorization", token)) }
        return await wait(for: call)
    }

    /// Ends at the first line that tells of an event or an end; the first of all only greets.
    private func wait(for call: HTTPCall) async -> Bool {
        let (signal, continuation) = AsyncStream<Bool>.makeStream()
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { [client] in
                try? await client.stream(call) { event in
                    guard case .chunk(let bytes) = event else { return }
                    let text = String(decoding: bytes, as: UTF8.self)
                    if text.contains("\"events\"") { continuation.yield(true) }
                    if text.contains("\"canceled\"") { continuation.yield(false) }
                }
                continuation.yield(false)
            }
            var isTold = false
            for await told in signal {
                isTold = told
                break
            }
            group.cancelAll()
            return isTold
        }
    }
}

extension EtcdTransaction {
    /// Whether any branch writes.
    var writes: Bool {
        (success + failure).contains { operation in
            switch operation {
            case .put, .touch, .delete, .deleteAll: true
            case .read: false
            case .nested(let transaction): transaction.writes
            }
        }
    }
}
