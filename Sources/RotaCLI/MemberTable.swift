// One member as a row, the same for nodes and for the whole cluster.

internal import Vocabulary

/// Columns about members, and what stands in them.
struct MemberTable {
    /// How much of a member is shown.
    enum Breadth {
        case brief, whole
    }

    private struct Field: Sendable {
        let column: TextTable.Column
        let cell: @Sendable (Value) -> Cell
    }

    private let fields: [Field]

    /// `clocks`: Also off wide tables: who asks for the cluster's state wants to see them.
    init(_ breadth: Breadth, clocks: Bool) {
        var fields = Self.always
        if breadth == .whole || clocks { fields += Self.measured }
        if breadth == .whole { fields += Self.descriptions }
        self.fields = fields
    }

    func table(_ members: [Value]) -> TextTable {
        var table = TextTable(fields.map(\.column))
        table.rows = members.map { member in fields.map { $0.cell(member) } }
        return table
    }

    private static let always = [
        Field(column: .elastic("NAME")) { Cell($0.text("name"), .bold) },
        Field(column: .fixed("ROLE")) { Cell($0.text("role")) },
        Field(column: .fixed("STATE")) { StateSign.cell(stateWord($0)) },
        Field(column: .fixed("RUNS")) { Cell(runs($0)) },
        Field(column: .fixed("REVISION")) { Cell($0.text("revision")) },
        Field(column: .fixed("BEHIND")) { behind($0) },
    ]

    private static let measured = [
        Field(column: .fixed("CLOCK")) { clock($0) },
        Field(column: .optional("RTT")) { Cell(roundTrip($0)) },
        Field(column: .optional("KEY")) { Cell($0["key"]?.integer.map { "\($0)" } ?? "-") },
    ]

    private static let descriptions = [
        Field(column: .optional("ZONES")) { Cell(orDash($0.text("zone_data"))) },
        Field(column: .fixed("VERSION")) { Cell(orDash($0.text("version"))) },
        Field(column: .fixed("ADDRESS")) { Cell(orDash($0.text("address"))) },
        Field(column: .optional("GOSSIP")) { Cell(orDash($0.text("gossip"))) },
        Field(column: .elastic("TAGS")) { Cell(tags($0)) },
    ]

    /// What matters most of it, in one word.
    private static func stateWord(_ member: Value) -> String {
        let state = member.text("state")
        guard state == "alive" else { return state }
        if member["stale"]?.bool == true { return "stale" }
        return member["draining"]?.bool == true ? "draining" : state
    }

    private static func runs(_ member: Value) -> String {
        guard member.text("role") != "master" else { return "-" }
        let running = member["open_runs"]?.integer ?? member["load"]?["running"]?.integer
        let slots = member["load"]?["slots"]?.integer.map { "/\($0)" } ?? ""
        return running.map { "\($0)\(slots)" } ?? "-"
    }

    private static func behind(_ member: Value) -> Cell {
        guard let count = member["behind"]?.integer else { return Cell("-", .dim) }
        return count == 0 ? Cell("0") : Cell("\(count)", .warning)
    }

    /// Such as `+12ms`: how far it is ahead of the answering master's.
    private static func clock(_ member: Value) -> Cell {
        guard let offset = member["clock_offset_ms"]?.integer else { return Cell("-", .dim) }
        let text = abs(offset) >= 10_000 ? "\(offset / 1_000)s" : "\(offset)ms"
        let signed = offset > 0 ? "+\(text)" : text
        switch member.text("clock") {
        case "out": return Cell("✕ \(signed)", .bad)
        case "skewed": return Cell("! \(signed)", .warning)
        case _: return Cell(signed)
        }
    }

    private static func roundTrip(_ member: Value) -> String {
        switch member["round_trip_ms"] {
        case .integer(let number)?: return "\(number)ms"
        case .number(let number)?:
            let tenths = Int((number * 10).rounded())
            return number >= 10 ? "\(Int(number.rounded()))ms" : "\(tenths / 10).\(tenths % 10)ms"
        case _: return "-"
        }
    }

    private static func tags(_ member: Value) -> String {
        (member["tags"]?.object ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
    }

    private static func orDash(_ text: String) -> String { text.isEmpty ? "-" : text }
}
