// Datagrams, unsealed: a version byte, then frames of (type, length, body).

internal import Vocabulary

/// Turns frames into the bytes of a datagram and back.
///
/// A reader skips frames of types it does not know, unless the type has bit 7 set, and ignores
/// what a known frame has beyond the fields it knows: so a release can add both.
package enum PacketCodec {
    /// Changes only when an older release could not read the rest at all.
    package static let version: UInt8 = 1
    /// Frames in one datagram; more is not believed.
    package static let frameLimit = 512

    private enum FrameType: UInt8 {
        case ping = 0x01
        case ack = 0x02
        case pingRequest = 0x03
        case nack = 0x04
        case statement = 0x10
        case batch = 0x20
        case have = 0x21
        case signal = 0x30
        case signalAck = 0x31
    }

    package static func encode(_ frames: [Frame]) -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(version)
        for frame in frames { write(frame, to: &writer) }
        return writer.bytes
    }

    /// How many bytes `frame` adds to a datagram.
    package static func size(of frame: Frame) -> Int {
        var writer = ByteWriter()
        write(frame, to: &writer)
        return writer.bytes.count
    }

    /// The frames of a datagram; any bytes may come in.
    package static func decode(_ bytes: [UInt8]) throws(GossipCodecError) -> [Frame] {
        var reader = ByteReader(bytes)
        let version = try reader.byte()
        guard version == Self.version else { throw reader.fault(.unknownVersion(version)) }
        var frames: [Frame] = []
        while reader.remaining > 0 {
            guard frames.count < frameLimit else {
                throw reader.fault(.outOfRange("frames", value: "more than \(frameLimit)"))
            }
            let code = try reader.byte()
            var inner = try reader.inner("a frame", upTo: 65_535)
            guard let type = FrameType(rawValue: code) else {
                guard code & 0x80 == 0 else { throw reader.fault(.unknownFrame(code)) }
                continue
            }
            if let frame = try read(type, from: &inner) { frames.append(frame) }
        }
        return frames
    }

    private static func write(_ frame: Frame, to writer: inout ByteWriter) {
        let start = writer.beginFrame()
        let type: FrameType
        switch frame {
        case .ping(let number, let target, let sender):
            type = .ping
            writer.number(number)
            writer.text(target?.text ?? "")
            writer.sender(sender)
        case .ack(let number, let sender):
            type = .ack
            writer.number(number)
            writer.sender(sender)
        case .pingRequest(let number, let target, let address):
            type = .pingRequest
            writer.number(number)
            writer.text(target.text)
            writer.text(address.text)
        case .nack(let number):
            type = .nack
            writer.number(number)
        case .statement(let statement):
            type = .statement
            writer.statement(statement)
        case .batch(let batch):
            type = .batch
            writer.batch(batch)
        case .have(let sender):
            type = .have
            writer.sender(sender)
        case .signal(let number, let signal, let sender):
            type = .signal
            writer.number(number)
            writer.text(sender.text)
            writer.signal(signal)
        case .signalAck(let number):
            type = .signalAck
            writer.number(number)
        }
        writer.endFrame(type.rawValue, from: start)
    }

    /// The frame, or `nil` if it is a kind of signal this release does not know.
    private static func read(
        _ type: FrameType,
        from body: inout ByteReader
    ) throws(GossipCodecError) -> Frame? {
        switch type {
        case .ping:
            let number = try body.number("a number")
            let target = try body.text("a node's name", upTo: WireLimit.name)
            return .ping(
                number,
                target: target.isEmpty ? nil : NodeName(target),
                from: try body.sender()
            )
        case .ack: return .ack(try body.number("a number"), from: try body.sender())
        case .pingRequest:
            return .pingRequest(
                try body.number("a number"),
                target: try body.nodeName(),
                at: try body.address()
            )
        case .nack: return .nack(try body.number("a number"))
        case .statement: return .statement(try body.statement())
        case .batch: return .batch(try body.batch())
        case .have: return .have(try body.sender())
        case .signal:
            let number = try body.number("a number")
            let sender = try body.nodeName()
            guard let signal = try body.signal() else { return nil }
            return .signal(number, signal, from: sender)
        case .signalAck: return .signalAck(try body.number("a number"))
        }
    }
}

private enum SignalCode {
    static let kill: UInt8 = 1
    static let settled: UInt8 = 2
    static let triggers: UInt8 = 3
    static let passed: UInt8 = 4
    static let ran: UInt8 = 5
}

extension ByteWriter {
    mutating func signal(_ value: Signal) {
        switch value {
        case .kill(let order):
            byte(SignalCode.kill)
            text(order.run.text)
            text(order.author)
            signed(order.requestedAt.unixMilliseconds)
            byte(order.grace == nil ? 0 : 1)
            signed(order.grace?.milliseconds ?? 0)
        case .settled(let shards):
            byte(SignalCode.settled)
            self.shards(shards)
        case .passed(let shards):
            byte(SignalCode.passed)
            self.shards(shards)
        case .ran(let placements):
            byte(SignalCode.ran)
            number(placements.count)
            for placement in placements {
                text(placement.job.text)
                text(placement.node.text)
                signed(placement.fence.rawValue)
            }
        case .triggers:
            byte(SignalCode.triggers)
        }
    }

    /// Shards mostly lie at the same tick: one base, small differences.
    private mutating func shards(_ shards: [SettledShard]) {
        let base = shards.map(\.through).max() ?? .epoch
        signed(base.unixMilliseconds)
        number(shards.count)
        for settled in shards {
            number(settled.shard.number)
            signed(base.unixMilliseconds - settled.through.unixMilliseconds)
        }
    }
}

extension ByteReader {
    mutating func signal() throws(GossipCodecError) -> Signal? {
        switch try byte() {
        case SignalCode.kill:
            let run = RunID(try text("a run", upTo: WireLimit.name))
            let author = try text("an author", upTo: WireLimit.text)
            let requested = try instant()
            let hasGrace = try byte() & 1 != 0
            let grace = try signed("a grace", within: WireLimit.milliseconds)
            return .kill(
                KillOrder(
                    run: run,
                    author: author,
                    grace: hasGrace ? .milliseconds(grace) : nil,
                    requestedAt: requested
                )
            )
        case SignalCode.settled: return .settled(try settledShards())
        case SignalCode.passed: return .passed(try settledShards())
        case SignalCode.ran: return .ran(try placements())
        case SignalCode.triggers: return .triggers
        case _: return nil
        }
    }

    private mutating func placements() throws(GossipCodecError) -> [Placement] {
        var placements: [Placement] = []
        for _ in 0..<(try count("placements", upTo: WireLimit.placements)) {
            placements.append(
                Placement(
                    job: UID(try text("a job", upTo: WireLimit.name)),
                    node: try nodeName(),
                    fence: Fence(try signed("a fence"))
                )
            )
        }
        return placements
    }

    private mutating func settledShards() throws(GossipCodecError) -> [SettledShard] {
        let base = try instant()
        var shards: [SettledShard] = []
        for _ in 0..<(try count("settled shards", upTo: WireLimit.settled)) {
            let shard = try number("a shard", upTo: UInt64(VirtualShard.count - 1))
            let behind = try signed("an instant", within: WireLimit.milliseconds)
            shards.append(
                SettledShard(
                    shard: VirtualShard(number: Int(shard)),
                    through: base.advanced(by: .milliseconds(-behind))
                )
            )
        }
        return shards
    }
}
