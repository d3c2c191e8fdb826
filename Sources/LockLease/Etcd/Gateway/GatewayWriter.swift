// Requests to etcd's JSON gateway, written as bytes without a tree of values in between.

/// Writes the JSON that the gateway reads.
///
/// The gateway, not consensus, bounds how much etcd does here, and building a dictionary first
/// costs about as much as everything else on our side.
struct GatewayWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
    }

    mutating func write(_ text: StaticString) {
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    /// An int64, as text: that is the form of 64-bit numbers in protobuf's JSON.
    mutating func write(_ number: Int64) {
        write("\"")
        bytes.append(contentsOf: String(number).utf8)
        write("\"")
    }

    /// Base64 in quotes.
    mutating func write(data: [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        Base64Codec.append(data, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Text in quotes, for what people chose.
    mutating func write(text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                write("\\u00")
                let digits = Array("0123456789abcdef".utf8)
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            case _: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// `items` with commas in between.
    private mutating func list<Item>(_ items: [Item], _ each: (inout Self, Item) -> Void) {
        write("[")
        var isFirst = true
        for item in items {
            if !isFirst { write(",") }
            isFirst = false
            each(&self, item)
        }
        write("]")
    }
}

extension GatewayWriter {
    mutating func write(_ transaction: EtcdTransaction) {
        write("{\"compare\":")
        list(transaction.conditions) { $0.write($1) }
        write(",\"success\":")
        list(transaction.success) { $0.write($1) }
        if !transaction.failure.isEmpty {
            write(",\"failure\":")
            list(transaction.failure) { $0.write($1) }
        }
        write("}")
    }

    private mutating func write(_ condition: KeyCondition) {
        switch condition {
        case .modified(let key, let revision):
            write("{\"target\":\"MOD\",\"key\":")
            write(data: key.bytes)
            write(",\"mod_revision\":")
            write(revision)
        case .changed(let key, let revision):
            write("{\"target\":\"MOD\",\"result\":\"NOT_EQUAL\",\"key\":")
            write(data: key.bytes)
            write(",\"mod_revision\":")
            write(revision)
        case .exists(let key):
            write("{\"target\":\"VERSION\",\"result\":\"GREATER\",\"version\":\"0\",\"key\":")
            write(data: key.bytes)
        case .version(let key, let version):
            write("{\"target\":\"VERSION\",\"key\":")
            write(data: key.bytes)
            write(",\"version\":")
            write(version)
        case .isEmpty(let range):
            // A condition on a range holds if it holds for every key in it.
            write("{\"target\":\"CREATE\",\"create_revision\":\"0\",\"key\":")
            write(data: range.start.bytes)
            if let end = range.end {
                write(",\"range_end\":")
                write(data: end)
            }
        }
        write("}")
    }

    private mutating func write(_ operation: KeyOperation) {
        switch operation {
        case .put(let key, let value, let lease):
            write("{\"request_put\":{\"key\":")
            write(data: key.bytes)
            write(",\"value\":")
            write(data: value)
            if lease != 0 {
                write(",\"lease\":")
                write(lease)
            }
        case .touch(let key):
            write("{\"request_put\":{\"ignore_value\":true,\"ignore_lease\":true,\"key\":")
            write(data: key.bytes)
        case .delete(let key):
            write("{\"request_delete_range\":{\"key\":")
            write(data: key.bytes)
        case .deleteAll(let range):
            write("{\"request_delete_range\":{\"key\":")
            write(data: range.start.bytes)
            if let end = range.end {
                write(",\"range_end\":")
                write(data: end)
            }
        case .read(let range):
            write("{\"request_range\":")
            write(range)
            write("}")
            return
        case .nested(let transaction):
            write("{\"request_txn\":")
            write(transaction)
            write("}")
            return
        }
        write("}}")
    }

    mutating func write(_ range: KeyRange) {
        write("{\"key\":")
        write(data: range.start.bytes)
        if let end = range.end {
            write(",\"range_end\":")
            write(data: end)
        }
        if range.limit > 0 {
            write(",\"limit\":")
            write(Int64(range.limit))
        }
        if range.revision > 0 {
            write(",\"revision\":")
            write(range.revision)
        }
        switch range.what {
        case .values: break
        case .keysOnly: write(",\"keys_only\":true")
        case .countOnly: write(",\"count_only\":true")
        }
        write("}")
    }
}
