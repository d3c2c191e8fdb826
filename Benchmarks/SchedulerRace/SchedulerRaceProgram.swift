// The commands of `scheduler-race`.

internal import Platform
internal import Vocabulary

/// The program that fills the scheduler's index and says how long everything about it takes.
package enum SchedulerRaceProgram {
    private static let usage = """
        scheduler-race index [JOBS]           the index, from columns in memory
        scheduler-race file [JOBS] FOLDER     the same from a replica's file
        scheduler-race fill [JOBS] STORE      commits jobs to a store, for a node to hold

        """

    /// Carries out `arguments`, which do not hold the program's own name.
    package static func run(_ arguments: [String]) async -> Never {
        let count = arguments.count > 1 ? Int(arguments[1]) : nil
        do {
            switch (arguments.first, count, arguments.count) {
            case ("index", let count?, 2):
                var race = IndexRace(jobs: count)
                race.run()
            case ("file", let count?, 3):
                try await FileRace(jobs: count, folder: arguments[2]).run()
            case ("fill", let count?, 3):
                try await StoreFiller(jobs: count, store: arguments[2]).run()
            case _:
                Terminal.write(Array(usage.utf8), to: .errors)
                Terminal.exit(2)
            }
        } catch {
            Terminal.write(Array("scheduler-race: \(error)\n".utf8), to: .errors)
            Terminal.exit(1)
        }
        Terminal.exit(0)
    }
}

/// Prints a line on standard output at once.
func say(_ line: String) {
    Terminal.write(Array("\(line)\n".utf8), to: .output)
}

/// Figures and the lines that they are told in.
enum Figures {
    /// How many seconds `work` takes.
    static func seconds(_ work: () throws -> Void) rethrows -> Double {
        let begin = SystemClock.monotonic
        try work()
        return begin.duration(to: SystemClock.monotonic).inSeconds
    }

    /// Ours beside theirs; less is better.
    static func say(_ name: String, _ ours: Double, _ theirs: Double, _ unit: String) {
        let ratio = ours > 0 ? theirs / ours : 0
        SchedulerRace.say(
            "BENCH \(name) \(rounded(ours)) \(rounded(theirs)) \(unit) \(rounded(ratio))"
        )
    }

    static func rounded(_ number: Double) -> Double { (number * 1_000).rounded() / 1_000 }

    /// What so many numbers of a random sequence take to be sorted: the measure of a machine.
    static func sorting(_ count: Int) -> Double {
        var random = SeededNumbers(seed: 5)
        var numbers = (0..<count).map { _ in random.next() }
        let seconds = seconds { numbers.sort() }
        precondition(numbers[0] <= numbers[count - 1])
        return seconds
    }
}
