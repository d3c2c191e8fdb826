// Members one by one: what gossip believes of each, and what is wrong with it.

internal import Documents
internal import Gossip
internal import HTTPService
internal import JobList
internal import LockLease
internal import Platform
internal import Vocabulary

/// `GET /v1/cluster/members`, and what `/v1/nodes` tells beyond it.
struct MemberRoutes: Sendable {
    let master: MasterParts

    var routes: [Route] {
        [
            Route("GET", "/v1/cluster/members", .role(.reader)) { _ async throws(Problem) in
                .json(await all())
            }
        ]
    }

    private func all() async -> Value {
        let views = (try? await master.store.sessions()) ?? []
        let sight = await MemberSight(master)
        let members = master.gossip.members.sorted { $0.name < $1.name }
        let items = members.map { member in
            sight.view(of: member, session: views.last { $0.node.name == member.name && $0.isLive })
        }
        let troubles = items.reduce(0) { $0 + ($1["troubles"]?.array?.count ?? 0) }
        return [
            "seen_by": .string(master.settings.name.text),
            "cluster": .string(sight.ring.clusterFingerprint),
            "revision": .string(sight.head.revision.description),
            "zone_data": .string(ZoneInfoFiles.version), "release": .string(rotaVersion),
            "use": .integer(Int64(sight.ring.used.rawValue)),
            "clock_offset_ms": MemberSight.milliseconds(await master.gossip.clockOffset),
            "limits": [
                "clock_warn_ms": .integer(MemberSight.clockWarning.milliseconds),
                "clock_out_ms": .integer(MemberSight.clockLimit.milliseconds),
            ],
            "troubles": .integer(Int64(troubles)), "items": .array(items), "next": .null,
        ]
    }
}

/// The members as this master sees them at one moment.
struct MemberSight: Sendable {
    /// A clock further off than this deserves a look.
    static let clockWarning = Duration.milliseconds(250)
    /// Further off, a node is out of the race for what is due to the second.
    static let clockLimit = Duration.seconds(1)
    /// So many revisions behind is no longer a matter of what is on its way.
    private static let lagLimit: UInt64 = 10

    let ring: KeyRing
    let head: Position
    private let me: NodeName
    private let keysSeen: [NodeName: KeyID]
    private let draining: Set<NodeName>

    init(_ master: MasterParts) async {
        ring = master.keys.keys.ring
        head = await master.replica.position()
        me = master.settings.name
        keysSeen = master.gossip.keysSeen
        var draining: Set<NodeName> = []
        for member in master.gossip.members {
            let record = try? await master.replica.record(NodeDocument.key(of: member.name))
            if let record, !record.isDeleted, NodeDocument.isDraining(record.body) {
                draining.insert(member.name)
            }
        }
        self.draining = draining
    }

    /// One member as a document; `troubles` are sentences.
    func view(of member: Member, session: SessionView?) -> Value {
        let isMe = member.name == me
        let position = isMe ? head : member.position
        let isDraining = draining.contains(member.name) || member.isDraining
        let key = isMe ? ring.used : keysSeen[member.name]
        let load = member.load
        return [
            "name": .string(member.name.text), "role": .string("\(member.role)"),
            "state": .string("\(member.state)"), "draining": .bool(isDraining),
            "stale": .bool(member.isStale), "address": .string(member.httpAddress),
            "gossip": .string(member.address.text),
            "tags": .object(member.tags.mapValues { .string($0) }),
            "revision": .string(position.revision.description),
            "is_current": .bool(position == head), "behind": behind(position),
            "open_runs": .integer(Int64(session?.openRuns ?? 0)),
            "session": session.map { .integer($0.id.rawValue) } ?? .null,
            "version": .string(member.release),
            "zone_data": .string(isMe ? ZoneInfoFiles.version : member.zoneData),
            "key": key.map { .integer(Int64($0.rawValue)) } ?? .null,
            "clock_offset_ms": isMe ? .integer(0) : Self.milliseconds(member.clockOffset),
            "clock": .string(isMe ? "ok" : Self.clock(member.clockOffset)),
            "round_trip_ms": isMe ? .integer(0) : Self.fine(member.roundTrip),
            "load": Self.view(load), "burden": .integer(Int64(member.burden)),
            "troubles": .array(
                troubles(member, position, key).map { .string($0) }
            ),
        ]
    }

    /// How many revisions its list is behind ours; `null` if the two have nothing in common.
    private func behind(_ position: Position) -> Value {
        guard position.revision.epoch == head.revision.epoch else { return .null }
        let (theirs, ours) = (position.revision.sequence, head.revision.sequence)
        return .integer(theirs >= ours ? 0 : Int64(ours - theirs))
    }

    /// `ok`, `skewed`, `out`, or empty before it is known.
    static func clock(_ offset: Duration?) -> String {
        guard let offset else { return "" }
        let size = offset < .zero ? .zero - offset : offset
        return size > clockLimit ? "out" : size > clockWarning ? "skewed" : "ok"
    }

    static func milliseconds(_ duration: Duration?) -> Value {
        duration.map { .integer($0.milliseconds) } ?? .null
    }

    /// Milliseconds with three digits behind the point.
    private static func fine(_ duration: Duration?) -> Value {
        guard let duration else { return .null }
        return .number((duration.inSeconds * 1_000_000).rounded() / 1_000)
    }

    // What is wrong.

    private func troubles(_ member: Member, _ position: Position, _ key: KeyID?) -> [String] {
        guard member.isPresent else {
            return member.state == .failed
                ? ["it does not answer; its runs are taken over, and it is called on for 72 hours"]
                : []
        }
        var troubles: [String] = []
        if member.state == .suspect { troubles.append("it did not answer lately") }
        if member.isStale { troubles.append("its list is too old to decide by") }
        if member.isClockOff { troubles.append("it has left the race: its clock is off") }
        troubles += Self.clockTroubles(member)
        if case .integer(let count) = behind(position), count > Int64(Self.lagLimit) {
            troubles.append("its list is \(count) revisions behind")
        }
        if let key, key != ring.used {
            troubles.append("it seals with key \(key), not \(ring.used)")
        }
        let (theirs, ours) = (member.zoneData, ZoneInfoFiles.version)
        if member.role == .node, !theirs.isEmpty, theirs != ours {
            troubles.append("its time zone data is \(theirs), not \(ours)")
        }
        return troubles
    }

    private static func view(_ load: MemberLoad) -> Value {
        guard load.slots > 0 else { return .null }
        return ["running": .integer(Int64(load.running)), "slots": .integer(Int64(load.slots))]
    }

    private static func clockTroubles(_ member: Member) -> [String] {
        guard let offset = member.clockOffset else { return [] }
        let milliseconds = offset.milliseconds
        let side = milliseconds < 0 ? "behind" : "ahead of"
        let words = "its clock is \(abs(milliseconds)) ms \(side) this master's"
        switch clock(offset) {
        case "out": return ["\(words): too far off for what is due to the second"]
        case "skewed": return [words]
        case _: return []
        }
    }
}
