// Puts all questions to one judge.

package import Platform

/// What one judge answered to a list of questions.
package struct Hearing: Sendable {
    package let judge: Judge
    /// As the judge calls itself, with its version.
    package let name: String
    /// One for each question, in the same order.
    package let answers: [Answer]

    package init(judge: Judge, name: String, answers: [Answer]) {
        self.judge = judge
        self.name = name
        self.answers = answers
    }

    /// Starts `judge` and lets it answer `questions`.
    package static func of(
        _ judge: Judge,
        questions: [Question],
        root: String,
        on loop: EventLoop
    ) async throws(ChildFailure) -> Hearing {
        let input = questions.map(\.line).joined()
        let command = judge.command(root: root, input: Array(input.utf8))
        let output = try await ChildOutput.of(command, on: loop)
        var lines = output.text.split(separator: "\n")[...]
        guard let title = lines.popFirst()?.split(separator: "\t"), title.count == 2,
            title[0] == "judge"
        else { throw .strangeLine(program: command.program, line: "no title") }
        var answers: [Answer] = []
        answers.reserveCapacity(questions.count)
        for line in lines {
            let words = line.split(separator: "\t")
            guard answers.count < questions.count,
                Int(words[0]) == questions[answers.count].number,
                let answer = Answer(words: words.dropFirst())
            else { throw .strangeLine(program: command.program, line: String(line)) }
            answers.append(answer)
        }
        guard answers.count == questions.count else {
            throw .strangeLine(program: command.program, line: "\(answers.count) answers")
        }
        return Hearing(judge: judge, name: String(title[1]), answers: answers)
    }
}
