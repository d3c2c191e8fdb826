// The clocks of one machine, as functions of true time.

internal import Vocabulary

/// A wall clock that may be wrong, drift and be set, and a boot clock of its own rate.
///
/// All times are whole milliseconds; true time counts from the scenario's beginning.
struct NodeClock {
    /// How far the wall is ahead of true time, without its drift.
    private(set) var wallOffset: Int64 = 0
    /// How much faster the wall goes, in parts per million.
    private(set) var wallDrift: Int64 = 0
    private var wallAnchor: Int64 = 0
    private var bootAnchor: Int64 = 0
    private var bootBase: Int64
    /// How fast the boot clock goes: 1 is true.
    private(set) var bootRate = 1.0
    /// How much of the time since boot the machine was suspended.
    var suspended: Int64 = 0

    init(bootBase: Int64) { self.bootBase = bootBase }

    func wall(at now: Int64) -> Int64 {
        now + wallOffset + (now - wallAnchor) * wallDrift / 1_000_000
    }

    /// How far the wall is ahead of true time.
    func error(at now: Int64) -> Int64 { wall(at: now) - now }

    mutating func setWall(error: Int64, drift: Int64, at now: Int64) {
        (wallOffset, wallDrift, wallAnchor) = (error, drift, now)
    }

    /// `CLOCK_BOOTTIME`: counts on in suspend.
    func boot(at now: Int64) -> Int64 {
        bootBase + Int64((Double(now - bootAnchor) * bootRate).rounded(.down))
    }

    /// The first true time at which the boot clock shows `reading`.
    func time(ofBoot reading: Int64) -> Int64 {
        var now = bootAnchor + Int64((Double(reading - bootBase) / bootRate).rounded(.down))
        while boot(at: now) < reading { now += 1 }
        return now
    }

    /// The first true time from `now` on at which the wall shows `reading`.
    func time(ofWall reading: Int64, from now: Int64) -> Int64 {
        var time = max(now, now + reading - wall(at: now))
        // A drift is a thousandth at most, so a few steps reach it.
        while wall(at: time) < reading { time += max(1, reading - wall(at: time)) }
        return time
    }

    /// Another rate from now on; readings never jump.
    mutating func setRate(_ rate: Double, at now: Int64) {
        bootBase = boot(at: now)
        bootAnchor = now
        bootRate = rate
    }

    /// The machine starts anew.
    mutating func reboot(at now: Int64) {
        (bootBase, bootAnchor, suspended) = (20_000, now, 0)
    }
}

extension Int64 {
    static func seconds(_ count: Int64) -> Int64 { count * 1_000 }
    static func minutes(_ count: Int64) -> Int64 { count * 60_000 }
    static func hours(_ count: Int64) -> Int64 { count * 3_600_000 }
}
