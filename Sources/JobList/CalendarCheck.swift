// Whether the calendars a job names can be used by it, and leave it anything to do.

package import CronEval
package import Vocabulary

/// Checks a job's use of calendars, which takes more than the job's own document.
package enum CalendarCheck {
    /// The faults of `spec`, as far as its calendars go; `pointer` says where the spec stands.
    ///
    /// `calendars` are those there are, by name; `known` names what could have been meant.
    package static func faults(
        of spec: JobSpec,
        calendars: [String: DayCalendar],
        known: [String],
        zones: ZoneCatalog,
        at pointer: String = "#/spec"
    ) -> [DocumentFault] {
        guard let use = spec.rules.calendar else { return [] }
        var faults: [DocumentFault] = []
        func add(_ place: String, _ detail: String) {
            faults.append(DocumentFault(pointer: "\(pointer)/calendar\(place)", detail: detail))
        }
        let places =
            (use.only.map { [("/only", $0)] } ?? [])
            + use.except.enumerated().map { ("/except/\($0)", $1) }
        for (place, name) in places where calendars[name] == nil {
            add(place, missing(name, known: known))
        }
        guard faults.isEmpty else { return faults }
        if let only = use.only, calendars[only]?.periods.isEmpty == false {
            add(
                "/only",
                """
                \(only) has periods, and only takes whole days; name it in except, or move its \
                periods to a calendar of their own
                """
            )
        }
        guard faults.isEmpty, let text = spec.schedule else { return faults }
        let rule = use.rule(use.names.compactMap { calendars[$0] })
        let schedule = try? Schedule(
            parsing: text,
            zone: spec.timeZone,
            in: zones,
            seed: "0",
            rules: spec.rules,
            calendar: rule
        )
        if schedule?.neverFires == true {
            let names = use.names.joined(separator: ", ")
            add(
                "",
                """
                with \(names) the job is never due: no day of its schedule is allowed; change the \
                schedule, or write shift: next
                """
            )
        }
        return faults
    }

    private static func missing(_ name: String, known: [String]) -> String {
        let quoted = Value.string(name).quoted
        if let near = name.nearest(among: known) {
            return "there is no calendar \(quoted): did you mean \(near)?"
        }
        return """
            there is no calendar \(quoted); make it first: \
            rota calendar import FILE.ics --name \(ObjectKey.isValid(name: name) ? name : "NAME")
            """
    }
}
