// What a judge is asked: the next fires of one text in one zone from one instant on.

/// One question, one line on a judge's standard input.
package struct Question: Hashable, Sendable {
    package let number: Int
    package let zone: String
    /// Seconds since 1970; fires are strictly later.
    package let start: Int64
    /// How many fires are asked for.
    package let count: Int
    /// Without tabs, which separate the columns.
    package let text: String

    package init(number: Int, zone: String, start: Int64, count: Int, text: String) {
        self.number = number
        self.zone = zone
        self.start = start
        self.count = count
        self.text = text
    }

    var line: String { "\(number)\t\(zone)\t\(start)\t\(count)\t\(text)\n" }
}
