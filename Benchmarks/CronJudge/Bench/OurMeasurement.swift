// Our evaluator measures itself, with the method that every rival uses.

package import CronEval
internal import Platform
internal import Vocabulary

/// For every text the best of several passes over the instants; of those the median.
package enum OurMeasurement {
    private typealias Pass = () -> UInt64

    private static let warmUp = Duration.seconds(2)
    private static let leastTime = Duration.milliseconds(10)
    private static let leastPasses = 5

    /// Reads what rivals read, and prints what they print: median and slowest text in nanoseconds
    /// per step, and a sum over the answers.
    ///
    /// - Parameters:
    ///   - mode: `chain`, `random` or `parse`.
    ///   - zone: Where the schedules live.
    ///   - input: A line of instants, then one text on each line.
    /// - Returns: One line.
    /// - Throws: What is wrong with a text.
    package static func line(
        mode: String,
        zone: String,
        input: String
    ) throws(ScheduleError) -> String {
        var lines = input.split(separator: "\n").map(String.init)[...]
        let instants = (lines.popFirst() ?? "").split(separator: " ").compactMap { Int64($0) }
            .map { Instant(unixSeconds: $0) }
        let zones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))
        var passes: [Pass] = []
        for text in lines {
            passes.append(try pass(mode: mode, text: text, zone: zone, zones: zones, instants))
        }
        let clock = ContinuousClock()
        let begun = clock.now
        var sums: UInt64 = 0
        repeat {
            sums = passes.reduce(0) { $0 &* 31 &+ $1() }
        } while clock.now - begun < warmUp
        let figures = passes.map { best(of: $0, steps: instants.count) }.sorted()
        let hexadecimal = String(sums, radix: 16)
        let padding = String(repeating: "0", count: 16 - hexadecimal.count)
        let slowest = figures.last ?? 0
        return "\(figures[figures.count / 2])\t\(slowest)\t\(padding)\(hexadecimal)"
    }

    private static func best(of pass: Pass, steps: Int) -> Double {
        let clock = ContinuousClock()
        var best = Duration.seconds(3_600)
        let begun = clock.now
        var count = 0
        while count < leastPasses || clock.now - begun < leastTime {
            let started = clock.now
            _ = pass()
            best = min(best, clock.now - started)
            count += 1
        }
        let nanoseconds = best.inSeconds * 1e9 / Double(steps)
        return (nanoseconds * 10).rounded() / 10
    }

    private static func pass(
        mode: String,
        text: String,
        zone: String,
        zones: ZoneCatalog,
        _ instants: [Instant]
    ) throws(ScheduleError) -> Pass {
        let schedule = try Schedule(parsing: text, zone: zone, in: zones)
        let start = instants[0]
        switch mode {
        case "chain":
            return {
                var sum: UInt64 = 0
                var cursor = start
                for _ in instants {
                    cursor = schedule.next(after: cursor) ?? start
                    sum = mixed(sum, cursor)
                }
                return sum
            }
        case "random":
            return {
                instants.reduce(0) { mixed($0, schedule.next(after: $1) ?? start) }
            }
        case _:
            return {
                var last = schedule
                for _ in instants {
                    guard let parsed = try? Schedule(parsing: text, zone: zone, in: zones) else {
                        return 0
                    }
                    last = parsed
                }
                return mixed(0, last.next(after: start) ?? start)
            }
        }
    }

    private static func mixed(_ sum: UInt64, _ instant: Instant) -> UInt64 {
        (sum ^ UInt64(bitPattern: instant.unixSeconds)) &* 1_099_511_628_211
    }
}
