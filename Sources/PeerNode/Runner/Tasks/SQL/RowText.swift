// Rows of a database as lines of a log.

internal import ODBC

/// Tab-separated text: what a value holds of tabs, line ends and backslashes is escaped.
///
/// As in PostgreSQL's `COPY`: `\t`, `\n`, `\r`, `\\`, and `\N` for NULL; bytes are `\x` with
/// hexadecimal digits. A value that is longer than is fetched ends in `…`.
enum RowText {
    static func line(_ columns: [Column]) -> [UInt8] {
        join(columns.map { escaped($0.name) })
    }

    static func line(_ cells: [Cell]) -> [UInt8] {
        join(cells.map(text(of:)))
    }

    private static func join(_ texts: [[UInt8]]) -> [UInt8] {
        var line = Array(texts.joined(separator: [0x09]))
        line.append(0x0A)
        return line
    }

    private static func text(of cell: Cell) -> [UInt8] {
        switch cell {
        case .null: return Array(#"\N"#.utf8)
        case .text(let text, let isCut): return escaped(text) + (isCut ? Array("…".utf8) : [])
        case .bytes(let bytes, let isCut):
            let digits = Array("0123456789abcdef".utf8)
            var text = Array(#"\x"#.utf8)
            for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
            return text + (isCut ? Array("…".utf8) : [])
        }
    }

    private static func escaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case 0x09: bytes += Array(#"\t"#.utf8)
            case 0x0A: bytes += Array(#"\n"#.utf8)
            case 0x0D: bytes += Array(#"\r"#.utf8)
            case 0x5C: bytes += Array(#"\\"#.utf8)
            case _: bytes.append(byte)
            }
        }
        return bytes
    }
}
