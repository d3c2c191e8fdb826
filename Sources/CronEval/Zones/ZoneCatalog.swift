// Time zones by name, each read once.

internal import Synchronization

/// The time zones that schedules may name, read from the time zone database when first asked for.
///
/// It lives as long as its process: a new release of the database needs a new catalog.
package final class ZoneCatalog: Sendable {
    /// The release of the database, such as `2025b`: two machines with different ones may disagree
    /// about when a schedule fires.
    package let release: String
    private let load: @Sendable (String) -> [UInt8]?
    private let known = Mutex<[String: TimeZoneRules]>([:])

    /// Names that the database's folder holds but that mean a machine's choice or nothing at all.
    private static let refused: Set = ["Factory", "Local", "localtime", "posixrules"]

    /// - Parameters:
    ///   - release: Which release of the database this is, for others to compare.
    ///   - load: The TZif bytes of a zone, or `nil`; called outside of any lock.
    package init(
        release: String = "unknown",
        load: @escaping @Sendable (String) -> [UInt8]?
    ) {
        self.release = release
        self.load = load
    }

    /// The rules of the zone that the database calls `name`, or `nil`.
    ///
    /// Links count, case matters. Not accepted are offsets, POSIX TZ strings, paths, and names that
    /// depend on the machine, such as `localtime`. `UTC` needs no file.
    ///
    /// - Complexity: O(1) but for the first use of a name, which reads a file.
    @inline(__always)
    package func rules(named name: String) -> TimeZoneRules? {
        name == "UTC" ? .utc : readRules(named: name)
    }

    @inline(never)
    private func readRules(named name: String) -> TimeZoneRules? {
        if let rules = known.withLock({ $0[name] }) { return rules }
        guard Self.isPlausible(name), let bytes = load(name),
            let rules = try? TimeZoneRules(tzif: bytes)
        else { return nil }
        return known.withLock { zones in
            // Whoever came first is kept, so that all schedules share one table.
            if let first = zones[name] { return first }
            zones[name] = rules
            return rules
        }
    }

    private static func isPlausible(_ name: String) -> Bool {
        guard (1...64).contains(name.utf8.count), !refused.contains(name) else { return false }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        // `right` counts leap seconds, and both repeat every zone under a second name.
        guard parts[0] != "posix", parts[0] != "right" else { return false }
        return parts.allSatisfy { part in
            guard let first = part.utf8.first, (0x41...0x5A).contains(first & 0xDF) else {
                return false
            }
            return part.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                case _: (0x41...0x5A).contains(byte & 0xDF)
                }
            }
        }
    }
}
