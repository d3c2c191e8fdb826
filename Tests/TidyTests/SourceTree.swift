// The package's own source files, as text.

import Foundation

struct SourceFile {
    let path: String
    let lines: [String]

    var isTest: Bool { path.hasPrefix("Tests/") }
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    var numbered: [(number: Int, line: String)] { zip(1..., lines).map { ($0, $1) } }

    /// The modules this file imports.
    var imports: Set<String> {
        Set(
            lines.compactMap { line in
                let words = line.split(separator: " ")
                guard let at = words.firstIndex(of: "import"), at <= 2, words.count == at + 2 else {
                    return nil
                }
                return String(words[at + 1])
            }
        )
    }

    /// Functions by indentation: swift-format guarantees that the closing brace lines up.
    var functions: [(line: Int, length: Int)] {
        numbered.filter { $0.line.contains("func ") && $0.line.hasSuffix("{") }.map { start in
            let close = start.line.prefix { $0 == " " } + "}"
            let body = lines[start.number...].prefix { $0 != close }
            return (start.number, body.count + 2)
        }
    }
}

enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func files() throws -> [SourceFile] {
        try paths().filter {
            ["Sources/", "Tests/", "Benchmarks/"].contains(where: $0.hasPrefix)
                && $0.hasSuffix(".swift")
        }
        .map { SourceFile(path: $0, lines: try text($0).components(separatedBy: "\n")) }
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Every file of the project, build products left out.
    static func paths() throws -> [String] {
        let enumerator = FileManager.default.enumerator(atPath: root.path)
        var paths: [String] = []
        while let path = enumerator?.nextObject() as? String {
            let top = path.split(separator: "/").first ?? ""
            if top.hasPrefix(".build") || top.hasPrefix(".testnet") || top == ".git" || top == "bin"
            {
                enumerator?.skipDescendants()
                continue
            }
            paths.append(path)
        }
        return paths.sorted()
    }
}

extension String {
    var isComment: Bool { trimmingCharacters(in: .whitespaces).hasPrefix("//") }
}
