// Prints lines of logs, as text for people or as objects for programs.

internal import CommandTable
internal import Platform
internal import Synchronization
internal import Vocabulary

/// How and where lines of a log are printed.
enum LogForm: Sendable {
    /// As text on standard output or standard error.
    case output, errors
    /// As the API has them: under `items` of one JSON object, one a line, or as YAML documents.
    case items, lines, documents

    init(_ format: OutputFormat) {
        switch format {
        case .table, .wide, .name: self = .output
        case .json: self = .items
        case .jsonl: self = .lines
        case .yaml: self = .documents
        }
    }
}

/// Prints a log's lines, each once, whatever is sent again after a cut.
final class LogWriter: Sendable {
    struct Foot: Sendable {
        let next: Int64
        let end: Int64
    }

    private struct State {
        /// The offset of the last line, and how many lines had it: empty lines may share one.
        var lastOffset: Int64 = -1
        var seenAtLast = 0
        /// Lines at the last offset that will come once more and are to be passed over.
        var skipped = 0
        var count = 0
        /// How many of them were of a stream that is printed.
        var shown = 0
        var hasEnded = false
        var foot: Foot?
        var hasToldMissing = false
        var hasPrinted = false
        var held: [String] = []
        var holding: Int?
    }

    private let session: Session
    private let form: LogForm
    private let streams: Set<String>
    private let state: Mutex<State>

    /// With `holding`, only the last so many lines before ``release()`` are printed.
    init(_ session: Session, holding: Int?, _ form: LogForm) {
        self.session = session
        self.form = form
        var streams: Set<String> = []
        if session.invocation.flag("stdout") { streams.insert("out") }
        if session.invocation.flag("stderr") { streams.insert("err") }
        self.streams = streams
        state = Mutex(State(holding: holding))
    }

    /// The one stream that is printed, if it is only one.
    var wanted: String? { streams.count == 1 ? streams.first : nil }

    /// Has the master leave out what would not be printed.
    var streamQuery: [(String, String)] { wanted.map { [("stream", $0)] } ?? [] }

    /// What there is to say of a search that answered `hits` of `count` lines, on any stream.
    func summary(ofHits hits: Int, of count: Int) -> String? {
        if count == 0 { return "No line of the log has this text." }
        guard let wanted else {
            return count > hits ? "(the first \(hits) of \(count.counted("line")))" : nil
        }
        let shown = state.withLock { $0.shown }
        if count > hits {
            return "(of \(count) lines with this text, on any stream, only the first \(hits) were "
                + "looked at: \(shown) of them \(shown == 1 ? "is" : "are") shown)"
        }
        let name = wanted == "err" ? "standard error" : "standard output"
        let others = count == 1 ? "1 other has" : "\(count) others have"
        return shown > 0 ? nil : "No line of \(name) has this text; \(others)."
    }

    var count: Int { state.withLock { $0.count } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }
    var foot: Foot? { state.withLock { $0.foot } }

    /// Where to read on; the line there was printed and is passed over.
    var resumeOffset: Int64 {
        state.withLock { state in
            state.skipped = 0
            return max(0, state.lastOffset)
        }
    }

    /// Takes lines of `application/x-ndjson`, and prints what comes of them together; what is none
    /// of the API's is passed over.
    func take(_ lines: [[UInt8]]) {
        var texts: [String] = []
        for line in lines {
            guard let value = Wire.value(line), value.object != nil else { continue }
            if value["o"] == nil, !texts.isEmpty {
                // What is said of the log comes behind the lines before it.
                print(texts)
                texts = []
            }
            if let text = shown(value) { texts.append(text) }
        }
        print(texts)
    }

    func take(_ value: Value) {
        if let text = shown(value) { print([text]) }
    }

    private func print(_ texts: [String]) {
        guard !texts.isEmpty else { return }
        switch form {
        case .output, .lines, .documents:
            session.print(texts.joined())
        case .errors:
            session.world.terminal.write(Array(texts.joined().utf8), to: .errors)
        case .items:
            let isFirst = state.withLock { state in
                defer { state.hasPrinted = true }
                return !state.hasPrinted
            }
            session.print((isFirst ? "{\"items\":[\n" : ",\n") + texts.joined(separator: ",\n"))
        }
    }

    /// Ends the document; without it, as after a failure, the log does not look whole.
    func finish() {
        guard form == .items else { return }
        session.print(state.withLock { $0.hasPrinted } ? "\n]}\n" : "{\"items\":[]}\n")
    }

    /// What is to be printed of a line, if anything is now.
    private func shown(_ value: Value) -> String? {
        state.withLock { state -> String? in
            guard let offset = value["o"]?.integer else {
                note(value, in: &state)
                return nil
            }
            guard accepts(offset, in: &state) else { return nil }
            let stream = value.text("s")
            guard streams.isEmpty || streams.contains(stream) else { return nil }
            state.shown += 1
            let text = line(value, stream)
            guard let limit = state.holding else { return text }
            state.held.append(text)
            if state.held.count > 2 * limit + 64 {
                state.held.removeFirst(state.held.count - limit)
            }
            return nil
        }
    }

    /// Forgets the last foot, so that a page without one is noticed.
    func expectFoot() {
        state.withLock { $0.foot = nil }
    }

    /// Prints what was held back and holds no more.
    func release() {
        let texts = state.withLock { state -> [String] in
            defer {
                state.held = []
                state.holding = nil
            }
            return Array(state.held.suffix(state.holding ?? 0))
        }
        print(texts)
    }

    private func note(_ value: Value, in state: inout State) {
        if value["end"]?.bool == true { state.hasEnded = true }
        if let next = value["next"]?.integer, let end = value["end"]?.integer {
            state.foot = Foot(next: next, end: end)
        }
        if !state.hasToldMissing, let missing = value["missing"]?.array, missing.count == 2,
            let from = missing[0].integer, let until = missing[1].integer, until > from
        {
            state.hasToldMissing = true
            let size = (until - from).counted("byte")
            session.note("(\(size) in the middle were dropped by the log's limit)")
        }
    }

    private func accepts(_ offset: Int64, in state: inout State) -> Bool {
        if offset < state.lastOffset { return false }
        if offset == state.lastOffset {
            if state.skipped < state.seenAtLast {
                state.skipped += 1
                return false
            }
            state.seenAtLast += 1
        } else {
            state.lastOffset = offset
            state.seenAtLast = 1
        }
        state.skipped = state.seenAtLast
        state.count += 1
        return true
    }

    private func line(_ value: Value, _ stream: String) -> String {
        switch form {
        case .items: return Wire.json(value)
        case .lines: return Wire.json(value) + "\n"
        case .documents: return "---\n" + Wire.yaml(value)
        case .output, .errors: break
        }
        let settings = session.settings
        let paint = form == .errors ? settings.errorPaint : settings.paint
        var text = value.text("l")
        if stream == "note" { text = paint.apply(.dim, "-- \(text)") }
        if session.invocation.flag("timestamps"), let at = value["t"]?.instant {
            text = paint.apply(.dim, session.times.iso(at)) + " " + text
        }
        return text + "\n"
    }
}
