// Calendars as this master's copy of the list has them, read once for each state.

internal import CronEval
internal import JobList
internal import Vocabulary

/// Reads calendars for whoever works out when jobs are due, and finds the jobs that go by one.
actor CalendarShelf {
    private static let limit = 1_000
    private static let pageSize = 1_000
    /// How a stored job that goes by a calendar says so.
    private static let mark = Array("\"calendar\"".utf8)

    private let replica: Replica
    private var kept: [ObjectKey: (digest: Digest, calendar: DatedCalendar)] = [:]

    init(replica: Replica) {
        self.replica = replica
    }

    /// The calendars of `use`, by name; one that is not there or cannot be read is left out.
    func all(of use: CalendarUse, in tenant: String) async -> [String: DatedCalendar] {
        var found: [String: DatedCalendar] = [:]
        for name in use.names {
            let key = ObjectKey(tenant: tenant, kind: .calendar, name: name)
            guard let record = try? await replica.record(key) else { continue }
            if let known = kept[key], known.digest == record.digest,
                known.calendar.since == record.createdAt
            {
                found[name] = known.calendar
            } else if let calendar = try? CalendarDocument.decode(record) {
                if kept.count >= Self.limit { kept.removeAll() }
                kept[key] = (record.digest, calendar)
                found[name] = calendar
            }
        }
        return found
    }

    /// The jobs that go by the calendar, in the order of their names.
    ///
    /// - Complexity: O(jobs of the tenant); only those that go by any calendar are read.
    func jobs(using key: ObjectKey) async throws(Problem) -> [(name: String, use: CalendarUse)] {
        var users: [(name: String, use: CalendarUse)] = []
        var after: ObjectKey?
        while true {
            let page: [ObjectRecord]
            do throws(ReplicaError) {
                page = try await replica.records(
                    kind: .job,
                    tenant: key.tenant,
                    after: after,
                    limit: Self.pageSize
                )
            } catch {
                throw Problem(.unavailable, error.description)
            }
            for record in page where record.body.contains(Self.mark) {
                guard let use = try Editor.decode(record).spec.rules.calendar,
                    use.names.contains(key.name)
                else { continue }
                users.append((record.key.name, use))
            }
            guard let last = page.last else { return users }
            after = last.key
        }
    }
}

extension CalendarUse {
    /// `on days of cn-workdays, except freeze, else the next`.
    var words: String {
        var parts: [String] = []
        if let only { parts.append("on days of \(only)") }
        if !except.isEmpty { parts.append("except \(except.joined(separator: " and "))") }
        switch shift {
        case .next: parts.append("else the next day")
        case .previous: parts.append("else the day before")
        case nil: break
        }
        return parts.joined(separator: ", ")
    }
}
