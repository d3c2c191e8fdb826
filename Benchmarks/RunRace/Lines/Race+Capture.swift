// A task that prints a gigabyte: how fast it is taken, and how much memory that takes.

internal import LockLease
internal import Platform
internal import Vocabulary

extension Race {
    private static let memoryLimit = 64.0

    /// Megabytes a second, beside a bare reader of a pipe and a file, by turns, the median of five;
    /// and memory while it lasts.
    func raceCapture() async throws {
        let bytes = isShort ? 100_000_000 : 1_000_000_000
        let printer = "\(tools)/printer \(bytes)"
        var (ours, reader, file): ([Double], [Double], [Double]) = ([], [], [])
        try await with(nodes: 1, slots: 4) { cluster in
            for lap in 1...5 {
                reader.append(try await seconds(of: ["\(tools)/pipe-reader", printer]))
                let words = ["/bin/sh", "-c", "\(printer) | cat > \(folder)/printed"]
                file.append(try await seconds(of: words))
                _ = try Terminal.run("rm -f \"$1\"", arguments: ["\(folder)/printed"])
                ours.append(try await capture(printer, lap, in: cluster))
                say(
                    """
                    # \(bytes) bytes: ours \(rounded(ours[lap - 1])) s, bare reader \
                    \(rounded(reader[lap - 1])) s, cat into a file \(rounded(file[lap - 1])) s
                    """
                )
            }
            let rates = [ours, reader, file].map { Double(bytes) / 1e6 / Samples($0).median }
            rate("log-capture", rates[0], rates[1], "MB/s")
            rate("log-capture-cat", rates[0], rates[2], "MB/s")
            for (name, process) in cluster.processes(of: 0) {
                bench("\(name)-memory", peakMemory(of: process), Self.memoryLimit, "MB")
            }
        }
    }

    /// How long a run that prints took, from its claim to its end, in seconds.
    private func capture(
        _ printer: String,
        _ lap: Int,
        in cluster: NodeCluster
    ) async throws -> Double {
        let run = try await cluster.add("printer-\(lap)", RaceJobs.spec(RaceJobs.soon(), printer))
        let record = try await cluster.end(of: run, within: .seconds(600))
        guard record.state == .succeeded, let finished = record.finishedAt else {
            throw RaceFailure("the printing run: \(record.state) \(record.reason)")
        }
        return Double(record.claimedAt.duration(to: finished).milliseconds) / 1_000
    }

    private func seconds(of words: [String]) async throws -> Double {
        let loop = EventLoop(name: "bare")
        defer { loop.stop() }
        let begin = SystemClock.monotonic
        let process = try await NodeProcess.start(words, on: loop)
        try await process.wait(within: .seconds(300))
        return begin.duration(to: SystemClock.monotonic).inSeconds
    }

    /// The most memory a process has held so far, in megabytes.
    private func peakMemory(of process: Int32) -> Double {
        let bytes = (try? FileStore.read("/proc/\(process)/status")) ?? []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("VmHWM:") {
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap { Double($0) }
            return (kilobytes ?? .nan) / 1_024
        }
        return .nan
    }
}
