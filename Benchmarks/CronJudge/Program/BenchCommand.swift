// `cron-judge bench`: ours against every judge.

internal import Platform

/// Races in all modes, prints one `BENCH` line for each race, and counts allocations.
struct BenchCommand {
    /// Answers whether all races had figures and nothing was allocated.
    func run() async throws -> Bool {
        let root = ProjectFolder.path
        let list = try Corpus.lines(of: ProjectFolder.listOfBench)
        let loop = EventLoop(name: "races")
        var isFine = true
        for mode in BenchMode.allCases {
            for rival in Judge.allCases {
                let race = Race(mode, against: rival, list: list, root: root)
                switch try await race.run(on: loop) {
                case .figures(let line): say(line)
                case .disagreement(let line):
                    tell(line)
                    isFine = false
                }
            }
        }
        let (found, calls) = try await Allocations(list: list, root: root).count(on: loop)
        say("ALLOCATIONS cron \(found) in \(calls) calls of next and previous")
        loop.stop()
        return isFine && found == 0
    }
}
