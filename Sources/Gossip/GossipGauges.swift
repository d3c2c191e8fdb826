// How full a machine is, for people and for the checks of simulations.

/// Counts of everything in a machine that grows; each is bounded.
package struct GossipGauges: Equatable, Sendable {
    /// Known members, those that are gone included.
    package var members: Int
    package var suspects: Int
    /// At most one for each member and one for this peer.
    package var rumours: Int
    /// Newcomers that have not answered yet.
    package var guests: Int
    /// Probes passed on for others.
    package var relays: Int
    /// Streams asked for and not over yet.
    package var exchanges: Int
    /// Kills not acknowledged yet.
    package var orders: Int
    package var contacts: Int
    /// How much this peer doubts its own health, from 0 to 8.
    package var burden: Int
}
