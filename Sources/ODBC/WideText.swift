// UTF-16, in which ODBC speaks to every driver without loss.

internal import CODBC

extension String {
    /// The text as ODBC takes it, ended by a NUL.
    var wide: [SQLWCHAR] { Array(utf16) + [0] }

    /// The text in UTF-8, for drivers that take bytes.
    var narrow: [SQLCHAR] { Array(utf8) + [0] }

    init(wide units: some Sequence<SQLWCHAR>) {
        self.init(decoding: Array(units), as: UTF16.self)
    }

    /// Enough of a statement to know it by.
    var startOfStatement: String {
        let line = split { $0 == " " || $0.isNewline || $0 == "\t" }.joined(separator: " ")
        return line.count > 60 ? line.prefix(60) + "…" : line
    }
}
