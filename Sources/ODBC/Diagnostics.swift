// The records in which ODBC says what went wrong.

internal import CODBC

/// Kinds of handles, by ODBC's numbers.
enum HandleKind: Int16 {
    case environment = 1
    case connection = 2
    case statement = 3
}

/// Reads the diagnostics of a handle.
@safe
struct Diagnostics {
    private static let recordLimit = 8
    private static let messageLimit = 2_048

    let handle: SQLHANDLE?
    let kind: HandleKind
    let isNarrow: Bool
    /// A text that no message may show.
    let secret: String?

    /// What the last call left on the handle, as an error of `work`.
    ///
    /// `wasCancelled`: Its end was asked for. The driver manager drops what is left there whenever
    /// that is asked again, so that then silence has a reason, too.
    func error(_ work: String, wasCancelled: Bool = false) -> ODBCError {
        let records = read()
        guard !records.isEmpty else {
            guard !wasCancelled else {
                return ODBCError(work: work, state: "HY008", "it was cancelled")
            }
            return ODBCError(work: work, state: "HY000", "the driver gave no reason")
        }
        return ODBCError(work: work, records: records)
    }

    /// At most eight records.
    func read() -> [ODBCError.Record] {
        var records: [ODBCError.Record] = []
        for number in 1...Self.recordLimit {
            guard let record = record(Int16(number)) else { break }
            records.append(record)
        }
        return records
    }

    private func record(_ number: Int16) -> ODBCError.Record? {
        isNarrow ? narrowRecord(number) : wideRecord(number)
    }

    private func narrowRecord(_ number: Int16) -> ODBCError.Record? {
        var state = [SQLCHAR](repeating: 0, count: 6)
        var native: SQLINTEGER = 0
        var message = [SQLCHAR](repeating: 0, count: Self.messageLimit)
        var length: SQLSMALLINT = 0
        let code = unsafe SQLGetDiagRec(
            kind.rawValue,
            handle,
            number,
            &state,
            &native,
            &message,
            SQLSMALLINT(Self.messageLimit),
            &length
        )
        guard codbc_succeeded(code) != 0 else { return nil }
        return ODBCError.Record(
            state: String(decoding: state.prefix { $0 != 0 }, as: UTF8.self),
            native: native,
            message: Self.plain(
                String(decoding: message.prefix { $0 != 0 }, as: UTF8.self),
                without: secret
            )
        )
    }

    private func wideRecord(_ number: Int16) -> ODBCError.Record? {
        var state = [SQLWCHAR](repeating: 0, count: 6)
        var native: SQLINTEGER = 0
        var message = [SQLWCHAR](repeating: 0, count: Self.messageLimit)
        var length: SQLSMALLINT = 0
        let code = unsafe SQLGetDiagRecW(
            kind.rawValue,
            handle,
            number,
            &state,
            &native,
            &message,
            SQLSMALLINT(Self.messageLimit),
            &length
        )
        guard codbc_succeeded(code) != 0 else { return nil }
        // A message that was cut has its whole length here.
        let units = message.prefix(min(max(0, Int(length)), Self.messageLimit - 1))
        return ODBCError.Record(
            state: String(wide: state.prefix { $0 != 0 }),
            native: native,
            message: Self.plain(String(wide: units.prefix { $0 != 0 }), without: secret)
        )
    }

    /// The words without the components' names in front, `[unixODBC][Driver]`, and on one line.
    static func plain(_ text: String, without secret: String?) -> String {
        var rest = text[...]
        while rest.first == "[", let end = rest.firstIndex(of: "]") {
            rest = rest[rest.index(after: end)...].drop { $0 == " " }
        }
        var words = rest.split { $0.isNewline }
            .map { $0.split(separator: " ").joined(separator: " ") }
            .filter { !$0.isEmpty }
            .joined(separator: "; ")
        if let secret, !secret.isEmpty { words = words.replacing(secret, with: "***") }
        return words
    }
}
