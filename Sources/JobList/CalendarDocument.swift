// The one place that turns documents into calendars and back.

package import CronEval
internal import Documents
package import Vocabulary

/// What people write about a calendar.
package struct CalendarSpec: Equatable, Sendable {
    package var description = ""
    package var calendar = DayCalendar()

    package init() {}
}

/// A calendar as the list holds it: what people wrote, and what it said before.
package struct CalendarBody: Equatable, Sendable {
    package static let eraLimit = 4

    package var spec: CalendarSpec
    /// Oldest first; as with a job's eras, the oldest are dropped.
    package var eras: [DatedCalendar.Era]

    package init(spec: CalendarSpec, eras: [DatedCalendar.Era] = []) {
        self.spec = spec
        self.eras = eras
    }

    /// The calendar under `newSpec` from `instant` on; up to it, what it said holds.
    ///
    /// An edit that claims to be older than the last one adds no era: what is recorded stays true.
    package func edited(with newSpec: CalendarSpec, at instant: Instant) -> Self {
        var body = self
        body.spec = newSpec
        guard newSpec.calendar != spec.calendar, eras.last.map({ $0.until < instant }) ?? true
        else { return body }
        body.eras.append(DatedCalendar.Era(calendar: spec.calendar, until: instant))
        body.eras.removeFirst(max(0, body.eras.count - Self.eraLimit))
        return body
    }
}

/// Reads and writes calendars as documents: what people write, and what the list stores.
package enum CalendarDocument {
    /// Reads and checks a spec that somebody wrote; `pointer` says where it stands.
    ///
    /// - Throws: All faults at once.
    package static func decodeSpec(
        _ value: Value,
        at pointer: String = "#/spec"
    ) throws(DocumentFaults) -> CalendarSpec {
        let faults = FaultList()
        let spec = CalendarForm.spec(value, at: pointer, faults: faults)
        try faults.throwIfAny()
        guard let spec else { throw nothing }
        return spec
    }

    /// The spec as one would write it: nothing that is the default anyway.
    package static func encodeSpec(_ spec: CalendarSpec) -> Value {
        var members = CalendarForm.members(of: spec.calendar)
        if !spec.description.isEmpty { members["description"] = .string(spec.description) }
        return .object(members)
    }

    /// The canonical bytes, as ``ObjectRecord/body`` holds them: equal calendars, equal bytes.
    package static func encodeBody(_ body: CalendarBody) -> [UInt8] {
        var members = ["spec": encodeSpec(body.spec)]
        if !body.eras.isEmpty {
            members["eras"] = .array(
                body.eras.map { era in
                    var members = CalendarForm.members(of: era.calendar)
                    members["until"] = .string(era.until.description)
                    return .object(members)
                }
            )
        }
        return JSON.bytes(.object(members))
    }

    /// Reads what ``encodeBody(_:)`` wrote; a field that this release does not know is a fault.
    ///
    /// - Throws: All faults at once; bytes that are no JSON are one fault at `#`.
    package static func decodeBody(_ bytes: [UInt8]) throws(DocumentFaults) -> CalendarBody {
        let value: Value
        do throws(DocumentError) {
            value = try JSON.parse(bytes, limit: Limits.storedBodyBytes)
        } catch {
            throw DocumentFaults([DocumentFault(pointer: "#", detail: error.description)])
        }
        let faults = FaultList()
        let members = MemberReader(value, at: "#", known: ["spec", "eras"], faults: faults)
        let spec = CalendarForm.spec(members?["spec"] ?? .null, at: "#/spec", faults: faults)
        let eras = members.map { CalendarForm.eras($0) }
        try faults.throwIfAny()
        guard let spec, let eras else { throw nothing }
        return CalendarBody(spec: spec, eras: eras)
    }

    /// The calendar of a record, for those who work out instants by it.
    package static func decode(_ record: ObjectRecord) throws(DocumentFaults) -> DatedCalendar {
        let body = try decodeBody(record.body)
        return DatedCalendar(
            present: body.spec.calendar,
            eras: body.eras,
            since: record.createdAt
        )
    }

    private static var nothing: DocumentFaults {
        DocumentFaults([DocumentFault(pointer: "#", detail: "this is no calendar")])
    }
}

