import CommandTable
import TestSupport
import Testing

@Suite struct CompletionTests {
    private func words(_ typed: String...) -> [String] {
        let completion = garden.complete(typed) { kind in
            kind == "plant" ? [CompletionWord("rose", "red"), CompletionWord("rocket")] : []
        }
        guard case .words(let candidates) = completion else { return [":files"] }
        return candidates.map(\.word)
    }

    @Test func `commands come by their beginning, hidden ones never`() {
        #expect(words("") == ["water", "bed"])
        #expect(words("b") == ["bed"])
        #expect(words("bed", "") == ["list", "plan"])
        #expect(words("bed", "plan", "l") == ["load"])
        #expect(words("_") == [])
    }

    @Test func `names are asked of the program`() {
        #expect(words("water", "ro") == ["rose", "rocket"])
        #expect(words("water", "rose", "ros") == ["rose"])
        #expect(words("water", "--", "ros") == ["rose"])
    }

    @Test func `options come with the command's own first`() {
        #expect(words("water", "--f") == ["--for", "--force"])
        #expect(words("bed", "list", "-") == ["--sort", "--output", "--quiet", "--help"])
        #expect(words("water", "--", "--f") == [])
    }

    @Test func `an option's values complete in each way of writing them`() {
        #expect(words("bed", "list", "--sort", "n") == ["name"])
        #expect(words("bed", "list", "--sort=n") == ["--sort=name"])
        // bash splits words at the equals sign.
        #expect(words("bed", "list", "--sort", "=") == ["name", "age"])
        #expect(words("bed", "list", "--sort", "=", "a") == ["age"])
        #expect(words("-qo", "j") == ["json"])
        #expect(words("-o", "json", "bed", "list", "") == ["s", "l"])
    }

    @Test func `files are left to the shell`() {
        #expect(words("bed", "plan", "load", "x") == [":files"])
        #expect(Completion.files.lines == [":files"])
    }

    @Test func `a candidate is a line with its summary after a tab`() {
        #expect(
            Completion.words([CompletionWord("a", "b"), CompletionWord("c")]).lines == [
                "a\tb", "c",
            ]
        )
    }

    @Test func `the scripts are as reviewed`() throws {
        let scripts = Shell.allCases.map { garden.completionScript($0) }
        try expectGolden(scripts.joined(separator: "----\n"), named: "completion.txt")
    }
}
