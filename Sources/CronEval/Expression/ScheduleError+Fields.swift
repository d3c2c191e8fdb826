// The sentences about one field of an expression.

extension ScheduleError {
    private static func quoted(_ bytes: [UInt8], _ range: Range<Int>) -> String {
        "\"\(String(decoding: bytes[range], as: UTF8.self).quotable)\""
    }

    static func emptyElement(in field: ScheduleField, at place: Int) -> Self {
        Self(
            .emptyElement,
            in: field,
            at: place..<place,
            "a value is missing. Write a number from \(field.bounds), or * for all"
        )
    }

    /// Nothing stands where only a number may: behind `L-`, `#` or `H(`.
    static func missingNumber(
        in field: ScheduleField,
        at place: Int,
        bounds: ClosedRange<Int>
    ) -> Self {
        Self(
            .emptyElement,
            in: field,
            at: place..<place,
            "a number is missing. Write one from \(bounds.lowerBound)-\(bounds.upperBound)"
        )
    }

    static func misplacedMark(in field: ScheduleField, at place: Int) -> Self {
        let remedy =
            field.isDay
            ? "It stands alone in a day field: write ? or *, without anything beside it"
            : "Write * for every \(field.words)"
        return Self(
            .unsupportedHere,
            in: field,
            at: place..<place + 1,
            "\"?\" means nothing here. \(remedy)"
        )
    }

    static func hashInYear(at place: Int) -> Self {
        Self(
            .unsupportedHere,
            in: .year,
            at: place..<place + 1,
            "\"H\" means nothing here. Write a year from \(ScheduleField.year.bounds), or *"
        )
    }

    static func strangeCharacter(
        in field: ScheduleField,
        bytes: [UInt8],
        item: Range<Int>,
        at place: Int
    ) -> Self {
        let byte = bytes[place]
        let remedy =
            switch byte {
            case UInt8(ascii: "h"):
                "Write an upper-case H for a value that differs from job to job"
            case UInt8(ascii: "~"):
                "Write H(0-30) for a value that differs from job to job"
            case UInt8(ascii: "L"), UInt8(ascii: "W"), UInt8(ascii: "l"), UInt8(ascii: "w"):
                field == .dayOfMonth
                    ? "Write L, L-3, LW, L-3W or 15W, each as an item of its own"
                    : "L and W belong in the day fields; write a number from \(field.bounds)"
            case _ where byte.isLetter && !field.hasNames:
                "Names belong in month and day of week only; write a number from \(field.bounds)"
            case _:
                """
                Write values from \(field.bounds), with "," between them, "-" for a range and \
                "/" for a step
                """
            }
        let character = Character(Unicode.Scalar(byte))
        return Self(
            .invalidCharacter,
            in: field,
            at: place..<place + 1,
            "\"\(character)\" has no meaning here in \(quoted(bytes, item)). \(remedy)"
        )
    }

    static func unknownName(in field: ScheduleField, bytes: [UInt8], at range: Range<Int>) -> Self {
        let first = bytes[range.lowerBound] & 0xDF
        let isLast = field == .dayOfWeek && range.count == 1 && first == UInt8(ascii: "L")
        let remedy =
            if isLast {
                "Write 5L or FRIL for the last Friday; L alone belongs in day of month"
            } else if field == .month {
                "Write three letters, JAN to DEC, or a number from \(field.bounds)"
            } else {
                "Write three letters, SUN to SAT, or a number from \(field.bounds)"
            }
        return Self(
            .unknownName,
            in: field,
            at: range,
            "\(quoted(bytes, range)) is no \(field == .month ? "month" : "day"). \(remedy)"
        )
    }

    static func outOfRange(
        in field: ScheduleField,
        bytes: [UInt8],
        at range: Range<Int>,
        bounds: ClosedRange<Int>
    ) -> Self {
        let hint =
            field == .hour && bytes[range].elementsEqual("24".utf8) ? "; midnight is 0" : ""
        return Self(
            .outOfRange,
            in: field,
            at: range,
            """
            \(quoted(bytes, range)) is outside \(bounds.lowerBound)-\(bounds.upperBound). Write a \
            number in that range\(hint)
            """
        )
    }

    static func twoHyphens(in field: ScheduleField, at place: Int) -> Self {
        Self(
            .invalidRange,
            in: field,
            at: place..<place + 1,
            """
            a range has one hyphen. Write two values with a hyphen between them, and a comma \
            before the next
            """
        )
    }

    static func backwardYears(_ first: Int, _ last: Int, at range: Range<Int>) -> Self {
        Self(
            .invalidRange,
            in: .year,
            at: range,
            "\(first)-\(last) runs backward, and years do not come round. Write \(last)-\(first)"
        )
    }

    static func backwardHash(
        in field: ScheduleField,
        _ low: Int,
        _ high: Int,
        at range: Range<Int>
    ) -> Self {
        Self(
            .invalidRange,
            in: field,
            at: range,
            "H(\(low)-\(high)) runs backward. Write H(\(high)-\(low))"
        )
    }

    static func invalidStep(in field: ScheduleField, bytes: [UInt8], at range: Range<Int>) -> Self {
        let problem =
            if range.isEmpty {
                "the step is missing"
            } else if bytes[range].contains(UInt8(ascii: "/")) {
                "an item has one step"
            } else if bytes[range].allSatisfy({ $0 == UInt8(ascii: "0") }) {
                "a step of 0 never advances"
            } else {
                "\(quoted(bytes, range)) is no step"
            }
        return Self(
            .invalidStep,
            in: field,
            at: range,
            "\(problem). Write a whole number from 1, as in */5"
        )
    }

    static func wideHashStep(
        in field: ScheduleField,
        bounds: ClosedRange<Int>,
        at range: Range<Int>
    ) -> Self {
        Self(
            .invalidStep,
            in: field,
            at: range,
            """
            the step is larger than the \(bounds.count) values it spreads over. Write a step up \
            to \(bounds.count), or H without a step for one value
            """
        )
    }

    /// `L`, `W`, `#` or `H` inside a range or with a step.
    static func special(
        _ code: Code,
        in field: ScheduleField,
        bytes: [UInt8],
        at range: Range<Int>
    ) -> Self {
        let place = code == .invalidStep ? "with a step" : "in a range"
        return Self(
            code,
            in: field,
            at: range,
            """
            \(quoted(bytes, range)): L, W, # and H do not stand \(place). Write a list instead, \
            as in \(field == .dayOfWeek ? "MON#1,TUE#1" : "1W,15W")
            """
        )
    }

    static func hashSeedRequired(in field: ScheduleField, at range: Range<Int>) -> Self {
        Self(
            .hashSeedRequired,
            in: field,
            at: range,
            """
            "H" takes its value from a job, and there is none here. Write a number, or give the \
            schedule to a job
            """
        )
    }
}
