// What of a job's hash its schedule depends on, so that jobs with the same share one.

package import Vocabulary

/// The numbers that the `H`s of a text take from a seed's hash.
///
/// Two seeds with the same ``setting(after:)`` give the same schedule.
package struct SpreadDials: Equatable, Sendable {
    /// One number: the hash of the seed and the field, modulo something.
    struct Dial: Hashable, Sendable {
        let field: ScheduleField
        let modulus: UInt64
    }

    private let dials: [Dial]
    /// How many settings there are; `nil`: too many to count.
    package let count: UInt64?

    /// Reads `text`; `nil` if it has no `H`.
    ///
    /// - Throws: The first fault, as reading the schedule would; of zones nothing is said.
    package init?(of text: String) throws(ScheduleError) {
        var reader = try ScheduleReader(text: text, seed: "", anchor: .epoch)
        _ = try reader.readZonePrefix()
        let dials = try reader.readDials()
        guard !dials.isEmpty else { return nil }
        self.dials = dials.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        var count: UInt64? = 1
        for dial in self.dials {
            count = count.flatMap { count in
                let (product, isTooMany) = count.multipliedReportingOverflow(by: dial.modulus)
                return isTooMany ? nil : product
            }
        }
        self.count = count
    }

    /// The setting of the seed that was added to `seed`: from 0 to less than ``count``.
    ///
    /// Means nothing where ``count`` is `nil`.
    package func setting(after seed: StableHash) -> UInt64 {
        var setting: UInt64 = 0
        var last: (field: ScheduleField, hash: UInt64)?
        for dial in dials {
            if last?.field != dial.field {
                var hash = seed
                hash.add(0)
                hash.add(dial.field.rawValue)
                last = (dial.field, hash.value)
            }
            setting = setting &* dial.modulus &+ (last?.hash ?? 0) % dial.modulus
        }
        return setting
    }
}
