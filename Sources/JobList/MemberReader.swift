// Reads the members of a mapping, and collects what is wrong instead of stopping at it.

internal import Vocabulary

/// Where faults of one document gather.
final class FaultList {
    private(set) var faults: [DocumentFault] = []

    func add(_ pointer: String, _ detail: String, span: Range<Int>? = nil) {
        faults.append(DocumentFault(pointer: pointer, detail: detail, span: span))
    }

    func throwIfAny() throws(DocumentFaults) {
        if !faults.isEmpty { throw DocumentFaults(faults) }
    }
}

/// One mapping of a document with its place in it; a member that is `null` counts as left out.
struct MemberReader {
    let pointer: String
    let faults: FaultList
    private let members: [String: Value]

    /// Takes `value` as a mapping of `known` names; any other name is a fault.
    ///
    /// Of `tolerated` names nothing is said here, because the caller has its own word for them.
    init?(
        _ value: Value,
        at pointer: String,
        known: [String],
        tolerated: [String] = [],
        faults: FaultList
    ) {
        guard let members = value.object else {
            faults.add(
                pointer,
                "this is \(value.inMessage); write a mapping with \(known.joined(separator: ", "))"
            )
            return nil
        }
        self.members = members.filter { $0.value != .null }
        self.pointer = pointer
        self.faults = faults
        for name in members.keys.sorted() where !(known + tolerated).contains(name) {
            let nearest = FieldNames.nearest(to: name, among: known)
            let advice =
                nearest.map { "did you mean \($0)?" }
                ?? "it may have \(known.joined(separator: ", "))"
            fault(name, "there is no field \(Value.string(name).quoted): \(advice)")
        }
    }

    subscript(name: String) -> Value? { members[name] }

    func place(_ name: String) -> String {
        "\(pointer)/\(name.pointerEscaped)"
    }

    func fault(_ name: String, _ detail: String, span: Range<Int>? = nil) {
        faults.add(place(name), detail, span: span)
    }

    /// A member's fault in the usual form: what it is, and what to write.
    func wrong(_ name: String, _ value: Value, write: String) {
        fault(name, "this is \(value.inMessage); write \(write)")
    }

    /// Text of at most `limit` bytes without NUL.
    func text(_ name: String, limit: Int) -> String? {
        guard let value = members[name] else { return nil }
        return text(value, at: place(name), limit: limit)
    }

    func bool(_ name: String) -> Bool? {
        guard let value = members[name] else { return nil }
        guard let flag = value.bool else {
            wrong(name, value, write: "true or false")
            return nil
        }
        return flag
    }

