// The processes of a race, and the folder they work in.

internal import Foundation
internal import RaceWords

/// A child that prints lines of numbers.
final class RaceChild {
    private let process = Process()
    private let output = Pipe()
    private var unread: [UInt8] = []

    init(_ words: [String]) throws {
        process.executableURL = URL(filePath: words[0]).resolvingSymlinksInPath()
        process.arguments = Array(words.dropFirst())
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// Runs a child to its end.
    static func run(_ words: [String]) throws {
        let child = try RaceChild(words)
        child.process.waitUntilExit()
        guard child.process.terminationStatus == 0 else {
            throw RaceFailure("\(words.joined(separator: " ")) failed")
        }
    }

    /// The numbers on the next line; waits for them.
    func line() throws -> [Double] {
        while true {
            if let end = unread.firstIndex(of: 0x0A) {
                let text = String(decoding: unread[..<end], as: UTF8.self)
                unread.removeSubrange(...end)
                let numbers = text.split(separator: " ").compactMap { Double($0) }
                // What a member logs is for people.
                if !numbers.isEmpty { return numbers }
                continue
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else {
                let words = [process.executableURL?.path ?? ""] + (process.arguments ?? [])
                throw RaceFailure("\(words.joined(separator: " ")) said nothing")
            }
            unread += more
        }
    }

    /// Ends the child; again, it does nothing.
    func end() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }
}

/// A folder that goes away with the race, on the disk that the project is on.
struct RaceFolder {
    private let base =
        FileManager.default.currentDirectoryPath + "/.build/races/list-"
        + "\(ProcessInfo.processInfo.processIdentifier)"

    func make() throws {
        try FileManager.default.createDirectory(atPath: base, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { "\(base)/\(name)" }

    /// Removes a file and what belongs to it.
    func remove(_ name: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        for file in names where file.hasPrefix(name) {
            try? FileManager.default.removeItem(atPath: path(file))
        }
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: base)
    }
}
