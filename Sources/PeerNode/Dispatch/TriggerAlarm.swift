// When the store is asked again for triggers that come due.

package import Vocabulary

/// The time of the store's next trigger, by this node's clock.
package enum TriggerAlarm {
    /// The pause between two questions where this node's clock says that it is time already.
    private static let pause = Duration.milliseconds(200)

    /// When to ask for a trigger that the store has just said is due at `next`, at `wall`.
    ///
    /// For the store it is still to come. Where it is not for this node, its clock is ahead: who
    /// goes by that would ask without end until the store's clock is there as well.
    package static func time(of next: Instant, at wall: Instant) -> Instant {
        wall < next ? next : wall.advanced(by: pause)
    }
}
