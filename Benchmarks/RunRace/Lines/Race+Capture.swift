// A task that prints a gigabyte: how fast it is taken, and how much memory that takes.

internal import LockLease
internal import Platform
internal import Vocabulary

extension Race {
    private static let memoryLimit = 64.0

    /// Megabytes a second, beside a bare reader of a pipe and a file; and memory while it lasts.
    func raceCapture() async throws {
        let bytes = isShort ? 100_000_000 : 1_000_000_000
        let printer = "\(tools)/printer \(bytes)"
        let reader = try await seconds(of: ["\(tools)/pipe-reader", printer])
        let file = try await seconds(of: ["/bin/sh", "-c", "\(printer) | cat > \(folder)/printed"])
        _ = try Terminal.run("rm -f \"$1\"", arguments: ["\(folder)/printed"])
        try await with(nodes: 1, slots: 4) { cluster in
            let run = try await cluster.add("printer", RaceJobs.spec(RaceJobs.soon(), printer))
            let record = try await cluster.end(of: run, within: .seconds(600))
            guard record.state == .succeeded, let finished = record.finishedAt else {
                throw RaceFailure("the printing run: \(record.state) \(record.reason)")
            }
            let ours = Double(record.claimedAt.duration(to: finished).milliseconds) / 1_000
            let megabytes = Double(bytes) / 1e6
            say(
                """
                # \(bytes) bytes: ours \(rounded(ours)) s, bare reader \(rounded(reader)) s, \
                cat into a file \(rounded(file)) s
                """
            )
            rate("log-capture", megabytes / ours, megabytes / reader, "MB/s")
            rate("log-capture-cat", megabytes / ours, megabytes / file, "MB/s")
            for (name, process) in cluster.processes(of: 0) {
                bench("\(name)-memory", peakMemory(of: process), Self.memoryLimit, "MB")
            }
        }
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
