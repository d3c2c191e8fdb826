// A job's outline as bytes, cut out of its document without reading the rest.

internal import Documents
internal import Vocabulary

/// Cuts outlines out of stored jobs, and reads them.
///
/// Equal jobs have equal bytes, so nearly always equal outlines do too; where they do not, two are
/// kept for one.
enum OutlineForm {
    /// What of a spec schedulers go by: the fields of ``JobOutline``.
    static let fields: Set = [
        "schedule", "time_zone", "jitter", "dst", "calendar", "misfire", "start_deadline",
        "catch_up_window", "store_loss", "where", "route",
    ]

    /// The outline in `body`, a job of `tenant`; `nil` if it is none, or has fields that this
    /// release does not know: of such a job not even a part is understood.
    ///
    /// - Complexity: O(bytes), without making a value of any.
    static func bytes(of body: ArraySlice<UInt8>, in tenant: String) -> [UInt8]? {
        var scanner = MemberScanner(body)
        var outline = Array("{".utf8)
        outline.reserveCapacity(256)
        var (hasSpec, hasCalendar) = (false, false)
        let isSound = scanner.forEachMember { key, scanner in
            switch key {
            case "eras", "pause":
                guard let value = scanner.value() else { return false }
                append(key, body[value], to: &outline)
                hasCalendar = hasCalendar || mentionsCalendar(body[value])
                return true
            case "spec":
                hasSpec = true
                let start = outline.count
                guard appendSpec(&scanner, body, to: &outline) else { return false }
                hasCalendar = hasCalendar || mentionsCalendar(outline[start...])
                return true
            case _: return false
            }
        }
        guard isSound, hasSpec, scanner.isAtEnd else { return nil }
        if hasCalendar { append("tenant", JSON.bytes(.string(tenant))[...], to: &outline) }
        outline.append(UInt8(ascii: "}"))
        return outline
    }

    private static func appendSpec(
        _ scanner: inout MemberScanner,
        _ body: ArraySlice<UInt8>,
        to outline: inout [UInt8]
    ) -> Bool {
        var spec = Array("{".utf8)
        let isSound = scanner.forEachMember { key, scanner in
            guard let value = scanner.value() else { return false }
            if fields.contains(key) {
                append(key, body[value], to: &spec)
            } else if !SpecReader.fields.contains(key) {
                return false
            }
            return true
        }
        // A spec without a task would be none.
        append("shell", Array("\":\"".utf8)[...], to: &spec)
        spec.append(UInt8(ascii: "}"))
        append("spec", spec[...], to: &outline)
        return isSound
    }

    private static func append(
        _ key: String,
        _ value: ArraySlice<UInt8>,
        to object: inout [UInt8]
    ) {
        if object.count > 1 { object.append(UInt8(ascii: ",")) }
        object.append(UInt8(ascii: "\""))
        object += key.utf8
        object.append(UInt8(ascii: "\""))
        object.append(UInt8(ascii: ":"))
        object += value
    }

    /// Whether there may be a calendar in it; more words than calendars mention them.
    private static func mentionsCalendar(_ bytes: ArraySlice<UInt8>) -> Bool {
        let word = Array("\"calendar\"".utf8)
        var place = bytes.startIndex
        while let start = bytes[place...].firstIndex(of: word[0]) {
            if bytes[start...].starts(with: word) { return true }
            place = start + 1
        }
        return false
    }

    /// Reads what ``bytes(of:in:)`` has cut out.
    ///
    /// - Throws: All faults at once.
    static func read(_ bytes: [UInt8]) throws(DocumentFaults) -> JobOutline {
        let value: Value
        do throws(DocumentError) {
            value = try JSON.parse(bytes, limit: Limits.storedBodyBytes)
        } catch {
            throw DocumentFaults([DocumentFault(pointer: "#", detail: error.description)])
        }
        let faults = FaultList()
        let known = ["spec", "pause", "eras", "tenant"]
        let members = MemberReader(value, at: "#", known: known, faults: faults)
        let job = members.flatMap { SpecReader.job($0) }
        try faults.throwIfAny()
        guard let job else {
            throw DocumentFaults([DocumentFault(pointer: "#", detail: "this is no outline")])
        }
        return JobOutline(of: job, in: value.object?["tenant"]?.string ?? "")
    }
}

/// Steps through JSON that was written by a program: what it does not follow, it gives up on.
struct MemberScanner {
    private let bytes: ArraySlice<UInt8>
    private var place: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        place = bytes.startIndex
    }

    var isAtEnd: Bool { place == bytes.endIndex }

    /// Hands over each member's key, with the scanner before its value; `take` goes behind it.
    ///
    /// - Returns: Whether there was an object, and `take` wanted all of it.
    mutating func forEachMember(_ take: (String, inout MemberScanner) -> Bool) -> Bool {
        guard step("{") else { return false }
        if step("}") { return true }
        while true {
            guard let key = string(), step(":"), take(key, &self) else { return false }
            if step("}") { return true }
            guard step(",") else { return false }
        }
    }

    /// Where the next value is; goes behind it.
    mutating func value() -> Range<Int>? {
        let start = place
        var depth = 0
        while place < bytes.endIndex {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                guard skipString() else { return nil }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                place += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { return start < place ? start..<place : nil }
                depth -= 1
                place += 1
            case UInt8(ascii: ",") where depth == 0:
                return start < place ? start..<place : nil
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                // Nothing of ours has blanks.
                return nil
            case _:
                place += 1
            }
        }
        return nil
    }

    /// A key without escapes.
    private mutating func string() -> String? {
        let start = place
        guard place < bytes.endIndex, bytes[place] == UInt8(ascii: "\""), skipString() else {
            return nil
        }
        let text = bytes[start + 1..<place - 1]
        guard !text.contains(UInt8(ascii: "\\")) else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func skipString() -> Bool {
        place += 1
        while place < bytes.endIndex {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                place += 1
                return true
            case UInt8(ascii: "\\"): place += 2
            case _: place += 1
            }
        }
        return false
    }

    private mutating func step(_ character: Unicode.Scalar) -> Bool {
        guard place < bytes.endIndex, bytes[place] == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }
}
