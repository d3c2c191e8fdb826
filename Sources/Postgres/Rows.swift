// A thin, owning wrapper over `PGresult *`. The only file that reads or frees one.

internal import CPostgres

/// What one statement answered, freed when the object is destroyed.
@safe
package final class Rows {
    private let handle: OpaquePointer
    package let count: Int
    private let types: [UInt32]

    init(_ handle: OpaquePointer) {
        unsafe self.handle = handle
        count = unsafe Int(PQntuples(handle))
        types = unsafe (0..<PQnfields(handle)).map { unsafe PQftype(handle, $0) }
    }

    deinit {
        unsafe PQclear(handle)
    }

    /// How many rows a statement without answer has changed.
    package var changed: Int {
        unsafe Int(String(cString: PQcmdTuples(handle))) ?? 0
    }

    /// Every row, through `row`.
    package func map<Result, Failure>(
        _ row: (Row) throws(Failure) -> Result
    ) throws(Failure) -> [Result] {
        var results: [Result] = []
        results.reserveCapacity(count)
        for index in 0..<count { results.append(try row(Row(self, at: index))) }
        return results
    }

    /// The first row, if there is any.
    package var first: Row? { count > 0 ? Row(self, at: 0) : nil }

    /// The bytes of one value, if it is there and of one of two types.
    ///
    /// The buffer is good only as long as this object.
    fileprivate func value<Result>(
        _ row: Int,
        _ column: Int,
        of type: UInt32,
        or other: UInt32 = 0,
        read: (UnsafeRawBufferPointer) -> Result?
    ) -> Result? {
        let (row, place) = (Int32(row), Int32(column))
        guard types.indices.contains(column), types[column] == type || types[column] == other,
            unsafe PQgetisnull(handle, row, place) == 0,
            let start = unsafe PQgetvalue(handle, row, place)
        else { return nil }
        let length = unsafe Int(PQgetlength(handle, row, place))
        return unsafe read(UnsafeRawBufferPointer(start: start, count: length))
    }

    fileprivate func integer(_ row: Int, _ column: Int) -> Int64? {
        unsafe value(row, column, of: ServerType.integer, or: ServerType.shortInteger) { bytes in
            switch bytes.count {
            case 8: unsafe Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
            case 4: unsafe Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
            case _: nil
            }
        }
    }

    fileprivate func text(_ row: Int, _ column: Int) -> String? {
        unsafe value(row, column, of: ServerType.text, or: ServerType.name) {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }

    fileprivate func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
        unsafe value(row, column, of: ServerType.bytes) { unsafe Array($0) }
    }

    fileprivate func flag(_ row: Int, _ column: Int) -> Bool? {
        unsafe value(row, column, of: ServerType.flag) { unsafe $0.first.map { $0 != 0 } }
    }
}

/// One row; columns count from 0.
///
/// A value that is NULL, or not of the type asked for, is `nil`: nothing that a server sends traps.
package struct Row {
    private let rows: Rows
    private let index: Int

    fileprivate init(_ rows: Rows, at index: Int) {
        self.rows = rows
        self.index = index
    }

    /// From `bigint` or `integer`.
    package func integer(_ column: Int) -> Int64? { rows.integer(index, column) }
    package func text(_ column: Int) -> String? { rows.text(index, column) }
    package func bytes(_ column: Int) -> [UInt8]? { rows.bytes(index, column) }
    package func flag(_ column: Int) -> Bool? { rows.flag(index, column) }
}
