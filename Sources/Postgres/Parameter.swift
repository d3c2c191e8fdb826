// Values for a statement, in the wire's binary form.

/// A value of one type that a statement takes; `nil` is NULL.
///
/// An array travels as one value, however long it is, so a statement over `unnest` writes many rows
/// with a text that is always the same and so is prepared once.
package enum Parameter: Sendable {
    case integer(Int64?)
    /// U+0000, which PostgreSQL has no place for, becomes U+FFFD.
    case text(String?)
    case bytes([UInt8]?)
    case flag(Bool?)
    case integers([Int64?])
    case texts([String?])
    case blobs([[UInt8]?])
    case flags([Bool])
    /// Rows of a table's own type, whose number is asked of the server.
    case rows([[Parameter]], of: RowType)

    package static func integer(_ number: Int) -> Self { .integer(Int64(number)) }
}

extension Parameter {
    /// The type's number, which PostgreSQL has never changed (`pg_type.dat`).
    var type: UInt32 {
        switch self {
        case .integer: ServerType.integer
        case .text: ServerType.text
        case .bytes: ServerType.bytes
        case .flag: ServerType.flag
        case .integers: 1_016
        case .texts: 1_009
        case .blobs: 1_001
        case .flags: 1_000
        case .rows(_, let type): type.array
        }
    }

    /// Adds the value to `bytes`; answers whether there is one.
    func encode(into bytes: inout [UInt8]) -> Bool {
        switch self {
        case .integer(let number): bytes.append(number)
        case .text(let text): bytes.append(text)
        case .bytes(let blob): bytes.append(blob)
        case .flag(let flag): bytes.append(flag)
        case .integers(let numbers):
            bytes.append(array: numbers, of: ServerType.integer) { $0.append($1) }
        case .texts(let texts):
            bytes.append(array: texts, of: ServerType.text) { $0.append($1) }
        case .blobs(let blobs):
            bytes.append(array: blobs, of: ServerType.bytes) { $0.append($1) }
        case .flags(let flags):
            bytes.append(array: flags, of: ServerType.flag) { $0.append($1) }
        case .rows(let rows, let type):
            bytes.append(array: rows, of: type.row) { $0.append(row: $1) }
        }
    }
}

/// The numbers of a table's row type and of arrays of it.
package struct RowType: Equatable, Sendable {
    package let row: UInt32
    package let array: UInt32

    package init(row: UInt32, array: UInt32) {
        self.row = row
        self.array = array
    }
}

/// Numbers of types.
enum ServerType {
    static let flag: UInt32 = 16
    static let bytes: UInt32 = 17
    static let name: UInt32 = 19
    static let integer: UInt32 = 20
    static let shortInteger: UInt32 = 23
    static let text: UInt32 = 25
}

extension [UInt8] {
    fileprivate mutating func append(_ number: Int64?) -> Bool {
        guard let number else { return false }
        append(bigEndian: UInt64(bitPattern: number))
        return true
    }

    fileprivate mutating func append(_ text: String?) -> Bool {
        guard var text else { return false }
        let start = count
        text.withUTF8 { unsafe append(contentsOf: $0) }
        guard self[start...].contains(0) else { return true }
        let parts = self[start...].split(separator: 0, omittingEmptySubsequences: false)
        let clean = Array(parts.joined(separator: "\u{FFFD}".utf8))
        replaceSubrange(start..., with: clean)
        return true
    }

    fileprivate mutating func append(_ blob: [UInt8]?) -> Bool {
        guard let blob else { return false }
        append(contentsOf: blob)
        return true
    }

    fileprivate mutating func append(_ flag: Bool?) -> Bool {
        guard let flag else { return false }
        append(flag ? 1 : 0)
        return true
    }

    /// One dimension, its type, and each element behind its length; see `array_recv` in PostgreSQL.
    fileprivate mutating func append<Value>(
        array values: [Value],
        of type: UInt32,
        encode: (inout Self, Value) -> Bool
    ) -> Bool {
        append(bigEndian: UInt32(values.isEmpty ? 0 : 1))
        append(bigEndian: UInt32(1))
        append(bigEndian: type)
        guard !values.isEmpty else { return true }
        append(bigEndian: UInt32(values.count))
        append(bigEndian: UInt32(1))
        for value in values { appendCounted { encode(&$0, value) } }
        return true
    }

    /// See `record_recv` in PostgreSQL.
    fileprivate mutating func append(row values: [Parameter]) -> Bool {
        append(bigEndian: UInt32(values.count))
        for value in values {
            append(bigEndian: value.type)
            appendCounted { value.encode(into: &$0) }
        }
        return true
    }

    /// A value behind its length, or what stands for NULL.
    private mutating func appendCounted(_ encode: (inout Self) -> Bool) {
        let place = count
        append(bigEndian: UInt32.max)
        guard encode(&self) else { return }
        let length = UInt32(count - place - 4).bigEndian
        unsafe withUnsafeMutableBytes { buffer in
            unsafe buffer.storeBytes(of: length, toByteOffset: place, as: UInt32.self)
        }
    }

    private mutating func append(bigEndian number: UInt32) {
        unsafe Swift.withUnsafeBytes(of: number.bigEndian) { unsafe append(contentsOf: $0) }
    }

    private mutating func append(bigEndian number: UInt64) {
        unsafe Swift.withUnsafeBytes(of: number.bigEndian) { unsafe append(contentsOf: $0) }
    }
}

/// One statement of a round trip, with its values.
package struct Step: Sendable {
    package let sql: String
    package let parameters: [Parameter]
    /// Whether the statement's plan is kept for the next time it is asked for.
    package let isPrepared: Bool

    package init(_ sql: String, _ parameters: [Parameter] = []) {
        self.sql = sql
        self.parameters = parameters
        isPrepared = true
    }

    private init(once sql: String, _ parameters: [Parameter]) {
        self.sql = sql
        self.parameters = parameters
        isPrepared = false
    }

    /// A statement whose text is seldom the same twice.
    package static func once(_ sql: String, _ parameters: [Parameter] = []) -> Self {
        Self(once: sql, parameters)
    }
}
