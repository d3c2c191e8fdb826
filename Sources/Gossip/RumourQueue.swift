// What still has to be told about whom: one place per member, so it is bounded by their number.

internal import Vocabulary

/// Members about whom there is news, and how often it was told.
struct RumourQueue: Equatable, Sendable {
    private struct Rumour: Equatable, Sendable {
        let about: NodeName
        let accuser: NodeName
        /// The latest about this member has the number that is kept; others are void.
        let serial: UInt64
        let isUrgent: Bool
    }

    /// First in, first out, without moving what waits.
    private struct Lane: Equatable, Sendable {
        var rumours: [Rumour] = []
        var first = 0

        mutating func takeFirst() -> Rumour? {
            guard first < rumours.count else { return nil }
            defer {
                first += 1
                if first > 32, first > rumours.count / 2 {
                    rumours.removeFirst(first)
                    first = 0
                }
            }
            return rumours[first]
        }

        var count: Int { rumours.count - first }
    }

    /// What does not fit a packet may be passed over this often for what does.
    private static let misfitLimit = 3

    /// By how often they were told: two lanes each, the urgent ones first.
    private var lanes: [Lane] = []
    private var serials: [NodeName: UInt64] = [:]
    private var lastSerial: UInt64 = 0
    private var entries = 0

    var isEmpty: Bool { serials.isEmpty }
    var count: Int { serials.count }

    /// Tells the news about `name` afresh.
    ///
    /// - Parameters:
    ///   - name: Whom it is about.
    ///   - accuser: Who found out.
    ///   - isUrgent: Accusations and objections: told before what is told as often.
    mutating func add(_ name: NodeName, by accuser: NodeName, isUrgent: Bool) {
        lastSerial += 1
        serials[name] = lastSerial
        put(
            Rumour(about: name, accuser: accuser, serial: lastSerial, isUrgent: isUrgent),
            timesTold: 0
        )
        if entries > 2 * serials.count + 64 { dropVoid() }
    }

    /// Nobody is there to be told.
    mutating func forgetAll() {
        lanes = []
        serials = [:]
        entries = 0
    }

    /// Takes what fits `room`, the least told first, and forgets what was told `limit` times.
    ///
    /// `frame` tells about a member, or is `nil` if there is nothing to tell any more. What does
    /// not even fit `most` is forgotten; comparing rosters brings it to the others.
    ///
    /// - Complexity: O(what is taken).
    mutating func take(
        room: Int,
        most: Int,
        limit: Int,
        frame: (_ about: NodeName, _ accuser: NodeName) -> Frame?
    ) -> [Frame] {
        var left = room
        var frames: [Frame] = []
        var told: [(Rumour, Int)] = []
        var misfits = 0
        for lane in lanes.indices where left > 32 && misfits < Self.misfitLimit {
            for _ in 0..<lanes[lane].count where left > 32 && misfits < Self.misfitLimit {
                guard let rumour = lanes[lane].takeFirst() else { break }
                entries -= 1
                guard serials[rumour.about] == rumour.serial else { continue }
                guard let frame = frame(rumour.about, rumour.accuser) else {
                    serials[rumour.about] = nil
                    continue
                }
                let size = PacketCodec.size(of: frame)
                guard size <= most else {
                    serials[rumour.about] = nil
                    continue
                }
                guard size <= left else {
                    misfits += 1
                    told.append((rumour, lane / 2))
                    continue
                }
                left -= size
                frames.append(frame)
                told.append((rumour, lane / 2 + 1))
            }
        }
        for (rumour, times) in told {
            if times < limit { put(rumour, timesTold: times) } else { serials[rumour.about] = nil }
        }
        return frames
    }

    private mutating func put(_ rumour: Rumour, timesTold: Int) {
        let lane = 2 * timesTold + (rumour.isUrgent ? 0 : 1)
        while lanes.count <= lane { lanes.append(Lane()) }
        lanes[lane].rumours.append(rumour)
        entries += 1
    }

    private mutating func dropVoid() {
        entries = 0
        for lane in lanes.indices {
            let valid = lanes[lane].rumours.dropFirst(lanes[lane].first)
                .filter { serials[$0.about] == $0.serial }
            lanes[lane] = Lane(rumours: Array(valid))
            entries += valid.count
        }
    }
}
