// How eager gossip is: every period, count and limit of the protocol in one place.

/// The protocol's numbers; the defaults are for a local network.
package struct GossipTuning: Equatable, Sendable {
    /// How often one member is probed; detection takes about six of these.
    package var probeInterval = Duration.milliseconds(500)
    /// When others are asked to probe too, while it is not known how long answers take.
    package var probeTimeout = Duration.milliseconds(200)
    /// Later it is four times the longest of the last round trips, within these bounds.
    package var shortestTimeout = Duration.milliseconds(80)
    package var longestTimeout = Duration.milliseconds(250)
    /// A member whose host takes streams while its process is silent has this much longer: it
    /// was stopped, and did not die.
    package var stopPatience = Duration.seconds(3)
    /// How many others are asked.
    package var indirectProbes = 3
    /// A suspect has at least this × max(1, log10 of the members) × `probeInterval` to object.
    package var suspicionFactor = 4
    /// Without confirmation by others it has this many times as long.
    package var suspicionStretch = 6
    /// How often rumours are sent while there are any.
    package var gossipInterval = Duration.milliseconds(100)
    /// To how many members each time.
    package var gossipFanOut = 3
    /// How often a peer that is alone asks others what they believe, and at most how often two
    /// members whose digests differ compare everything though nothing has changed since.
    package var pushPullInterval = Duration.seconds(5)
    /// At most how often they do so otherwise.
    package var comparePause = Duration.milliseconds(500)
    /// Whether newcomers are asked where they say they are before others hear of them.
    package var knocks = true
    /// How long they have to answer, five times.
    package var knockInterval = Duration.milliseconds(400)
    /// When a peer that has just started does so, counted from its start.
    package var joinDelays: [Duration] = [.zero, .seconds(1), .seconds(3), .seconds(10)]
    /// How often addresses that should be members are tried, for ever.
    package var redialInterval = Duration.seconds(10)
    /// In small clusters more often, with this much time for each address.
    package var redialPause = Duration.seconds(4)
    /// How long a failed member is remembered and redialled.
    package var failedKept = Duration.seconds(72 * 3_600)
    /// How long a member that left is remembered.
    package var leftKept = Duration.seconds(24 * 3_600)
    /// Members that are gone are at most this, or twice those present if that is more.
    package var goneLimit = 64
    /// The largest packet, unsealed: 1,232 bytes (the least an IPv6 path must carry, less its
    /// headers) without our own header and seal.
    package var packetLimit = 1_190
    /// The largest batch that is pushed; longer ones are announced and fetched.
    package var payloadLimit = 1_024
    /// The least time between two pushes; what comes in between goes out together.
    package var pushWindow = Duration.milliseconds(2)
    /// That time while changes come without end.
    package var longestPushWindow = Duration.milliseconds(30)
    /// Pushes that are less than this apart, or of more than one change, mean that they do.
    package var streamPause = Duration.milliseconds(15)
    /// That time when there is too much to push, so that it is announced.
    package var longestAnnounceWindow = Duration.milliseconds(50)
    /// What one window pushes at most, in encoded bytes; more is announced and fetched.
    package var pushLimit = 4_700
    /// How long a change that the list got by itself waits for its publication before it is
    /// announced.
    package var announceDelay = Duration.milliseconds(5)
    /// How long a head above ours may stand before it is fetched: a push may be on its way.
    package var headPatience = Duration.milliseconds(50)
    /// How soon a repair without progress is tried with another peer.
    package var repairRetry = Duration.seconds(1)
    /// And how much later, so that a herd does not ask in step.
    package var repairJitter = Duration.milliseconds(200)
    /// How long members have to bring what is missing before the store is asked.
    package var storePatience = Duration.seconds(2)
    /// And how much longer, each at its own time.
    package var storeJitter = Duration.seconds(2)
    /// Batches held back while an earlier one is missing, in encoded bytes.
    package var heldLimit = 4 << 20
    /// A batch is announced this often again, `tailInterval` apart, to `tailFanOut` members.
    package var tailTicks = 1
    package var tailInterval = Duration.milliseconds(100)
    package var tailFanOut = 2
    /// When a kill is sent again, counted from its first sending, unless acknowledged.
    package var killResends: [Duration] = [
        .milliseconds(50), .milliseconds(100), .milliseconds(200), .milliseconds(400),
    ]
    /// Kills under way at once; the oldest is given up beyond that.
    package var killLimit = 1_024
    /// Waking this much late means that we, not the others, were away.
    package var stallTolerance = Duration.milliseconds(300)
    /// Waking this much late is a sign that we are short of time.
    package var lagTolerance = Duration.milliseconds(80)
    /// How long a leaving peer waits for three others to know.
    package var leaveLimit = Duration.seconds(2)

    package init() {}
}

/// Logarithms good to a few per cent, without a mathematics library.
enum RoughLogarithm {
    /// ⌈ln `count`⌉.
    static func naturalCeiling(_ count: Int) -> Int {
        var power = 1.0
        var exponent = 0
        while power < Double(count) {
            power *= 2.718_281_828
            exponent += 1
        }
        return exponent
    }

    /// log10, by a straight line between powers of two; at most 0.03 too small.
    static func decimal(_ count: Int) -> Double {
        guard count > 1 else { return 0 }
        let value = Double(count)
        return (Double(value.exponent) + value.significand - 1) * 0.301_03
    }
}
