// The wire form of members and of entries of the list.

internal import Vocabulary

/// How long each thing may be on the wire; longer is a fault of the sender.
enum WireLimit {
    static let name = 127
    static let address = 255
    static let tags = 32
    static let tagBytes = 480
    static let body = 16 << 20
    /// One statement of a sheet: far more than the fields known today.
    static let entry = 16 << 10
    static let text = 1_024
    static let records = 1 << 20
    static let batches = 10_000
    static let buckets = 4_096
    static let settled = VirtualShard.count
    static let placements = 100
    /// 100,000 years around 1970, so that sums of two cannot overflow.
    static let milliseconds: Int64 = 3_155_760_000_000_000
    static let seconds: UInt64 = 3_155_760_000
}

extension ByteWriter {
    mutating func position(_ value: Position) {
        revision(value.revision)
        word(value.digest.high)
        word(value.digest.low)
    }

    mutating func revision(_ value: Revision) {
        number(UInt64(value.epoch))
        number(value.sequence)
    }

    mutating func sender(_ value: Sender) {
        text(value.name.text)
        number(value.bootEpoch)
        position(value.position)
        vitals(value.vitals)
    }

    mutating func vitals(_ value: Vitals) {
        number(UInt64(value.load.running))
        number(UInt64(value.load.slots))
        byte(value.burden)
        word(value.rosterDigest)
        // 0 says that there is none; nobody's clock is right before 1970.
        let milliseconds = value.wallClock?.unixMilliseconds ?? -1
        number(milliseconds < 0 ? 0 : UInt64(milliseconds) + 1)
    }

    mutating func statement(_ value: Statement) {
        member(value.member)
        number(value.ageInSeconds)
        text(value.accuser.text)
    }

    mutating func member(_ value: Member) {
        text(value.name.text)
        byte(value.role.rawValue)
        byte(value.standing.state.rawValue)
        let (draining, stale) = (value.isDraining ? 1 : 0, value.isStale ? 2 : 0)
        byte(UInt8(draining | stale | (value.isClockOff ? 4 : 0)))
        number(value.standing.bootEpoch)
        number(UInt64(value.standing.incarnation))
        text(value.address.text)
        text(value.httpAddress)
        text(value.release)
        byte(value.wireVersion)
        text(value.zoneData)
        number(value.tags.count)
        for (key, tag) in value.tags.sorted(by: { $0.key < $1.key }) {
            text(key)
            text(tag)
        }
    }

    mutating func batch(_ value: ChangeBatch) {
        position(value.previous)
        position(value.position)
        number(value.records.count)
        for record in value.records { self.record(record) }
    }

    mutating func record(_ value: ObjectRecord) {
        key(value.key)
        text(value.uid.text)
        signed(value.version.rawValue)
        revision(value.revision)
        byte(value.isDeleted ? 1 : 0)
        block(value.body)
        word(value.digest.high)
        word(value.digest.low)
        signed(value.createdAt.unixMilliseconds)
        signed(value.updatedAt.unixMilliseconds)
        text(value.author)
    }

    mutating func key(_ value: ObjectKey) {
        text(value.tenant)
        text(value.kind.rawValue)
        text(value.name)
    }
}

extension ByteReader {
    mutating func nodeName() throws(GossipCodecError) -> NodeName {
        let text = try text("a node's name", upTo: WireLimit.name)
        guard !text.isEmpty else { throw fault(.outOfRange("a node's name", value: "empty")) }
        return NodeName(text)
    }

    mutating func address() throws(GossipCodecError) -> PeerAddress {
        PeerAddress(try text("an address", upTo: WireLimit.address))
    }

    /// Bounded, so that there is always a later one.
    mutating func bootEpoch() throws(GossipCodecError) -> UInt64 {
        try number("a boot epoch", upTo: 1 << 62)
    }

    mutating func digest() throws(GossipCodecError) -> Digest {
        Digest(high: try word(), low: try word())
    }

    mutating func revision() throws(GossipCodecError) -> Revision {
        let epoch = try number("an epoch", upTo: UInt64(UInt32.max))
        return Revision(epoch: UInt32(epoch), sequence: try number("a sequence"))
    }

    mutating func position() throws(GossipCodecError) -> Position {
        Position(revision: try revision(), digest: try digest())
    }

