// Where Debian keeps the time zone database.

internal import Glibc

/// Reads TZif files of the system's time zone database.
package enum ZoneInfoFiles {
    private static let folder = "/usr/share/zoneinfo"

    /// The TZif bytes of the zone called `name`, or `nil` if the database has none.
    ///
    /// A name that could leave the folder is no zone's name.
    package static func bytes(named name: String) -> [UInt8]? {
        guard !name.isEmpty, name.utf8.count <= 64, !name.hasPrefix("/"),
            !name.split(separator: "/", omittingEmptySubsequences: false).contains(where: {
                $0.isEmpty || $0.hasPrefix(".")
            }),
            let bytes = try? FileStore.read("\(folder)/\(name)", limit: 1 << 20),
            bytes.starts(with: "TZif".utf8)
        else { return nil }
        return bytes
    }

    /// The release of the database, such as `2025b`, or `unknown`.
    package static var version: String {
        guard let bytes = try? FileStore.read("\(folder)/tzdata.zi") else { return "unknown" }
        let line = bytes.prefix { $0 != 0x0A }
        return String(decoding: line, as: UTF8.self).split(separator: " ").last.map(String.init)
            ?? "unknown"
    }
}
