// A thin, owning wrapper over one ODBC statement: running it, and reading what it answers.

internal import CODBC

/// A column of an answer.
package struct Column: Equatable, Sendable {
    package let name: String
    /// Whether its values are bytes rather than text.
    package let isBinary: Bool
}

/// One value of a row.
package enum Cell: Equatable, Sendable {
    case null
    /// `isCut`: there is more than was asked for.
    case text(String, isCut: Bool)
    case bytes([UInt8], isCut: Bool)
}

/// One statement with its answers, freed when the object is destroyed.
///
/// Values come as text, however the database keeps them, and rows one at a time: a row never takes
/// more memory here than ``rowLimit``, whatever the driver does for itself.
@safe
package final class Statement {
    /// The most units of UTF-16, or bytes, of one value.
    package static let valueLimit = 65_536
    /// The most of one row, all values together.
    package static let rowLimit = 1 << 20
    /// The most of one value that is fetched at a time.
    private static let pieceLimit = 4_096

    private let handle: SQLHSTMT
    private let connection: Connection
    private let isNarrow: Bool
    private let secret: String?
    private var parameters: BoundParameters?
    private var columns: [Column] = []
    private var work = "running a statement"
    /// Ends the statement from another thread.
    package let canceller: Canceller

    init(_ handle: SQLHSTMT, of connection: Connection, isNarrow: Bool, secret: String?) {
        unsafe self.handle = handle
        self.connection = connection
        self.isNarrow = isNarrow
        self.secret = secret
        canceller = unsafe Canceller(handle)
    }

    deinit {
        canceller.retire()
        unsafe SQLFreeHandle(HandleKind.statement.rawValue, handle)
    }

    /// Runs `sql`, with a text or NULL for each `?` in it; then the first answer can be read.
    ///
    /// After `limit` the driver ends it, where the driver can.
    package func run(
        _ sql: String,
        _ values: [String?] = [],
        within limit: Duration? = nil
    ) throws(ODBCError) {
        work = "running `\(sql.startOfStatement)`"
        if let limit {
            let seconds = UInt(max(1, min(limit.components.seconds, 1 << 30)))
            unsafe SQLSetStmtAttrW(handle, SQL_ATTR_QUERY_TIMEOUT, codbc_number(seconds), 0)
        }
        if values.isEmpty {
            try check(runDirectly(sql))
        } else {
            try check(prepare(sql))
            let bound = BoundParameters(values)
            parameters = bound
            for number in values.indices { try check(unsafe bound.bind(number, to: handle)) }
            try check(unsafe SQLExecute(handle))
        }
        try describe()
    }

    /// The columns of the present answer; none if it has no rows, such as an update's.
    package var header: [Column] { columns }

    /// How many rows the present answer's statement has changed; `nil` if nobody says.
    package var changedRows: Int? {
        var count: SQLLEN = -1
        let code = unsafe SQLRowCount(handle, &count)
        return codbc_succeeded(code) != 0 && count >= 0 ? Int(count) : nil
    }

    /// Goes to the next row of the present answer, if there is one.
    package func advance() throws(ODBCError) -> Bool {
        guard !columns.isEmpty else { return false }
        let code = unsafe SQLFetch(handle)
        if code == SQLRETURN(SQL_NO_DATA) { return false }
        try check(code)
        return true
    }

    /// The values of the row that ``advance()`` went to; to be asked for once a row.
    package func cells() throws(ODBCError) -> [Cell] {
        var left = Self.rowLimit
        var cells: [Cell] = []
        cells.reserveCapacity(columns.count)
        for (index, column) in columns.enumerated() {
            let limit = min(Self.valueLimit, left)
            let number = SQLUSMALLINT(index + 1)
            if column.isBinary {
                let (bytes, isCut) = try pieces(number, SQL_C_BINARY, UInt8.self, limit, end: 0)
                left -= bytes?.count ?? 0
                cells.append(bytes.map { .bytes($0, isCut: isCut) } ?? .null)
            } else {
                let (units, isCut) = try pieces(number, SQL_C_WCHAR, SQLWCHAR.self, limit, end: 1)
                left -= (units?.count ?? 0) * 2
                left = max(0, left)
                cells.append(units.map { .text(String(wide: $0), isCut: isCut) } ?? .null)
            }
        }
        return cells
    }

    /// Goes to the next answer, where the statement has several.
    package func nextAnswer() throws(ODBCError) -> Bool {
        let code = unsafe SQLMoreResults(handle)
        if code == SQLRETURN(SQL_NO_DATA) { return false }
        try check(code)
        try describe()
        return true
    }

    // MARK: Sending

    private func runDirectly(_ sql: String) -> SQLRETURN {
        if isNarrow {
            var text = sql.narrow
            return unsafe SQLExecDirect(handle, &text, SQL_NTS)
        }
        var text = sql.wide
        return unsafe SQLExecDirectW(handle, &text, SQL_NTS)
    }

    private func prepare(_ sql: String) -> SQLRETURN {
        if isNarrow {
            var text = sql.narrow
            return unsafe SQLPrepare(handle, &text, SQL_NTS)
        }
        var text = sql.wide
        return unsafe SQLPrepareW(handle, &text, SQL_NTS)
    }

    // MARK: Reading

    private func describe() throws(ODBCError) {
        columns = []
        var count: SQLSMALLINT = 0
        try check(unsafe SQLNumResultCols(handle, &count))
        for number in 0..<max(0, Int(count)) {
            columns.append(try column(SQLUSMALLINT(number + 1)))
        }
    }

    private func column(_ number: SQLUSMALLINT) throws(ODBCError) -> Column {
        var wide = [SQLWCHAR](repeating: 0, count: 256)
        var narrow = [SQLCHAR](repeating: 0, count: 512)
        var (length, type, digits, nullable): (Int16, Int16, Int16, Int16) = (0, 0, 0, 0)
        var size: SQLULEN = 0
        let code =
            isNarrow
            ? unsafe SQLDescribeCol(
                handle,
                number,
                &narrow,
                SQLSMALLINT(narrow.count),
                &length,
                &type,
                &size,
                &digits,
                &nullable
            )
            : unsafe SQLDescribeColW(
                handle,
                number,
                &wide,
                SQLSMALLINT(wide.count),
                &length,
                &type,
                &size,
                &digits,
                &nullable
            )
        try check(code)
        let name =
            isNarrow
            ? String(decoding: narrow.prefix { $0 != 0 }, as: UTF8.self)
            : String(wide: wide.prefix { $0 != 0 })
        let isBinary = [SQL_BINARY, SQL_VARBINARY, SQL_LONGVARBINARY].contains(Int32(type))
        return Column(name: name, isBinary: isBinary)
    }

    /// One value in pieces, at most `limit` units of it; `nil` for NULL.
    ///
    /// Each piece has `end` units at its end that are not the value's.
    private func pieces<Unit: FixedWidthInteger>(
        _ column: SQLUSMALLINT,
        _ type: Int32,
        _ unit: Unit.Type,
        _ limit: Int,
        end: Int
    ) throws(ODBCError) -> (units: [Unit]?, isCut: Bool) {
        var value: [Unit] = []
        let size = MemoryLayout<Unit>.size
        var piece = [Unit](repeating: 0, count: Self.pieceLimit + end)
        while true {
            var indicator: SQLLEN = 0
            let code = unsafe SQLGetData(
                handle,
                column,
                SQLSMALLINT(type),
                &piece,
                piece.count * size,
                &indicator
            )
            if code == SQLRETURN(SQL_NO_DATA) { return (value, false) }
            try check(code)
            if indicator == SQLLEN(SQL_NULL_DATA) { return (nil, false) }
            let isLast = indicator >= 0 && Int(indicator) <= Self.pieceLimit * size
            value += piece.prefix(isLast ? Int(indicator) / size : Self.pieceLimit)
            guard value.count <= limit else { return (Array(value.prefix(limit)), true) }
            if isLast { return (value, false) }
        }
    }

    private func check(_ code: SQLRETURN) throws(ODBCError) {
        guard codbc_succeeded(code) == 0, code != SQLRETURN(SQL_NO_DATA) else { return }
        let said = unsafe Diagnostics(
            handle: handle,
            kind: .statement,
            isNarrow: isNarrow,
            secret: secret
        )
        throw said.error(work, wasCancelled: canceller.wasUsed)
    }
}
