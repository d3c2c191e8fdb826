// Logs through masters: parts of them, searches, and what runs say of themselves.

import Foundation
import HTTPClient
import SQLite
import TestSupport
import Testing

@Suite(.serialized) struct `Logs through a master` {
    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `are answered in part, by stream, searched, and with what the run says of itself`()
        async throws
    {
        let cluster = try await TestCluster(nodes: 1)
        defer { cluster.end() }
        let command = """
            echo first; echo second >&2; echo ::progress 40 dumping; echo ::set rows=1200
            while [ ! -e \(cluster.path("gate")) ]; do sleep 0.1; done
            """
        #expect(try cluster.rota("job", "add", "told", "--shell", command).code == 0)
        #expect(try cluster.rota("job", "run", "told").code == 0)
        try await eventually("it has printed") {
            try cluster.rota("run", "logs", "told").out.contains("rows=1200")
        }
        let name = try #require(try cluster.rota("run", "list", "-o", "name").lines.first)
        let run = String(name.split(separator: "/").last ?? "")
        try await eventually("what it says is told") {
            let page = try cluster.rota("run", "show", run).out
            return page.contains("progress  40% dumping") && page.contains("result    rows=1200")
        }
        try await checkRanges(run, cluster)
        let found = try cluster.rota("run", "logs", run, "--grep", "co")
        #expect(found.out == "second\n", "\(found)")
        #expect(try cluster.rota("run", "logs", run, "--grep", "nowhere").out.isEmpty)
        #expect(try cluster.rota("run", "logs", run, "--stderr").out == "second\n")
        try cluster.write("", to: "gate")
        try await eventually("the log is complete") {
            try await Self.get("\(run)/log", cluster).header("Rota-Log-Complete") == "true"
        }
        let part = try await Self.get("\(run)/log", range: "bytes=-5", cluster)
        let end = "first\nsecond\n::progress 40 dumping\n::set rows=1200\n".utf8.count
        #expect(part.header("Content-Range") == "bytes \(end - 5)-\(end - 1)/\(end)")
    }

    private func checkRanges(_ run: String, _ cluster: TestCluster) async throws {
        let whole = try await Self.get("\(run)/log", cluster)
        #expect(whole.status == 200 && whole.header("Accept-Ranges") == "bytes")
        #expect(whole.header("Rota-Log-Node") == "n1")
        #expect(whole.header("Rota-Log-Complete") == "false")
        // Which of two pipes is read first is not for the task to say.
        let text = Array(whole.text.utf8)
        let last = whole.text.split(separator: "\n").last.map { $0 + "\n" }
        let part = try await Self.get("\(run)/log", range: "bytes=3-8", cluster)
        #expect(part.status == 206 && Array(part.text.utf8) == Array(text[3...8]))
        #expect(part.header("Content-Range") == "bytes 3-8/*")
        let tail = try await Self.get("\(run)/log", range: "bytes=-5", cluster)
        #expect(tail.status == 206 && Array(tail.text.utf8) == text.suffix(5))
        let beyond = try await Self.get("\(run)/log", range: "bytes=99999-", cluster)
        #expect(beyond.status == 416)
        #expect(beyond.header("Content-Range")?.hasPrefix("bytes */") == true)
        #expect(try await Self.get("\(run)/log?offset=-5", cluster).text == last.map(String.init))
        #expect(try await Self.get("\(run)/log?stream=err", cluster).text == "second\n")
        #expect(try await Self.get("\(run)/log?stream=all", cluster).status == 400)
        let hits = try await Self.get("\(run)/log:search?q=s&limit=2", cluster).text
        #expect(hits.contains("\"count\":4"), "\(hits)")
        #expect(try await Self.get("\(run)/log:search", cluster).status == 400)
    }

