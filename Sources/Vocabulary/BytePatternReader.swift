// Reads a regular expression into the steps that look for it.

/// A recursive descent over the expression; groups nest at most 20 deep.
struct BytePatternReader {
    private typealias Step = BytePattern.Step
    private typealias Flaw = BytePattern.Flaw

    private indirect enum Tree {
        case bytes(ByteSet)
        case atStart
        case atEnd
        case sequence([Tree])
        case either([Tree])
        case repeated(Tree, least: Int, most: Int?)
    }

    private static let depthLimit = 20
    private let bytes: [UInt8]
    private var place = 0
    private var ignoresCase = false

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func steps() throws(BytePattern.Flaw) -> [BytePattern.Step] {
        if bytes.starts(with: "(?i)".utf8) {
            ignoresCase = true
            place = 4
        }
        let tree = try alternatives(depth: 0)
        guard place == bytes.count else { throw flaw("a ) too many; write \\) for the sign") }
        var steps: [Step] = []
        try emit(tree, into: &steps)
        steps.append(.match)
        return steps
    }

    // MARK: Reading

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private func flaw(_ words: String) -> Flaw {
        Flaw(detail: "character \(place + 1): \(words)")
    }

    private mutating func take(_ character: Character) -> Bool {
        guard next == character.asciiValue else { return false }
        place += 1
        return true
    }

    private mutating func alternatives(depth: Int) throws(Flaw) -> Tree {
        guard depth <= Self.depthLimit else {
            throw flaw("groups nest deeper than \(Self.depthLimit)")
        }
        var all = [try sequence(depth: depth)]
        while take("|") { all.append(try sequence(depth: depth)) }
        return all.count == 1 ? all[0] : .either(all)
    }

    private mutating func sequence(depth: Int) throws(Flaw) -> Tree {
        var all: [Tree] = []
        while let next, next != UInt8(ascii: "|"), next != UInt8(ascii: ")") {
            let atom = try atom(depth: depth)
            all.append(try repetition(of: atom))
        }
        return .sequence(all)
    }

    private mutating func atom(depth: Int) throws(Flaw) -> Tree {
        let byte = bytes[place]
        place += 1
        switch Character(Unicode.Scalar(byte)) {
        case "(":
            if take("?") {
                guard take(":") else { throw flaw("of (? only (?:…) and (?i) in front are known") }
            }
            let inner = try alternatives(depth: depth + 1)
            guard take(")") else { throw flaw("a ( has no ) behind it; write \\( for the sign") }
            return inner
        case "[": return .bytes(cased(try set()))
        case ".": return .bytes(ByteSet([0x0A]).inverted)
        case "^": return .atStart
        case "$": return .atEnd
        case "\\": return .bytes(cased(try escaped()))
        case "*", "+", "?", "{":
            place -= 1
            throw flaw("nothing to repeat here; write a \\ before the sign")
        case _: return .bytes(cased(ByteSet([byte])))
        }
    }

    private func cased(_ set: ByteSet) -> ByteSet { ignoresCase ? set.ignoringCase : set }

    private mutating func repetition(of atom: Tree) throws(Flaw) -> Tree {
        let tree: Tree
        if take("*") {
            tree = .repeated(atom, least: 0, most: nil)
        } else if take("+") {
            tree = .repeated(atom, least: 1, most: nil)
        } else if take("?") {
            tree = .repeated(atom, least: 0, most: 1)
        } else if take("{") {
            tree = try counted(atom)
        } else {
            return atom
        }
        guard let next, "*+?{".utf8.contains(next) else { return tree }
        throw flaw("this is repeated already; put it in a group to repeat it again")
    }

    private mutating func counted(_ atom: Tree) throws(Flaw) -> Tree {
        guard let least = number() else { throw flaw("write counts such as {3}, {2,} or {2,5}") }
        var most: Int? = least
        if take(",") { most = number() }
        guard take("}"), most ?? least >= least else {
            throw flaw("write counts such as {3}, {2,} or {2,5}")
        }
        return .repeated(atom, least: least, most: most)
    }

