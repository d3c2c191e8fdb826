// Members as the race knows them: the same to nodes, who run in it, and to masters, who tell of it.

package import Gossip
package import Vocabulary

extension Candidate {
    /// A member as the race knows it.
    package init(_ member: Member) {
        self.init(name: member.name, tags: member.tags, isDraining: member.isDraining)
        isStale = member.isStale
        isClockOff = member.isClockOff
        zoneData = member.zoneData
        running = Int(member.load.running)
        slots = Int(member.load.slots)
        clockOffset = member.certainClockOffset
    }
}

extension Member {
    /// How far its clock is ahead of ours for certain: half the way there and back is doubt.
    package var certainClockOffset: Duration? {
        guard let clockOffset, let roundTrip else { return nil }
        let doubt = roundTrip / 2
        if clockOffset < .zero { return min(.zero, clockOffset + doubt) }
        return max(.zero, clockOffset - doubt)
    }
}
