// The list of the races: ten million jobs that are like those people have.

internal import Scheduler
internal import Vocabulary

typealias SeededNumbers = SeededGenerator

/// A mix of schedules in twenty zones, the same for every number of jobs.
///
/// Of a hundred jobs 3 are due every minute or few, 20 hourly, 46 daily, 20 with `H`, 10 by
/// `@every`; one in a hundred is due at half past, 23 seconds, and one in ten thousand at 17.
struct RaceList {
    static let zones = [
        "UTC", "Europe/Berlin", "Europe/London", "Europe/Moscow", "Europe/Lisbon",
        "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
        "America/Sao_Paulo", "America/Mexico_City", "Asia/Tokyo", "Asia/Shanghai",
        "Asia/Kolkata", "Asia/Dubai", "Asia/Singapore", "Australia/Sydney",
        "Australia/Perth", "Africa/Lagos", "Pacific/Auckland",
    ]

    private var outlines: [JobOutline] = []
    private var numbers: [String: Int] = [:]
    private var random = SeededGenerator(seed: 11)

    /// The number of the next job's outline.
    mutating func next() -> Int {
        let zone = Self.zones[Int.random(in: 0..<Self.zones.count, using: &random)]
        let (schedule, isOfZone) = schedule(Int.random(in: 0..<10_000, using: &random))
        let key = isOfZone ? "\(zone) \(schedule)" : schedule
        if let known = numbers[key] { return known }
        let number = outlines.count
        numbers[key] = number
        outlines.append(Self.outline(schedule, isOfZone ? zone : "UTC"))
        return number
    }

    static func outline(_ schedule: String, _ zone: String = "UTC") -> JobOutline {
        var spec = JobSpec(task: .shell(ShellTask(command: ":")), schedule: schedule)
        spec.timeZone = zone
        return JobOutline(of: Job(spec: spec), in: "default")
    }

    private mutating func schedule(_ dice: Int) -> (String, isOfZone: Bool) {
        func pick(_ range: Range<Int>) -> Int { .random(in: range, using: &random) }
        switch dice {
        case 0: return ("17 30 * * * *", false)
        case 1..<101: return ("23 30 * * * *", false)
        case 101..<201: return ("* * * * *", false)
        case 201..<401: return ("*/\([5, 10, 15][pick(0..<3)]) * * * *", false)
        case 401..<2_401: return ("\(pick(0..<60)) * * * *", false)
        case 2_401..<7_001: return ("\(pick(0..<60)) \(pick(0..<24)) * * *", true)
        case 7_001..<8_001: return ("H * * * *", false)
        case 8_001..<9_001: return ("H H * * *", true)
        case _: return ("@every \(pick(2..<60))m", false)
        }
    }

    /// Pages as the replica's columns give them.
    mutating func pages(_ count: Int) -> [JobPage] {
        let limit = 20_000
        var told = 0
        return stride(from: 0, to: count, by: limit).map { start in
            let end = min(count, start + limit)
            let rows = (start..<end).map { number in
                JobPage.Row(
                    uid: Self.uid(number),
                    outline: next(),
                    revision: Revision(epoch: 1, sequence: UInt64(number / 10_000 + 1)),
                    createdAt: RaceTime.created
                )
            }
            defer { told = outlines.count }
            return JobPage(
                outlines: Array(outlines[told...]),
                rows: rows,
                total: count,
                isFirst: start == 0,
                isLast: end == count
            )
        }
    }

    /// The outlines in the order of their numbers.
    var all: [JobOutline] { outlines }

    static func uid(_ number: Int) -> UIDBits {
        let high = SeededGenerator.mixed(UInt64(number) &+ 1)
        return UIDBits(high: high, low: SeededGenerator.mixed(high))
    }
}

/// The times of the races: a Thursday noon, and a while before half past.
enum RaceTime {
    static let created = Instant(unixSeconds: 1_790_000_000)
    static let noon = Instant(unixSeconds: 1_795_694_400)

    /// So many seconds after noon.
    static func moment(_ seconds: Double) -> Moment {
        let milliseconds = Int64(seconds * 1_000)
        return Moment(
            wall: noon.advanced(by: .milliseconds(milliseconds)),
            monotonic: MonotonicInstant(sinceBoot: .milliseconds(milliseconds + 1_000_000))
        )
    }
}
