import Foundation
import Testing

/// Rules about the code itself, which no compiler flag expresses.
@Suite struct `The source tree` {
    static let pure: Set = ["CronEval", "Gossip", "Scheduler", "Vocabulary"]
    static let impurities = [
        "import Foundation", "import Glibc", "import Dispatch", "import CLinux", "import CSQLite",
        "import Platform", ".now", "Date()", "SystemRandomNumberGenerator", "Task {",
        "Task.sl" + "eep",
    ]
    static let unfinished = ["TO" + "DO", "FIX" + "ME"]

    let files: [SourceFile]

    init() throws {
        files = try SourceTree.files()
    }

    @Test func `is where this test looks for it`() {
        #expect(files.count > 100)
    }

    @Test func `opens every file by saying what it is for`() {
        for file in files where !file.isTest {
            #expect(file.lines.first?.hasPrefix("// ") == true, "\(file.path)")
        }
    }

    @Test func `has files of at most 600 lines of at most 100 columns`() {
        for file in files {
            #expect(file.lines.count <= 600, "\(file.path): split it by responsibility")
            for (number, line) in file.numbered {
                #expect(line.count <= 100, "\(file.path):\(number)")
            }
        }
    }

    @Test func `has functions that fit on one screen, 60 lines`() {
        for file in files {
            for function in file.functions {
                #expect(function.length <= 60, "\(file.path):\(function.line)")
            }
        }
    }

    @Test func `keeps clocks, dice and platforms out of pure targets`() {
        for file in files where Self.pure.contains(file.target) && !file.isTest {
            for (number, line) in file.numbered where !line.isComment {
                for word in Self.impurities {
                    #expect(!line.contains(word), "\(file.path):\(number): take it as a parameter")
                }
            }
        }
    }

    @Test func `says what keeps an unchecked promise to the compiler`() {
        for file in files {
            for (number, line) in file.numbered where line.contains("@unchecked " + "Sendable") {
                #expect(
                    number > 1
                        && file.lines[..<(number - 1)].suffix(3).contains {
                            $0.contains("// Guarded by")
                        },
                    "\(file.path):\(number)"
                )
            }
            for (number, line) in file.numbered {
                #expect(!line.contains("nonisolated" + "(unsafe)"), "\(file.path):\(number)")
            }
        }
    }

    @Test func `leaves nothing marked as unfinished`() {
        for file in files {
            for (number, line) in file.numbered {
                // iCalendar has components called so.
                let line = line.replacing("VTODO", with: "")
                for word in Self.unfinished {
                    #expect(!line.contains(word), "\(file.path):\(number)")
                }
            }
        }
    }

    @Test func `waits for conditions in tests, never for time to pass`() {
        let sleeps = ["Task.sl" + "eep", "usl" + "eep(", "Thread.sl" + "eep"]
        for file in files where file.isTest && !file.path.hasPrefix("Tests/TestSupport/") {
            for (number, line) in file.numbered {
                for word in sleeps {
                    #expect(!line.contains(word), "\(file.path):\(number): use eventually(…)")
                }
            }
        }
    }

    @Test func `leads from the README to every page of documentation`() throws {
        let pages = try SourceTree.paths().filter { $0.hasPrefix("docs/") && $0.hasSuffix(".md") }
        let index = try ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/README.md"]
            .map(SourceTree.text).joined()
        for page in pages where page != "docs/README.md" {
            let name = page.split(separator: "/").last.map(String.init) ?? page
            #expect(index.contains(name), "\(page) is linked from nowhere")
        }
        #expect(try SourceTree.text("README.md").components(separatedBy: "\n").count <= 120)
    }
}
