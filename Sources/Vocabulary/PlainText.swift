// What others wrote, as it may be shown on a terminal.

extension String {
    /// The text without control characters: what others wrote must not steer the terminal.
    package var plain: String {
        guard unicodeScalars.contains(where: \.isControl) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            text.unicodeScalars.append(scalar.isControl ? "·" : scalar)
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Whether it is of C0 or C1, or turns the direction of what follows.
    ///
    /// - SeeAlso: ECMA-48, section 5; Unicode Standard Annex 9, section 2.
    fileprivate var isControl: Bool {
        value < 0x20 || (0x7F...0x9F).contains(value)
            || (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
    }
}
