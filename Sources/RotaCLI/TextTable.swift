// Tables as people read them: no boxes, two spaces between columns.

internal import Vocabulary

/// One field of a table.
struct Cell: Sendable {
    let text: String
    let style: Paint.Style?

    init(_ text: String, _ style: Paint.Style? = nil) {
        self.text = text.plain
        self.style = style
    }
}

/// Rows under headings.
struct TextTable {
    struct Column: Sendable {
        let heading: String
        /// Whether it may lose its middle where the terminal is too narrow.
        let isElastic: Bool
        /// Whether it may go where the terminal is too narrow even then.
        let isOptional: Bool

        static func fixed(_ heading: String) -> Self {
            Self(heading: heading, isElastic: false, isOptional: false)
        }

        static func elastic(_ heading: String) -> Self {
            Self(heading: heading, isElastic: true, isOptional: false)
        }

        static func optional(_ heading: String) -> Self {
            Self(heading: heading, isElastic: false, isOptional: true)
        }
    }

    private(set) var columns: [Column]
    var rows: [[Cell]] = []

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// The table's lines; shortened to `width` columns, or whole for `nil`.
    func text(paint: Paint, width: Int?) -> String {
        if let width, let narrower = withoutOptional(within: width) {
            return narrower.text(paint: paint, width: width)
        }
        let widths = fittedWidths(to: width)
        var text = line(columns.map { Cell($0.heading, .dim) }, widths, paint)
        for row in rows { text += line(row, widths, paint) }
        return text
    }

    /// The table without its last optional column, if it is too wide with it.
    private func withoutOptional(within limit: Int) -> TextTable? {
        let widths = fittedWidths(to: limit)
        guard widths.reduce(0, +) + 2 * (widths.count - 1) > limit,
            let place = columns.lastIndex(where: \.isOptional)
        else { return nil }
        var narrower = self
        narrower.columns.remove(at: place)
        for row in rows.indices { narrower.rows[row].remove(at: place) }
        return narrower
    }

    private func fittedWidths(to limit: Int?) -> [Int] {
        var widths = columns.indices.map { index in
            rows.map { $0[index].text.displayWidth }.reduce(columns[index].heading.count, max)
        }
        guard let limit else { return widths }
        var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - limit
        while excess > 0 {
            let candidates = columns.indices.filter { columns[$0].isElastic && widths[$0] > 8 }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ paint: Paint) -> String {
        var line = ""
        var gap = 0
        for (cell, width) in zip(cells, widths) {
            let text = cell.text.shortened(to: width)
            if !text.isEmpty {
                line += String(repeating: " ", count: gap) + paint.apply(cell.style, text)
                gap = 0
            }
            gap += width - text.displayWidth + 2
        }
        return line + "\n"
    }
}

extension BinaryInteger {
    /// `1 job`, `2 jobs`.
    func counted(_ noun: String) -> String {
        "\(self) \(noun)\(self == 1 ? "" : "s")"
    }
}

extension String {
    /// Columns on a terminal: East Asian wide characters take two.
    var displayWidth: Int {
        var width = 0
        for character in self {
            guard let scalar = character.unicodeScalars.first else { continue }
            width += scalar.isWide ? 2 : 1
        }
        return width
    }

    /// The text within `width` columns, its middle left out: names differ at both ends.
    func shortened(to width: Int) -> String {
        guard displayWidth > width, width > 1 else { return self }
        var head = ""
        var tail = ""
        var room = width - 1
        var rest = self[...]
        var takesHead = true
        while let next = takesHead ? rest.first : rest.last {
            let size = String(next).displayWidth
            guard size <= room else { break }
            room -= size
            if takesHead {
                head.append(rest.removeFirst())
            } else {
                tail.insert(rest.removeLast(), at: tail.startIndex)
            }
            takesHead.toggle()
        }
        return head + "…" + tail
    }
}

extension Unicode.Scalar {
    /// Roughly the classes W and F of Unicode's East Asian Width (UAX #11).
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF,
            0x20000...0x3FFFD:
            true
        case _: false
        }
    }
}