    /// At most 1,000, which is more than fits anyway.
    private mutating func number() -> Int? {
        var value: Int?
        while let next, ByteSet.digits.contains(next) {
            value = min(1_000, (value ?? 0) * 10 + Int(next - 0x30))
            place += 1
        }
        return value
    }

    private mutating func escaped() throws(Flaw) -> ByteSet {
        guard let byte = next else { throw flaw("a \\ at the end; write \\\\ for the sign") }
        place += 1
        switch Character(Unicode.Scalar(byte)) {
        case "d": return .digits
        case "D": return ByteSet.digits.inverted
        case "w": return .wordBytes
        case "W": return ByteSet.wordBytes.inverted
        case "s": return .spaces
        case "S": return ByteSet.spaces.inverted
        case "n": return ByteSet([0x0A])
        case "r": return ByteSet([0x0D])
        case "t": return ByteSet([0x09])
        case _:
            guard !ByteSet.wordBytes.contains(byte), byte < 0x80 else {
                place -= 1
                throw flaw("there is no such escape; letters are d w s and D W S, n, r, t")
            }
            return ByteSet([byte])
        }
    }

    /// Behind the `[`, through the `]`.
    private mutating func set() throws(Flaw) -> ByteSet {
        let isInverted = take("^")
        var set = ByteSet()
        var isFirst = true
        while true {
            guard let byte = next else { throw flaw("a [ has no ] behind it") }
            if byte == UInt8(ascii: "]"), !isFirst { break }
            isFirst = false
            guard byte < 0x80 else { throw flaw("a set can hold ASCII only; write (ä|ö) instead") }
            place += 1
            if byte == UInt8(ascii: "\\") {
                set.formUnion(try escaped())
                continue
            }
            let isRange =
                next == UInt8(ascii: "-") && place + 1 < bytes.count
                && bytes[place + 1] != UInt8(ascii: "]")
            guard isRange else {
                set.insert(byte)
                continue
            }
            let last = bytes[place + 1]
            guard byte <= last, last < 0x80, last != UInt8(ascii: "\\") else {
                throw flaw("the range is backwards; write the lower sign first")
            }
            place += 2
            set.formUnion(ByteSet(byte...last))
        }
        place += 1
        return isInverted ? set.inverted : set
    }

    // MARK: Steps

    private func emit(_ tree: Tree, into steps: inout [Step]) throws(Flaw) {
        guard steps.count < BytePattern.stepLimit else {
            throw Flaw(
                detail: "it takes more than \(BytePattern.stepLimit) steps; repeat less"
            )
        }
        switch tree {
        case .bytes(let set): steps.append(.bytes(set))
        case .atStart: steps.append(.atStart)
        case .atEnd: steps.append(.atEnd)
        case .sequence(let all):
            for part in all { try emit(part, into: &steps) }
        case .either(let all): try emit(all[...], into: &steps)
        case .repeated(let part, let least, let most):
            for _ in 0..<least {
                let count = steps.count
                try emit(part, into: &steps)
                // Nothing, a thousand times over, is nothing.
                if steps.count == count { break }
            }
            guard let most else { return try emitLoop(part, into: &steps) }
            for _ in least..<most {
                let start = steps.count
                steps.append(.match)
                try emit(part, into: &steps)
                steps[start] = .either(start + 1, steps.count)
            }
        }
    }

    private func emit(_ all: ArraySlice<Tree>, into steps: inout [Step]) throws(Flaw) {
        guard let first = all.first else { return }
        guard all.count > 1 else { return try emit(first, into: &steps) }
        let start = steps.count
        steps.append(.match)
        try emit(first, into: &steps)
        let end = steps.count
        steps.append(.match)
        steps[start] = .either(start + 1, steps.count)
        try emit(all.dropFirst(), into: &steps)
        steps[end] = .jump(steps.count)
    }

    private func emitLoop(_ part: Tree, into steps: inout [Step]) throws(Flaw) {
        let start = steps.count
        steps.append(.match)
        try emit(part, into: &steps)
        steps.append(.jump(start))
        steps[start] = .either(start + 1, steps.count)
    }
}
