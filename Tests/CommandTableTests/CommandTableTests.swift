import CommandTable
import TestSupport
import Testing
import Vocabulary

/// A small program with every kind of option and argument.
let garden = CommandTable(
    program: "garden",
    version: "1.2",
    summary: "look after plants",
    groups: [
        CommandGroup("bed", "Beds and what grows in them"), CommandGroup("bed plan", "Plans"),
    ],
    commands: [
        Command(
            "water",
            "Water plants",
            details: "Waters each plant once. A plant that is wet already is left alone, so that "
                + "doing it twice does no harm.",
            arguments: [
                Argument("PLANT", "What to water", count: .several, from: .names(of: "plant"))
            ],
            options: [
                .number("litres", short: "l", "N", "How much, for each", in: 1...50),
                .duration("for", "TIME", "How long it may take"),
                .flag("force", short: "f", "Water wet plants too"),
                .repeated("skip", short: "s", "PLANT", "Leave this one out"),
            ],
            examples: [
                Example("garden water rose -l 5", "Five litres for the rose."),
                Example("garden water rose 'red oak' --for=15m -- -weed-", "Odd names too."),
            ]
        ),
        Command(
            "bed list",
            "List beds",
            arguments: [
                Argument("SIZE", "Small or large", count: .optional, from: .choices(["s", "l"]))
            ],
            options: [.text("sort", "KEY", "Order by", from: .choices(["name", "age"]))]
        ),
        Command(
            "bed plan load",
            "Load a plan",
            arguments: [Argument("FILE", "The plan, or - for standard input", from: .files)]
        ),
        Command("__complete", "Completion", visibility: .hidden),
    ],
    globalOptions: [
        .text("output", short: "o", "FORMAT", "How to print", from: .choices(["table", "json"])),
        .flag("quiet", short: "q", "Say nothing"),
    ]
)

@Suite struct CommandTableTests {
    private func invocation(_ line: String...) throws -> Invocation {
        guard case .run(let invocation) = try garden.parse(line) else {
            throw UsageError(command: "test", problem: .other("no invocation: \(line)"))
        }
        return invocation
    }

    @Test func `options and arguments may be mixed, and both forms of a value are read`() throws {
        let found = try invocation(
            "-q",
            "water",
            "--litres=7",
            "rose",
            "--for",
            "1h30m",
            "oak",
            "-fq"
        )
        #expect(found.path == ["water"])
        #expect(found.arguments("PLANT") == ["rose", "oak"])
        #expect(found.number("litres") == 7)
        #expect(found.duration("for") == .seconds(5_400))
        #expect(found.flag("force") && found.flag("quiet"))
    }

    @Test func `a short option takes its value from the same word or the next`() throws {
        #expect(try invocation("water", "-l5", "x").number("litres") == 5)
        #expect(try invocation("water", "-fl", "6", "x").number("litres") == 6)
    }

    @Test func `the last of an option given twice counts, and a repeated one keeps all`() throws {
        let found = try invocation("water", "x", "-l1", "-l2", "-s", "a", "--skip=b", "--skip=")
        #expect(found.number("litres") == 2)
        #expect(found.texts("skip") == ["a", "b", ""])
    }

    @Test func `words after -- are no options, and a lone dash never is`() throws {
        #expect(try invocation("water", "--", "-f", "--x").arguments("PLANT") == ["-f", "--x"])
        #expect(try invocation("bed", "plan", "load", "-").argument("FILE") == "-")
    }

    @Test func `an option's value may look like an option`() throws {
        #expect(try invocation("water", "x", "--skip", "--force").texts("skip") == ["--force"])
    }

    @Test func `help and version win over what follows them`() throws {
        #expect(try garden.parse(["water", "--help", "--nonsense"]) == .help(for: ["water"]))
        #expect(try garden.parse(["bed", "-h"]) == .help(for: ["bed"]))
        #expect(try garden.parse(["-V"]) == .version)
        #expect(try garden.parse(["water", "-fh"]) == .help(for: ["water"]))
    }

    @Test func `each wrong command line gets a sentence`() throws {
        let lines = [
            [], ["watre", "x"], ["xyz"], ["bed"], ["bed", "lst"], ["bed", "plan", "laod"],
            ["water"], ["water", "x", "--litre", "3"], ["water", "x", "--zzz"],
            ["water", "x", "-z"],
            ["water", "x", "--litres"], ["water", "x", "-l", "much"], ["water", "x", "-l0"],
            ["water", "x", "--for", "soon"], ["water", "x", "--force=yes"], ["bed", "list", "m"],
            ["bed", "list", "--sort", "size"], ["bed", "list", "s", "l"], ["-o", "xml", "water"],
        ]
        var text = ""
        for line in lines {
            text += "$ garden \(line.joined(separator: " "))\n"
            let error = #expect(throws: UsageError.self) { try garden.parse(line) }
            text += "\(error.map { "\($0)" } ?? "accepted")\n\n"
            #expect(error?.description.split(separator: "\n").count ?? 9 <= 3)
        }
        try expectGolden(text, named: "usage-errors.txt")
    }

    @Test func `help leads with examples and fits 80 columns`() throws {
        let pages = [[], ["water"], ["bed"], ["bed", "list"], ["bed", "plan"]].map {
            garden.help(for: $0)
        }
        for line in pages.joined().split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        try expectGolden(pages.joined(separator: "\n----\n\n"), named: "help.txt")
    }

    @Test func `a program with a single command needs no command word`() throws {
        let node = CommandTable(
            program: "sower",
            version: "1",
            summary: "sow seeds all day",
            commands: [
                Command(
                    "",
                    "",
                    options: [.text("store", "FILE", "Where seeds are", from: .files)],
                    examples: [Example("sower --store seeds.db", "Sow.")]
                )
            ]
        )
        guard case .run(let found) = try node.parse(["--store", "x.db"]) else {
            Issue.record("no invocation")
            return
        }
        #expect(found.path.isEmpty && found.text("store") == "x.db")
        #expect(throws: UsageError.self) { try node.parse(["extra"]) }
        #expect(node.complete(["--store", ""]) == .files)
        try expectGolden(node.help(for: []), named: "help-single.txt")
    }
}

@Suite struct NearestNameTests {
    @Test func `a swap, a slip and a gap are each one edit`() {
        #expect("jbo".editDistance(to: "job") == 1)
        #expect("jab".editDistance(to: "job") == 1)
        #expect("jb".editDistance(to: "job") == 1)
        #expect("".editDistance(to: "job") == 3)
    }

    @Test func `a name is offered within two edits, and short ones only when most of it agrees`() {
        #expect("stauts".nearest(among: ["status", "stop"]) == "status")
        #expect("ls".nearest(among: ["list", "show"]) == "list")
        #expect("xy".nearest(among: ["ab", "rm"]) == nil)
        #expect("frobnicate".nearest(among: ["status"]) == nil)
    }
}
