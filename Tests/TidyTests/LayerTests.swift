import Testing

/// ARCHITECTURE.md's table of modules is the imports' own picture.
@Suite struct `The floors` {
    struct Module {
        let floor: Int
        let imports: Set<String>
    }

    let drawn: [String: Module]
    let found: [String: Set<String>]

    init() throws {
        drawn = try Self.table(in: try SourceTree.text("ARCHITECTURE.md"))
        var found: [String: Set<String>] = [:]
        for file in try SourceTree.files() where !file.isTest {
            found[file.target, default: []].formUnion(file.imports)
        }
        self.found = found
    }

    @Test func `are drawn for every module there is`() {
        #expect(Set(drawn.keys) == Set(found.keys))
    }

    @Test func `are drawn as the code imports`() {
        for (module, imports) in found {
            let ours = imports.filter { drawn[$0] != nil || $0.hasPrefix("C") && $0 != "CronEval" }
                .filter { drawn[$0] != nil || Self.shims.contains($0) }
            #expect(drawn[module]?.imports == ours, "\(module)")
        }
    }

    @Test func `are only ever looked down from`() {
        for (name, module) in drawn {
            for other in module.imports {
                guard let below = drawn[other]?.floor else { continue }
                #expect(below < module.floor, "\(name) imports \(other)")
            }
        }
    }

    @Test func `show each C library to one module`() {
        for shim in Self.shims {
            let users = found.filter { $0.value.contains(shim) }.keys.sorted()
            #expect(users.count == 1, "\(shim): \(users)")
        }
    }

    static let shims = [
        "CLinux", "CSQLite", "CPostgres", "CMicroHTTPD", "CCurl", "CSodium", "CYAML",
        "CODBC",
    ]

    /// Reads rows such as `| 3 | JobList | what for | Vocabulary, Platform |`.
    static func table(in text: String) throws -> [String: Module] {
        var modules: [String: Module] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.filter { $0 != "`" } }
                .map { $0.split(separator: " ").joined(separator: " ") }
            guard cells.count == 6, let floor = Int(cells[1]) else { continue }
            let imports = cells[4].split(separator: ",").map {
                $0.split(separator: " ").joined()
            }
            modules[cells[2]] = Module(floor: floor, imports: Set(imports.filter { $0 != "–" }))
        }
        return modules
    }
}
