// The forms that rules come in.

/// One judge refuses a text that the other side accepts, because of a feature of the text.
struct SyntaxRule: Sendable {
    let name: String
    let has: @Sendable (Shape) -> Bool

    init(_ name: String, _ has: @escaping @Sendable (Shape) -> Bool) {
        self.name = name
        self.has = has
    }
}

/// The judge reads a text or a clock change otherwise, always and predictably.
struct HabitRule: Sendable {
    let name: String
    let change: @Sendable (inout Habits) -> Void

    init(_ name: String, _ change: @escaping @Sendable (inout Habits) -> Void) {
        self.name = name
        self.change = change
    }
}

/// The judge takes an element that is none of our dialect.
struct ItemRule: Sendable {
    let name: String
    let has: @Sendable (Shape.Item) -> Bool

    init(_ name: String, _ has: @escaping @Sendable (Shape.Item) -> Bool) {
        self.name = name
        self.has = has
    }
}

/// Where the judge's search does not end, or ends with an error of its own.
struct HangRule: Sendable {
    let name: String
    /// Of which texts it speaks.
    let isAbout: @Sendable (PlainReading) -> Bool
    /// Near which clock changes; `nil`: anywhere.
    let isAt: (@Sendable (PlainZone.Change) -> Bool)?

    init(
        _ name: String,
        about isAbout: @escaping @Sendable (PlainReading) -> Bool = { _ in true },
        at isAt: (@Sendable (PlainZone.Change) -> Bool)?
    ) {
        self.name = name
        self.isAbout = isAbout
        self.isAt = isAt
    }
}

/// All that is known of one judge's differences.
struct JudgeRules: Sendable {
    /// What it rejects and we accept.
    var rejects: [SyntaxRule] = []
    /// What it accepts and we reject: every faulty element of a text must be one of these.
    var accepts: [ItemRule] = []
    /// The same of whole texts.
    var acceptsTexts: [SyntaxRule] = []
    var habits: [HabitRule] = []
    var quirks: [QuirkRule] = []
    var hangs: [HangRule] = []

    /// What is known of `judge`, asked in `year`.
    static func of(_ judge: Judge, year: Int) -> JudgeRules {
        switch judge {
        case .robfig: .robfig
        case .croniter: .croniter
        case .cronsim: .cronsim
        case .quartz: .quartz(in: year)
        }
    }
}
