// The stores that are raced on, each in a folder of its own.

internal import Foundation
internal import RaceWords

/// A kind of store.
enum StoreKind: String, CaseIterable {
    case sqlite
    case postgres
    case etcd
}

/// A store made for one race: a file, or a private server in a folder.
struct PrivateStore {
    let kind: StoreKind
    let folder: String

    /// Makes the store and starts its server, if it has one; answers its setting.
    func start() throws -> String {
        switch kind {
        case .sqlite: return "sqlite://\(folder)/store.db"
        case .postgres, .etcd:
            // A server of a program that was killed goes as well.
            let owner = "\(ProcessInfo.processInfo.processIdentifier)"
            let words = ["start", server, "--while", owner]
            guard let url = try Self.call(script, words).split(separator: "\n").last else {
                throw RaceFailure("\(script) start printed no URL")
            }
            return String(url)
        }
    }

    /// Brings a killed or stopped server back.
    func restart() throws {
        guard kind != .sqlite else { return }
        _ = try Self.call(script, ["start", server])
    }

    /// SIGKILL to the server, as a power cut would.
    func kill() throws {
        guard kind != .sqlite else { return }
        _ = try Self.call(script, ["kill", server])
    }

    func stop() throws {
        guard kind != .sqlite else { return }
        _ = try Self.call(script, ["stop", server])
    }

    private var server: String { "\(folder)/server" }
    private var script: String { "testnet/\(kind.rawValue)" }

    private static func call(_ script: String, _ words: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: script)
        process.arguments = words
        let (out, errors) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = out.fileHandleForReading.readDataToEndOfFile()
        let talk = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw RaceFailure("\(script) \(words[0]): \(String(decoding: talk, as: UTF8.self))")
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A folder that goes away with the race, on the disk that the project is on.
struct RaceFolder {
    let path: String

    init(_ name: String) throws {
        let base = FileManager.default.currentDirectoryPath + "/.build/races"
        path = "\(base)/\(name)-\(ProcessInfo.processInfo.processIdentifier)"
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