    mutating func sender() throws(GossipCodecError) -> Sender {
        Sender(
            name: try nodeName(),
            bootEpoch: try bootEpoch(),
            position: try position(),
            vitals: try vitals()
        )
    }

    mutating func vitals() throws(GossipCodecError) -> Vitals {
        let running = try number("runs", upTo: UInt64(UInt32.max))
        let slots = try number("slots", upTo: UInt64(UInt32.max))
        let burden = try byte()
        let digest = try word()
        let clock = try number("a wall clock", upTo: UInt64(WireLimit.milliseconds))
        return Vitals(
            load: MemberLoad(running: UInt32(running), slots: UInt32(slots)),
            burden: min(burden, UInt8(Prober.mostBurden)),
            rosterDigest: digest,
            wallClock: clock == 0 ? nil : Instant(unixMilliseconds: Int64(clock) - 1)
        )
    }

    mutating func statement() throws(GossipCodecError) -> Statement {
        let member = try member()
        let age = try number("an age", upTo: WireLimit.seconds)
        return Statement(member, ageInSeconds: age, by: try nodeName())
    }

    mutating func member() throws(GossipCodecError) -> Member {
        let name = try nodeName()
        let roleCode = try byte()
        guard let role = MemberRole(rawValue: roleCode) else {
            throw fault(.outOfRange("a role", value: "\(roleCode)"))
        }
        let stateCode = try byte()
        guard let state = MemberState(rawValue: stateCode) else {
            throw fault(.outOfRange("a state", value: "\(stateCode)"))
        }
        let flags = try byte()
        let bootEpoch = try bootEpoch()
        let incarnation = try number("an incarnation", upTo: UInt64(UInt32.max))
        let standing = Standing(
            bootEpoch: bootEpoch,
            incarnation: UInt32(incarnation),
            state: state
        )
        var member = Member(name: name, role: role, address: try address(), standing: standing)
        member.isDraining = flags & 1 != 0
        member.isStale = flags & 2 != 0
        member.isClockOff = flags & 4 != 0
        member.httpAddress = try text("an address", upTo: WireLimit.address)
        member.release = try text("a release", upTo: WireLimit.name)
        member.wireVersion = try byte()
        member.zoneData = try text("a time zone release", upTo: WireLimit.name)
        for _ in 0..<(try count("tags", upTo: WireLimit.tags)) {
            let key = try text("a tag", upTo: WireLimit.tagBytes)
            member.tags[key] = try text("a tag", upTo: WireLimit.tagBytes)
        }
        return member
    }

    mutating func batch() throws(GossipCodecError) -> ChangeBatch {
        let previous = try position()
        let position = try position()
        let count = try count("records", upTo: WireLimit.records)
        guard count > 0, previous.revision < position.revision else {
            throw fault(.outOfRange("a batch", value: "empty or out of order"))
        }
        let records = try records(count)
        guard records.allSatisfy({ $0.revision == position.revision }) else {
            throw fault(.outOfRange("a record's revision", value: "not its batch's"))
        }
        return ChangeBatch(previous: previous, position: position, records: records)
    }

    mutating func records(_ count: Int) throws(GossipCodecError) -> [ObjectRecord] {
        var records: [ObjectRecord] = []
        for _ in 0..<count { records.append(try record()) }
        return records
    }

    mutating func record() throws(GossipCodecError) -> ObjectRecord {
        ObjectRecord(
            key: try key(),
            uid: UID(try text("a uid", upTo: WireLimit.name)),
            version: Version(try signed("a version")),
            revision: try revision(),
            isDeleted: try byte() & 1 != 0,
            body: try block("a body", upTo: WireLimit.body),
            digest: try digest(),
            createdAt: try instant(),
            updatedAt: try instant(),
            author: try text("an author", upTo: WireLimit.text)
        )
    }

    mutating func key() throws(GossipCodecError) -> ObjectKey {
        let tenant = try text("a tenant", upTo: WireLimit.name)
        let word = try text("a kind", upTo: WireLimit.name)
        guard let kind = ObjectKind(rawValue: word) else {
            throw fault(.outOfRange("a kind", value: word))
        }
        return ObjectKey(
            tenant: tenant,
            kind: kind,
            name: try text("an object's name", upTo: WireLimit.name)
        )
    }

    mutating func instant() throws(GossipCodecError) -> Instant {
        Instant(unixMilliseconds: try signed("an instant", within: WireLimit.milliseconds))
    }
}