/// The members of a calendar's document.
private enum CalendarForm {
    static let fields = ["weekdays", "include", "exclude", "periods"]
    static let weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    static func spec(_ value: Value, at pointer: String, faults: FaultList) -> CalendarSpec? {
        let known = ["description"] + fields
        guard let members = MemberReader(value, at: pointer, known: known, faults: faults) else {
            return nil
        }
        var spec = CalendarSpec()
        spec.description = members.text("description", limit: Limits.documentDescriptionBytes) ?? ""
        spec.calendar = calendar(members)
        return spec
    }

    static func eras(_ members: MemberReader) -> [DatedCalendar.Era] {
        guard let value = members["eras"] else { return [] }
        guard let items = value.array, items.count <= CalendarBody.eraLimit else {
            members.wrong("eras", value, write: "a list of at most \(CalendarBody.eraLimit)")
            return []
        }
        return items.enumerated().compactMap { index, item in
            let era = MemberReader(
                item,
                at: "\(members.place("eras"))/\(index)",
                known: fields + ["until"],
                faults: members.faults
            )
            guard let era else { return nil }
            guard let until = era.instant("until") else {
                if era["until"] == nil { era.fault("until", "this is missing") }
                return nil
            }
            return DatedCalendar.Era(calendar: calendar(era), until: until)
        }
    }

    private static func calendar(_ members: MemberReader) -> DayCalendar {
        var room = Limits.calendarEntries
        return DayCalendar(
            weekdays: readWeekdays(members),
            included: entries("include", members, &room, CalendarDays.init(parsing:)),
            excluded: entries("exclude", members, &room, CalendarDays.init(parsing:)),
            periods: entries("periods", members, &room, CalendarPeriod.init(parsing:))
        )
    }

    private static func readWeekdays(_ members: MemberReader) -> UInt8 {
        var mask: UInt8 = 0
        let words = members.texts("weekdays", count: 7, limit: Limits.tagBytes) ?? []
        for word in words {
            guard let place = weekdays.firstIndex(of: word) else {
                members.wrong("weekdays", .string(word), write: "some of mon, tue, …, sun")
                continue
            }
            mask |= 1 << UInt8(place)
        }
        return mask
    }

    /// `room`: How many more entries the calendar may have.
    private static func entries<Entry>(
        _ name: String,
        _ members: MemberReader,
        _ room: inout Int,
        _ parse: (String) throws(CalendarError) -> Entry
    ) -> [Entry] {
        // More is refused below, in words that say what counts.
        let texts = members.texts(name, count: .max, limit: Limits.calendarEntryBytes) ?? []
        guard texts.count <= room else {
            members.fault(
                name,
                """
                with this the calendar has more than \(Limits.calendarEntries) entries; write \
                ranges such as 2026-02-15..2026-02-23, or drop years that are over
                """
            )
            return []
        }
        room -= texts.count
        // Places are those in the document: what was refused above is not among the texts.
        let places = (members[name]?.array ?? []).enumerated().compactMap { index, item in
            item.string.map { (index, $0) }
        }
        let sound = Set(texts)
        return places.compactMap { index, text in
            guard sound.contains(text) else { return nil }
            do throws(CalendarError) {
                return try parse(text)
            } catch {
                members.faults.add("\(members.place(name))/\(index)", error.message)
                return nil
            }
        }
    }

    /// What differs from an empty calendar.
    static func members(of calendar: DayCalendar) -> [String: Value] {
        var members: [String: Value] = [:]
        func list(_ name: String, _ texts: [String]) {
            if !texts.isEmpty { members[name] = .array(texts.map { .string($0) }) }
        }
        // A week begins with Monday where calendars of workdays are kept.
        let order = [1, 2, 3, 4, 5, 6, 0].filter { calendar.weekdays & 1 << UInt8($0) != 0 }
        list("weekdays", order.map { weekdays[$0] })
        list("include", calendar.included.map(\.description))
        list("exclude", calendar.excluded.map(\.description))
        list("periods", calendar.periods.map(\.description))
        return members
    }
}
