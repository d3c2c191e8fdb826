// The values of a statement, where a driver may read them until the statement is over.

internal import CODBC

/// Values at addresses that stay; freed when the object is destroyed.
@safe
final class BoundParameters {
    private let units: UnsafeMutableBufferPointer<SQLWCHAR>
    private let lengths: UnsafeMutableBufferPointer<SQLLEN>
    /// Where each value begins in `units`.
    private let starts: [Int]

    init(_ values: [String?]) {
        let texts = values.map { ($0 ?? "").wide }
        unsafe units = .allocate(capacity: max(1, texts.reduce(0) { $0 + $1.count }))
        unsafe lengths = .allocate(capacity: max(1, values.count))
        var starts: [Int] = []
        var next = 0
        for (index, text) in texts.enumerated() {
            starts.append(next)
            for unit in text {
                unsafe units[next] = unit
                next += 1
            }
            let bytes = (text.count - 1) * MemoryLayout<SQLWCHAR>.size
            unsafe lengths[index] = values[index] == nil ? SQLLEN(SQL_NULL_DATA) : SQLLEN(bytes)
        }
        self.starts = starts
    }

    deinit {
        unsafe units.deallocate()
        unsafe lengths.deallocate()
    }

    /// Binds the value at `index`, which counts from 0; answers ODBC's code.
    func bind(_ index: Int, to statement: SQLHSTMT) -> SQLRETURN {
        guard let base = unsafe units.baseAddress, let length = unsafe lengths.baseAddress else {
            return SQLRETURN(SQL_ERROR)
        }
        let size = unsafe max(1, lengths[index] / SQLLEN(MemoryLayout<SQLWCHAR>.size))
        return unsafe SQLBindParameter(
            statement,
            SQLUSMALLINT(index + 1),
            SQLSMALLINT(SQL_PARAM_INPUT),
            SQLSMALLINT(SQL_C_WCHAR),
            SQLSMALLINT(SQL_WVARCHAR),
            SQLULEN(size),
            0,
            base + starts[index],
            max(0, lengths[index]),
            length + index
        )
    }
}
