// A thin, owning wrapper over libyaml's parser. The only file that touches libyaml.

internal import CYAML

/// One step of libyaml through a text, with the place where it starts.
struct YAMLEvent {
    enum Kind {
        case documentStart
        case documentEnd
        case streamEnd
        /// A scalar is plain if it stands without quotes.
        case scalar(String, isPlain: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
        case alias(String)
    }

    let kind: Kind
    let anchor: String?
    let tag: String?
    /// Both counted from 1.
    let line: Int
    let column: Int
}

/// Where libyaml stopped, in its own words.
struct YAMLFault {
    let words: String
    /// Counted from 1; where libyaml names the start of something unfinished, that start.
    let line: Int
    let column: Int
    /// What libyaml was doing, such as `while scanning an alias`; may be empty.
    let context: String
    let isEncoding: Bool
}

/// libyaml's parser with the bytes it reads, both freed when the value is destroyed.
@safe
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        unsafe parser = .allocate(capacity: 1)
        unsafe input = .allocate(capacity: max(1, bytes.count))
        _ = unsafe input.initialize(from: bytes)
        precondition(unsafe yaml_parser_initialize(parser) == 1, "out of memory")
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// The next event; `nil` if libyaml cannot go on, and ``fault`` says why.
    mutating func next() -> YAMLEvent? {
        while true {
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { return nil }
            defer { unsafe yaml_event_delete(&event) }
            if let kind = unsafe Self.kind(of: event) {
                return unsafe Self.event(kind, of: event)
            }
        }
    }

    var fault: YAMLFault {
        let state = unsafe parser.pointee
        let isReader = unsafe state.error == YAML_READER_ERROR
        let context = unsafe Self.text(state.context) ?? ""
        let words = unsafe Self.text(state.problem) ?? "libyaml cannot go on"
        let mark =
            unsafe Self.blamesContext(words, context) ? state.context_mark : state.problem_mark
        return unsafe YAMLFault(
            words: words,
            line: isReader ? lines(before: state.problem_offset) : Int(mark.line) + 1,
            column: isReader ? 1 : Int(mark.column) + 1,
            context: context,
            isEncoding: isReader
        )
    }

    /// Whether the fault is where something starts that is never finished, not where reading ended.
    private static func blamesContext(_ words: String, _ context: String) -> Bool {
        words == "found unexpected end of stream" || context == "while scanning a simple key"
            || context == "while scanning an alias" || context == "while scanning an anchor"
    }

    private func lines(before offset: Int) -> Int {
        unsafe input.prefix(offset).count { $0 == UInt8(ascii: "\n") } + 1
    }

    private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind? {
        switch unsafe event.type {
        case YAML_STREAM_END_EVENT: .streamEnd
        case YAML_DOCUMENT_START_EVENT: .documentStart
        case YAML_DOCUMENT_END_EVENT: .documentEnd
        case YAML_ALIAS_EVENT: unsafe .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT: .sequenceStart
        case YAML_SEQUENCE_END_EVENT: .sequenceEnd
        case YAML_MAPPING_START_EVENT: .mappingStart
        case YAML_MAPPING_END_EVENT: .mappingEnd
        case YAML_SCALAR_EVENT:
            unsafe .scalar(
                scalar(event.data.scalar.value, length: event.data.scalar.length),
                isPlain: event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE
            )
        case _: nil
        }
    }

    private static func event(_ kind: YAMLEvent.Kind, of event: yaml_event_t) -> YAMLEvent {
        var anchor: String?
        var tag: String?
        switch kind {
        case .scalar:
            anchor = unsafe text(event.data.scalar.anchor)
            tag = unsafe text(event.data.scalar.tag)
        case .sequenceStart:
            anchor = unsafe text(event.data.sequence_start.anchor)
            tag = unsafe text(event.data.sequence_start.tag)
        case .mappingStart:
            anchor = unsafe text(event.data.mapping_start.anchor)
            tag = unsafe text(event.data.mapping_start.tag)
        case .documentStart, .documentEnd, .streamEnd, .sequenceEnd, .mappingEnd, .alias: break
        }
        return unsafe YAMLEvent(
            kind: kind,
            anchor: anchor,
            tag: tag,
            line: Int(event.start_mark.line) + 1,
            column: Int(event.start_mark.column) + 1
        )
    }

    private static func scalar(_ start: UnsafePointer<UInt8>?, length: Int) -> String {
        unsafe String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
    }

    private static func text(_ start: UnsafePointer<UInt8>?) -> String? {
        unsafe start.map { unsafe String(cString: $0) }
    }

    private static func text(_ start: UnsafePointer<CChar>?) -> String? {
        unsafe start.map { unsafe String(cString: $0) }
    }
}
