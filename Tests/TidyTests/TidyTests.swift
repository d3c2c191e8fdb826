import Foundation
import Testing

/// Rules about the code itself, which no compiler flag expresses.
@Suite struct TidyTests {
    static let pure: Set = ["CronEval", "Gossip", "Scheduler", "Vocabulary"]
    static let impurities = [
        "import Foundation", "import Glibc", "import Dispatch", "import CLinux", "import CSQLite",
        ".now", "Date()", "SystemRandomNumberGenerator", "Task {", "Task.sleep",
    ]

    let files: [SourceFile]

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        files = try SourceFile.all(under: root)
    }

    @Test func `a source file opens by saying what it is for`() {
        for file in files where !file.isTest {
            #expect(file.lines.first?.hasPrefix("// ") == true, "\(file.path)")
        }
    }

    @Test func `a file has at most 600 lines of at most 100 columns`() {
        for file in files {
            #expect(file.lines.count <= 600, "\(file.path): split it by responsibility")
            for (number, line) in file.numbered {
                #expect(line.count <= 100, "\(file.path):\(number)")
            }
        }
    }

    @Test func `a function fits on one screen, 60 lines`() {
        for file in files {
            for function in file.functions {
                #expect(function.length <= 60, "\(file.path):\(function.line)")
            }
        }
    }

    @Test func `a pure target imports no platform and reads no clock or dice`() {
        for file in files where Self.pure.contains(file.target) && !file.isTest {
            for (number, line) in file.numbered where !line.isComment {
                for word in Self.impurities {
                    #expect(!line.contains(word), "\(file.path):\(number): take it as a parameter")
                }
            }
        }
    }

    @Test func `an unchecked promise to the compiler says what keeps it`() {
        for file in files {
            for (number, line) in file.numbered where line.contains("@unchecked " + "Sendable") {
                #expect(
                    number > 1 && file.lines[number - 2].contains("// Guarded by"),
                    "\(file.path):\(number)"
                )
            }
        }
    }
}

struct SourceFile {
    let path: String
    let lines: [String]

    var isTest: Bool { path.hasPrefix("Tests/") }
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    var numbered: [(number: Int, line: String)] { zip(1..., lines).map { ($0, $1) } }

    /// Functions by indentation: swift-format guarantees that the closing brace lines up.
    var functions: [(line: Int, length: Int)] {
        numbered.filter { $0.line.contains("func ") && $0.line.hasSuffix("{") }.map { start in
            let close = start.line.prefix { $0 == " " } + "}"
            let body = lines[start.number...].prefix { $0 != close }
            return (start.number, body.count + 2)
        }
    }

    static func all(under root: URL) throws -> [Self] {
        let enumerator = FileManager.default.enumerator(atPath: root.path)
        let paths = (enumerator?.allObjects as? [String] ?? []).filter {
            ($0.hasPrefix("Sources/") || $0.hasPrefix("Tests/")) && $0.hasSuffix(".swift")
        }
        return try paths.sorted().map { path in
            let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            return Self(path: path, lines: text.components(separatedBy: "\n"))
        }
    }
}

extension String {
    var isComment: Bool { trimmingCharacters(in: .whitespaces).hasPrefix("//") }
}
