// One node: the real cores, and a shell that does in virtual time what the product's shells do.

internal import CronEval
internal import LockLease
internal import PeerNode
internal import Platform
internal import Scheduler
internal import Vocabulary

/// A machine with a node's process on it, or without.
///
/// The cores are the product's own. What is written here once more is what `SessionKeeper`,
/// `Dispatcher`, `Completions`, `RunKeeper`, `StoreWatch` and `ListFollower` do around them: they
/// are actors on real clocks and sockets, and too thin to be cut in two.
final class SimulatedNode {
    /// What outlives the process.
    struct Disk {
        var records: [ObjectKey: ObjectRecord] = [:]
        var position = Position.start
        var seen: HistoryMark?
        /// Runs with a note that they are about to start or under way.
        var journal: Set<RunID> = []
    }

    struct Known {
        let entry: JobEntry
        let digest: Digest
    }

    struct Active {
        let order: RunOrder
        var machine: RunMachine
        var task: SimulatedTask?
        let isByHand: Bool
    }

    static let zones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))
    static let otherZones = ZoneCatalog { name in
        ZoneInfoFiles.bytes(named: name == "Europe/Berlin" ? "Europe/Moscow" : name)
    }

    unowned let world: World
    let index: Int
    let name: NodeName
    let tags: [String: String]

    // The process.
    var isUp = false
    /// Counts processes: what was meant for an earlier one is dropped.
    var life = 0
    /// Counts boots of the machine.
    var boot = 1
    var frozenUntil: Int64 = 0
    var inbox: [World.Entry] = []
    var isLeaving = false
    var isPulsePlanned = false
    var clock: NodeClock
    var disk = Disk()

    // The session.
    var sessions = SessionMachine(settings: SessionSettings())
    var session: SessionID?
    var trustedUntil: MonotonicInstant?
    /// The same, as the checks work it out: from true times, by this machine's boot clock.
    var provenUntil: Int64 = 0
    var witness = HistoryWitness()
    /// The most writes of the store that it was told of, with the epoch.
    var toldWrites: (epoch: UInt32, writes: Int64) = (0, 0)

    // The race.
    var scheduler: SchedulerMachine
    var known: [UID: Known] = [:]
    var openRuns: [RunID: SessionID] = [:]
    var wakeAt: Int64?
    var lastPulse: StorePulse?
    var nextTrigger: Instant?
    var isCatchingUp = false
    var isAskedAgain = false
    /// What an unknown claim's wire id is, where a mistake changes it.
    var wireIDs: [RequestID: Int] = [:]
    var claims: [RequestID: [ClaimItem]] = [:]
    var members: [Candidate] = []
    var clockWatch = ClockWatch()
    var isClockOff = false
    /// What the checks make of its clock.
    var clockVerdict = ClockVerdict()

    // The runs.
    var runs: [RunID: Active] = [:]
    var finished: Set<RunID> = []
    var earlyKills: [RunID: KillOrder] = [:]
    var completions: [(session: SessionID, completion: Completion)] = []
    var isFlushing = false
    var flushFailures = 0

    init(_ index: Int, in world: World) {
        self.world = world
        self.index = index
        name = NodeName("n\(index + 1)")
        tags = ["rack": index % 2 == 0 ? "a" : "b"]
        clock = NodeClock(bootBase: Int64(index) * 100_000 + 10_000)
        scheduler = SchedulerMachine(
            me: name,
            settings: SchedulerSettings(),
            zones: Self.zones,
            seed: 0
        )
    }

    var isFrozen: Bool { frozenUntil > world.now }

    var wall: Instant { world.instant(clock.wall(at: world.now)) }

    /// What the process reads as elapsed time.
    var monotonic: MonotonicInstant {
        let reading = clock.boot(at: world.now)
        let missed = world.mutant == .suspendNotCounted ? clock.suspended : 0
        return MonotonicInstant(sinceBoot: .milliseconds(reading - missed))
    }

    var moment: Moment { Moment(wall: wall, monotonic: monotonic) }

    /// How long until the boot clock shows `instant`.
    func delay(until instant: MonotonicInstant) -> Int64 {
        let (seconds, rest) = instant.sinceBoot.components
        let reading = seconds * 1_000 + (rest + 999_999_999_999_999) / 1_000_000_000_000_000
        let missed = world.mutant == .suspendNotCounted ? clock.suspended : 0
        return max(1, clock.time(ofBoot: reading + missed) - world.now)
    }

    // MARK: Birth and death

    /// Starts the process; first it ends what a former one left running.
    func start() {
        guard !isUp else { return }
        isUp = true
        life += 1
        forgetProcess()
        world.say("\(name) starts")
        let orphans = disk.journal.sorted().compactMap { world.evidence.tasks[$0] }
            .filter { $0.isAlive && $0.host == index && $0.boot == boot }
        for orphan in orphans { orphan.signal(.terminate) }
        world.after(orphans.isEmpty ? 5 : 2_000, on: self, "adopt") { [unowned self] in
            for orphan in orphans where orphan.isAlive { orphan.signal(.kill) }
            world.after(orphans.isEmpty ? 1 : 100, on: self, "begin") { [unowned self] in
                disk.journal = []
                begin()
            }
        }
    }

    private func forgetProcess() {
        let machines = SessionSettings.scaled(to: world.setup.term)
        sessions = SessionMachine(settings: machines)
        (session, trustedUntil, provenUntil) = (nil, nil, 0)
        witness = HistoryWitness(seen: disk.seen)
        toldWrites = (0, 0)
        let differs = world.mutant == .zonesDiffer && index == 1
        scheduler = SchedulerMachine(
            me: name,
            settings: SchedulerSettings(),
            zones: differs ? Self.otherZones : Self.zones,
            seed: world.chance.next()
        )
        (known, openRuns, runs, claims, wireIDs) = ([:], [:], [:], [:], [:])
        (wakeAt, lastPulse, nextTrigger) = (nil, nil, nil)
        (isCatchingUp, isAskedAgain, isLeaving) = (false, false, false)
        (finished, earlyKills, completions) = ([], [:], [])
        (isFlushing, flushFailures, inbox, members) = (false, 0, [], [])
        isPulsePlanned = false
        (clockWatch, isClockOff, clockVerdict) = (ClockWatch(), false, ClockVerdict())
        world.evidence.doubt(index, false, at: world.now)
    }

    private func begin() {
        handle(.slots(free: freeSlots))
        handle(SessionMachine.Event.start)
        loadAll()
        catchUp()
        learnMembers([self])
        world.announceMembers()
        look()
        watchClock()
    }

    /// Gossip measures all the time; here what changes by itself is looked at now and then.
    private func watchClock() {
        world.after(30_000, on: self, "clock") { [unowned self] in
            lookAtClock()
            watchClock()
        }
    }

    /// SIGKILL: the process is gone, its tasks are not.
    func crash() {
        guard isUp else { return }
        world.say("\(name) is killed")
        isUp = false
        life += 1
        inbox = []
        frozenUntil = 0
        if world.setup.isOnOneHost, let session { world.store.model.loseProcess(of: session) }
        world.announceMembers()
    }

    /// The machine loses its power.
    func losePower() {
        crash()
        for task in world.evidence.living(on: index) { task.vanish() }
        boot += 1
        clock.reboot(at: world.now)
    }

    /// The process stands still for `length`; with the whole machine, its tasks do too.
    func freeze(for length: Int64, withTasks isSuspended: Bool) {
        guard isUp, !isFrozen else { return }
        world.say("\(name) stands still for \(length) ms\(isSuspended ? " with its tasks" : "")")
        frozenUntil = world.now + length
        if isSuspended {
            for task in world.evidence.living(on: index) { task.sleep(for: length) }
        }
        world.announceMembers()
        world.after(length, "thaw") { [unowned self] in
            if isSuspended { clock.suspended += length }
            guard isUp, !isFrozen else { return }
            world.say("\(name) goes on")
            world.drainInbox(of: self)
            world.announceMembers()
        }
    }

    /// Stops in good order: no more claims, the runs end, the session is closed.
    func leave() {
        guard isUp, !isFrozen, !isLeaving else { return }
        world.say("\(name) leaves")
        isLeaving = true
        handle(.slots(free: 0))
        for run in runs.keys.sorted() { handle(.shutdown(patience: .seconds(3)), for: run) }
        world.announceMembers()
        finishLeaving(by: world.now + 30_000)
    }

    private func finishLeaving(by deadline: Int64) {
        guard world.now < deadline, !(runs.isEmpty && openRuns.isEmpty && completions.isEmpty)
        else {
            guard let session else { return crash() }
            return ask(.close(session)) { [unowned self] _ in crash() }
        }
        world.after(100, on: self, "leaving") { [unowned self] in finishLeaving(by: deadline) }
    }

    /// Stops or dies here and now, if this seed does such things.
    ///
    /// - Returns: Whether it happened, so that what comes next must wait.
    @discardableResult
    func reach(_ point: Point) -> Bool {
        guard world.setup.has(.points), !world.evidence.isHealing, world.draw(0...149) == 0 else {
            return false
        }
        world.say("\(name): \(point.rawValue)")
        let term = world.setup.term
        world.evidence.trouble(index, from: world.now, to: world.now + term * 3)
        if world.draw(0...2) == 0 {
            crash()
            world.after(world.draw(500...term * 2), "restart") { [unowned self] in start() }
        } else {
            freeze(for: world.draw(100...term * 2), withTasks: world.draw(0...1) == 0)
        }
        return true
    }
}

extension SessionSettings {
    /// The product's proportions for a term of so many milliseconds.
    static func scaled(to term: Int64) -> Self {
        var settings = Self()
        settings.term = .milliseconds(term)
        settings.observationInterval = .milliseconds(term / 10)
        settings.reopenInterval = .milliseconds(term / 10)
        return settings
    }
}
