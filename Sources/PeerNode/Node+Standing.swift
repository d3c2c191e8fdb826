// How this node stands in the race for runs: what it tells the others of itself, and people.

internal import Gossip
internal import JobList
internal import LockLease
internal import Platform
internal import Scheduler
internal import Vocabulary

extension NodeParts {
    private static let interval = Duration.milliseconds(500)

    /// Looks at this node's clock and time zone data, and tells the others how it stands.
    func keepStanding() async {
        var clock = ClockWatch()
        var zoneData = ZoneDataWatch(own: ZoneInfoFiles.version)
        while !Task.isCancelled {
            let members = gossip.members
            look(at: members, &clock)
            compare(members, &zoneData)
            await tellStanding()
            await enter(members)
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// Tells the others how busy this node is, and what keeps it out of the race.
    func tellStanding() async {
        let status = await dispatcher.status
        let doubts = standing.doubts
        await gossip.setLoad(
            MemberLoad(
                running: UInt32(clamping: status.openRuns),
                slots: UInt32(clamping: status.slots)
            )
        )
        await gossip.setFlags(
            isDraining: status.isDraining,
            isStale: doubts.isStale,
            isClockOff: doubts.isClockOff
        )
    }

    /// Lets the dispatcher know who takes part in the race.
    func enter(_ members: [Member]) async {
        let status = await dispatcher.status
        await dispatcher.members(
            members.candidates(
                settings.name,
                isDraining: status.isDraining,
                doubts: standing.doubts
            )
        )
    }

    /// The list here is too old to decide by, or is so no more.
    func noteStale(_ isStale: Bool) async {
        standing.change { $0.isStale = isStale }
        let fields: KeyValuePairs = ["revision": "\(await replica.position().revision)"]
        if isStale { log.warning("list.stale", fields) } else { log.info("list.fresh", fields) }
        await tellStanding()
        await enter(gossip.members)
    }

    private func look(at members: [Member], _ clock: inout ClockWatch) {
        let others = members.filter { $0.state == .alive && $0.name != settings.name }
        let offsets = others.compactMap(\.certainClockOffset)
        let offset = ClockWatch.offset(among: offsets)
        let news = clock.look(among: offsets)
        let (isOut, isSplit) = (clock.isOut, clock.isSplit)
        standing.change {
            $0.isClockOff = isOut
            $0.areClocksSplit = isSplit
            $0.clockOffset = offset
        }
        switch news {
        case nil: break
        case .off(let offset): log.warning("clock.off", Self.fields(of: offset))
        case .out(let offset): log.error("clock.out-of-race", Self.fields(of: offset))
        case .split(let offset): log.error("clock.no-majority", Self.fields(of: offset))
        case .back(let offset): log.info("clock.back", Self.fields(of: offset))
        }
    }

    private static func fields(of offset: Duration) -> KeyValuePairs<String, String> {
        [
            "others_ahead_ms": "\(offset.milliseconds)",
            "next": "look at this host's time service: timedatectl, chronyc tracking",
        ]
    }

    private func compare(_ members: [Member], _ zoneData: inout ZoneDataWatch) {
        let alive = members.aliveNodes
        let own = ZoneInfoFiles.version
        for node in zoneData.newlyDiffering(among: alive.map { ($0.name, $0.tags) }) {
            let fields: KeyValuePairs<String, String> = [
                "node": node.name.text, "theirs": node.release, "ours": own,
                "next": "install the same tzdata package on every host",
            ]
            log.warning("tzdata.differs", fields)
        }
        let common = Eligibility.commonRelease(of: alive.map { Candidate($0) })
        let other = common == own || common.isEmpty ? nil : common
        guard standing.change({ $0.otherZoneData = other }).otherZoneData != other else { return }
        guard let other else { return log.info("tzdata.back", ["ours": own]) }
        let fields: KeyValuePairs<String, String> = [
            "ours": own, "most": other,
            "effect": "jobs with a time zone are left to nodes that have \(other)",
            "next": "install the same tzdata package on every host",
        ]
        log.error("tzdata.out-of-race", fields)
    }
}
