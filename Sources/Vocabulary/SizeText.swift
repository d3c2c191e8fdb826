// Sizes as people write them: `512MB`, `512MiB`, `1GB`, `100B`.

/// Reads and writes sizes; `1KB` is 1,024 bytes, and so is `1KiB`.
package enum SizeText {
    private static let units = [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10), ("B", 1)]
    private static let binary = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

    /// Reads a whole number and its unit; `nil` for anything else.
    package static func parse(_ text: String) -> Int? {
        for (name, bytes) in binary + units where text.hasSuffix(name) {
            let digits = text.dropLast(name.count)
            guard digits.count <= 12, digits.allSatisfy({ $0.isASCII && $0.isWholeNumber }),
                let number = Int(digits)
            else { return nil }
            let (size, overflow) = number.multipliedReportingOverflow(by: bytes)
            return overflow ? nil : size
        }
        return nil
    }

    /// The shortest text that ``parse(_:)`` reads back.
    package static func format(_ size: Int) -> String {
        for (name, bytes) in units where size >= bytes && size % bytes == 0 {
            return "\(size / bytes)\(name)"
        }
        return "\(size)B"
    }
}
