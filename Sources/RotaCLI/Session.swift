// One call of one command: what it was asked, what it goes by, and how it prints.

internal import CommandTable
internal import CronEval
internal import Platform
internal import Vocabulary

/// What every command works with.
struct Session: Sendable {
    let invocation: Invocation
    let world: World
    let settings: Settings
    let api: APIClient
    let zones: ZoneCatalog
    let times: TimeText

    init(_ invocation: Invocation, world: World) throws(Failure) {
        self.invocation = invocation
        self.world = world
        settings = try Settings(invocation, world: world)
        api = APIClient(settings: settings, world: world)
        let files = world.files
        zones = ZoneCatalog { files.zone(named: $0) }
        times = TimeText(
            now: world.clock.now,
            zone: try Self.zone(invocation, world, zones),
            catalog: zones,
            isRelative: world.terminal.isTerminal(.output) && !invocation.flag("iso")
        )
    }

    /// The zone times are shown in: as asked, else this machine's, else UTC.
    private static func zone(
        _ invocation: Invocation,
        _ world: World,
        _ zones: ZoneCatalog
    ) throws(Failure) -> String {
        if invocation.flag("utc") { return "UTC" }
        if let asked = invocation.text("zone") {
            guard zones.offset(at: .epoch, in: asked) != nil else {
                throw .usage(
                    "there is no time zone \"\(asked.plain)\". Write one like Asia/Shanghai"
                )
            }
            return asked
        }
        return machineZone(world, zones) ?? "UTC"
    }

    /// The zone of this machine, from `TZ` or Debian's `/etc/timezone`; `nil` if neither names one.
    private static func machineZone(_ world: World, _ zones: ZoneCatalog) -> String? {
        var name = world.environment["TZ"]
        if name == nil, let bytes = try? world.files.read("/etc/timezone") {
            name = String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
        }
        guard let name, zones.offset(at: .epoch, in: name) != nil else { return nil }
        return name
    }

    /// The zone of this machine, unless it is UTC or unknown.
    var machineZone: String? {
        let zone = Self.machineZone(world, zones)
        return zone == "UTC" || zone == "Etc/UTC" ? nil : zone
    }

    /// Prints data.
    func print(_ text: String) {
        world.terminal.write(Array(text.utf8), to: .output)
    }

    /// Says something that is no data.
    func note(_ text: String) {
        guard settings.verbosity != .quiet else { return }
        world.terminal.write(Array((text + "\n").utf8), to: .errors)
    }

    /// Says what was changed: to people in one line with its revision, to programs as an object,
    /// which is of `titles`.
    func report(_ change: String, revision: String?, object: Value, as titles: [String]) {
        let object = object == .null ? Self.bare(titles.first ?? "") : object
        if let text = settings.format.text(of: object, as: titles) {
            print(text)
        } else {
            tell(change, revision: revision)
        }
    }

    fileprivate func tell(_ change: String, revision: String?) {
        guard settings.verbosity != .quiet else { return }
        let tail = revision.map { settings.paint.apply(.dim, " · revision \($0)") } ?? ""
        print(settings.paint.apply(.good, "✓") + " \(change.plain)\(tail)\n")
    }

    /// What programs read of something that no answer describes.
    fileprivate static func bare(_ title: String) -> Value {
        let parts = title.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return [:] }
        return ["kind": .string(parts[0]), "name": .string(parts[1])]
    }

    func print(_ table: TextTable) {
        let width = world.terminal.isTerminal(.output) ? world.terminal.width : nil
        print(table.text(paint: settings.paint, width: width))
    }

    /// Whether a question can be asked and answered.
    var canAsk: Bool {
        world.terminal.isTerminal(.input) && world.terminal.isTerminal(.errors)
    }

    /// Goes on only with a yes: from `--yes`, or from whoever sits at the terminal.
    func confirm(_ effect: String) throws(Failure) {
        if invocation.flag("yes") { return }
        guard canAsk else {
            throw Failure(
                .refused,
                "Not done: \(effect)",
                why: "Nobody is at the terminal to confirm it.",
                next: "the same with --yes"
            )
        }
        world.terminal.write(Array("\(effect.plain)? [y/N] ".utf8), to: .errors)
        var line: [UInt8] = []
        while line.last != 0x0A, line.count < 1_024 {
            let part = try Failure.reading { () throws(SystemError) in
                try world.terminal.read(limit: 1_024)
            }
            if part.isEmpty { break }
            line += part
        }
        let answer = String(decoding: line, as: UTF8.self).lowercased().filter { $0.isLetter }
        guard answer == "y" || answer == "yes" else {
            throw Failure(.refused, "Nothing was done")
        }
    }
}

/// Several changes of one command: people read each at once, programs one document at the end.
struct ChangeReport {
    private let session: Session
    /// How many things the command names; one alone is no list.
    private let count: Int
    private var done: [(object: Value, title: String)] = []

    init(of count: Int, _ session: Session) {
        self.count = count
        self.session = session
    }

    mutating func add(_ change: String, revision: String?, object: Value, as title: String) {
        if session.settings.format.isForPeople { session.tell(change, revision: revision) }
        done.append((object == .null ? Session.bare(title) : object, title))
    }

    /// Prints what was done, also if a later change failed.
    func finish() {
        let format = session.settings.format
        let titles = done.map(\.title)
        let text: String?
        if count == 1, let only = done.first {
            text = format.text(of: only.object, as: titles)
        } else if format == .name {
            text = format.text(of: .null, as: titles)
        } else {
            text = done.isEmpty ? nil : format.text(ofAll: done.map(\.object)) { _ in "" }
        }
        if let text { session.print(text) }
    }
}

extension Value {
    /// The RFC 3339 instant in this text.
    var instant: Instant? {
        string.flatMap { Instant(rfc3339: $0) }
    }

    /// The member's text, or empty.
    func text(_ name: String) -> String {
        self[name]?.string ?? ""
    }
}
