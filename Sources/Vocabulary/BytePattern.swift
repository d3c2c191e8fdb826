// Regular expressions whose work is bounded, for texts that strangers send.

/// A regular expression that is looked for in bytes.
///
/// The usual signs: `.` (any byte but a newline), `[a-z]`, `[^…]`, `\d \w \s` and their
/// opposites, `* + ?`, `{2,5}`, `|`, groups, `^` and `$` for the text's ends, and `(?i)` in front
/// for letters of either case. There are no references back: looking takes time in proportion to
/// the bytes times the expression's length (at most 1,000 steps), whatever the two are.
///
/// - SeeAlso: Thompson, Regular Expression Search Algorithm, CACM 11 (1968).
package struct BytePattern: Equatable, Sendable {
    package static let stepLimit = 1_000

    enum Step: Equatable {
        case match
        case bytes(ByteSet)
        case atStart
        case atEnd
        case jump(Int)
        case either(Int, Int)
    }

    /// Why a text is no pattern, with what to write instead.
    package struct Flaw: Error, Equatable, Sendable {
        package let detail: String
    }

    private let steps: [Step]

    package init(_ text: String) throws(Flaw) {
        var reader = BytePatternReader(text)
        steps = try reader.steps()
    }

    /// Whether it is found anywhere in `bytes`.
    ///
    /// - Complexity: O(bytes × steps).
    package func isFound(in bytes: some Collection<UInt8>) -> Bool {
        var present = Threads(count: steps.count)
        var next = Threads(count: steps.count)
        let count = bytes.count
        for (offset, byte) in bytes.enumerated() {
            if add(0, to: &present, at: offset, of: count) { return true }
            next.removeAll()
            for place in present.places {
                guard case .bytes(let set) = steps[place], set.contains(byte) else { continue }
                if add(place + 1, to: &next, at: offset + 1, of: count) { return true }
            }
            swap(&present, &next)
        }
        return add(0, to: &present, at: count, of: count)
    }

    /// Adds a thread at `start` and at wherever that leads without a byte; `true` at the end.
    private func add(_ start: Int, to threads: inout Threads, at offset: Int, of end: Int) -> Bool {
        var waiting = [start]
        while let place = waiting.popLast() {
            guard threads.insert(place) else { continue }
            switch steps[place] {
            case .match: return true
            case .bytes: break
            case .atStart: if offset == 0 { waiting.append(place + 1) }
            case .atEnd: if offset == end { waiting.append(place + 1) }
            case .jump(let other): waiting.append(other)
            case .either(let one, let other): waiting += [other, one]
            }
        }
        return false
    }
}

/// The places in a pattern that are being tried, each once.
private struct Threads {
    private(set) var places: [Int] = []
    private var isIn: [Bool]

    init(count: Int) {
        isIn = [Bool](repeating: false, count: count)
    }

    mutating func insert(_ place: Int) -> Bool {
        guard !isIn[place] else { return false }
        isIn[place] = true
        places.append(place)
        return true
    }

    mutating func removeAll() {
        for place in places { isIn[place] = false }
        places.removeAll(keepingCapacity: true)
    }
}

/// A set of byte values.
struct ByteSet: Equatable, Sendable {
    private var words: [UInt64] = [0, 0, 0, 0]

    init(_ bytes: some Sequence<UInt8> = []) {
        for byte in bytes { insert(byte) }
    }

    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] & 1 << UInt64(byte & 63) != 0 }
    mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
    mutating func formUnion(_ other: Self) {
        for index in words.indices { words[index] |= other.words[index] }
    }
    var inverted: Self {
        var other = self
        for index in words.indices { other.words[index] = ~words[index] }
        return other
    }
    /// With both cases of every letter in it.
    var ignoringCase: Self {
        var other = self
        for byte in UInt8(0x41)...0x5A where contains(byte) || contains(byte | 0x20) {
            other.insert(byte)
            other.insert(byte | 0x20)
        }
        return other
    }

    static let digits = Self(0x30...0x39)
    static let spaces = Self([0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D])
    static let wordBytes: Self = {
        var set = Self(0x30...0x39)
        set.formUnion(Self(0x41...0x5A))
        set.formUnion(Self(0x61...0x7A))
        set.insert(0x5F)
        return set
    }()
}
