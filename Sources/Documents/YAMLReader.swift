// From libyaml's events to values, with every limit and refusal.

internal import Vocabulary

struct YAMLReader: ~Copyable {
    private let bytes: [UInt8]
    private var events: YAMLEvents
    private var depth = 0
    private var count = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        events = YAMLEvents(bytes)
    }

    mutating func documents() throws(DocumentError) -> [Value] {
        var documents: [Value] = []
        while true {
            let event = try next()
            switch event.kind {
            case .streamEnd: return documents
            case .documentStart:
                let root = try next()
                if case .scalar("", isPlain: true) = root.kind, root.anchor == nil {
                    continue
                }
                documents.append(try value(root))
            case .documentEnd: continue
            case .scalar, .sequenceStart, .sequenceEnd, .mappingStart, .mappingEnd, .alias:
                preconditionFailure("libyaml sent \(event.kind) between documents")
            }
        }
    }

    private mutating func next() throws(DocumentError) -> YAMLEvent {
        guard let event = events.next() else {
            throw YAMLAdvice(bytes).error(for: events.fault)
        }
        if let anchor = event.anchor { throw failure(.alias("&" + anchor), at: event) }
        if let tag = event.tag { throw failure(.tag(short(tag)), at: event) }
        return event
    }

    private mutating func value(_ event: YAMLEvent) throws(DocumentError) -> Value {
        count += 1
        guard count <= DocumentLimits.values else {
            throw failure(.tooManyValues(limit: DocumentLimits.values), at: event)
        }
        switch event.kind {
        case .scalar(let text, isPlain: false): return .string(text)
        case .scalar(let text, isPlain: true): return try plain(text, at: event)
        case .sequenceStart: return try sequence(event)
        case .mappingStart: return try mapping(event)
        case .alias(let name): throw failure(.alias("*" + name), at: event)
        case .documentStart, .documentEnd, .streamEnd, .sequenceEnd, .mappingEnd:
            preconditionFailure("libyaml sent \(event.kind) for a value")
        }
    }

    private mutating func enter(_ event: YAMLEvent) throws(DocumentError) {
        depth += 1
        guard depth <= DocumentLimits.depth else {
            throw failure(.tooDeep(limit: DocumentLimits.depth), at: event)
        }
    }

    private mutating func sequence(_ start: YAMLEvent) throws(DocumentError) -> Value {
        try enter(start)
        defer { depth -= 1 }
        var items: [Value] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { return .array(items) }
            items.append(try value(event))
        }
    }

    private mutating func mapping(_ start: YAMLEvent) throws(DocumentError) -> Value {
        try enter(start)
        defer { depth -= 1 }
        var members: [String: Value] = [:]
        var lines: [String: Int] = [:]
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { return .object(members) }
            guard case .scalar(let key, _) = event.kind else {
                if case .alias(let name) = event.kind {
                    throw failure(.alias("*" + name), at: event)
                }
                throw failure(.keyIsNoText, at: event)
            }
            if let first = lines.updateValue(event.line, forKey: key) {
                throw failure(.duplicateKey(key, firstLine: first), at: event)
            }
            members[key] = try value(try next())
        }
    }

    private func plain(_ text: String, at event: YAMLEvent) throws(DocumentError) -> Value {
        switch PlainScalar(text) {
        case .value(let value): return value
        case .tooBig: throw failure(.numberOutOfRange(text), at: event)
        case .notFinite: throw failure(.notFinite(text), at: event)
        }
    }

    /// libyaml spells `!!str` out as `tag:yaml.org,2002:str`.
    private func short(_ tag: String) -> String {
        let prefix = "tag:yaml.org,2002:"
        return tag.hasPrefix(prefix) ? "!!" + tag.dropFirst(prefix.count) : tag
    }

    private func failure(
        _ problem: DocumentError.Problem,
        at event: YAMLEvent
    ) -> DocumentError {
        DocumentError(problem, line: event.line, column: event.column)
    }
}
