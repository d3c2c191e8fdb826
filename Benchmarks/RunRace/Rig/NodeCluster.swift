// Real nodes on loopback with one SQLite store, and the race's own hand on that store.

internal import Glibc
internal import HTTPClient
internal import JobList
internal import LockLease
internal import Platform
internal import Sealing
internal import Vocabulary

/// The nodes of one race.
final class NodeCluster: Sendable {
    let folder: String
    let store: any LeaseStore
    let names: [NodeName]
    private let loop: EventLoop
    private let firstPort: Int
    private let token: AccessToken
    private let http = HTTPClient()
    private let nodes: [NodeProcess]

    /// Starts the nodes, and returns when all of them are ready.
    init(race: Race, nodes count: Int, slots: Int, term: String) async throws {
        folder = "\(race.folder)/\(getpid())-\(count)"
        _ = try Terminal.run("rm -rf \"$1\"; mkdir -p \"$1\"", arguments: [folder])
        let url = "sqlite://\(folder)/store.db"
        store = try openStore(url)
        _ = try await store.identify()
        token = AccessToken.generate()
        let key = "\(folder)/cluster.key"
        try FileStore.replace(key, with: Array((SecretKey.random().base64 + "\n").utf8))
        firstPort = 21_000 + Int(getpid()) % 400 * 20
        loop = EventLoop(name: "race")
        names = (0..<count).map { NodeName("n\($0 + 1)") }
        var started: [NodeProcess] = []
        for index in 0..<count {
            var words = [
                race.node, "--name", names[index].text, "--data", "\(folder)/\(names[index])",
                "--store", url, "--cluster-key-file", key, "--slots", "\(slots)",
                "--session-term", term, "--log-level", "warning",
                "--listen", "127.0.0.1:\(firstPort + 2 * index)",
                "--gossip", "127.0.0.1:\(firstPort + 2 * index + 1)",
            ]
            if index > 0 { words += ["--join", "127.0.0.1:\(firstPort + 1)"] }
            started.append(try await NodeProcess.start(words, on: loop))
        }
        nodes = started
        do {
            try await allowMetrics()
            try await settle()
        } catch {
            await end()
            throw error
        }
    }

    private func allowMetrics() async throws {
        _ = try await store.commit(
            [
                ObjectEdit(
                    key: Authorizer.key(of: token.digest),
                    expecting: .any,
                    uid: RaceJobs.uid(),
                    change: .put(
                        body: Authorizer.body(name: "race", tenant: "*", role: .reader),
                        gate: nil
                    )
                )
            ],
            id: RequestID("race-token"),
            author: "race"
        )
    }

    /// Waits until every node trusts its session and holds the whole list.
    func settle() async throws {
        let head = try await store.pulse().head.revision.sequence
        for index in nodes.indices {
            let isReady = try await until(within: .seconds(60)) { () -> Bool? in
                guard nodes[index].isRunning else {
                    throw RaceFailure("\(names[index]) ended: \(nodes[index].lastWords)")
                }
                guard let page = try? await metrics(of: index) else { return nil }
                let level = page["rota_replica_revision"].map { Int($0) >= Int(head) } ?? false
                let alive = page["rota_members{state=\"alive\"}"].map { Int($0) == names.count }
                return level && alive == true ? true : nil
            }
            guard isReady != nil else {
                throw RaceFailure("\(names[index]) is not ready: \(nodes[index].lastWords)")
            }
        }
    }

    /// The figures of one node's metrics page.
    func metrics(of index: Int) async throws -> [String: Double] {
        let answer = try await http.send(
            HTTPCall(
                method: "GET",
                url: "\(url(of: index))/metrics",
                headers: [(name: "Authorization", value: "Bearer \(token.text)")],
                timeout: .seconds(10)
            )
        )
        var figures: [String: Double] = [:]
        for line in String(decoding: answer.body, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let number = Double(words[1]) else { continue }
            figures[String(words[0])] = number
        }
        return figures
    }

    /// A figure of all nodes together; those that are dead count nothing.
    func sum(_ name: String) async -> Double {
        var sum = 0.0
        for index in nodes.indices where nodes[index].isRunning {
            sum += (try? await metrics(of: index))?[name] ?? 0
        }
        return sum
    }

