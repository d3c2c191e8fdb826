// A thin, owning wrapper over one ODBC connection.

internal import CODBC

/// One connection to one database, closed when the object is destroyed.
///
/// Every call blocks its thread for as long as the driver likes; ``Canceller`` ends a statement
/// from elsewhere. Not `Sendable`: confine it to the thread that opened it. Nothing is committed
/// that ``commit()`` was not called for, unless ``commitEachStatement()`` was.
@safe
package final class Connection {
    private let environment: SQLHENV
    private let handle: SQLHDBC
    private let secret: String?
    /// The driver takes bytes, and what the driver manager would make of wide texts for it loses
    /// characters: it is given UTF-8 as it is.
    private let isNarrow: Bool

    /// Connects, with a transaction that begins with the first statement.
    ///
    /// A driver must be installed for `address`. It may try for `patience`, of which some drivers
    /// take no notice.
    package init(to address: ConnectionText, within patience: Duration) throws(ODBCError) {
        let work = "connecting"
        guard let environment = unsafe Self.allocate(.environment, under: nil) else {
            throw ODBCError(work: work, state: "HY001", "the driver manager has no memory")
        }
        let version = unsafe codbc_number(SQL_OV_ODBC3)
        unsafe SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, version, 0)
        guard let handle = unsafe Self.allocate(.connection, under: environment) else {
            let said = unsafe Diagnostics(
                handle: environment,
                kind: .environment,
                isNarrow: false,
                secret: nil
            )
            defer { unsafe Self.free(environment, .environment) }
            throw said.error(work)
        }
        unsafe self.environment = environment
        unsafe self.handle = handle
        secret = address.password
        let seconds = UInt(max(1, min(patience.components.seconds, 3_600)))
        unsafe SQLSetConnectAttrW(handle, SQL_ATTR_LOGIN_TIMEOUT, codbc_number(seconds), 0)
        var text = address.whole.wide
        let code = unsafe SQLDriverConnectW(
            handle,
            nil,
            &text,
            SQLSMALLINT(SQL_NTS),
            nil,
            0,
            nil,
            SQLUSMALLINT(SQL_DRIVER_NOPROMPT)
        )
        isNarrow = unsafe codbc_succeeded(code) != 0 && Self.losesCharacters(handle)
        guard codbc_succeeded(code) != 0 else { throw diagnostics.error(work) }
        try setAutocommit(SQL_AUTOCOMMIT_OFF)
    }

    /// Whether a text does not come back from the driver as it went there.
    private static func losesCharacters(_ handle: SQLHDBC) -> Bool {
        let probe = "SELECT '\u{2602}'"
        var text = probe.wide
        var back = [SQLWCHAR](repeating: 0, count: 64)
        var length: SQLINTEGER = 0
        let code = unsafe SQLNativeSqlW(
            handle,
            &text,
            SQL_NTS,
            &back,
            SQLINTEGER(back.count),
            &length
        )
        return codbc_succeeded(code) != 0 && String(wide: back.prefix { $0 != 0 }) != probe
    }

    deinit {
        // Without this, a driver refuses to disconnect while a transaction is open.
        unsafe SQLEndTran(
            HandleKind.connection.rawValue,
            handle,
            SQLSMALLINT(SQL_ROLLBACK)
        )
        unsafe SQLDisconnect(handle)
        unsafe Self.free(handle, .connection)
        unsafe Self.free(environment, .environment)
    }

    /// From now on each statement takes effect by itself, for those that can run no other way.
    package func commitEachStatement() throws(ODBCError) {
        try setAutocommit(SQL_AUTOCOMMIT_ON)
    }

    /// Makes everything since the last end of a transaction take effect, or throws.
    ///
    /// Where the error ``ODBCError/isConnectionLost``, nobody knows which of the two happened.
    package func commit() throws(ODBCError) {
        try end(SQL_COMMIT, "committing")
    }

    package func rollBack() throws(ODBCError) {
        try end(SQL_ROLLBACK, "rolling back")
    }

    /// A statement to run on this connection; it keeps the connection open while it is there.
    package func statement() throws(ODBCError) -> Statement {
        guard let made = unsafe Self.allocate(.statement, under: handle) else {
            throw diagnostics.error("preparing a statement")
        }
        return unsafe Statement(made, of: self, isNarrow: isNarrow, secret: secret)
    }

    private var diagnostics: Diagnostics {
        unsafe Diagnostics(
            handle: handle,
            kind: .connection,
            isNarrow: isNarrow,
            secret: secret
        )
    }

    private func setAutocommit(_ mode: UInt) throws(ODBCError) {
        let code = unsafe SQLSetConnectAttrW(
            handle,
            SQL_ATTR_AUTOCOMMIT,
            codbc_number(mode),
            SQLINTEGER(SQL_IS_UINTEGER)
        )
        guard codbc_succeeded(code) != 0 else { throw diagnostics.error("connecting") }
    }

    private func end(_ how: Int32, _ work: String) throws(ODBCError) {
        let code = unsafe SQLEndTran(
            HandleKind.connection.rawValue,
            handle,
            SQLSMALLINT(how)
        )
        guard codbc_succeeded(code) != 0 else { throw diagnostics.error(work) }
    }

    private static func allocate(_ kind: HandleKind, under parent: SQLHANDLE?) -> SQLHANDLE? {
        var made: SQLHANDLE?
        let code = unsafe SQLAllocHandle(kind.rawValue, parent, &made)
        return unsafe codbc_succeeded(code) != 0 ? made : nil
    }

    fileprivate static func free(_ handle: SQLHANDLE, _ kind: HandleKind) {
        unsafe SQLFreeHandle(kind.rawValue, handle)
    }
}
