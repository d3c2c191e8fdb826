// Many questions about schedules, a JSON line each, answered by a JSON line each.

internal import CronEval
internal import FoundationEssentials
internal import Vocabulary

/// Answers lines such as `{"expr":"0 3 * * *","after":"2026-11-21T00:00:00Z","n":2}`.
///
/// Parsed schedules are kept, so that the same expression asked again costs only the search.
struct ScheduleBatch {
    private struct Question: Decodable {
        var expr: String
        var tz: String?
        var after: String?
        var before: String?
        var n: Int?
        var seed: String?
        var anchor: String?
        var jitter: String?
        var dst: Policy?
    }

    private struct Policy: Decodable {
        var gap: String?
        var overlap: String?
    }

    private struct CacheKey: Hashable {
        let expr: String
        let zone: String
        let seed: String?
        let anchor: Instant
        let rules: ScheduleRules
    }

    private static let cacheLimit = 10_000
    private static let lineLimit = 65_536
    private static let countLimit = 100_000

    private let zones: ZoneCatalog
    private let now: Instant
    private let decoder = JSONDecoder()
    private var cache: [CacheKey: Result<Schedule, ScheduleError>] = [:]
    private var rest: [UInt8] = []

    /// `now` stands where a question has neither `after` nor `before`.
    init(zones: ZoneCatalog, now: Instant) {
        self.zones = zones
        self.now = now
    }

    /// The answers to all lines that `bytes` complete.
    mutating func answer(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        rest += bytes
        var start = rest.startIndex
        while let end = rest[start...].firstIndex(of: 0x0A) {
            answer(line: rest[start..<end], into: &output)
            start = end + 1
        }
        rest.removeSubrange(..<start)
        // What is refused for its length anyway need not be kept.
        if rest.count > Self.lineLimit { rest.removeSubrange((Self.lineLimit + 1)...) }
        return output
    }

    /// The answer to a last line without a newline, if there is one.
    mutating func finish() -> [UInt8] {
        var output: [UInt8] = []
        if !rest.isEmpty { answer(line: rest[...], into: &output) }
        rest = []
        return output
    }

    private mutating func answer(line: ArraySlice<UInt8>, into output: inout [UInt8]) {
        guard line.count <= Self.lineLimit else {
            return Self.refuse("the line is longer than \(Self.lineLimit) bytes", into: &output)
        }
        let question: Question
        do {
            question = try decoder.decode(Question.self, from: Data(line))
        } catch {
            return Self.refuse(Self.sentence(error), into: &output)
        }
        if question.after != nil, question.before != nil {
            return Self.refuse("give after or before, not both", into: &output)
        }
        guard let start = instant(question.after ?? question.before, ifAbsent: now),
            let anchor = instant(question.anchor, ifAbsent: .epoch)
        else {
            return Self.refuse(
                "after, before and anchor are times such as 2026-11-21T03:00:00Z",
                into: &output
            )
        }
        let rules: ScheduleRules
        switch Self.rules(question) {
        case .success(let read): rules = read
        case .failure(let wrong): return Self.refuse(wrong.sentence, into: &output)
        }
        let count = question.n ?? 1
        guard (1...Self.countLimit).contains(count) else {
            return Self.refuse("n is \(count); write 1 to \(Self.countLimit)", into: &output)
        }
        let key = CacheKey(
            expr: question.expr,
            zone: question.tz ?? "UTC",
            seed: question.seed,
            anchor: anchor,
            rules: rules
        )
        switch schedule(key) {
        case .failure(let error): Self.write(error, into: &output)
        case .success(let schedule):
            output += (question.before == nil ? "{\"next\":[" : "{\"previous\":[").utf8
            var last = start
            for index in 0..<count {
                let found =
                    question.before == nil
                    ? schedule.next(after: last) : schedule.previous(before: last)
                guard let found else { break }
                if index > 0 { output.append(UInt8(ascii: ",")) }
                output.appendText(of: found)
                last = found
            }
            output += "]}\n".utf8
        }
    }

    private struct WrongRule: Error {
        let sentence: String
    }

