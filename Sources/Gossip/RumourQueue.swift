// What still has to be told about whom: one place per member, so it is bounded by their number.

internal import Vocabulary

/// Members about whom there is news, and how often it was told.
struct RumourQueue: Equatable, Sendable {
    private struct Rumour: Equatable, Sendable {
        let about: NodeName
        var accuser: NodeName
        var timesTold: Int
    }

    private var rumours: [Rumour] = []

    var isEmpty: Bool { rumours.isEmpty }
    var count: Int { rumours.count }

    /// Tells the news about `name` afresh.
    mutating func add(_ name: NodeName, by accuser: NodeName) {
        rumours.removeAll { $0.about == name }
        rumours.append(Rumour(about: name, accuser: accuser, timesTold: 0))
    }

    /// Nobody is there to be told.
    mutating func forgetAll() {
        rumours = []
    }

    /// Takes what fits `room`, the least told first, and forgets what was told `limit` times.
    ///
    /// `frame` tells about a member, or is `nil` if there is nothing to tell any more.
    mutating func take(
        room: Int,
        limit: Int,
        frame: (_ about: NodeName, _ accuser: NodeName) -> Frame?
    ) -> [Frame] {
        var left = room
        var frames: [Frame] = []
        let order = rumours.indices.sorted {
            (rumours[$0].timesTold, $0) < (rumours[$1].timesTold, $1)
        }
        for place in order where left > 32 {
            guard let frame = frame(rumours[place].about, rumours[place].accuser) else {
                rumours[place].timesTold = limit
                continue
            }
            let size = PacketCodec.size(of: frame)
            guard size <= left else { continue }
            left -= size
            frames.append(frame)
            rumours[place].timesTold += 1
        }
        rumours.removeAll { $0.timesTold >= limit }
        return frames
    }
}
