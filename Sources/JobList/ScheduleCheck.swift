// Whether a job's schedule and time zone say something that will ever be due.

internal import CronEval
internal import Vocabulary

/// Reads `schedule` and `time_zone` of a spec together, since each may speak for the other.
struct ScheduleCheck {
    /// `nil`: a stored document, which was checked when it was written.
    let zones: ZoneCatalog?
    let members: MemberReader

    /// The schedule without a zone prefix, and the zone either of them names.
    func read() -> (schedule: String?, timeZone: String) {
        let zone = members.text("time_zone", limit: Limits.tagBytes)
        guard let text = members.text("schedule", limit: Limits.scheduleBytes) else {
            checkZone(zone, named: "time_zone")
            return (nil, zone ?? "UTC")
        }
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
        let chosen = zone ?? prefix ?? "UTC"
        let isKnown =
            zone == nil && prefix != nil
            ? checkZone(prefix, named: "schedule") : checkZone(zone, named: "time_zone")
        check(body, zone: isKnown ? chosen : "UTC", offset: text.count - body.count)
        return (body, chosen)
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

    @discardableResult
    private func checkZone(_ zone: String?, named name: String) -> Bool {
        guard let zone, let zones else { return true }
        if (try? Schedule(parsing: "0 0 1 1 *", zone: zone, in: zones)) != nil { return true }
        members.fault(
            name,
            """
            there is no time zone \(Value.string(zone).quoted); write a name of the tz database \
            such as "Europe/Berlin", or "UTC"
            """
        )
        return false
    }

    private func check(_ body: String, zone: String, offset: Int) {
        guard let zones else { return }
        do throws(ScheduleError) {
            let schedule = try Schedule(parsing: body, zone: zone, in: zones, seed: "")
            guard schedule.neverFires else { return }
            members.fault(
                "schedule",
                """
                \(Value.string(body).quoted) is never due; write dates that exist, or leave the \
                schedule out to start the job by hand
                """
            )
        } catch {
            let start = min(max(0, error.column - 1), body.count)
            let word = body.dropFirst(start).prefix { !" \t,".contains($0) }
            members.fault(
                "schedule",
                error.message,
                span: word.isEmpty ? nil : offset + start..<offset + start + word.count
            )
        }
    }
}
