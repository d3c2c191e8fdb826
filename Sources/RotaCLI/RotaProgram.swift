// `rota` from its words to its exit code.

internal import CommandTable
internal import Platform
internal import Vocabulary

/// The program, in any world.
package enum RotaProgram {
    /// The commands that are carried out, for the test that compares them with the table.
    package static var commandNames: [String] { Array(Commands.all.keys) }

    /// Does what `words` ask, and answers the exit code.
    ///
    /// - Parameters:
    ///   - words: The command line without the program's own name.
    ///   - world: What may be read, written and asked.
    /// - Returns: One of ``ExitCode``.
    package static func run(_ words: [String], in world: World) async -> ExitCode {
        let request: Request
        do throws(UsageError) {
            request = try RotaTable.table.parse(words)
        } catch {
            world.terminal.write(Array("\(error)\n".utf8), to: .errors)
            return .usage
        }
        switch request {
        case .help(let path):
            world.print(RotaTable.table.help(for: path))
            return .done
        case .version:
            world.print("rota \(rotaVersion)\n")
            return .done
        case .run(let invocation):
            return await run(invocation, in: world)
        }
    }

    private static func run(_ invocation: Invocation, in world: World) async -> ExitCode {
        let path = invocation.path.joined(separator: " ")
        switch path {
        case "version":
            world.print("rota \(rotaVersion)\n")
            return .done
        case "help":
            return help(invocation.arguments("WORD"), in: world)
        case "completion":
            let shell = invocation.argument("SHELL").flatMap(Shell.init(rawValue:)) ?? .bash
            world.print(RotaTable.table.completionScript(shell))
            return .done
        case "__complete":
            await CompletionAnswer.print(invocation.arguments("WORD"), in: world)
            return .done
        case _:
            break
        }
        let paint = Paint(option: invocation.text("color"), world: world, stream: .errors)
        let verbosity: Verbosity = invocation.flag("verbose") ? .verbose : .normal
        do throws(Failure) {
            guard let action = Commands.all[path] else {
                throw Failure(.failed, "rota \(path) does nothing")
            }
            return try await action(Session(invocation, world: world))
        } catch {
            let text =
                error.isUsage
                ? usage(error, of: path) : error.text(paint: paint, verbosity: verbosity)
            world.terminal.write(Array(text.utf8), to: .errors)
            return error.code
        }
    }

    /// A misused command, told as the table tells what it finds itself.
    private static func usage(_ failure: Failure, of path: String) -> String {
        let error = UsageError(
            command: "rota \(path)",
            problem: .other(failure.what),
            example: failure.next.isEmpty ? nil : failure.next
        )
        return "\(error)\n"
    }

    private static func help(_ words: [String], in world: World) -> ExitCode {
        if words.count == 1, let topic = HelpTopic(rawValue: words[0]) {
            world.print(topic.text)
            return .done
        }
        let table = RotaTable.table
        guard words.isEmpty || table.command(at: words) != nil || !table.words(after: words).isEmpty
        else {
            let topics = HelpTopic.allCases.map(\.rawValue)
            let known = table.words(after: []).map(\.word) + topics
            let near = words[0].nearest(among: known).map { ". Did you mean \"\($0)\"?" } ?? ""
            let text =
                "rota help: nothing is known of \"\(words.joined(separator: " ").plain)\"\(near)\n"
            world.terminal.write(Array(text.utf8), to: .errors)
            return .usage
        }
        world.print(table.help(for: words))
        return .done
    }
}

extension World {
    func print(_ text: String) {
        terminal.write(Array(text.utf8), to: .output)
    }
}

/// Answers a shell that asks what may come next.
enum CompletionAnswer {
    private static let limit = 200

    static func print(_ words: [String], in world: World) async {
        let typed = words.last ?? ""
        var found: [String: [CompletionWord]] = [:]
        // Which kind of names is wanted, if any; only those are asked for.
        var wanted: Set<String> = []
        _ = RotaTable.table.complete(words) { kind in
            wanted.insert(kind)
            return []
        }
        for kind in wanted {
            found[kind] = (try? await names(of: kind, beginning: typed, world)) ?? []
        }
        let completion = RotaTable.table.complete(words) { found[$0] ?? [] }
        world.print(completion.lines.map { $0.plainButTabs + "\n" }.joined())
    }

    private static func names(
        of kind: String,
        beginning typed: String,
        _ world: World
    ) async throws(Failure) -> [CompletionWord] {
        guard case .run(let plain)? = try? RotaTable.table.parse(["status"]) else { return [] }
        if kind == "context" {
            let file = try ContextFile.read(in: world)
            return file.contexts.sorted { $0.key < $1.key }
                .map { CompletionWord($0.key, $0.value.urls.joined(separator: ",")) }
        }
        let session = try Session(plain, world: world)
        switch kind {
        case "job":
            let query = typed.isEmpty ? [] : [("q", typed)]
            return try await session.api.list("/v1/jobs", query, limit: limit).map { job in
                CompletionWord(job.text("name"), job["status"]?.text("words") ?? "")
            }
        case "node":
            return try await session.api.list("/v1/nodes", limit: limit).map { node in
                CompletionWord(node.text("name"), node.text("state"))
            }
        case "calendar":
            return try await session.api.list("/v1/calendars", limit: limit).map { calendar in
                CompletionWord(calendar.text("name"), calendar["spec"]?.text("description") ?? "")
            }
        case "run":
            return try await session.api.list("/v1/runs", limit: 50).map { run in
                CompletionWord(run.text("id"), "\(run.text("job")) \(run.text("state"))")
            }
        case _:
            return []
        }
    }
}

extension String {
    /// ``plain``, but for the tab that divides a candidate from its summary.
    fileprivate var plainButTabs: String {
        split(separator: "\t", maxSplits: 1).map { String($0).plain }.joined(separator: "\t")
    }
}
