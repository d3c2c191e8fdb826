// How much of a stranger's document is believed.

enum DocumentLimits {
    /// How deep lists and mappings may nest; people write 5, machines 10.
    static let depth = 64
    /// How many values one text may hold: a value takes tens of bytes, whatever its text does.
    static let values = 1 << 19
}
