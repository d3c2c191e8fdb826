// What the daemons' main functions have in common: help, version, errors, exit codes.

package import CommandTable
internal import Glibc
internal import Vocabulary

/// Runs one invocation of a daemon's program.
package enum MemberProgram {
    /// - Returns: 0 done, 1 failed, 2 the command line was wrong.
    package static func main(
        _ words: [String],
        table: CommandTable,
        run: (Invocation) async throws -> Int32
    ) async -> Int32 {
        do throws(UsageError) {
            switch try table.parse(words) {
            case .help(let path):
                print(table.help(for: path))
                return 0
            case .version:
                print("\(table.program) \(table.version)")
                return 0
            case .run(let invocation):
                return await attempt(table.program) { try await run(invocation) }
            }
        } catch {
            say("\(error)")
            return 2
        }
    }

    private static func attempt(_ program: String, _ run: () async throws -> Int32) async -> Int32 {
        do {
            return try await run()
        } catch {
            say("\(program): \(error)")
            return 1
        }
    }

    private static func say(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }
}
