// dev
internal import CronJudge
internal import Platform
internal import Glibc

let root = ProcessVariables.value(of: "ROOT") ?? "."
let loop = EventLoop(name: "judges")
let verification = Verification(root: root, loop: loop)
let our = OurAnswers()
var corpus = try Corpus(root: root, size: CommandLine.arguments.contains("--long") ? .long : .short, seed: 1, zones: our.zones)
let questions = corpus.questions()
let plain = PlainJudge(zones: our.zones)
let ours = questions.map { our.answer($0) }
print(questions.count)
for judge in Judge.allCases {
    let hearing = try await Hearing.of(judge, questions: questions, root: root, on: loop)
    let tally = verification.compare(hearing, questions: questions, ours: ours)
    print(tally.name, tally.cases, tally.agreed, tally.explainedCases, tally.explained, tally.hangs, tally.unexplained.count)
    var lines = ""
    for item in tally.unexplained {
        let q = item.question
        lines += "\(q.number)\t\(q.zone)\t\(q.start)\t\(q.count)\t\(q.text)\n  \(item.why)\n  ours   \(our.answer(q).words)\n  theirs \(item.theirs.words)\n"
    }
    try FileStore.replace("/tmp/unexplained.\(judge)", with: Array(lines.utf8))
}
var wrong = 0
for (q, o) in zip(questions, ours) where plain.answer(q) != o {
    wrong += 1
    if wrong < 20 { print("PLAIN", q, "\n ", o.words, "\n ", plain.answer(q).words) }
}
print("plain", questions.count, wrong)
