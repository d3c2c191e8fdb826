// The four other evaluators, and how each is started.

package import Platform

/// An evaluator that is not ours.
package enum Judge: String, CaseIterable, Sendable {
    case robfig
    case croniter
    case cronsim
    case quartz

    /// How to start it, once `Benchmarks/cron/prepare` has run.
    ///
    /// `root` is the package's folder, as an absolute path; `words` are none to let it answer the
    /// questions of `input`, or `bench`, mode and zone to let it measure itself.
    package func command(root: String, words: [String] = [], input: [UInt8]) -> ChildCommand {
        let folder = "\(root)/.build/judges"
        let (program, arguments): (String, [String]) =
            switch self {
            case .robfig: ("\(folder)/robfig", [])
            case .croniter, .cronsim:
                (
                    "\(folder)/venv/bin/python",
                    ["\(root)/Benchmarks/cron/judges/python_judge.py", rawValue]
                )
            case .quartz:
                (
                    "/usr/bin/java",
                    ["-cp", ([folder] + Self.archives).joined(separator: ":"), "Quartz"]
                )
            }
        return ChildCommand(
            program: program,
            arguments: arguments + words,
            environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"],
            input: input
        )
    }

    private static let archives = ["quartz2", "slf4j-api", "slf4j-nop"].map {
        "/usr/share/java/\($0).jar"
    }
}
