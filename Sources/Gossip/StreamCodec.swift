// Questions and answers on streams, unsealed.

package import Vocabulary

/// Turns what is said on a stream into bytes and back.
package enum StreamCodec {
    /// One message, whole; a shell cuts it into frames and refuses more than this.
    package static let messageLimit = 64 << 20

    private enum RequestType: UInt8 {
        case pushPull = 1
        case pull = 2
        case snapshot = 3
        case ping = 4
        case audit = 5
        case compare = 6
    }

    private enum ReplyType: UInt8 {
        case sheet = 1
        case batches = 2
        case compacted = 3
        case pong = 5
        case refused = 6
        case chunk = 7
        case busy = 8
        case tooLarge = 9
        case audit = 10
        case difference = 11
    }

    package static func encode(_ request: StreamRequest) -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(PacketCodec.version)
        switch request {
        case .pushPull(let sheet):
            writer.byte(RequestType.pushPull.rawValue)
            writer.sheet(sheet)
        case .compare(let marks):
            writer.byte(RequestType.compare.rawValue)
            writer.marks(marks)
        case .pull(let revision):
            writer.byte(RequestType.pull.rawValue)
            writer.revision(revision)
        case .snapshot(let key, let base):
            writer.byte(RequestType.snapshot.rawValue)
            writer.byte((key == nil ? 0 : 1) | (base == nil ? 0 : 2))
            if let key { writer.key(key) }
            if let base { writer.position(base) }
        case .audit(let question):
            writer.byte(RequestType.audit.rawValue)
            writer.question(question)
        case .ping(let target):
            writer.byte(RequestType.ping.rawValue)
            writer.text(target.text)
        }
        return writer.bytes
    }

    package static func encode(_ reply: StreamReply) -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(PacketCodec.version)
        switch reply {
        case .sheet(let sheet):
            writer.byte(ReplyType.sheet.rawValue)
            writer.sheet(sheet)
        case .difference(let sheet, let wanted):
            writer.byte(ReplyType.difference.rawValue)
            writer.sheet(sheet)
            writer.words(wanted)
        case .batches(let batches):
            writer.byte(ReplyType.batches.rawValue)
            writer.number(batches.count)
            for batch in batches { writer.batch(batch) }
        case .compacted(let floor):
            writer.byte(ReplyType.compacted.rawValue)
            writer.revision(floor)
        case .chunk(let chunk):
            writer.byte(ReplyType.chunk.rawValue)
            writer.chunk(chunk)
        case .busy: writer.byte(ReplyType.busy.rawValue)
        case .tooLarge(let revision):
            writer.byte(ReplyType.tooLarge.rawValue)
            writer.revision(revision)
        case .audit(let answer):
            writer.byte(ReplyType.audit.rawValue)
            writer.answer(answer)
        case .pong(let sender):
            writer.byte(ReplyType.pong.rawValue)
            writer.sender(sender)
        case .refused(let why):
            writer.byte(ReplyType.refused.rawValue)
            writer.text(String(why.prefix(200)))
        }
        return writer.bytes
    }

    /// A question; any bytes may come in.
    package static func decodeRequest(
        _ bytes: [UInt8]
    ) throws(GossipCodecError) -> StreamRequest {
        var reader = try opened(bytes)
        let code = try reader.byte()
        guard let type = RequestType(rawValue: code) else {
            throw reader.fault(.unknownFrame(code))
        }
        switch type {
        case .pushPull: return .pushPull(try reader.sheet())
        case .compare: return .compare(try reader.marks())
        case .pull: return .pull(after: try reader.revision())
        case .snapshot:
            let has = try reader.byte()
            return .snapshot(
                after: has & 1 == 0 ? nil : try reader.key(),
                base: has & 2 == 0 ? nil : try reader.position()
            )
        case .audit: return .audit(try reader.question())
        case .ping: return .ping(target: try reader.nodeName())
        }
    }

    /// An answer; any bytes may come in.
    package static func decodeReply(_ bytes: [UInt8]) throws(GossipCodecError) -> StreamReply {
        var reader = try opened(bytes)
        let code = try reader.byte()
        guard let type = ReplyType(rawValue: code) else { throw reader.fault(.unknownFrame(code)) }
        switch type {
        case .sheet: return .sheet(try reader.sheet())
        case .difference: return .difference(try reader.sheet(), wanted: try reader.words())
        case .batches:
            var batches: [ChangeBatch] = []
            for _ in 0..<(try reader.count("batches", upTo: WireLimit.batches)) {
                batches.append(try reader.batch())
            }
            return .batches(batches)
        case .compacted: return .compacted(floor: try reader.revision())
        case .chunk: return .chunk(try reader.chunk())
        case .busy: return .busy
        case .tooLarge: return .tooLarge(try reader.revision())
        case .audit: return .audit(try reader.answer())
        case .pong: return .pong(try reader.sender())
        case .refused: return .refused(try reader.text("a refusal", upTo: WireLimit.text))
        }
    }

    /// How many bytes `batch` adds to an answer.
    package static func size(of batch: ChangeBatch) -> Int {
        var writer = ByteWriter()
        writer.batch(batch)
        return writer.bytes.count
    }

    private static func opened(_ bytes: [UInt8]) throws(GossipCodecError) -> ByteReader {
        var reader = ByteReader(bytes)
        let version = try reader.byte()
        guard version == PacketCodec.version else {
            throw reader.fault(.unknownVersion(version))
        }
        return reader
    }
}

extension ByteWriter {
    mutating func sheet(_ value: RosterSheet) {
        // Blocks, so that a later release may say more in each.
        var entry = ByteWriter()
        entry.sender(value.sender)
        block(entry.bytes)
        number(value.statements.count)
        for statement in value.statements {
            entry = ByteWriter()
            entry.statement(statement)
            block(entry.bytes)
        }
    }
}

extension ByteWriter {
    mutating func marks(_ value: RosterMarks) {
        var entry = ByteWriter()
        entry.sender(value.sender)
        block(entry.bytes)
        entry = ByteWriter()
        entry.statement(value.statement)
        block(entry.bytes)
        words(value.marks)
    }

    mutating func words(_ values: [UInt64]) {
        number(values.count)
        for value in values { word(value) }
    }
}

extension ByteReader {
    mutating func marks() throws(GossipCodecError) -> RosterMarks {
        var entry = try inner("a sender", upTo: WireLimit.entry)
        let sender = try entry.sender()
        entry = try inner("a member", upTo: WireLimit.entry)
        let statement = try entry.statement()
        return RosterMarks(sender: sender, statement: statement, marks: try words())
    }

    mutating func words() throws(GossipCodecError) -> [UInt64] {
        var values: [UInt64] = []
        for _ in 0..<(try count("marks", upTo: RosterSheet.limit)) { values.append(try word()) }
        return values
    }

    mutating func sheet() throws(GossipCodecError) -> RosterSheet {
        var entry = try inner("a sender", upTo: WireLimit.entry)
        let sender = try entry.sender()
        var statements: [Statement] = []
        for _ in 0..<(try count("members", upTo: RosterSheet.limit)) {
            entry = try inner("a member", upTo: WireLimit.entry)
            // One member that this release cannot read must not keep us from all the others.
            if let statement = try? entry.statement() { statements.append(statement) }
        }
        return RosterSheet(sender: sender, statements: statements)
    }
}
