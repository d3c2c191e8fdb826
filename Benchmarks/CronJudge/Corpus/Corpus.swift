// The questions of one verification: real and random texts, in zones, around clock changes.

package import CronEval
package import Platform
internal import Vocabulary

/// How many questions are asked.
package struct CorpusSize: Sendable {
    /// Random texts beside the real ones.
    let randomTexts: Int
    /// Questions about each text.
    let questionsPerText: Int

    package init(randomTexts: Int, questionsPerText: Int) {
        self.randomTexts = randomTexts
        self.questionsPerText = questionsPerText
    }

    /// A few minutes with all judges.
    package static let long = Self(randomTexts: 6_000, questionsPerText: 8)
    /// What a developer waits for.
    package static let short = Self(randomTexts: 1_500, questionsPerText: 3)
}

/// Makes questions; the same seed makes the same ones, as long as the time zones stay.
package struct Corpus {
    /// Changes of half an hour and of a whole day, at midnight and one minute after, both
    /// hemispheres, and none.
    package static let zones = [
        "UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai",
        "America/Sao_Paulo", "Pacific/Apia", "Africa/Cairo", "Asia/Kolkata", "America/St_Johns",
        "Europe/London", "Asia/Tehran", "America/Caracas", "Pacific/Chatham",
    ]

    /// 1996 to 2035, in seconds.
    package static let span: Range<Int64> = 820_454_400..<2_082_758_400

    private let texts: [String]
    private let changes: [String: [Int64]]
    private var dice: SeededGenerator

    /// Reads the real texts of the package in the folder `root` and draws the others.
    ///
    /// Questions start in `span`, in seconds since 1970.
    package init(
        root: String,
        size: CorpusSize,
        seed: UInt64,
        zones: ZoneCatalog,
        span: Range<Int64> = Self.span
    ) throws(SystemError) {
        let real = try Self.lines(of: "\(root)/Benchmarks/cron/corpus/real.txt")
        var draw = RandomExpression(seed: seed)
        var seen = Set(real)
        var texts = real
        while texts.count < real.count + size.randomTexts {
            let text = draw.next()
            if seen.insert(text).inserted { texts.append(text) }
        }
        self.texts = texts
        changes = Dictionary(
            uniqueKeysWithValues: Self.zones.map { name in
                let changes = PlainZone(named: name, in: zones)?.changes.map(\.start) ?? []
                return (name, changes.filter(span.contains))
            }
        )
        dice = SeededGenerator(seed: seed)
        self.size = size
        self.span = span
    }

    private let size: CorpusSize
    private let span: Range<Int64>

    /// The lines of a file that are neither empty nor comments.
    package static func lines(of path: String) throws(SystemError) -> [String] {
        String(decoding: try FileStore.read(path), as: UTF8.self)
            .split(separator: "\n").map(String.init).filter { !$0.hasPrefix("# ") }
    }

    package var textCount: Int { texts.count }

    package mutating func questions() -> [Question] {
        var questions: [Question] = []
        for (place, text) in texts.enumerated() {
            for turn in 0..<size.questionsPerText {
                // Each text meets the zones one after another.
                let number = place * size.questionsPerText + turn
                let zone = Self.zones[number % Self.zones.count]
                questions.append(
                    Question(
                        number: number,
                        zone: zone,
                        start: start(in: zone),
                        count: Int.random(in: 0..<4, using: &dice) == 0 ? 24 : 8,
                        text: text
                    )
                )
            }
        }
        return questions
    }

    /// Some instant, or in two of three cases one from which a clock change is near.
    private mutating func start(in zone: String) -> Int64 {
        let isNear = Int.random(in: 0..<3, using: &dice) > 0
        guard isNear, let change = changes[zone]?.randomElement(using: &dice) else {
            return Int64.random(in: span, using: &dice)
        }
        let isVeryNear = Bool.random(using: &dice)
        let distance =
            isVeryNear
            ? Int64.random(in: -10_800...7_200, using: &dice)
            : Int64.random(in: -129_600...43_200, using: &dice)
        // Whole minutes as often as not: fires lie there.
        return Bool.random(using: &dice) ? change + distance : change + distance / 60 * 60
    }
}