    /// Adds jobs of these specs, in transactions of 1,000, and waits until all nodes have them.
    func add(_ specs: [(name: String, uid: UID, spec: JobSpec)]) async throws {
        for start in stride(from: 0, to: specs.count, by: 1_000) {
            let part = specs[start..<min(specs.count, start + 1_000)]
            let edits = part.map { item in
                let job = Job(spec: item.spec)
                return ObjectEdit(
                    key: ObjectKey(tenant: "default", kind: .job, name: item.name),
                    expecting: .absent,
                    uid: item.uid,
                    change: .put(body: JobDocument.encodeBody(job), gate: JobGate(job))
                )
            }
            let first = part.first?.name ?? ""
            _ = try await store.commit(edits, id: RequestID("add-\(first)"), author: "race")
        }
        try await settle()
    }

    /// Adds one job; answers its uid once all nodes have it.
    func add(_ name: String, _ spec: JobSpec) async throws -> UID {
        let uid = RaceJobs.uid()
        try await add([(name, uid, spec)])
        return uid
    }

    /// The record of a job's only run, once it has ended.
    func end(of job: UID, within limit: Duration) async throws -> RunRecord {
        var filter = RunFilter()
        filter.job = job
        let record = try await until(within: limit) { () -> RunRecord? in
            try await store.runs(filter).first { !$0.state.isOpen }
        }
        guard let record else { throw RaceFailure("the run did not end within \(limit)") }
        return record
    }

    /// The id of a job's only run, once it has begun.
    func run(of job: UID, within limit: Duration) async throws -> RunID {
        var filter = RunFilter()
        filter.job = job
        let run = try await until(within: limit) { try await store.runs(filter).first?.id }
        guard let run else { throw RaceFailure("the run did not begin within \(limit)") }
        return run
    }

    /// Where a node's own pages are, for whoever has the token.
    func url(of index: Int) -> String { "http://127.0.0.1:\(firstPort + 2 * index)" }
    var tokenText: String { token.text }

    /// The newest run records, at most so many.
    func records(limit: Int) async throws -> [RunRecord] {
        var filter = RunFilter()
        var found: [RunRecord] = []
        filter.limit = 1_000
        while found.count < limit {
            let page = try await store.runs(filter)
            guard let last = page.last else { break }
            found += page
            filter.before = last.id
        }
        return found
    }

    /// A node's process and its runner's.
    func processes(of index: Int) -> [(name: String, process: Int32)] {
        [("node", nodes[index].processID)]
            + (runner(of: index).map { [("runner", $0)] } ?? [])
    }

    /// What store and nodes keep, in bytes.
    var bytesOnDisk: Int64 {
        let (sum, file) = ("du -sb \"$1\" | cut -f1 > \"$1.size\"", "\(folder).size")
        guard (try? Terminal.run(sum, arguments: [folder])) == 0,
            let bytes = try? FileStore.read(file)
        else { return 0 }
        return Int64(String(decoding: bytes, as: UTF8.self).filter(\.isNumber)) ?? 0
    }

    private func runner(of index: Int) -> Int32? {
        let path = "\(folder)/\(names[index])/runner/pid"
        guard let bytes = try? FileStore.read(path) else { return nil }
        return Int32(String(decoding: bytes, as: UTF8.self).filter(\.isNumber))
    }

    func kill(_ name: NodeName) {
        names.firstIndex(of: name).map { nodes[$0].signal(SIGKILL) }
    }

    /// What the nodes complained of, shortly.
    var complaints: [String] {
        nodes.flatMap { $0.lastWords.split(separator: "\n").suffix(5).map(String.init) }
    }

    func end() async {
        for node in nodes { node.signal(SIGTERM) }
        for node in nodes { try? await node.wait(within: .seconds(10)) }
        for node in nodes where node.isRunning { await node.end() }
        // Those of nodes that were killed; the others have ended theirs.
        for index in names.indices { runner(of: index).map { _ = Glibc.kill($0, SIGKILL) } }
        loop.stop()
        _ = try? Terminal.run("rm -rf \"$1\"", arguments: [folder])
    }
}