    func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = members[name] else { return nil }
        guard let number = value.integer, let number = Int(exactly: number), range.contains(number)
        else {
            wrong(name, value, write: "a whole number from \(range.inWords)")
            return nil
        }
        return number
    }

    func duration(_ name: String, in range: ClosedRange<Duration>) -> Duration? {
        guard let value = members[name] else { return nil }
        guard let text = value.string, let duration = DurationText.parse(text) else {
            wrong(name, value, write: #"a duration such as "90s", "15m" or "1h30m""#)
            return nil
        }
        guard range.contains(duration) else {
            let lowest = DurationText.format(range.lowerBound)
            let highest = DurationText.format(range.upperBound)
            wrong(name, value, write: "a duration from \(lowest) to \(highest)")
            return nil
        }
        return duration
    }

    /// A size in bytes, as a number or in words.
    func size(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = members[name] else { return nil }
        let size = value.integer.flatMap(Int.init(exactly:)) ?? value.string.flatMap(SizeText.parse)
        guard let size, range.contains(size) else {
            let (low, high) = (range.lowerBound, range.upperBound)
            let bounds = "from \(SizeText.format(low)) to \(SizeText.format(high))"
            wrong(name, value, write: #"a size such as "1GB", \#(bounds)"#)
            return nil
        }
        return size
    }

    func instant(_ name: String) -> Instant? {
        guard let value = members[name] else { return nil }
        guard let text = value.string, let instant = Instant(rfc3339: text) else {
            wrong(name, value, write: #"a time such as "2026-11-21T05:00:00Z""#)
            return nil
        }
        return instant
    }

    /// A list of texts, none empty, none twice.
    func texts(_ name: String, count: Int, limit: Int) -> [String]? {
        guard let value = members[name] else { return nil }
        guard let items = list(name, value, count: count) else { return nil }
        var seen: Set<String> = []
        return items.enumerated().compactMap { index, item in
            let pointer = "\(place(name))/\(index)"
            guard let text = text(item, at: pointer, limit: limit) else { return nil }
            guard !text.isEmpty, seen.insert(text).inserted else {
                faults.add(pointer, text.isEmpty ? "this is empty; remove it" : "this stands twice")
                return nil
            }
            return text
        }
    }

    func integers(_ name: String, count: Int, in range: ClosedRange<Int>) -> [Int]? {
        guard let value = members[name] else { return nil }
        guard let items = list(name, value, count: count) else { return nil }
        return items.enumerated().compactMap { index, item in
            guard let number = item.integer.flatMap(Int.init(exactly:)), range.contains(number)
            else {
                faults.add(
                    "\(place(name))/\(index)",
                    "this is \(item.inMessage); write a whole number from \(range.inWords)"
                )
                return nil
            }
            return number
        }
    }

    /// A mapping of texts to texts; numbers and flags are taken as they are written.
    ///
    /// `flaw` answers why a name or its text cannot be taken, or `nil`.
    func textMap(
        _ name: String,
        count: Int,
        limit: Int,
        flaw: (String, String) -> String?
    ) -> [String: String]? {
        guard let value = members[name] else { return nil }
        guard let entries = value.object else {
            wrong(name, value, write: "a mapping of names to texts")
            return nil
        }
        guard entries.count <= count else {
            fault(name, "this has \(entries.count) entries; at most \(count) are allowed")
            return nil
        }
        var result: [String: String] = [:]
        for (key, item) in entries.sorted(by: { $0.key < $1.key }) {
            let pointer = "\(place(name))/\(key.pointerEscaped)"
            guard let text = text(item.scalarAsText, at: pointer, limit: limit) else { continue }
            if let why = flaw(key, text) {
                faults.add(pointer, why)
            } else {
                result[key] = text
            }
        }
        return result
    }

    private func list(_ name: String, _ value: Value, count: Int) -> [Value]? {
        guard let items = value.array else {
            wrong(name, value, write: "a list")
            return nil
        }
        guard items.count <= count else {
            fault(name, "this has \(items.count) entries; at most \(count) are allowed")
            return nil
        }
        return items
    }

    func text(_ value: Value, at pointer: String, limit: Int) -> String? {
        guard let text = value.string else {
            faults.add(pointer, "this is \(value.inMessage); write text, in quotes if need be")
            return nil
        }
        guard text.utf8.count <= limit else {
            faults.add(pointer, "this has \(text.utf8.count) bytes; at most \(limit) are allowed")
            return nil
        }
        guard !text.utf8.contains(0) else {
            faults.add(pointer, "this contains a NUL character; remove it")
            return nil
        }
        return text
    }
}

extension Value {
    /// The value as a message shows it: shortened, quoted where it is text.
    var inMessage: String {
        switch self {
        case .string, .integer, .number, .bool: quoted
        case .null, .array, .object: kindInWords
        }
    }

    var quoted: String {
        switch self {
        case .string(let text):
            let start = text.prefix(40).map { $0.isNewline ? " " : String($0) }.joined()
            return "\"\(start)\(text.count > 40 ? "…" : "")\""
        case .integer(let number): return "\(number)"
        case .number(let number): return "\(number)"
        case .bool(let flag): return "\(flag)"
        case .null, .array, .object: return kindInWords
        }
    }

    /// `8080` and `true` in an environment are meant as the texts they look like.
    fileprivate var scalarAsText: Value {
        switch self {
        case .integer, .bool: .string(quoted)
        case .null, .number, .string, .array, .object: self
        }
    }
}

extension String {
    /// The name as one step of a JSON pointer.
    var pointerEscaped: String {
        guard contains("~") || contains("/") else { return self }
        return map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
    }
}

extension ClosedRange<Int> {
    var inWords: String { "\(lowerBound) to \(upperBound)" }
}
