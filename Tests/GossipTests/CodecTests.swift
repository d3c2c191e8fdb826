import Gossip
import GossipSimulator
import TestSupport
import Testing
import Vocabulary

@Suite struct `Messages` {
    @Test func `are read as they were written`() throws {
        for frames in [Samples.frames, Array(Samples.frames.reversed())] {
            #expect(try PacketCodec.decode(PacketCodec.encode(frames)) == frames)
        }
        for request in Samples.requests {
            #expect(try StreamCodec.decodeRequest(StreamCodec.encode(request)) == request)
        }
        for reply in Samples.replies {
            #expect(try StreamCodec.decodeReply(StreamCodec.encode(reply)) == reply)
        }
    }

    @Test func `of an unknown kind are skipped, unless they are critical`() throws {
        let known = Samples.frames[0]
        let bytes = PacketCodec.encode([known])
        #expect(try PacketCodec.decode(bytes + [0x7E, 3, 1, 2, 3]) == [known])
        let error = #expect(throws: GossipCodecError.self) {
            try PacketCodec.decode(bytes + [0x80, 0])
        }
        #expect(error?.problem == .unknownFrame(0x80))
    }

    @Test func `of another wire version are refused with a sentence`() {
        let error = #expect(throws: GossipCodecError.self) {
            try PacketCodec.decode([9, 1, 0])
        }
        #expect(
            error?.description
                == "message: wire version 9 is unknown. Run releases that are next to each other"
        )
    }

    @Test func `may have more fields than this release knows`() throws {
        let frame = Frame.signalAck(7)
        var bytes = PacketCodec.encode([frame])
        // A longer body: the length grows by two, two bytes follow.
        bytes[2] += 2
        #expect(try PacketCodec.decode(bytes + [0xAA, 0xBB]) == [frame])
    }

    @Test func `with one unreadable member bring all the others`() throws {
        let sheet = RosterSheet(
            sender: Samples.sender,
            statements: [Samples.statement, Samples.statement]
        )
        var bytes = StreamCodec.encode(.pushPull(sheet))
        // The first member's role, behind its name, becomes one of a later release.
        let name = Array(Samples.member.name.text.utf8)
        let place = bytes.indices.first { bytes[$0...].starts(with: name) }
        bytes[try #require(place) + name.count] = 77
        let read = RosterSheet(sender: Samples.sender, statements: [Samples.statement])
        #expect(try StreamCodec.decodeRequest(bytes) == .pushPull(read))
    }

    @Test func `claiming absurd lengths are refused before anything is made`() {
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
        for head in [[1, 0x20], [1, 0x30, 4, 1], [1, 2], [1, 4]] as [[UInt8]] {
            #expect(throws: GossipCodecError.self) { try PacketCodec.decode(head + huge) }
            #expect(throws: GossipCodecError.self) { try StreamCodec.decodeReply(head + huge) }
            #expect(throws: GossipCodecError.self) { try StreamCodec.decodeRequest(head + huge) }
        }
    }

    @Test(.tags(.randomized))
    func `of any bytes at all are read or refused, never more`() {
        var chance = SeededGenerator(seed: 2_026)
        let real =
            [PacketCodec.encode(Samples.frames)] + Samples.requests.map(StreamCodec.encode)
            + Samples.replies.map(StreamCodec.encode)
        for round in 0..<6_000 {
            var bytes: [UInt8]
            if round % 4 == 0 {
                let length = Int.random(in: 0..<300, using: &chance)
                bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &chance) }
                if !bytes.isEmpty { bytes[0] = 1 }
            } else {
                bytes = real[round % real.count]
                for _ in 0..<Int.random(in: 1...6, using: &chance) {
                    mutate(&bytes, with: &chance)
                }
            }
            if let frames = try? PacketCodec.decode(bytes) {
                #expect((try? PacketCodec.decode(PacketCodec.encode(frames))) == frames)
            }
            _ = try? StreamCodec.decodeRequest(bytes)
            _ = try? StreamCodec.decodeReply(bytes)
        }
    }

    private func mutate(_ bytes: inout [UInt8], with chance: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &chance)
        switch Int.random(in: 0..<4, using: &chance) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &chance)
        case 1: bytes.removeSubrange(place...)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &chance), at: place)
        case _: bytes[place] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &chance) ?? 0
        }
    }
}

