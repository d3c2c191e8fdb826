import Documents
@testable import JobList
import LockLease
import Testing
import TestSupport
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct FeedBodyTests {
    let folder: TestFolder
    let replica: Replica
    let feed: ChangeFeed

    init() throws {
        folder = try TestFolder()
        replica = try Replica(ReplicaSettings(path: folder.database, keptBatches: 5))
        feed = ChangeFeed(replica)
    }

    func text(_ body: FeedBody, chunks: Int) async -> String {
        var bytes: [UInt8] = []
        for _ in 0..<chunks { bytes += await body.next() ?? Array("(end)".utf8) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `the feed reads the same as lines and as events`() async throws {
        var history = History()
        history.commit([(History.key("a"), "one"), (History.key("b"), "two")])
        _ = try await replica.apply(history.batches)
        let later = history.commit([(History.key("a"), nil), (History.key("c"), "three")])
        var transcript = ""
        for form in [FeedForm.lines, .serverSentEvents] {
            let start = form == .lines ? nil : history.batches[0].position.revision
            let body = try await FeedBody.open(feed, since: start, form: form)
            if form == .lines { transcript += await text(body, chunks: 2) }
            _ = try await replica.apply([later])
            transcript += "-- \(form.contentType)\n"
            transcript += await text(body, chunks: form == .lines ? 1 : 2)
        }
        try expectGolden(transcript, named: "feed.txt")
    }

    @Test func `silence is filled with signs of life and now and then a bookmark`() async throws {
        for (pause, expected) in [
            (Duration.seconds(3_600), ":\n\n:\n\n"),
            (
                .zero,
                String(
                    repeating: "id: 0.0\ndata: {\"rev\":\"0.0\",\"type\":\"bookmark\"}\n\n",
                    count: 2
                )
            ),
        ] {
            var rhythm = FeedRhythm()
            rhythm.comment = .milliseconds(5)
            rhythm.bookmark = pause
            let body = try await FeedBody.open(
                feed,
                since: .zero,
                form: .serverSentEvents,
                rhythm: rhythm
            )
            #expect(await text(body, chunks: 3) == "retry: 1000\n\n" + expected)
        }
    }

    @Test func `a watcher that fell behind the history is reset, and the body ends`() async throws {
        var history = History()
        history.commitJobs(1)
        _ = try await replica.apply(history.batches)
        let body = try await FeedBody.open(feed, since: history.head.revision, form: .lines)
        history.commitJobs(20)
        _ = try await replica.apply(history.batches)
        let transcript = await text(body, chunks: 2)
        #expect(transcript.contains("\"type\":\"reset\""))
        #expect(transcript.hasSuffix("(end)"))
        await #expect(throws: FeedError.self) {
            _ = try await FeedBody.open(feed, since: .zero, form: .lines)
        }
    }

    @Test func `a reader that left ends the body`() async throws {
        let body = try await FeedBody.open(feed, since: .zero, form: .lines)
        let chunk = Task { await body.next() }
        while feed.waiting == 0 { await Task.yield() }
        body.cancel()
        #expect(await chunk.value == nil)
    }
}

@Suite struct FeedEventFormTests {
    let record = ObjectRecord(
        key: History.key("a"),
        uid: UID("u"),
        version: Version(3),
        revision: Revision(epoch: 2, sequence: 19),
        isDeleted: false,
        body: [],
        digest: .zero,
        createdAt: Instant(unixMilliseconds: 1_800_000_000_000),
        updatedAt: Instant(unixMilliseconds: 1_800_000_003_007),
        author: "kim"
    )

    func copied(_ record: ObjectRecord) -> String {
        var form = FeedEventForm()
        var bytes: [UInt8] = []
        form.append(record, type: "put", resumable: record.revision, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    func written(_ record: ObjectRecord) -> String {
        let value: Value = .object([
            "type": "put", "kind": .string(record.key.kind.rawValue),
            "rev": .string("\(record.revision)"), "object": ObjectDocument.value(of: record),
        ])
        return String(decoding: JSON.bytes(value), as: UTF8.self)
    }

    @Test func `what is copied reads as what is read and written`() throws {
        let bodies = [
            #"{"spec":{"shell":"true"}}"#, #"{"pause":{"until":"x"},"spec":{"a":[1,-2.5e3,null]}}"#,
            #"{"eras":[{}],"spec":{}}"#, "{}", "[]", "", "{", #"{"spec":{"shell":"é\n\"\\"}}"#,
            #"{"spec":1,"spec":2}"#, #"{"spec":01}"#, #"{"spec":{"b":tru}}"#, "{\"spec\":\n1}",
            #"{"spec":{}} "#, #"{"spec":"\ud83d\ude00"}"#, #"{"spec":"\x"}"#, #"{"spec":1.}"#,
            #"{"spec"}"#, #"{"spec":}"#, #"{"spec":{},}"#, "{\"spec\":\"\u{1}\"}",
            String(repeating: "[", count: 10_000), #"{"spec":"#, #"{"spec":"\"#,
        ]
        for body in bodies {
            var some = record
            some.body = Array(body.utf8)
            #expect(copied(some) == written(some), "\(body)")
            #expect(!copied(some).contains("\n"))
        }
        var invalid = record
        invalid.body = Array(#"{"spec":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        #expect(copied(invalid) == written(invalid))
        var gone = record
        gone.isDeleted = true
        gone.author = "ki\"m\\\u{7F}é"
        for at in [-5, 0, 1_000, 951_782_400_000, 4_102_444_799_999] as [Int64] {
            gone.updatedAt = Instant(unixMilliseconds: at)
            #expect(copied(gone) == written(gone))
        }
    }
}