    private static func rules(_ question: Question) -> Result<ScheduleRules, WrongRule> {
        var rules = ScheduleRules.standard
        if let text = question.jitter {
            guard let jitter = DurationText.parse(text), jitter <= ScheduleRules.jitterLimit else {
                return .failure(WrongRule(sentence: "jitter is a duration such as 5m, at most 1d"))
            }
            rules.jitter = jitter
        }
        if let word = question.dst?.gap {
            rules.clockChanges.gap = ClockChangePolicy.Gap(rawValue: word)
            guard rules.clockChanges.gap != nil else {
                return .failure(WrongRule(sentence: "dst.gap is next or skip"))
            }
        }
        if let word = question.dst?.overlap {
            rules.clockChanges.overlap = ClockChangePolicy.Overlap(rawValue: word)
            guard rules.clockChanges.overlap != nil else {
                return .failure(WrongRule(sentence: "dst.overlap is first, last or both"))
            }
        }
        return .success(rules)
    }

    private func instant(_ text: String?, ifAbsent standard: Instant) -> Instant? {
        guard let text else { return standard }
        return Instant(rfc3339: text)
    }

    private mutating func schedule(_ key: CacheKey) -> Result<Schedule, ScheduleError> {
        if let known = cache[key] { return known }
        let result: Result<Schedule, ScheduleError>
        do throws(ScheduleError) {
            let schedule = try Schedule(
                parsing: key.expr,
                zone: key.zone,
                in: zones,
                seed: key.seed,
                anchor: key.anchor,
                clockChanges: key.rules.clockChanges,
                jitter: key.rules.jitter
            )
            result = .success(schedule)
        } catch {
            result = .failure(error)
        }
        if cache.count >= Self.cacheLimit { cache.removeAll(keepingCapacity: true) }
        cache[key] = result
        return result
    }

    /// What is wrong with a line that is not such an object.
    private static func sentence(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _)?: "\(key.stringValue) is missing"
        case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?:
            if let key = context.codingPath.first {
                "\(key.stringValue) is of the wrong kind: n is a number, all else is text"
            } else {
                "the line is no JSON object"
            }
        case .dataCorrupted?, nil: "the line is no JSON object"
        case _?: "the line is no JSON object"
        }
    }

    private static func refuse(_ message: String, into output: inout [UInt8]) {
        write(code: "invalidLine", field: nil, column: 1, message: message, into: &output)
    }

    private static func write(_ error: ScheduleError, into output: inout [UInt8]) {
        write(
            code: error.code.rawValue,
            field: error.field?.rawValue,
            column: error.column,
            message: error.message,
            into: &output
        )
    }

    private static func write(
        code: String,
        field: String?,
        column: Int,
        message: String,
        into output: inout [UInt8]
    ) {
        let error: Value = [
            "code": .string(code), "field": field.map { .string($0) } ?? .null,
            "column": .integer(Int64(column)), "message": .string(message),
        ]
        output += Wire.bytes(["error": error])
        output.append(0x0A)
    }
}

extension [UInt8] {
    /// Appends an instant as quoted RFC 3339 in UTC, without making a string of it.
    fileprivate mutating func appendText(of instant: Instant) {
        let date = CivilDate(daysSinceEpoch: instant.unixSeconds.floorDivided(by: 86_400))
        let second = Int(instant.unixSeconds.floorRemainder(dividingBy: 86_400))
        let fraction = Int(instant.unixMilliseconds.floorRemainder(dividingBy: 1_000))
        append(UInt8(ascii: "\""))
        appendNumber(date.year, width: 4)
        append(UInt8(ascii: "-"))
        appendNumber(date.month, width: 2)
        append(UInt8(ascii: "-"))
        appendNumber(date.day, width: 2)
        append(UInt8(ascii: "T"))
        appendNumber(second / 3_600, width: 2)
        append(UInt8(ascii: ":"))
        appendNumber(second / 60 % 60, width: 2)
        append(UInt8(ascii: ":"))
        appendNumber(second % 60, width: 2)
        if fraction > 0 {
            append(UInt8(ascii: "."))
            appendNumber(fraction, width: 3)
        }
        append(UInt8(ascii: "Z"))
        append(UInt8(ascii: "\""))
    }

    private mutating func appendNumber(_ number: Int, width: Int) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
