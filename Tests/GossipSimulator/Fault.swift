// What can go wrong in a scenario; each seed draws which of it does.

/// One kind of trouble.
package enum Fault: String, CaseIterable, Sendable {
    /// Packets are lost, at times many.
    case loss
    /// Packets take long, by very different times, and overtake each other.
    case delay
    case duplication
    /// One direction between two nodes carries nothing.
    case oneway
    /// Two nodes cannot reach each other.
    case cut
    /// The cluster falls in two, one part without the store.
    case partition
    /// Longer packets vanish.
    case small
    /// Some directions lose half of what they carry.
    case links
    /// Streams fail.
    case streams
    /// Processes die and come back with their disk.
    case crash
    /// Processes die and come back without the list.
    case disk
    /// Processes stop for a while; what comes in queues.
    case stall
    /// Some nodes run a tenth of the time.
    case starve
    /// A wall clock is wrong, drifts and jumps.
    case clock
    /// A second process has the name of a node.
    case clone
    /// A node comes back at another address.
    case move
    /// Some nodes run a later release.
    case versions
    /// The store loses its last commits.
    case rollback
    /// The store cannot be reached.
    case storeless
    /// Kills are sent.
    case kills
    /// Nodes leave in good order, and some come back.
    case leave
    /// Nodes say other things of themselves.
    case words
    /// Many commits at once, large ones among them.
    case burst

    /// What makes healthy nodes unreachable, so that others may rightly call them failed.
    static let cutting: Set<Self> = [
        .oneway, .cut, .partition, .small, .links, .streams, .starve, .clone, .delay,
    ]
}
