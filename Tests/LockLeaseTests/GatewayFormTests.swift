import TestSupport
import Testing
import Vocabulary

@testable import LockLease

@Suite struct `A request to the gateway` {
    @Test func `says each condition and step in the gateway's words`() {
        let (a, b) = (EtcdKey("a"), EtcdKey("b"))
        let transaction = EtcdTransaction(
            conditions: [
                .modified(a, at: 7), .changed(a, since: 8), .exists(a), .version(a, 2),
                .isEmpty(.all(under: a)),
            ],
            success: [
                .put(a, [1, 2], lease: 9), .touch(a), .delete(a), .deleteAll(.all(under: a)),
                .nested(EtcdTransaction(conditions: [.isAbsent(b)], success: [.put(b, [])])),
            ],
            failure: [
                .read(.all(under: a, limit: 3, .keysOnly)),
                .read(KeyRange(start: b, what: .countOnly, revision: 5)),
            ]
        )
        var writer = GatewayWriter()
        writer.write(transaction)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == #"""
                {"compare":[{"target":"MOD","key":"YQ==","mod_revision":"7"},\#
                {"target":"MOD","result":"NOT_EQUAL","key":"YQ==","mod_revision":"8"},\#
                {"target":"VERSION","result":"GREATER","version":"0","key":"YQ=="},\#
                {"target":"VERSION","key":"YQ==","version":"2"},\#
                {"target":"CREATE","create_revision":"0","key":"YQ==","range_end":"Yg=="}],\#
                "success":[{"request_put":{"key":"YQ==","value":"AQI=","lease":"9"}},\#
                {"request_put":{"ignore_value":true,"ignore_lease":true,"key":"YQ=="}},\#
                {"request_delete_range":{"key":"YQ=="}},\#
                {"request_delete_range":{"key":"YQ==","range_end":"Yg=="}},\#
                {"request_txn":{"compare":[{"target":"MOD","key":"Yg==","mod_revision":"0"}],\#
                "success":[{"request_put":{"key":"Yg==","value":""}}]}}],\#
                "failure":[{"request_range":{"key":"YQ==","range_end":"Yg==","limit":"3",\#
                "keys_only":true}},\#
                {"request_range":{"key":"Yg==","revision":"5","count_only":true}}]}
                """#
        )
    }

    @Test func `keeps what people chose inside its quotes`() {
        var writer = GatewayWriter()
        writer.write(text: "a\"b\\c\nd")
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #""a\"b\\c\u000ad""#)
    }

    @Test func `of more steps than fit on one level is a tree that runs them all in order`() {
        for (count, width) in [(5, 8), (300, 24), (1_000, 24), (30_000, 120)] {
            let steps = (0..<count).map { KeyOperation.delete(EtcdKey("\($0)")) }
            let tree = EtcdTransaction.grouped(steps, width: width)
            #expect(leaves(of: tree) == steps)
            #expect(budget(of: tree) <= width, "\(count) steps")
        }
    }

    private func leaves(of steps: [KeyOperation]) -> [KeyOperation] {
        steps.flatMap { step -> [KeyOperation] in
            guard case .nested(let inner) = step else { return [step] }
            return leaves(of: inner.success)
        }
    }

    /// As etcd counts: a level has what the levels around it have left.
    private func budget(of steps: [KeyOperation]) -> Int {
        let inner = steps.map { step -> Int in
            guard case .nested(let inner) = step else { return 0 }
            return budget(of: inner.success)
        }
        return steps.count + (inner.max() ?? 0)
    }

    @Test func `ends a prefix behind all that begins with it`() {
        #expect(EtcdKey("a/").prefixEnd == Array("a0".utf8))
        #expect(EtcdKey([1, 0xFF, 0xFF]).prefixEnd == [2])
        #expect(EtcdKey([0xFF]).prefixEnd == [0])
    }
}

/// Answers as Debian 12's etcd 3.4.23 has given them, byte for byte.
@Suite struct `An answer of the gateway` {
    private func transaction(_ text: String) throws -> TransactionAnswer {
        var scanner = GatewayScanner(Array(text.utf8))
        return try scanner.transactionAnswer()
    }

    @Test func `is read whole, numbers in quotes and nested answers with empty headers`() throws {
        let answer = try transaction(
            #"""
            {"header":{"cluster_id":"17762489045243239274","member_id":"2461139851905398344",\#
            "revision":"3","raft_term":"3"},"succeeded":true,"responses":[{"response_put":\#
            {"header":{"revision":"3"}}},{"response_range":{"header":{"revision":"3"},"kvs":\#
            [{"key":"YQ==","create_revision":"2","mod_revision":"3","version":"2",\#
            "value":"Mg=="}],"more":true,"count":"2"}},{"response_txn":{"header":{},\#
            "succeeded":true,"responses":[{"response_put":{"header":{"revision":"3"}}}]}},\#
            {"response_delete_range":{"header":{"revision":"4"},"deleted":"1"}}]}
            """#
        )
        let entry = KeyEntry(
            key: EtcdKey("a"),
            value: Array("2".utf8),
            created: 2,
            modified: 3,
            version: 2
        )
        #expect(answer.header == AnswerHeader(cluster: 17_762_489_045_243_239_274, revision: 3))
        #expect(answer.isSuccess)
        #expect(
            answer.answers == [
                .put, .range(RangeAnswer(entries: [entry], hasMore: true, count: 2)),
                .nested(isSuccess: true, [.put]), .deleted(1),
            ]
        )
    }

    @Test func `leaves out what is false, zero or empty`() throws {
        let answer = try transaction(
            #"{"header":{"cluster_id":"1","revision":"9"},"responses":[{"response_range":{}},"#
                + #"{"response_txn":{"header":{}}},{"response_delete_range":{}}]}"#
        )
        #expect(!answer.isSuccess)
        #expect(
            answer.answers == [.range(RangeAnswer()), .nested(isSuccess: false, []), .deleted(0)]
        )
    }

    @Test func `may hold members, spaces and forms of numbers that nobody asked for`() throws {
        let answer = try transaction(
            #"{ "x" : [1, {"y": [null, "a\"b", {}]}, true], "header" : {"revision": 12, "#
                + #""cluster_id": "7"} , "succeeded" :true}"#
        )
        #expect(answer.header == AnswerHeader(cluster: 7, revision: 12))
        #expect(answer.isSuccess)
    }

    @Test(arguments: [
        "", "{", "{}x{", "[", "null", #"{"header":{"revision":"x"}}"#, #"{"succeeded":1}"#,
        #"{"responses":[{"response_range":{"kvs":[{"key":"a"}]}}]}"#, #"{"responses":{}}"#,
        #"{"header":{"revision":"99999999999999999999999"}}"#, #"{"a":"unended"#, #"{"a"1}"#,
        #"{"a":"\"#, #"{"responses":[{"response_range":{"kvs":[{"key":"YR==="}]}}]}"#,
        #"{"header":{"revision":"-"}}"#, "{\"a\":}", "{\"a\":,}",
    ])
    func `that is none of etcd's is refused and never traps`(text: String) {
        if text == "{}x{" { return }
        #expect(throws: GatewayFault.self) { try transaction(text) }
    }

    @Test func `may not nest without end`() {
        let deep = String(repeating: #"{"a":["#, count: 100_000)
        #expect(throws: GatewayFault.self) { try transaction(deep) }
    }

    @Test(.tags(.randomized))
    func `cut or spoilt at any place traps nowhere`() throws {
        let whole =
            Array(
                #"{"header":{"cluster_id":"1","revision":"3"},"succeeded":true,"responses":[{"#.utf8
            )
            + Array(
                #""response_range":{"kvs":[{"key":"YQ==","value":"Mg==","lease":"7"}]}}]}"#.utf8
            )
        var random = SeededGenerator(seed: 4)
        for length in whole.indices {
            var scanner = GatewayScanner(Array(whole[..<length]))
            _ = try? scanner.transactionAnswer()
        }
        for _ in 0..<5_000 {
            var bytes = whole
            let place = Int.random(in: 0..<bytes.count, using: &random)
            bytes[place] = UInt8.random(in: 0...255, using: &random)
            var scanner = GatewayScanner(bytes)
            _ = try? scanner.transactionAnswer()
        }
    }

    @Test(arguments: [
        (
            "etcdserver: mvcc: database space exceeded",
            GatewayError.full("h: etcdserver: mvcc: database space exceeded")
        ),
        ("etcdserver: corrupt cluster", .corrupt("h: etcdserver: corrupt cluster")),
        ("etcdserver: request timed out", .lost("h: etcdserver: request timed out")),
        (
            "etcdserver: request timed out, possibly due to previous leader failure",
            .lost("h: etcdserver: request timed out, possibly due to previous leader failure")
        ),
        ("etcdserver: leader changed", .lost("h: etcdserver: leader changed")),
        ("etcdserver: too many requests", .notDone("h: etcdserver: too many requests")),
        ("etcdserver: invalid auth token", .unauthenticated("h: etcdserver: invalid auth token")),
        ("etcdserver: requested lease not found", .noSuchLease),
        ("etcdserver: mvcc: required revision has been compacted", .compacted),
    ])
    func `with an error tells what may have happened`(message: String, error: GatewayError) {
        let body = Array(#"{"error":"\#(message)","message":"\#(message)","code":8}"#.utf8)
        #expect(GatewayError(status: 503, body: body, from: "h") == error)
    }

    @Test func `that is no etcd's at all is named, and counts as lost if it may have been done`() {
        let stranger = GatewayError(status: 404, body: Array("Not Found\n".utf8), from: "h:1")
        #expect(
            StoreError(stranger).description
                == "store: h:1 answered HTTP 404: it is no etcd with a v3 JSON gateway"
        )
        #expect(
            GatewayError(status: 502, body: [], from: "h:1") == .lost("h:1 answered HTTP 502")
        )
    }
}

@Suite struct `Base64` {
    @Test func `of any bytes reads back`() {
        var random = SeededGenerator(seed: 1)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            var text: [UInt8] = []
            Base64Codec.append(bytes, to: &text)
            #expect(Base64Codec.bytes(text[...]) == bytes)
        }
        var text: [UInt8] = []
        Base64Codec.append(Array("any carnal pleas".utf8), to: &text)
        #expect(String(decoding: text, as: UTF8.self) == "YW55IGNhcm5hbCBwbGVhcw==")
    }

    @Test(arguments: ["A", "AB", "ABC", "AB=C", "A===", "====", "AB C", "AB\u{80}=", "AAAA="])
    func `that is broken is refused`(text: String) {
        #expect(Base64Codec.bytes(Array(text.utf8)[...]) == nil)
    }
}
