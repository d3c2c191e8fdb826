// Runs of ours and of a rival, one after the other, several times.

package import Platform

/// One evaluator's figures of one run.
struct Lap: Equatable {
    /// Nanoseconds per step: of the median text, and of the slowest.
    let median: Double
    let slowest: Double
    /// The same for all who answer the same.
    let sum: String

    /// Reads what a measurement printed; `nil` if it is none.
    init?(_ line: String) {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count == 3, let median = Double(words[0]), let slowest = Double(words[1]) else {
            return nil
        }
        (self.median, self.slowest, self.sum) = (median, slowest, String(words[2]))
    }
}

/// Ours against one rival in one mode.
package struct Race: Sendable {
    package let mode: BenchMode
    package let rival: Judge
    private let list: [String]
    private let root: String

    private static let rounds = 3

    /// - Parameters:
    ///   - mode: What is measured.
    ///   - rival: Against whom.
    ///   - list: The texts.
    ///   - root: The package's folder, as an absolute path.
    package init(_ mode: BenchMode, against rival: Judge, list: [String], root: String) {
        self.mode = mode
        self.rival = rival
        self.list = list
        self.root = root
    }

    /// What came of it.
    package enum Outcome: Sendable {
        /// A line `BENCH name ours theirs unit ratio`; a ratio above 1 is in our favour.
        case figures(String)
        /// The two did not answer the same, so that no figure means anything.
        case disagreement(String)
    }

    /// Runs ours, theirs, ours, theirs, and so on.
    package func run(on loop: EventLoop) async throws(ChildFailure) -> Outcome {
        let input = mode.input(list: list)
        let ours = ChildCommand(
            program: "/proc/self/exe",
            arguments: ["measure", mode.rivalName, mode.zone],
            environment: ["PATH": "/usr/bin:/bin"],
            input: input
        )
        let theirs = rival.command(root: root, words: mode.words, input: input)
        var laps: (ours: [Lap], theirs: [Lap]) = ([], [])
        for _ in 0..<Self.rounds {
            laps.ours.append(try await lap(ours, on: loop))
            laps.theirs.append(try await lap(theirs, on: loop))
        }
        let name = "cron-\(mode.rawValue)-\(rival)"
        if let other = (laps.ours + laps.theirs).first(where: { $0.sum != laps.ours[0].sum }) {
            return .disagreement(
                "\(name): the answers differ (\(laps.ours[0].sum) and \(other.sum)); no ratio"
            )
        }
        let (mine, its) = (Self.median(laps.ours), Self.median(laps.theirs))
        let ratio = (its / mine * 100).rounded() / 100
        return .figures("BENCH \(name) \(mine) \(its) ns \(ratio)")
    }

    private func lap(
        _ command: ChildCommand,
        on loop: EventLoop
    ) async throws(ChildFailure) -> Lap {
        let output = try await ChildOutput.of(command, on: loop)
        guard let lap = Lap(output.text) else {
            throw .strangeLine(program: command.program, line: output.text)
        }
        return lap
    }

    private static func median(_ laps: [Lap]) -> Double {
        laps.map(\.median).sorted()[laps.count / 2]
    }
}
