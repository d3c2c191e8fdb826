// Reads one field of an expression: a list of items.

/// A cursor over one field's text.
struct FieldReader {
    let bytes: [UInt8]
    let field: ScheduleField
    let seed: String?
    private(set) var position: Int
    private let end: Int
    /// The item being read.
    private var item: Range<Int>
    private var selection = FieldSelection()

    init(bytes: [UInt8], word: Range<Int>, field: ScheduleField, seed: String?) {
        self.bytes = bytes
        self.field = field
        self.seed = seed
        position = word.lowerBound
        end = word.upperBound
        item = word
    }

    /// - Throws: The first fault, reading from the left.
    mutating func read() throws(ScheduleError) -> FieldSelection {
        let first = bytes[position]
        selection.isStarred = first == UInt8(ascii: "*")
        if item.count == 1 {
            if first == UInt8(ascii: "?"), field.isDay { selection.isStarred = true }
            selection.isPlain = selection.isStarred
            if selection.isPlain {
                select(from: field.cycle.lowerBound, through: field.cycle.upperBound)
                return selection
            }
        }
        if first == UInt8(ascii: "+"), field == .dayOfWeek {
            selection.hasPlus = true
            position += 1
        }
        while true {
            var close = position
            while close < end, bytes[close] != UInt8(ascii: ",") { close += 1 }
            item = position..<close
            try readItem()
            guard close < end else { return selection }
            position = close + 1
        }
    }

    private mutating func readItem() throws(ScheduleError) {
        guard let first = next else { throw .emptyElement(in: field, at: position) }
        if let mark = bytes[item].firstIndex(of: UInt8(ascii: "?")) {
            throw .misplacedMark(in: field, at: mark)
        }
        switch first {
        case UInt8(ascii: "*"):
            position += 1
            let step = try readStep() ?? 1
            try expectEnd()
            select(from: field.cycle.lowerBound, through: field.cycle.upperBound, by: step)
        case UInt8(ascii: "H"):
            position += 1
            try readHash()
        case UInt8(ascii: "L") where field == .dayOfMonth,
            UInt8(ascii: "l") where field == .dayOfMonth:
            position += 1
            try readFromLast()
        case _:
            try readValues()
        }
    }

    /// `a`, `a/n`, `a-b`, `a-b/n`, `nW`, `d#k`, `dL`.
    private mutating func readValues() throws(ScheduleError) {
        let hyphens = item.filter { bytes[$0] == UInt8(ascii: "-") }
        guard hyphens.count < 2 else { throw .twoHyphens(in: field, at: hyphens[1]) }
        let start = try readValue()
        // In the day of week a leading 7 is 0.
        let low = field == .dayOfWeek ? start % 7 : start
        switch next {
        case nil:
            select(from: low, through: low)
        case UInt8(ascii: "/"):
            let step = try readStep() ?? 1
            select(from: low, through: field.cycle.upperBound, by: step)
        case UInt8(ascii: "-"):
            position += 1
            let close = try readValue()
            try refuseSpecial(because: .invalidRange)
            let step = try readStep() ?? 1
            try expectEnd()
            guard start != close else { return select(from: low, through: low) }
            guard low <= close || field != .year else {
                throw .backwardYears(start, close, at: item)
            }
            let turn = low <= close ? 0 : field.cycle.count
            select(from: low, through: close + turn, by: step)
        case UInt8(ascii: "#") where field == .dayOfWeek:
            position += 1
            try readOccurrence(of: low)
        case _:
            if field == .dayOfMonth, take(letter: "W") {
                try endSpecial()
                selection.nearest |= 1 << UInt32(start)
            } else if field == .dayOfWeek, take(letter: "L") {
                try endSpecial()
                selection.lastWeek |= 1 << UInt8(low)
            } else {
                try expectEnd()
            }
        }
    }

    /// A number or a name, inside the field's bounds.
    private mutating func readValue() throws(ScheduleError) -> Int {
        guard let first = next, ![UInt8(ascii: "-"), UInt8(ascii: "/")].contains(first) else {
            throw .emptyElement(in: field, at: position)
        }
        guard first.isDigit else { return try readName() }
        return try readNumber(within: field.allowed)
    }

    private mutating func readName() throws(ScheduleError) -> Int {
        guard field.hasNames, bytes[position].isLetter else {
            throw .strangeCharacter(in: field, bytes: bytes, item: item, at: position)
        }
        var close = position
        while close < item.upperBound, bytes[close].isLetter { close += 1 }
        // FRIL is the last Friday.
        let isLast = field == .dayOfWeek && close - position == 4 && bytes[close - 1] & 0xDF == 0x4C
        if isLast { close -= 1 }
        let letters = bytes[position..<close]
        guard letters.count == 3,
            let value = field.value(
                named: letters[position],
                letters[position + 1],
                letters[position + 2]
            )
        else {
            throw .unknownName(in: field, bytes: bytes, at: position..<(isLast ? close + 1 : close))
        }
        position = close
        return value
    }

    /// Digits; at most ten of them make a number.
    private mutating func readNumber(within bounds: ClosedRange<Int>) throws(ScheduleError) -> Int {
        let start = position
        var value = 0
        while let digit = next, digit.isDigit {
            if position - start < 10 { value = value * 10 + Int(digit - 0x30) }
            position += 1
        }
        guard position > start else {
            guard next != nil else {
                throw .missingNumber(in: field, at: position, bounds: bounds)
            }
            throw .strangeCharacter(in: field, bytes: bytes, item: item, at: position)
        }
        guard position - start <= 10, bounds.contains(value) else {
            throw .outOfRange(in: field, bytes: bytes, at: start..<position, bounds: bounds)
        }
        return value
    }

