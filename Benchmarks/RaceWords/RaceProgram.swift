// The frame of a race program: its command, its failures, its exit code.

internal import Platform

/// A program of one folder of races.
package enum RaceProgram {
    /// Carries out `arguments`, which do not hold the program's own name, and ends the process.
    ///
    /// - Parameters:
    ///   - program: For messages.
    ///   - usage: Printed when `command` does not know what to do.
    ///   - arguments: A command and its words.
    ///   - command: Answers an exit code, or `nil` for words that it cannot make sense of.
    package static func run(
        _ program: String,
        usage: String,
        _ arguments: [String],
        command: (String, Words) async throws -> Int32?
    ) async -> Never {
        do {
            if let name = arguments.first, let words = Words(arguments.dropFirst()),
                let code = try await command(name, words)
            {
                Terminal.exit(code)
            }
            Terminal.write(Array(usage.utf8), to: .errors)
            Terminal.exit(2)
        } catch {
            Terminal.write(Array("\(program): \(error)\n".utf8), to: .errors)
            Terminal.exit(1)
        }
    }
}

/// Prints a line on standard output at once.
package func say(_ line: String) {
    Terminal.write(Array("\(line)\n".utf8), to: .output)
}

/// Why a race could not be held.
package struct RaceFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
