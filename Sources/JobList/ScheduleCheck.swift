// Whether a job's schedule and time zone say something that will ever be due.

internal import CronEval
internal import Vocabulary

/// Reads `schedule` and `time_zone` of a spec together, since each may speak for the other.
struct ScheduleCheck {
    /// `nil`: a stored document, which was checked when it was written.
    let zones: ZoneCatalog?
    let members: MemberReader
    let rules: ScheduleRules

    /// The schedule without a zone prefix, and the zone either of them names.
    func read() -> (schedule: String?, timeZone: String) {
        let zone = members.text("time_zone", limit: Limits.tagBytes)
        let text = members.text("schedule", limit: Limits.scheduleBytes)
        let isKnown = checkZone(zone)
        guard let text else { return (nil, zone ?? "UTC") }
        let (prefix, body) = split(text)
        if let prefix, let zone, prefix != zone {
            members.fault(
                "schedule",
                """
                the schedule's prefix says \(prefix), time_zone says \(zone). \
                Remove the prefix, or time_zone
                """,
                span: 0..<text.count - body.count
            )
        }
        check(text, zone: isKnown ? zone ?? "UTC" : "UTC")
        checkRules(body)
        return (body, zone ?? prefix ?? "UTC")
    }

    /// Takes `CRON_TZ=zone` or `TZ=zone` off the front.
    private func split(_ text: String) -> (zone: String?, body: String) {
        let trimmed = text.drop { $0 == " " || $0 == "\t" }
        guard let prefix = ["CRON_TZ=", "TZ="].first(where: trimmed.hasPrefix) else {
            return (nil, text)
        }
        let rest = trimmed.dropFirst(prefix.count)
        let zone = rest.prefix { $0 != " " && $0 != "\t" }
        let body = rest[zone.endIndex...].drop { $0 == " " || $0 == "\t" }
        return (String(zone), String(body))
    }

    /// Whether a schedule can be read in `zone`; any schedule, lest its own faults show here.
    private func checkZone(_ zone: String?) -> Bool {
        guard let zone, let zones else { return true }
        do throws(ScheduleError) {
            _ = try Schedule(parsing: "0 0 1 1 *", zone: zone, in: zones)
            return true
        } catch {
            members.fault("time_zone", error.message)
            return false
        }
    }

    /// A rule that could never do anything is a misunderstanding, and says so.
    private func checkRules(_ body: String) {
        guard zones != nil else { return }
        if rules.calendar?.shift != nil, body.hasPrefix("@every") {
            members.faults.add(
                members.place("calendar") + "/shift",
                """
                @every has no day to shift from; remove shift, or write the fields of a cron \
                expression
                """
            )
        }
        guard rules.clockChanges != .standard,
            let word = ["@every", "@at"].first(where: body.hasPrefix)
        else { return }
        members.fault(
            "dst",
            """
            \(word) does not go by a wall clock that skips and repeats; remove dst, or write the \
            fields of a cron expression
            """
        )
    }

    private func check(_ text: String, zone: String) {
        guard let zones else { return }
        do throws(ScheduleError) {
            // What `H` spreads by does not matter here: any seed shows the same faults.
            let schedule = try Schedule(parsing: text, zone: zone, in: zones, seed: "0")
            guard schedule.neverFires else { return }
            members.fault(
                "schedule",
                """
                \(Value.string(text).quoted) is never due; write dates that exist, or leave the \
                schedule out to start the job by hand
                """
            )
        } catch {
            // A schedule is ASCII, so its bytes are its characters.
            let start = max(0, error.column - 1)
            members.fault(
                "schedule",
                error.description,
                span: error.length > 0 ? start..<start + error.length : nil
            )
        }
    }
}
