import CommandTable
import RotaCLI
import TestSupport
import Testing

@Suite struct TableTests {
    let table = RotaTable.table

    @Test func `every example in help parses`() throws {
        for command in table.commands {
            for example in command.examples {
                for words in ShellWords.commands(in: example.line) where words.first == "rota" {
                    let request = try table.parse(Array(words.dropFirst()))
                    guard case .run(let invocation) = request else {
                        Issue.record("\(example.line) runs nothing")
                        continue
                    }
                    if words == ShellWords.commands(in: example.line).last {
                        #expect(!invocation.path.isEmpty, "\(example.line)")
                    }
                }
                #expect(example.line.count <= 100, "\(example.line)")
            }
        }
    }

    @Test func `every listed command has an example`() {
        for command in table.commands where command.visibility == .listed {
            #expect(!command.examples.isEmpty, "\(command.path)")
        }
    }

    @Test func `every command of the table is carried out`() async {
        let own = ["version", "help", "completion", "__complete"]
        let names = table.commands.map { $0.path.joined(separator: " ") }
        #expect(Set(RotaProgram.commandNames).union(own) == Set(names))
    }

    @Test func `help of every command is as reviewed`() throws {
        var text = table.help(for: [])
        for group in table.groups { text += "\n----\n\n" + table.help(for: group.path) }
        let common = table.help(for: ["status"])
        let tail =
            common.firstRange(of: "\nOptions of every command:").map { common[$0.lowerBound...] }
            ?? ""
        for command in table.commands where command.visibility == .listed {
            // What is the same on each page is reviewed once.
            text += "\n----\n\n" + table.help(for: command.path).replacing(tail, with: "")
        }
        try expectGolden(text, named: "help.txt")
    }

    @Test func `topics are as reviewed`() async throws {
        let fake = FakeWorld()
        for topic in ["exit-codes", "environment", "formats", "schedules"] {
            await fake.rota("help", topic)
        }
        await fake.rota("help", "formts")
        try expectGolden(fake.transcript, named: "topics.txt")
    }
}

/// Just enough of a shell to read the examples: words, quotes, pipes and redirections.
enum ShellWords {
    static func commands(in line: String) -> [[String]] {
        var commands: [[String]] = [[]]
        var word: String?
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open {
                    quote = nil
                } else {
                    word = (word ?? "") + String(character)
                }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character == "|" {
                commands.append([])
            } else if character == " " {
                if let done = word { commands[commands.count - 1].append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let done = word { commands[commands.count - 1].append(done) }
        return commands.map { words in
            Array(words.prefix { $0 != ">" })
        }
    }
}
