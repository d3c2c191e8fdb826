// A thin, owning wrapper over `sqlite3_stmt *`. The only file that binds, steps, or finalizes.

internal import CSQLite

/// A value to bind.
package enum SQLValue: Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    package static func integer(_ number: Int) -> Self { .integer(Int64(number)) }
    package static func optional(_ number: Int64?) -> Self { number.map { .integer($0) } ?? .null }
    package static func optional(_ text: String?) -> Self { text.map { .text($0) } ?? .null }
}

/// A compiled statement, finalized when the object is destroyed.
@safe
package final class Statement {
    private let handle: OpaquePointer

    init(handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    deinit {
        unsafe sqlite3_finalize(handle)
    }

    /// Makes the statement ready to run again and forgets its values.
    package func reset() {
        unsafe sqlite3_reset(handle)
        unsafe sqlite3_clear_bindings(handle)
    }

    /// Runs it with the values that `values` binds.
    package func run(_ values: (inout Binder) -> Void) throws(SQLiteError) {
        defer { reset() }
        try bind(values)
        while try step() {}
    }

    /// Runs it with the values that `values` binds; answers its first row, if any.
    package func first<Result>(
        _ values: (inout Binder) -> Void,
        row: (borrowing Row) -> Result
    ) throws(SQLiteError) -> Result? {
        defer { reset() }
        try bind(values)
        return try step() ? row(Row(self)) : nil
    }

    private func bind(_ values: (inout Binder) -> Void) throws(SQLiteError) {
        var binder = Binder(self)
        values(&binder)
        if let failure = binder.failure { throw failure }
    }

    /// Binds `values` to the parameters in order.
    package func bind(_ values: [SQLValue]) throws(SQLiteError) {
        for (index, value) in zip(Int32(1)..., values) { try bind(value, at: index) }
    }

    /// Binds `value` to the parameter at `index`, which counts from 1.
    package func bind(_ value: SQLValue, at index: Int32) throws(SQLiteError) {
        let code =
            switch value {
            case .null: unsafe sqlite3_bind_null(handle, index)
            case .integer(let number): unsafe sqlite3_bind_int64(handle, index, number)
            case .real(let number): unsafe sqlite3_bind_double(handle, index, number)
            case .text(let text):
                unsafe sqlite3_bind_text(
                    handle,
                    index,
                    text,
                    Int32(text.utf8.count),
                    csqlite_transient()
                )
            case .blob(let bytes):
                // A nil pointer would bind NULL, so an empty blob is said as such.
                if bytes.isEmpty {
                    unsafe sqlite3_bind_zeroblob(handle, index, 0)
                } else {
                    unsafe sqlite3_bind_blob(
                        handle,
                        index,
                        bytes,
                        Int32(bytes.count),
                        csqlite_transient()
                    )
                }
            }
        guard code == SQLITE_OK else { throw failure(code) }
    }

    /// Binds `bytes` as text that is known to be UTF-8, or as a blob, without a value in between.
    fileprivate func bind(
        _ bytes: ArraySlice<UInt8>,
        asText isText: Bool,
        at index: Int32
    ) throws(SQLiteError) {
        guard !bytes.isEmpty else { return try bind(isText ? .text("") : .blob([]), at: index) }
        let code = unsafe bytes.withUnsafeBytes { buffer in
            let length = Int32(clamping: buffer.count)
            guard isText else {
                return unsafe sqlite3_bind_blob(
                    handle,
                    index,
                    buffer.baseAddress,
                    length,
                    csqlite_transient()
                )
            }
            return unsafe sqlite3_bind_text(
                handle,
                index,
                buffer.bindMemory(to: CChar.self).baseAddress,
                length,
                csqlite_transient()
            )
        }
        guard code == SQLITE_OK else { throw failure(code) }
    }

    /// Advances to the next row; returns `false` when there are no more.
    package func step() throws(SQLiteError) -> Bool {
        switch unsafe sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw failure(code)
        }
    }

    /// The row it stands on, valid until the next ``step()``.
    package var row: Row { Row(self) }

    fileprivate func isNull(at index: Int32) -> Bool {
        unsafe sqlite3_column_type(handle, index) == SQLITE_NULL
    }

    fileprivate func integer(at index: Int32) -> Int64 {
        unsafe sqlite3_column_int64(handle, index)
    }

    fileprivate func real(at index: Int32) -> Double {
        unsafe sqlite3_column_double(handle, index)
    }

    fileprivate func text(at index: Int32) -> String? {
        unsafe sqlite3_column_text(handle, index).map { unsafe String(cString: $0) }
    }

    fileprivate func blob(at index: Int32) -> [UInt8] {
        let count = unsafe Int(sqlite3_column_bytes(handle, index))
        guard count > 0, let start = unsafe sqlite3_column_blob(handle, index) else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    fileprivate func byteCount(at index: Int32) -> Int {
        unsafe Int(sqlite3_column_bytes(handle, index))
    }

    fileprivate func append(at index: Int32, to bytes: inout [UInt8]) {
        let count = byteCount(at: index)
        guard count > 0, let start = unsafe sqlite3_column_blob(handle, index) else { return }
        unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
    }

    private func failure(_ code: Int32) -> SQLiteError {
        unsafe SQLiteError(
            code: code,
            on: sqlite3_db_handle(handle),
            sql: String(cString: sqlite3_sql(handle))
        )
    }
}

/// Binds the parameters of one statement from left to right.
package struct Binder: ~Copyable {
    private let statement: Statement
    private var next: Int32 = 1
    /// The first that could not be bound.
    fileprivate var failure: SQLiteError?

    fileprivate init(_ statement: Statement) {
        self.statement = statement
    }

    package mutating func put(_ number: Int64) { put(.integer(number)) }
    package mutating func put(_ number: Int) { put(.integer(Int64(number))) }
    package mutating func put(_ text: String) { put(.text(text)) }

    /// Text that the caller knows to be UTF-8.
    package mutating func put(text bytes: ArraySlice<UInt8>) { put(bytes, asText: true) }
    package mutating func put(blob bytes: ArraySlice<UInt8>) { put(bytes, asText: false) }

    private mutating func put(_ bytes: ArraySlice<UInt8>, asText isText: Bool) {
        do throws(SQLiteError) {
            try statement.bind(bytes, asText: isText, at: next)
        } catch {
            failure = failure ?? error
        }
        next += 1
    }

    package mutating func put(_ value: SQLValue) {
        do throws(SQLiteError) {
            try statement.bind(value, at: next)
        } catch {
            failure = failure ?? error
        }
        next += 1
    }
}

/// The row a statement stands on; columns count from 0.
package struct Row: ~Copyable {
    private let statement: Statement

    init(_ statement: Statement) {
        self.statement = statement
    }

    package func isNull(_ index: Int32) -> Bool { statement.isNull(at: index) }
    package func integer(_ index: Int32) -> Int64 { statement.integer(at: index) }
    package func real(_ index: Int32) -> Double { statement.real(at: index) }
    /// Empty for SQL `NULL`.
    package func text(_ index: Int32) -> String { statement.text(at: index) ?? "" }
    package func blob(_ index: Int32) -> [UInt8] { statement.blob(at: index) }

    /// How many bytes a text or blob has.
    package func byteCount(_ index: Int32) -> Int { statement.byteCount(at: index) }
    /// Appends a text's or blob's bytes to `bytes`.
    package func append(_ index: Int32, to bytes: inout [UInt8]) {
        statement.append(at: index, to: &bytes)
    }

    package func optionalInteger(_ index: Int32) -> Int64? {
        isNull(index) ? nil : integer(index)
    }

    package func optionalText(_ index: Int32) -> String? { statement.text(at: index) }
}