@Suite struct `A machine` {
    @Test func `still has something later to say after the last incarnation there is`() {
        let cluster = Simulator(2, seed: 1)
        cluster.startAll()
        cluster.run(for: .seconds(1))
        let before = cluster.nodes[0].machine.members.first { $0.name == NodeName("n0") }
        guard var lie = before else { return #expect(Bool(false), "n0 does not know itself") }
        lie.standing.incarnation = .max - 1
        lie.standing.state = .failed
        let claim = Frame.statement(Statement(lie, by: NodeName("n1")))
        cluster.tell(.packet([claim], from: cluster.nodes[1].address), on: 0)
        cluster.tell(.flags(isDraining: true, isStale: false), on: 0)
        cluster.run(for: .seconds(1))
        let after = cluster.nodes[1].machine.members.first { $0.name == NodeName("n0") }
        #expect(after?.isDraining == true)
        #expect(after?.standing == Standing(bootEpoch: 1_001, incarnation: 0, state: .alive))
    }

    @Test func `asks another peer within two seconds when the first does not deliver`() {
        let cluster = Simulator(4, seed: 2)
        cluster.startAll()
        cluster.run(for: .seconds(3))
        var machine = cluster.nodes[0].machine
        var now = cluster.time
        func member(_ name: String) -> Member? {
            machine.members.first { $0.name == NodeName(name) }
        }
        let head = Position(revision: Revision(epoch: 1, sequence: 9), digest: .zero)
        var asked: [PeerAddress] = []
        for name in ["n1", "n2"] {
            guard let peer = member(name) else { continue }
            let sender = Sender(name: peer.name, bootEpoch: peer.bootEpoch, position: head)
            _ = machine.handle(.packet([.have(sender)], from: peer.address), at: now)
        }
        for _ in 0..<400 where asked.count < 2 {
            now = now.advanced(by: .milliseconds(5))
            for action in machine.handle(.wake, at: now) {
                guard case .exchange(let number, .pull, let address) = action else { continue }
                asked.append(address)
                _ = machine.handle(.exchangeFailed(number), at: now)
            }
        }
        #expect(Set(asked).count == 2)
    }

    @Test(.tags(.randomized))
    func `survives whatever well-formed nonsense a peer sends`() throws {
        var chance = SeededGenerator(seed: 7)
        let cluster = Simulator(3, seed: 7)
        cluster.startAll()
        cluster.run(for: .seconds(1))
        for _ in 0..<400 {
            var bytes = PacketCodec.encode(Samples.frames.shuffled(using: &chance))
            for _ in 0..<3 {
                let place = Int.random(in: 1..<bytes.count, using: &chance)
                bytes[place] = UInt8.random(in: 0...255, using: &chance)
            }
            guard let frames = try? PacketCodec.decode(bytes) else { continue }
            cluster.tell(.packet(frames, from: PeerAddress("10.0.0.9:1")), on: 0)
            cluster.run(for: .milliseconds(50))
        }
    }
}

enum Samples {
    static let position = Position(
        revision: Revision(epoch: 3, sequence: 41_720),
        digest: Digest(high: .max, low: 1)
    )
    static let sender = Sender(
        name: NodeName("web-1"),
        bootEpoch: 1_763_702_400_250,
        position: position,
        vitals: Vitals(
            load: MemberLoad(running: 3, slots: .max),
            burden: 8,
            rosterDigest: .max,
            wallClock: Instant(unixMilliseconds: 1_763_702_400_252)
        )
    )
    static let member = Member(
        name: NodeName("web-2"),
        role: .master,
        address: PeerAddress("[2001:db8::1]:7946"),
        httpAddress: "10.0.0.2:7900",
        tags: ["zone": "eu-1", "größe": "klein"],
        isDraining: true,
        isStale: false,
        standing: Standing(bootEpoch: 1_763_702_400_251, incarnation: .max, state: .suspect),
        release: "1.0.0",
        zoneData: "2026a"
    )
    static let statement = Statement(member, ageInSeconds: 77, by: NodeName("web-1"))
    static let record = ObjectRecord(
        key: ObjectKey(tenant: "default", kind: .calendar, name: "holidays/de"),
        uid: UID("0123456789abcdef0123456789abcdef"),
        version: Version(12),
        revision: position.revision,
        isDeleted: false,
        body: [UInt8](#"{"days":[]}"#.utf8),
        digest: Digest(high: 5, low: 6),
        createdAt: Instant(unixMilliseconds: -1),
        updatedAt: Instant(unixMilliseconds: 1_763_702_400_250),
        author: "ada"
    )
    static let batch = ChangeBatch(previous: .start, position: position, records: [record])
    static let kill = KillOrder(
        run: RunID("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        author: "ada",
        grace: nil,
        requestedAt: .epoch
    )
    static let settled = [
        SettledShard(shard: VirtualShard(number: 1_023), through: .epoch),
        SettledShard(shard: VirtualShard(number: 0), through: Instant(unixMilliseconds: 60_000)),
    ]
    static let placements = [
        Placement(job: UID("01ARZ3NDEKTSV4RRFFQ69G5FAV"), node: NodeName("b"), fence: Fence(7))
    ]
    static let frames: [Frame] = [
        .ping(1, target: NodeName("web-2"), from: sender), .ping(2, target: nil, from: sender),
        .ack(.max, from: sender),
        .pingRequest(3, target: NodeName("web-2"), at: PeerAddress("10.0.0.2:7946")),
        .nack(3), .statement(statement), .batch(batch), .have(sender),
        .signal(9, .kill(kill), from: NodeName("web-1")),
        .signal(0, .settled(settled), from: NodeName("web-1")),
        .signal(0, .passed(settled), from: NodeName("web-1")),
        .signal(0, .ran(placements), from: NodeName("web-1")),
        .signal(0, .triggers, from: NodeName("web-1")), .signalAck(9),
    ]
    static let sheet = RosterSheet(sender: sender, statements: [statement, statement])
    static let chunk = SnapshotChunk(
        position: position,
        tombFloor: position.revision,
        count: 3,
        isLast: true,
        digest: record.digest,
        rows: [9, 8, 7]
    )
    static let mark = RowMark(
        key: record.key,
        revision: record.revision,
        digest: record.digest
    )
    static let requests: [StreamRequest] = [
        .pushPull(sheet), .pull(after: position.revision), .snapshot(after: nil, base: nil),
        .snapshot(after: record.key, base: nil), .snapshot(after: record.key, base: position),
        .compare(RosterMarks(sender: sender, statement: statement, marks: [0, .max])),
        .ping(target: NodeName("web-2")), .audit(.root(record.digest, at: position)),
        .audit(.marks([])), .audit(.marks([0, 4_095])),
    ]
    static let replies: [StreamReply] = [
        .sheet(sheet), .difference(sheet, wanted: [7]), .batches([batch, batch]), .batches([]),
        .compacted(floor: position.revision), .chunk(chunk), .busy,
        .tooLarge(position.revision), .audit(.same), .audit(.elsewhere(position)),
        .audit(.sums([1, 2, 3])), .audit(.marks([mark, mark], at: position)),
        .pong(sender), .refused("why"),
    ]
}