    private struct Answer {
        let status: Int
        let headers: [(name: String, value: String)]
        let text: String

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    private static func get(
        _ path: String,
        range: String? = nil,
        _ cluster: TestCluster
    ) async throws -> Answer {
        let master = try #require(cluster.members["m1"]?.http)
        let token = cluster.read("token").trimmingCharacters(in: .whitespacesAndNewlines)
        var headers = [(name: "Authorization", value: "Bearer \(token)")]
        if let range { headers.append((name: "Range", value: range)) }
        let query = path.contains("?") ? "&tenant=default" : "?tenant=default"
        let url = "\(master)/v1/runs/\(path)\(query)"
        let answer = try await HTTPClient().send(HTTPCall(url: url, headers: headers))
        return Answer(
            status: answer.status,
            headers: answer.headers,
            text: String(decoding: answer.body, as: UTF8.self)
        )
    }
}

@Suite(.serialized) struct `Logs with every master down` {
    @Test(.tags(.integration), .timeLimit(.minutes(2)))
    func `are read and followed through any node, whoever ran it`() async throws {
        let cluster = try await TestCluster(nodes: 2)
        defer { cluster.end() }
        let command = """
            echo first
            while [ ! -e \(cluster.path("gate")) ]; do sleep 0.1; done
            echo last
            """
        #expect(try cluster.rota("job", "add", "told", "--shell", command).code == 0)
        #expect(try cluster.rota("job", "run", "told").code == 0)
        try await eventually("it has printed") {
            try cluster.rota("run", "logs", "told").out == "first\n"
        }
        let name = try #require(try cluster.rota("run", "list", "-o", "name").lines.first)
        let run = String(name.split(separator: "/").last ?? "")
        cluster.crash("m1")
        let urls = try cluster.nodes.map { try #require(cluster.members[$0]?.http) }
        for url in urls {
            #expect(try cluster.rota("run", "logs", run, "--url", url).out == "first\n")
            let found = try cluster.rota("run", "logs", run, "--url", url, "--grep", "irs")
            #expect(found.out == "first\n")
        }
        try cluster.write("", to: "gate")
        for url in urls {
            let followed = try cluster.rota("run", "logs", run, "-f", "--url", url)
            #expect(followed.code == 0 && followed.out == "first\nlast\n", "\(followed)")
        }
        let stranger = try cluster.rota("run", "logs", "7" + run.dropFirst(), "--url", urls[0])
        #expect(stranger.code != 0 && stranger.out.isEmpty)
    }
}

@Suite(.serialized) struct `A log whose node is lost` {
    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `is read from its neighbour, which says how far it has it`() async throws {
        let cluster = try await TestCluster(nodes: 3)
        defer { cluster.end() }
        let command = "seq 1 20000; echo last words >&2; sleep 300"
        #expect(try cluster.rota("job", "add", "long", "--shell", command).code == 0)
        #expect(try cluster.rota("job", "add", "short", "--shell", "echo short").code == 0)
        #expect(try cluster.rota("job", "run", "long").code == 0)
        #expect(try cluster.rota("job", "run", "short", "--wait").code == 0)
        try await eventually("it has printed") {
            try cluster.rota("run", "logs", "long").out.hasSuffix("last words\n")
        }
        let shown = try cluster.rota("run", "list", "--job", "long", "-o", "wide").out
        let node = try #require(cluster.nodes.first { shown.contains(" \($0) ") })
        let whole = try cluster.rota("run", "logs", "long").out
        let size = whole.utf8.count + "short\n".utf8.count
        await eventually("neighbours have it all") {
            cluster.nodes.reduce(0) { $0 + Self.copied(to: $1, cluster) } == size
        }
        let runner = try #require(cluster.runner(of: node))
        cluster.crash(node)
        kill(runner, SIGKILL)
        let copy = try cluster.rota("run", "logs", "long")
        let note = "-- \(node), which holds this log, does not answer; "
        #expect(copy.code == 0 && copy.out.hasPrefix(whole), "\(copy.err)")
        let rest = copy.out.dropFirst(whole.count)
        #expect(rest.hasPrefix(note) && rest.hasSuffix("byte \(whole.utf8.count)\n"), "\(rest)")
        #expect(try cluster.rota("run", "logs", "long", "-f").out == copy.out)
        let found = try cluster.rota("run", "logs", "long", "--grep", "words")
        #expect(found.out == "last words\n")
        #expect(try cluster.rota("run", "logs", "short").out == "short\n")
    }

    /// Bytes of text in the copies of a node.
    private static func copied(to node: String, _ cluster: TestCluster) -> Int {
        let path = cluster.path("\(node)/copies.db")
        guard let connection = try? Connection(path: path, isReadOnly: true) else { return 0 }
        let sums = try? connection.query("SELECT sum(end_offset) FROM log") { Int($0.integer(0)) }
        return sums?.first ?? 0
    }
}
