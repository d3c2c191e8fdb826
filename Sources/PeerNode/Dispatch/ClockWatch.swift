// When a node's own clock is worth a line in its log.

internal import Vocabulary

/// Notices a clock that has gone off from everybody else's, once until it is back.
package struct ClockWatch: Sendable {
    /// An offset further than this deserves a look.
    package static let limit = Duration.milliseconds(250)

    private var isOff = false

    package init() {}

    /// `offset` if people should hear of it now; it is `nil` before it is known.
    package mutating func news(of offset: Duration?) -> Duration? {
        guard let offset else { return nil }
        let wasOff = isOff
        isOff = offset > Self.limit || offset < .zero - Self.limit
        return isOff && !wasOff ? offset : nil
    }
}
