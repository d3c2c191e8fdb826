// A stand-in for the schedule dialect: five fields of numbers, stars and steps.

package import Vocabulary

package final class ZoneCatalog: Sendable {
    private let load: @Sendable (String) -> [UInt8]?

    package init(load: @escaping @Sendable (String) -> [UInt8]?) {
        self.load = load
    }

    fileprivate func knows(_ name: String) -> Bool { name == "UTC" || load(name) != nil }
}

package struct ScheduleError: Error, Equatable, Sendable, CustomStringConvertible {
    package let column: Int
    package var length = 0
    package let message: String
    package var description: String { "column \(column): \(message)" }
}

package struct Schedule: Equatable, Sendable {
    private let text: String

    package init(
        parsing text: String,
        zone: String = "UTC",
        in zones: ZoneCatalog,
        seed: String? = nil,
        anchor: Instant = .epoch
    ) throws(ScheduleError) {
        var fields = text.split(separator: " ")
        let prefix = fields.first?.split(separator: "TZ=").last.map(String.init)
        let hasPrefix = fields.first?.contains("TZ=") == true
        let zone = hasPrefix ? prefix ?? "" : zone
        guard zones.knows(zone) else {
            throw ScheduleError(column: 1, message: "there is no time zone \"\(zone)\"")
        }
        if hasPrefix { fields.removeFirst() }
        self.text = fields.joined(separator: " ")
        if text.hasPrefix("@") { return }
        guard (5...7).contains(fields.count) else {
            throw ScheduleError(column: 1, message: "\(fields.count) fields; write 5, 6 or 7")
        }
        for field in fields {
            guard field.allSatisfy({ "0123456789*/,-HL".contains($0) }) else {
                let column = text.distance(from: text.startIndex, to: field.startIndex) + 1
                throw ScheduleError(
                    column: column,
                    length: field.count,
                    message: "\(field) is no number or *"
                )
            }
        }
    }

    package var neverFires: Bool { text == "0 0 30 2 *" }
}
