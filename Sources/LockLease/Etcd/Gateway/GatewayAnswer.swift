// What etcd answers, read from the gateway's JSON.

/// What every answer of etcd's begins with.
struct AnswerHeader: Equatable, Sendable {
    var cluster: UInt64 = 0
    /// The newest revision of the whole key space; `nil` where that is one member's opinion.
    var revision: Int64? = 0
}

/// One key as it stands.
struct KeyEntry: Equatable, Sendable {
    var key = EtcdKey([])
    var value: [UInt8] = []
    var created: Int64 = 0
    var modified: Int64 = 0
    /// How often it was written since it was made.
    var version: Int64 = 0
    var lease: Int64 = 0
}

/// What a range held.
struct RangeAnswer: Equatable, Sendable {
    var entries: [KeyEntry] = []
    /// Whether `limit` cut something off.
    var hasMore = false
    /// How many keys there are, whatever the limit.
    var count: Int64 = 0
}

/// What one step of a transaction did.
enum OperationAnswer: Equatable, Sendable {
    case put
    case deleted(Int64)
    case range(RangeAnswer)
    case nested(isSuccess: Bool, [OperationAnswer])
}

/// What a transaction did.
struct TransactionAnswer: Equatable, Sendable {
    var header = AnswerHeader()
    var isSuccess = false
    /// One answer per step of the branch taken, in order.
    var answers: [OperationAnswer] = []

    /// What the reads of the branch taken found, in order.
    var ranges: [RangeAnswer] {
        answers.compactMap { answer in
            guard case .range(let range) = answer else { return nil }
            return range
        }
    }
}

// Protobuf's JSON leaves out what is zero, false or empty: every member has that as its default.

extension GatewayScanner {
    mutating func header() throws(GatewayFault) -> AnswerHeader {
        var header = AnswerHeader()
        try object { scanner, name throws(GatewayFault) in
            switch name {
            case "cluster_id": header.cluster = try scanner.unsigned()
            case "revision": header.revision = try scanner.integer()
            case _: break
            }
        }
        return header
    }

    mutating func transactionAnswer() throws(GatewayFault) -> TransactionAnswer {
        var answer = TransactionAnswer()
        try object { scanner, name throws(GatewayFault) in
            switch name {
            // Those of nested answers are empty; the outer one counts.
            case "header": answer.header = try scanner.header()
            case "succeeded": answer.isSuccess = try scanner.flag()
            case "responses":
                try scanner.list { scanner throws(GatewayFault) in
                    if let step = try scanner.operationAnswer() { answer.answers.append(step) }
                }
            case _: break
            }
        }
        return answer
    }

    private mutating func operationAnswer() throws(GatewayFault) -> OperationAnswer? {
        var answer: OperationAnswer?
        try object { scanner, name throws(GatewayFault) in
            switch name {
            case "response_put": answer = .put
            case "response_delete_range": answer = .deleted(try scanner.deletedCount())
            case "response_range": answer = .range(try scanner.rangeAnswer().answer)
            case "response_txn":
                let nested = try scanner.transactionAnswer()
                answer = .nested(isSuccess: nested.isSuccess, nested.answers)
            case _: break
            }
        }
        return answer
    }

    private mutating func deletedCount() throws(GatewayFault) -> Int64 {
        var count: Int64 = 0
        try object { scanner, name throws(GatewayFault) in
            if name == "deleted" { count = try scanner.integer() }
        }
        return count
    }

    mutating func rangeAnswer() throws(GatewayFault) -> (header: AnswerHeader, answer: RangeAnswer)
    {
        var header = AnswerHeader()
        var answer = RangeAnswer()
        try object { scanner, name throws(GatewayFault) in
            switch name {
            case "header": header = try scanner.header()
            case "kvs":
                try scanner.list { scanner throws(GatewayFault) in
                    answer.entries.append(try scanner.entry())
                }
            case "more": answer.hasMore = try scanner.flag()
            case "count": answer.count = try scanner.integer()
            case _: break
            }
        }
        return (header, answer)
    }

    private mutating func entry() throws(GatewayFault) -> KeyEntry {
        var entry = KeyEntry()
        try object { scanner, name throws(GatewayFault) in
            switch name {
            case "key": entry.key = EtcdKey(try scanner.data())
            case "value": entry.value = try scanner.data()
            case "create_revision": entry.created = try scanner.integer()
            case "mod_revision": entry.modified = try scanner.integer()
            case "version": entry.version = try scanner.integer()
            case "lease": entry.lease = try scanner.integer()
            case _: break
            }
        }
        return entry
    }
}
