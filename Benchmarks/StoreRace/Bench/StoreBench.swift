// `store-race bench`: our claims beside the bare store, in the same run.

internal import Foundation
internal import LockLease
internal import Platform
internal import RaceWords
internal import Vocabulary

/// Ours and the bare loop alternate, several laps each; the medians count.
struct StoreBench {
    private static let laps = 3

    private let kind: StoreKind
    private let lap: Duration

    init(_ kind: StoreKind, lap: Duration) {
        self.kind = kind
        self.lap = lap
    }

    /// Claims in one call: what a node sends at most.
    private var batch: Int { kind == .etcd ? 125 : 250 }

    func run() async throws {
        var (renewals, syncs): ([Double], [Double]) = ([], [])
        for (word, size) in [("single", 1), ("batch", batch)] {
            for processes in [1, 4] {
                let race = try await race(size, processes)
                say(
                    """
                    BENCH claims-\(word)-\(kind.rawValue)-\(processes) \(race.ours) \(race.bare) \
                    claims/s \(Self.ratio(race.ours, race.bare))
                    """
                )
                renewals.append(race.renewal)
                syncs.append(race.sync)
            }
        }
        // A tenth of a term of 10 s, while 4 processes claim in batches.
        let worst = Self.rounded(renewals.max() ?? 0)
        let sync = Self.rounded(syncs.max() ?? 0)
        say("# the longest sync of one page on this disk meanwhile: \(sync) ms")
        say("BENCH renewal-p99-\(kind.rawValue) \(worst) 1000 ms \(Self.ratio(1_000, worst))")
    }

    private func race(
        _ size: Int,
        _ processes: Int
    ) async throws -> (ours: Double, bare: Double, renewal: Double, sync: Double) {
        var (ours, bare): ([Double], [Double]) = ([], [])
        var (renewals, syncs): ([Double], [Double]) = ([], [])
        for _ in 0..<Self.laps {
            // Each lap has a store of its own, so that none inherits the size of another's.
            try await inStore { url, folder in
                let probe = Task { try await DiskProbe.longestSync(in: folder) }
                defer { probe.cancel() }
                let figures = try await run(processes) { claimant($0, url, size, $1) }
                probe.cancel()
                syncs.append(try await probe.value)
                ours.append(figures.map { $0[0] }.reduce(0, +))
                renewals.append(figures.map { $0[4] }.max() ?? 0)
            }
            try await inStore { url, folder in
                // The tables are the store's own, so that both write the same rows.
                _ = try await openStore(url).identify()
                let place = kind == .sqlite ? "\(folder)/store.db" : url
                let figures = try await run(processes) { bareClaimant($0, place, size, $1) }
                bare.append(figures.map { $0[0] }.reduce(0, +))
            }
        }
        return (Self.median(ours), Self.median(bare), renewals.max() ?? 0, syncs.max() ?? 0)
    }

    private func inStore(_ work: (String, String) async throws -> Void) async throws {
        let folder = try RaceFolder("bench-\(kind.rawValue)")
        let server = PrivateStore(kind: kind, folder: folder.path)
        let url = try server.start()
        do {
            try await work(url, folder.path)
        } catch {
            try? server.stop()
            folder.remove()
            throw error
        }
        try server.stop()
        folder.remove()
    }

    private func claimant(
        _ number: Int,
        _ url: String,
        _ size: Int,
        _ begin: Int64
    ) -> [String] {
        [
            "/proc/self/exe", "claimant", "--name", "c\(number)", "--url", url,
            "--batch", "\(size)", "--seconds", "\(lap.components.seconds)", "--begin", "\(begin)",
        ]
    }

    private func bareClaimant(
        _ number: Int,
        _ place: String,
        _ size: Int,
        _ begin: Int64
    ) -> [String] {
        [
            ".build/bare/bare-\(kind.rawValue)", place, "c\(number)", "\(size)",
            "\(lap.components.seconds)", "\(begin)",
        ]
    }

    /// Starts that many children, which begin together; answers the numbers that each printed.
    private func run(
        _ processes: Int,
        _ words: (Int, Int64) -> [String]
    ) async throws -> [[Double]] {
        let begin = SystemClock.monotonic.sinceBoot.milliseconds + 3_000
        let children = try (0..<processes).map { try FigureProcess(words($0, begin)) }
        return try children.map { try $0.figures() }
    }

    private static func median(_ numbers: [Double]) -> Double {
        rounded(numbers.sorted()[numbers.count / 2])
    }

    private static func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }

    private static func ratio(_ one: Double, _ other: Double) -> Double {
        (one / other * 100).rounded() / 100
    }
}

/// A child that prints one line of numbers.
private struct FigureProcess {
    private let process = Process()
    private let output = Pipe()

    init(_ words: [String]) throws {
        let program = URL(filePath: words[0]).resolvingSymlinksInPath()
        process.executableURL = program
        process.arguments = Array(words.dropFirst())
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    func figures() throws -> [Double] {
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        process.waitUntilExit()
        let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard process.terminationStatus == 0, !numbers.isEmpty else {
            throw RaceFailure("\(process.executableURL?.path ?? "") failed: \(text)")
        }
        return numbers
    }
}