    /// `/n`, or `nil` if there is none; ends the item.
    private mutating func readStep() throws(ScheduleError) -> Int? {
        guard next == UInt8(ascii: "/") else { return nil }
        let range = position + 1..<item.upperBound
        var step = 0
        for place in range.prefix(10) where bytes[place].isDigit {
            step = step * 10 + Int(bytes[place] - 0x30)
        }
        guard (1...10).contains(range.count), step > 0, range.allSatisfy({ bytes[$0].isDigit })
        else { throw .invalidStep(in: field, bytes: bytes, at: range) }
        position = item.upperBound
        if step > field.cycle.upperBound - field.cycle.lowerBound {
            selection.hasExcessiveStep = true
        }
        return step
    }

    /// What follows the `L` of `L`, `L-n`, `LW` and `L-nW`.
    private mutating func readFromLast() throws(ScheduleError) {
        var days = 0
        if next == UInt8(ascii: "-") {
            position += 1
            days = try readNumber(within: 1...30)
        }
        let isNearest = take(letter: "W")
        try endSpecial()
        let bit: UInt32 = 1 << UInt32(31 - days)
        if isNearest { selection.nearestFromLast |= bit } else { selection.fromLast |= bit }
    }

    /// What follows the `#` of `d#k` and `d#L`.
    private mutating func readOccurrence(of day: Int) throws(ScheduleError) {
        if take(letter: "L") {
            try endSpecial()
            selection.lastWeek |= 1 << UInt8(day)
        } else {
            let occurrence = try readNumber(within: 1...5)
            try endSpecial()
            selection.weeks |= 1 << UInt64(7 * (occurrence - 1) + day)
        }
    }

    /// What follows the `H`.
    private mutating func readHash() throws(ScheduleError) {
        let start = position - 1
        guard field != .year else { throw .hashInYear(at: start) }
        var bounds = field.spread
        if next == UInt8(ascii: "(") {
            position += 1
            bounds = try readHashBounds()
        }
        try refuseSpecial(because: .invalidRange)
        let excess = selection.hasExcessiveStep
        let stepStart = position + 1
        let step = try readStep()
        try expectEnd()
        // A step that is too large is an error here, not a warning.
        selection.hasExcessiveStep = excess
        if let step, step > bounds.count {
            throw .wideHashStep(in: field, bounds: bounds, at: stepStart..<item.upperBound)
        }
        guard let seed else { throw .hashSeedRequired(in: field, at: start..<item.upperBound) }
        let hash = Spread.hash(seed: seed, field: field)
        let modulus = UInt64(step ?? bounds.count)
        selection.moduli.append(modulus)
        let low = bounds.lowerBound + Int(hash % modulus)
        if let step {
            select(from: low, through: bounds.upperBound, by: step)
        } else {
            select(from: low, through: low)
        }
    }

    /// `n-n)`.
    private mutating func readHashBounds() throws(ScheduleError) -> ClosedRange<Int> {
        let start = position
        let low = try readNumber(within: field.allowed)
        try expect("-")
        let high = try readNumber(within: field.allowed)
        guard low <= high else { throw .backwardHash(in: field, low, high, at: start..<position) }
        try expect(")")
        return low...high
    }

    /// The byte at the cursor, or `nil` at the item's end.
    private var next: UInt8? {
        position < item.upperBound ? bytes[position] : nil
    }

    private mutating func take(letter: Unicode.Scalar) -> Bool {
        guard let byte = next, byte & 0xDF == UInt8(ascii: letter) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(ScheduleError) {
        guard let byte = next else { throw .emptyElement(in: field, at: position) }
        guard byte == UInt8(ascii: character) else {
            throw .strangeCharacter(in: field, bytes: bytes, item: item, at: position)
        }
        position += 1
    }

    private func expectEnd() throws(ScheduleError) {
        guard next == nil else {
            throw .strangeCharacter(in: field, bytes: bytes, item: item, at: position)
        }
    }

    /// Ends an item that may stand in a list, but neither in a range nor with a step.
    private func endSpecial() throws(ScheduleError) {
        switch next {
        case UInt8(ascii: "-"): throw .special(.invalidRange, in: field, bytes: bytes, at: item)
        case UInt8(ascii: "/"): throw .special(.invalidStep, in: field, bytes: bytes, at: item)
        case _: try expectEnd()
        }
    }

    /// Refuses `1-5#1`, `1-15W` and `H-5`.
    private func refuseSpecial(because code: ScheduleError.Code) throws(ScheduleError) {
        guard let byte = next else { return }
        let isSpecial =
            switch field {
            case .dayOfWeek: byte == UInt8(ascii: "#") || byte & 0xDF == UInt8(ascii: "L")
            case .dayOfMonth: byte & 0xDF == UInt8(ascii: "W")
            case .second, .minute, .hour, .month, .year: false
            }
        guard !isSpecial, byte != UInt8(ascii: "-") else {
            throw .special(code, in: field, bytes: bytes, at: item)
        }
    }

    /// Selects every `step`-th value; beyond the cycle's end it goes on at its beginning.
    private mutating func select(from low: Int, through high: Int, by step: Int = 1) {
        let cycle = field.cycle
        if field == .year {
            for year in stride(from: low, through: high, by: step) { selection.years.insert(year) }
            return
        }
        for value in stride(from: low, through: high, by: step) {
            let folded = value > cycle.upperBound ? value - cycle.count : value
            selection.values |= 1 << UInt64(folded)
        }
    }
}
